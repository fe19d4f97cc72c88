"""Arrays of an .npz file: plain numbers only, nothing unpickled, sizes known before anything is unpacked."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

import numpy as np

from csvkit_ml.errors import ModelError
from csvkit_ml.model.tensor import DTYPES, Array

LARGEST_BYTES = 256 << 20
"""Of all arrays of a file, unpacked."""
MOST = 1024
"""Arrays of a file."""
_HINT = "write it with numpy.savez(FILE, name=array, ...)"


def read_arrays(data: bytes, name: str) -> Mapping[str, Array]:
    """Arrays by name, in the file's order. Raises ModelError."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            members = packed.infolist()
        if len(members) > MOST or sum(m.file_size for m in members) > LARGEST_BYTES:
            raise ModelError(f"{name} holds more than {MOST} arrays, or more than {LARGEST_BYTES >> 20} MiB", "give smaller inputs")
        names = [m.filename for m in members]
        if len(set(names)) != len(names) or not all(n.endswith(".npy") for n in names):
            raise ModelError(f"{name} holds something else than arrays, or two of one name", _HINT)
        with np.load(io.BytesIO(data), allow_pickle=False) as held:
            found = {n: held[n] for n in held.files}
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, KeyError, NotImplementedError, RuntimeError) as e:
        raise ModelError(f"{name} is no .npz file of plain arrays: {str(e)[:160]}", _HINT) from e
    if not found:
        raise ModelError(f"{name} holds no array", _HINT)
    return {n: _plain(a, n, name) for n, a in found.items()}


def _plain(a: Array, name: str, file: str) -> Array:
    """Little-endian, C order, of a dtype that can be sent."""
    if a.dtype.kind == "V" and a.dtype.itemsize == 2:  # numpy writes bfloat16 as two bytes without a name
        return np.ascontiguousarray(a).view(DTYPES["bfloat16"])
    if a.dtype.newbyteorder("<").name not in DTYPES or a.dtype.kind not in "biuf":
        raise ModelError(f"{file}: {name!r} is {a.dtype}, which no model here can take", "give numbers or bool")
    return np.asarray(a, dtype=a.dtype.newbyteorder("<"), order="C")

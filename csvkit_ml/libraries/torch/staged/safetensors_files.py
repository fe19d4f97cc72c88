"""Torch bindings: the safetensors package beside torch, from memory and from disk; damaged files are written byte by byte."""

from __future__ import annotations

import json
import os
import tempfile
from importlib import import_module

from csvkit_ml.libraries.binding import Binding, NotSupported

CODES = {
    "float32": "F32", "float64": "F64", "float16": "F16", "bfloat16": "BF16", "int64": "I64", "int32": "I32", "int16": "I16", "int8": "I8",
    "uint8": "U8", "bool": "BOOL",
}  # fmt: skip


def table(code, shape, size, beside=24):
    """Names with what the header says of them: x of `size` bytes, then `beside`, six float32."""
    return {
        "x": {"dtype": code, "shape": list(shape), "data_offsets": [0, size]},
        "beside": {"dtype": "F32", "shape": [2, 3], "data_offsets": [size, size + beside]},
    }


def laid_out(header, values):
    """Length of the header in eight bytes, least first; the header; the values."""
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + values


def damaged(code, shape, x, beside):
    """Files to be refused, in the order of the suite."""
    size, whole = len(x), laid_out(table(code, shape, len(x)), x + beside)
    end = 8 + int.from_bytes(whole[:8], "little")
    yield whole[:5]
    yield whole[: end - 3]
    yield whole[: end + size // 2]
    yield whole[:-1]
    yield (1 << 40).to_bytes(8, "little") + whole[8:]
    yield (9).to_bytes(8, "little") + b"{ no json" + x + beside
    same = table(code, shape, size)
    same["again"] = dict(same["beside"], data_offsets=[size, size + 24])
    yield laid_out(same, x + beside)
    apart = table(code, shape, size)
    apart["beside"]["data_offsets"] = [size + 8, size + 32]
    yield laid_out(apart, x + bytes(8) + beside)
    beyond = table(code, shape, size)
    beyond["beside"].update(shape=[2, 6], data_offsets=[size, size + 48])
    yield laid_out(beyond, x + beside)
    other = table(code, shape, size)
    other["beside"]["shape"] = [2, 4]
    yield laid_out(other, x + beside)
    unknown = table(code, shape, size)
    unknown["beside"]["dtype"] = "F33"
    yield laid_out(unknown, x + beside)


def as_published(raw, code, shape, x, beside):
    """Whether a file says and holds the two tensors, in whatever order, without a gap."""
    end = 8 + int.from_bytes(raw[:8], "little")
    header, values = json.loads(raw[8:end].decode()), raw[end:]
    header.pop("__metadata__", None)
    told = {"x": (code, list(shape), x), "beside": ("F32", [2, 3], beside)}
    fits = all((h["dtype"], h["shape"], values[slice(*h["data_offsets"])]) == told.get(n) for n, h in header.items())
    return set(header) == set(told) and fits and len(values) == len(x) + len(beside)


def _bytes(t, x):
    return bytes(x.contiguous().reshape(-1).view(t.uint8).tolist())


def _module(t, x, beside):
    module = t.nn.Module()
    module.register_buffer("x", x)
    module.register_buffer("beside", beside)
    return module


def _refused(act, *args):
    try:
        act(*args)
    except Exception:  # noqa: BLE001 - the kind of refusal is the package's own
        return True
    return False


def _disk(package, raw):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.safetensors")
        with open(path, "wb") as file:
            file.write(raw)
        return {k: v.clone() for k, v in package.load_file(path).items()}


def _form(read):
    def form(t, p, x, beside):
        try:
            package = import_module("safetensors.torch")
        except ImportError as e:
            raise NotSupported("safetensors is not installed beside this torch: %s" % e) from e
        code, values = CODES[str(x.dtype).split(".")[1]], (_bytes(t, x), _bytes(t, beside))
        raw = package.save(_module(t, x, beside).state_dict())
        other = _module(t, t.zeros_like(x), t.zeros_like(beside))
        other.load_state_dict(read(package, raw))
        own = other.state_dict()
        given = read(package, laid_out(table(code, x.shape, len(values[0])), values[0] + values[1]))
        refused = [_refused(read, package, d) for d in damaged(code, x.shape, *values)]
        refused += [_refused(package.save, {"x": beside, "again": beside}), _refused(package.save, {"x": beside.T})]
        pairs = [(read["x"], x) for read in (own, given)] + [(read["beside"], beside) for read in (own, given)]
        kept = all(a.dtype == b.dtype and a.shape == b.shape for a, b in pairs)
        parts = [_bytes(t, read[n]) for read in (own, given) for n in ("x", "beside")]
        return [*(t.tensor(list(b), dtype=t.uint8) for b in parts), t.tensor([as_published(raw, code, x.shape, *values), kept]), t.tensor(refused)]

    return form


BINDINGS = (
    Binding(
        function="safetensors_file", forms={"plain": _form(lambda package, raw: package.load(raw)), "disk": _form(_disk)},
        names=("torch.nn.Module.state_dict", "torch.nn.Module.load_state_dict"), dtypes=tuple(CODES), layouts=(),
    ),
)  # fmt: skip

"""Torch bindings: damaged checkpoint files, from memory and from disk."""

from __future__ import annotations

import io
import os
import tempfile

from csvkit_ml.libraries.binding import Binding

DTYPES = ("float32", "float64", "int64")
CUTS = (0.0, 0.01, 0.3, 0.5, 0.9, 0.99, 1.0)
CALLED: "list[int]" = []


class _Code:
    """Calls a function when it is unpickled."""

    def __reduce__(self):
        return CALLED.append, (1,)


def _written(t, value, legacy):
    buffer = io.BytesIO()
    t.save(value, buffer, _use_new_zipfile_serialization=not legacy)
    return buffer.getvalue()


def _memory(t, raw):
    return t.load(io.BytesIO(raw), weights_only=True)


def _disk(t, raw):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "checkpoint.pt")
        with open(path, "wb") as file:
            file.write(raw)
        return t.load(path, weights_only=True)


def _refused(t, read, raw):
    try:
        read(t, raw)
    except Exception:  # noqa: BLE001 - the kind of refusal depends on where the file ends
        return True
    return False


def _cut(read):
    def form(t, p, x, beside):
        raw = _written(t, {"x": x, "beside": beside}, p["legacy"])
        loaded = read(t, raw)
        ends = [min(int(share * len(raw)), len(raw) - 1) for share in CUTS]
        return [loaded["x"], loaded["beside"], t.tensor([_refused(t, read, raw[:end]) for end in ends])]

    return form


def _flip(read):
    def form(t, p, x, beside):
        raw = bytearray(_written(t, {"x": x, "beside": beside}, p["legacy"]))
        at = raw.index(bytes(x.contiguous().view(t.uint8).tolist())) + p["place"] * x.element_size() + p["bit"] // 8
        raw[at] ^= 1 << p["bit"] % 8
        refused = _refused(t, read, bytes(raw))
        loaded = {"x": x, "beside": beside} if refused else read(t, bytes(raw))
        return [loaded["x"], loaded["beside"], t.tensor([refused])]

    return form


def _code(read):
    def form(t, p, x, beside):
        loaded = read(t, _written(t, {"x": x, "beside": beside}, p["legacy"]))
        del CALLED[:]
        refused = _refused(t, read, _written(t, {"x": x, "beside": beside, "more": _Code()}, p["legacy"]))
        return [loaded["x"], loaded["beside"], t.tensor([refused, bool(CALLED)])]

    return form


def _binding(function, of):
    return Binding(function=function, forms={"plain": of(_memory), "disk": of(_disk)}, names=("torch.save", "torch.load"), dtypes=DTYPES, layouts=())


BINDINGS = (_binding("checkpoint_truncated", _cut), _binding("checkpoint_bit_flipped", _flip), _binding("checkpoint_with_code", _code))

"""Torch bindings: 8-bit floats, which come back as values of the wider format."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64", "float16", "bfloat16")


def _kind(t, p):
    return getattr(t, p["to"])


def _copied(t, p, x):
    return t.empty(x.shape, dtype=x.dtype).copy_(t.empty(x.shape, dtype=_kind(t, p)).copy_(x))


def _by_codes(t, p, x):
    """Through the bytes, as a file of weights holds them."""
    codes = x.to(_kind(t, p)).view(t.uint8).clone()
    return codes.view(_kind(t, p)).to(x.dtype)


BINDINGS = (
    Binding(
        function="float8_cast", forms={"plain": lambda t, p, x: x.to(_kind(t, p)).to(x.dtype), "copy": _copied, "codes": _by_codes},
        names=("torch.Tensor.to", "torch.Tensor.copy_", "torch.Tensor.view"), dtypes=FLOATS, modes=("inference-mode",), since="2.2",
    ),
    Binding(
        function="float8_codes",
        forms={
            "plain": lambda t, p, x: x.view(_kind(t, p)).to(t.float32), "float": lambda t, p, x: x.view(_kind(t, p)).float(),
            "double": lambda t, p, x: x.view(_kind(t, p)).double().float(),
        },
        names=("torch.Tensor.view", "torch.Tensor.to"), dtypes=("uint8",), layouts=("offset",), modes=("inference-mode",), since="2.2",
    ),
)  # fmt: skip

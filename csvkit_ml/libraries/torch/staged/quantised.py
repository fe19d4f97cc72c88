"""Torch bindings: quantised tensors and fake quantisation, one scale or one for each channel."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

EIGHT = ("uint8", "int8")


def _kind(t, p):
    return {"uint8": t.quint8, "int8": t.qint8}[p["to"]]


def _ends(p):
    return {"uint8": (0, 255), "int8": (-128, 127)}[p["to"]]


def _axis(p, x):
    return p["axis"] % x.dim()


def _quantised(t, p, x, scale, zero):
    """One scale is a number, several are a tensor."""
    if p["axis"] is None:
        return t.quantize_per_tensor(x, scale.item(), int(zero), _kind(t, p))
    return t.quantize_per_channel(x, scale, zero.to(t.int64), _axis(p, x), _kind(t, p))


def _by_tensors(t, p, x, scale, zero):
    """Scale and zero point as tensors even where there is one of each."""
    if p["axis"] is None:
        return t.quantize_per_tensor(x, scale, zero.to(t.int64), _kind(t, p))
    return t.quantize_per_channel(x, scale, zero.to(t.int32), _axis(p, x), _kind(t, p))


def _fake(t, p, x, scale, zero):
    if p["axis"] is None:
        return t.fake_quantize_per_tensor_affine(x, scale.item(), int(zero), *_ends(p))
    return t.fake_quantize_per_channel_affine(x, scale, zero.to(t.int32), _axis(p, x), *_ends(p))


def _restored(t, p, q, scale, zero):
    """Whole multiples of the scale are quantised to what they came from; then they are restored."""
    axis = 0 if p["axis"] is None else _axis(p, q)
    places = [-1 if a == axis else 1 for a in range(q.dim())] if scale.dim() else []
    s, z = (a.to(t.float64).reshape(places) for a in (scale, zero))
    return _quantised(t, p, ((q.to(t.float64) - z) * s).to(t.float32), scale, zero)


PER = ("torch.quantize_per_tensor", "torch.quantize_per_channel")
BINDINGS = (
    Binding(
        function="quantize_affine",
        forms={
            "plain": lambda t, p, *given: _quantised(t, p, *given).int_repr(),
            "tensors": lambda t, p, *given: _by_tensors(t, p, *given).int_repr(),
            "function": lambda t, p, *given: t.int_repr(_quantised(t, p, *given)),
        },
        names=(*PER, "torch.Tensor.int_repr", "torch.int_repr"),
        dtypes=EIGHT,
    ),
    Binding(
        function="dequantize_fused",
        forms={
            "plain": lambda t, p, *given: _restored(t, p, *given).dequantize(),
            "function": lambda t, p, *given: t.dequantize(_restored(t, p, *given)),
        },
        names=("torch.dequantize", "torch.Tensor.dequantize"),
        dtypes=EIGHT,
    ),
    Binding(
        function="fake_quantize",
        forms={"plain": _fake},
        names=("torch.fake_quantize_per_tensor_affine", "torch.fake_quantize_per_channel_affine"),
        dtypes=EIGHT,
        modes=("inference-mode",),
    ),
)

"""Torch bindings: convolutions. Padding is (begin of each axis, end of each axis)."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64", "float16", "bfloat16")


def _pads(t, x, padding):
    """(x, symmetric padding): asymmetric padding is put on explicitly, as in a model."""
    half = len(padding) // 2
    low, high = padding[:half], padding[half:]
    if low == high:
        return x, low
    flat = [v for i in reversed(range(half)) for v in (low[i], high[i])]
    return t.nn.functional.pad(x, flat), [0] * half


def _conv(dims):
    def call(t, p, x, w, b=None):
        x, padding = _pads(t, x, p["padding"])
        fn = getattr(t.nn.functional, "conv%dd" % dims)
        return fn(x, w, b, stride=p["stride"], padding=padding, dilation=p["dilation"], groups=p["groups"])

    return call


def _module(dims):
    def call(t, p, x, w, b=None):
        x, padding = _pads(t, x, p["padding"])
        made = getattr(t.nn, "Conv%dd" % dims)
        sizes = (w.shape[1] * p["groups"], w.shape[0], tuple(w.shape[2:]))
        m = made(*sizes, stride=p["stride"], padding=padding, dilation=p["dilation"], groups=p["groups"], bias=b is not None, dtype=w.dtype)
        return _filled(t, m, w, b)(x)

    return call


def _filled(t, m, w, b):
    m.weight = t.nn.Parameter(w, requires_grad=False)
    if b is not None:
        m.bias = t.nn.Parameter(b, requires_grad=False)
    return m


def _native(t, p, x, w, b=None):
    """Without oneDNN: the library's own kernels."""
    with t.backends.mkldnn.flags(enabled=False):
        return _conv(x.dim() - 2)(t, p, x, w, b)


def _transposed(t, p, x, w, b=None):
    half = len(p["padding"]) // 2
    return t.nn.functional.conv_transpose2d(
        x, w, b, stride=p["stride"], padding=p["padding"][:half], output_padding=p["output_padding"], groups=p["groups"],
        dilation=p["dilation"],
    )  # fmt: skip


def _transposed_module(t, p, x, w, b=None):
    half = len(p["padding"]) // 2
    m = t.nn.ConvTranspose2d(
        w.shape[0], w.shape[1] * p["groups"], tuple(w.shape[2:]), stride=p["stride"], padding=p["padding"][:half],
        output_padding=p["output_padding"], groups=p["groups"], bias=b is not None, dilation=p["dilation"], dtype=w.dtype,
    )  # fmt: skip
    return _filled(t, m, w, b)(x)


def _transposed_native(t, p, x, w, b=None):
    with t.backends.mkldnn.flags(enabled=False):
        return _transposed(t, p, x, w, b)


LAYOUTS = ("strided", "transposed", "offset", "channels-last")

BINDINGS = (
    Binding(
        function="conv1d",
        forms={"plain": _conv(1), "module": _module(1), "no-onednn": _native},
        names=("torch.nn.functional.conv1d", "torch.nn.Conv1d"),
        dtypes=FLOATS,
        modes=("inference-mode",),
    ),
    Binding(
        function="conv2d",
        forms={"plain": _conv(2), "module": _module(2), "no-onednn": _native},
        names=("torch.nn.functional.conv2d", "torch.nn.Conv2d"),
        dtypes=FLOATS,
        layouts=LAYOUTS,
        modes=("inference-mode",),
    ),
    Binding(
        function="conv_transpose2d",
        forms={"plain": _transposed, "module": _transposed_module, "no-onednn": _transposed_native},
        names=("torch.nn.functional.conv_transpose2d", "torch.nn.ConvTranspose2d"),
        dtypes=FLOATS,
        layouts=LAYOUTS,
        modes=("inference-mode",),
    ),
)

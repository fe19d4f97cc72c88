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
    fn = getattr(t.nn.functional, "conv_transpose%dd" % half)
    return fn(
        x, w, b, stride=p["stride"], padding=p["padding"][:half], output_padding=p["output_padding"], groups=p["groups"],
        dilation=p["dilation"],
    )  # fmt: skip


def _transposed_module(t, p, x, w, b=None):
    half = len(p["padding"]) // 2
    m = getattr(t.nn, "ConvTranspose%dd" % half)(
        w.shape[0], w.shape[1] * p["groups"], tuple(w.shape[2:]), stride=p["stride"], padding=p["padding"][:half],
        output_padding=p["output_padding"], groups=p["groups"], bias=b is not None, dilation=p["dilation"], dtype=w.dtype,
    )  # fmt: skip
    return _filled(t, m, w, b)(x)


def _transposed_native(t, p, x, w, b=None):
    with t.backends.mkldnn.flags(enabled=False):
        return _transposed(t, p, x, w, b)


def _time_first(t, p, x, w, b=None):
    """Time first, channels last, the kernel turned alike."""
    bias = t.zeros(w.shape[0], dtype=w.dtype) if b is None else b
    return t.conv_tbc(x.permute(2, 0, 1).contiguous(), w.permute(2, 1, 0).contiguous(), bias, p["padding"][0]).permute(1, 2, 0)


PLAIN = ("strided", "transposed", "offset")
LAYOUTS = (*PLAIN, "channels-last")


def _bindings(dims):
    layouts = PLAIN if dims == 1 else LAYOUTS
    forward = {"plain": _conv(dims), "module": _module(dims), "no-onednn": _native}
    transposed = {"plain": _transposed, "module": _transposed_module, "no-onednn": _transposed_native}
    return tuple(
        Binding(
            function=fn % dims, forms=forms, names=("torch.nn.functional." + fn % dims, "torch." + fn % dims, "torch.nn." + module % dims),
            dtypes=FLOATS, layouts=layouts, modes=("inference-mode",),
        )
        for fn, module, forms in (("conv%dd", "Conv%dd", forward), ("conv_transpose%dd", "ConvTranspose%dd", transposed))
    )  # fmt: skip


BINDINGS = (
    *_bindings(1),
    *_bindings(2),
    *_bindings(3),
    Binding(
        function="conv_tbc", forms={"plain": _time_first}, names=("torch.conv_tbc", "torch.nn.functional.conv_tbc"), dtypes=FLOATS[:2],
        modes=("inference-mode",),
    ),
)  # fmt: skip

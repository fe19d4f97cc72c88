"""Torch bindings: convolutions with padding 'same'."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding
from csvkit_ml.libraries.torch.staged.convolution import FLOATS, LAYOUTS


def _same(t, p, x, w, b=None):
    fn = getattr(t.nn.functional, "conv%dd" % (x.dim() - 2))
    return fn(x, w, b, stride=p["stride"], padding="same", dilation=p["dilation"], groups=p["groups"])


def _module(t, p, x, w, b=None):
    made = getattr(t.nn, "Conv%dd" % (x.dim() - 2))
    m = made(
        w.shape[1] * p["groups"], w.shape[0], tuple(w.shape[2:]), padding="same", dilation=p["dilation"], groups=p["groups"],
        bias=b is not None, dtype=w.dtype,
    )  # fmt: skip
    m.weight = t.nn.Parameter(w, requires_grad=False)
    if b is not None:
        m.bias = t.nn.Parameter(b, requires_grad=False)
    return m(x)


def _native(t, p, x, w, b=None):
    with t.backends.mkldnn.flags(enabled=False):
        return _same(t, p, x, w, b)


BINDINGS = (
    Binding(
        function="conv_same", forms={"plain": _same, "module": _module, "no-onednn": _native},
        names=("torch.nn.functional.conv1d", "torch.nn.functional.conv2d", "torch.nn.functional.conv3d"), dtypes=FLOATS, layouts=LAYOUTS,
        modes=("inference-mode",),
    ),
)  # fmt: skip

"""Torch bindings: convolutions whose modules pad data by their own elements."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding
from csvkit_ml.libraries.torch.staged.convolution import FLOATS, LAYOUTS, _filled


def _module(t, p, x, w, b=None):
    made = getattr(t.nn, "Conv%dd" % (x.dim() - 2))
    how = {"stride": p["stride"], "padding": tuple(p["pads"]), "padding_mode": p["mode"], "dilation": p["dilation"], "groups": p["groups"]}
    m = made(w.shape[1] * p["groups"], w.shape[0], tuple(w.shape[2:]), bias=b is not None, dtype=w.dtype, **how)
    return _filled(t, m, w, b)(x)


def _in_two_steps(t, p, x, w, b=None):
    f = t.nn.functional
    x = f.pad(x, [n for pad in reversed(p["pads"]) for n in (pad, pad)], mode=p["mode"])
    return getattr(f, "conv%dd" % (x.dim() - 2))(x, w, b, stride=p["stride"], dilation=p["dilation"], groups=p["groups"])


BINDINGS = (
    Binding(
        function="conv_padding_modes", forms={"plain": _module, "in-two-steps": _in_two_steps},
        names=("torch.nn.Conv1d", "torch.nn.Conv2d", "torch.nn.Conv3d"), dtypes=FLOATS, layouts=LAYOUTS, modes=("inference-mode",),
    ),
)  # fmt: skip

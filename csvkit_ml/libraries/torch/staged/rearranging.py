"""Torch bindings: pixel shuffle and unshuffle, channel shuffle."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

MOVED = ("float32", "float64", "float16", "bfloat16", "uint8", "int64")
LAYOUTS = ("strided", "transposed", "offset", "channels-last")


def _binding(function, module):
    return Binding(
        function=function,
        forms={
            "plain": lambda t, p, x: getattr(t.nn.functional, function)(x, p["block"]),
            "module": lambda t, p, x: getattr(t.nn, module)(p["block"])(x),
        },
        names=("torch.nn.functional." + function, "torch." + function, "torch.nn." + module),
        dtypes=MOVED,
        layouts=LAYOUTS,
        modes=("inference-mode",),
    )


BINDINGS = (
    _binding("pixel_shuffle", "PixelShuffle"),
    _binding("pixel_unshuffle", "PixelUnshuffle"),
    _binding("channel_shuffle", "ChannelShuffle"),
)

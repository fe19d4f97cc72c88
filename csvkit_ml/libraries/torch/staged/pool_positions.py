"""Torch bindings: maxima of windows with their positions."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

_KEYS = ("stride", "padding", "dilation", "ceil_mode")


def _binding(dims):
    name = "max_pool%dd" % dims

    def given(p):
        return {k: p[k] for k in _KEYS}

    return Binding(
        function=name + "_positions",
        forms={
            "plain": lambda t, p, x: getattr(t.nn.functional, name)(x, p["kernel"], return_indices=True, **given(p)),
            "with-indices": lambda t, p, x: getattr(t.nn.functional, name + "_with_indices")(x, p["kernel"], **given(p)),
            "module": lambda t, p, x: getattr(t.nn, "MaxPool%dd" % dims)(p["kernel"], return_indices=True, **given(p))(x),
        },
        names=("torch.nn.functional." + name, "torch.nn.functional." + name + "_with_indices", "torch.nn.MaxPool%dd" % dims),
        dtypes=("float32", "float64", "float16", "bfloat16"),
        layouts=("strided", "transposed", "offset", *(("channels-last",) if dims > 1 else ())),
        modes=("inference-mode",),
    )


BINDINGS = tuple(_binding(d) for d in (1, 2, 3))

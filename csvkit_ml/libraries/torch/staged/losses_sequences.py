"""Torch bindings: losses of sequences."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding


def _how(p):
    return {"blank": p["blank"], "reduction": p["reduction"], "zero_infinity": p["zero_infinity"]}


def _concatenated(t, p, x, targets, inputs, lengths):
    """Targets one behind the other."""
    flat = t.cat([targets[i, : int(n)] for i, n in enumerate(lengths)])
    return t.nn.functional.ctc_loss(x, flat, inputs, lengths, **_how(p))


def _lengths_as_numbers(t, p, x, targets, inputs, lengths):
    return t.nn.functional.ctc_loss(x, targets, tuple(inputs.tolist()), tuple(lengths.tolist()), **_how(p))


BINDINGS = (
    Binding(
        function="ctc_loss",
        forms={
            "plain": lambda t, p, *xs: t.nn.functional.ctc_loss(*xs, **_how(p)),
            "module": lambda t, p, *xs: t.nn.CTCLoss(**_how(p))(*xs),
            "concatenated": _concatenated,
            "lengths-as-numbers": _lengths_as_numbers,
        },
        names=("torch.nn.functional.ctc_loss", "torch.nn.CTCLoss"),
        dtypes=("float32", "float64"),
        modes=("requires-grad",),
    ),
)

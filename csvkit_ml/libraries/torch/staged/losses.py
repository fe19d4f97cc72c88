"""Torch bindings: losses."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64")


def _cross_entropy_arguments(p, w):
    return {"reduction": p["reduction"], "label_smoothing": p["label_smoothing"], "weight": w if p["weighted"] else None}


def _bce_operator(t, p, x, y, w, pw):
    reduction = {"none": 0, "mean": 1, "sum": 2}[p["reduction"]]
    return t.binary_cross_entropy_with_logits(x, y, w if p["weighted"] else None, pw if p["positive"] else None, reduction)


def _bce_arguments(p, w, pw):
    return {"reduction": p["reduction"], "weight": w if p["weighted"] else None, "pos_weight": pw if p["positive"] else None}


BINDINGS = (
    Binding(
        function="mse_loss",
        forms={
            "plain": lambda t, p, x, y: t.nn.functional.mse_loss(x, y, reduction=p["reduction"]),
            "module": lambda t, p, x, y: t.nn.MSELoss(reduction=p["reduction"])(x, y),
        },
        names=("torch.nn.functional.mse_loss", "torch.nn.MSELoss"),
        dtypes=FLOATS,
        modes=("requires-grad", "no-grad"),
    ),
    Binding(
        function="cross_entropy",
        forms={
            "plain": lambda t, p, x, y, w: t.nn.functional.cross_entropy(x, y, **_cross_entropy_arguments(p, w)),
            "module": lambda t, p, x, y, w: t.nn.CrossEntropyLoss(**_cross_entropy_arguments(p, w))(x, y),
        },
        names=("torch.nn.functional.cross_entropy", "torch.nn.CrossEntropyLoss"),
        dtypes=FLOATS,
        modes=("no-grad",),
    ),
    Binding(
        function="bce_with_logits",
        forms={
            "plain": lambda t, p, x, y, w, pw: t.nn.functional.binary_cross_entropy_with_logits(x, y, **_bce_arguments(p, w, pw)),
            "module": lambda t, p, x, y, w, pw: t.nn.BCEWithLogitsLoss(**_bce_arguments(p, w, pw))(x, y),
            "native": _bce_operator,
        },
        names=("torch.nn.functional.binary_cross_entropy_with_logits", "torch.nn.BCEWithLogitsLoss", "torch.binary_cross_entropy_with_logits"),
        dtypes=FLOATS,
        modes=("no-grad",),
    ),
)

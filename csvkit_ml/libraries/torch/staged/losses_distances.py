"""Torch bindings: distances of vectors and losses made of them."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64")


_REDUCTIONS = {"none": 0, "mean": 1, "sum": 2}


def _cosine_operator(t, p, *xs):
    return t.cosine_embedding_loss(*xs, margin=p["margin"], reduction=_REDUCTIONS[p["reduction"]])


def _triplet_operator(t, p, *xs):
    return t.triplet_margin_loss(*xs, margin=p["margin"], p=p["p"], eps=p["eps"], swap=p["swap"], reduction=_REDUCTIONS[p["reduction"]])


def _distance(t, p):
    return t.nn.PairwiseDistance(p=p["p"], eps=p["eps"])


def _triplet_by_distance(t, p, *xs):
    call = t.nn.functional.triplet_margin_with_distance_loss
    return call(*xs, distance_function=_distance(t, p), margin=p["margin"], swap=p["swap"], reduction=p["reduction"])


def _triplet_by_layer(t, p, *xs):
    made = t.nn.TripletMarginWithDistanceLoss(distance_function=_distance(t, p), margin=p["margin"], swap=p["swap"], reduction=p["reduction"])
    return made(*xs)


def _binding(function, module, arguments, names=(), **more):
    """`arguments`: parameters that both forms take by name."""

    def how(p):
        return {n: p[n] for n in arguments}

    forms = {
        "plain": lambda t, p, *xs: getattr(t.nn.functional, function)(*xs, **how(p)),
        "module": lambda t, p, *xs: getattr(t.nn, module)(**how(p))(*xs),
    }
    return Binding(
        function=function,
        forms={**forms, **more},
        names=("torch.nn.functional." + function, "torch.nn." + module, *names),
        dtypes=FLOATS,
        modes=("requires-grad",),
    )


def _first_axis(t, p, a, b):
    return t.nn.functional.cosine_similarity(a.t(), b.t(), dim=0, eps=p["eps"])


def _kept(t, p, a, b):
    return t.nn.functional.pairwise_distance(a, b, p=p["p"], eps=p["eps"], keepdim=True)[:, 0]


BINDINGS = (
    _binding("cosine_similarity", "CosineSimilarity", ("eps",), **{"first-axis": _first_axis}),
    _binding("pairwise_distance", "PairwiseDistance", ("p", "eps"), keepdim=_kept),
    _binding("cosine_embedding_loss", "CosineEmbeddingLoss", ("margin", "reduction"), ("torch.cosine_embedding_loss",), native=_cosine_operator),
    _binding(
        "triplet_margin_loss",
        "TripletMarginLoss",
        ("margin", "p", "swap", "eps", "reduction"),
        ("torch.triplet_margin_loss", "torch.nn.functional.triplet_margin_with_distance_loss", "torch.nn.TripletMarginWithDistanceLoss"),
        **{"native": _triplet_operator, "distance": _triplet_by_distance, "distance-layer": _triplet_by_layer},
    ),
)

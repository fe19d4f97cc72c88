"""Torch bindings: distances of vectors and losses made of them."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64")


def _binding(function, module, arguments, **more):
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
        names=("torch.nn.functional." + function, "torch.nn." + module),
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
    _binding("cosine_embedding_loss", "CosineEmbeddingLoss", ("margin", "reduction")),
    _binding("triplet_margin_loss", "TripletMarginLoss", ("margin", "p", "swap", "eps", "reduction")),
)

"""Torch bindings: gradients of distances, similarities and normalisations of vectors, of the bilinear layer and of the loss of a linear layer."""

from __future__ import annotations

import warnings

from csvkit_ml.libraries.torch.staged.gradients import roads
from csvkit_ml.libraries.torch.staged.gradients_losses import bound


def _f(name, of, operands=1, forward=True):
    return bound(name, lambda t, p, *xs: of(getattr(t.nn.functional, name), p, *xs), operands, "nn.functional." + name, forward)


def _scores(pieces=False):
    """Whole, or with scores that are made piece by piece."""

    def of(t, p, x, w, b, target, weight):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            how = {"options": t.nn.LinearCrossEntropyOptions(batch_chunk_size=2)} if pieces else {}
            return t.nn.functional.linear_cross_entropy(
                x, w, target, linear_bias=b, weight=weight, reduction=p["reduction"], ignore_index=p["ignore_index"], **how
            )

    return of


_whole = bound("linear_cross_entropy", _scores(), 3, "nn.functional.linear_cross_entropy")

BINDINGS = (
    _f("cosine_similarity", lambda of, p, a, b: of(a, b, dim=-1, eps=p["eps"]), 2),
    _f("pairwise_distance", lambda of, p, a, b: of(a, b, p=p["p"], eps=p["eps"]), 2),
    bound("dist", lambda t, p, a, b: t.dist(a, b, p=p["p"]), 2),
    _f("pdist", lambda of, p, x: of(x, p=p["p"]), forward=False),
    _f("normalize", lambda of, p, x: of(x, p=p["p"], dim=-1, eps=p["eps"])),
    bound("renorm", lambda t, p, x: t.renorm(x, p["p"], 0, p["limit"])),
    _f("bilinear", lambda of, p, a, b, w, c: of(a, b, w, c), 4),
    _f("local_response_norm", lambda of, p, x: of(x, p["size"], alpha=p["alpha"], beta=p["beta"], k=p["k"])),
    _whole._replace(since="2.13", forms={**_whole.forms, "pieces": roads(_scores(pieces=True), lambda p: 3)["backward"]}),
)

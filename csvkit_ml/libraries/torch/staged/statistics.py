"""Torch bindings: statistics of several variables, distances, limited norms, segments, grids of counts."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

REAL = ("float32", "float64")
NUMBERS = ("float32", "float64", "float16", "bfloat16", "int64", "int32", "uint8")


def _binding(function, names, dtypes=REAL, modes=("inference-mode",), aliases=None, **forms):
    made = {k.replace("_", "-"): f for k, f in forms.items()}
    return Binding(function=function, forms=made, names=names, dtypes=dtypes, modes=modes, aliases=aliases or {})


def _weights(p, more):
    return {
        "none": {}, "counts": {"fweights": more[:1]}, "shares": {"aweights": more[:1]},
        "both": {"fweights": more[:1], "aweights": more[1:]},
    }[p["weights"]]  # fmt: skip


def _given(p, more):
    return dict({k: v[0] for k, v in _weights(p, more).items()}, correction=p["correction"])


def _order(p):
    return float(p["p"])


def _embedding_renorm(t, p, x):
    """Rows of a table, all of them looked up; along another axis the plain form."""
    if x.dim() != 2 or p["dim"] != 0:
        return t.renorm(x, p["p"], p["dim"], p["limit"])
    return t.embedding_renorm_(x.clone(), t.arange(x.shape[0]), p["limit"], p["p"])


def _histogram(t, p, x):
    return t.histogramdd(x, p["bins"], range=[v for _ in p["bins"] for v in (-p["reach"], p["reach"])]).hist


def _histogram_by_edges(t, p, x):
    """Every cell edge given."""
    edges = [t.linspace(-p["reach"], p["reach"], n + 1, dtype=x.dtype) for n in p["bins"]]
    return t.histogramdd(x, edges).hist


BINDINGS = (
    _binding(
        "cov", ("torch.cov", "torch.Tensor.cov"),
        plain=lambda t, p, x, *w: t.cov(x, **_given(p, w)),
        method=lambda t, p, x, *w: x.cov(**_given(p, w)),
    ),
    _binding("corrcoef", ("torch.corrcoef", "torch.Tensor.corrcoef"), plain=lambda t, p, x: t.corrcoef(x), method=lambda t, p,
        x: x.corrcoef()),
    _binding(
        "cdist", ("torch.cdist",),
        plain=lambda t, p, x, y: t.cdist(x, y, p=_order(p)),
        direct=lambda t, p, x, y: t.cdist(x, y, p=_order(p), compute_mode="donot_use_mm_for_euclid_dist"),
    ),
    _binding(
        "pdist", ("torch.nn.functional.pdist", "torch.pdist"),
        plain=lambda t, p, x: t.nn.functional.pdist(x, p=_order(p)),
        torch=lambda t, p, x: t.pdist(x, _order(p)),
    ),
    _binding(
        "dist", ("torch.dist", "torch.Tensor.dist"),
        plain=lambda t, p, x, y: t.dist(x, y, _order(p)),
        method=lambda t, p, x, y: x.dist(y, _order(p)),
    ),
    _binding(
        "renorm", ("torch.renorm", "torch.Tensor.renorm", "torch.Tensor.renorm_"),
        plain=lambda t, p, x: t.renorm(x, p["p"], p["dim"], p["limit"]),
        method=lambda t, p, x: x.renorm(p["p"], p["dim"], p["limit"]),
        inplace=lambda t, p, x: x.clone().renorm_(p["p"], p["dim"], p["limit"]),
        aliases={"torch.embedding_renorm_": _embedding_renorm},
    ),
    _binding(
        "segment_reduce", ("torch.segment_reduce",),
        plain=lambda t, p, x: t.segment_reduce(x, p["reduce"], lengths=t.tensor(p["lengths"]), axis=0),
    ),
    _binding("histogramdd", ("torch.histogramdd",), plain=_histogram, by_edges=_histogram_by_edges),
    _binding("trace", ("torch.trace", "torch.Tensor.trace"), (*REAL, "int64"), plain=lambda t, p, x: t.trace(x), method=lambda t, p,
        x: x.trace()),
    _binding(
        "msort", ("torch.msort", "torch.Tensor.msort"), NUMBERS,
        plain=lambda t, p, x: t.msort(x),
        method=lambda t, p, x: x.msort(),
        out=lambda t, p, x: t.msort(x, out=t.empty(0, dtype=x.dtype)),
    ),
)  # fmt: skip

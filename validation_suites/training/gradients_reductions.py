"""Gradients of further reductions and scans, of integrals by trapezoids, and of products of vectors, matrices and tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from csvkit_ml.model.function import Function, Sample, params
from csvkit_ml.references.running_error import hyperparameter
from validation_suites import faults
from validation_suites.training.gradients_structure import _logsumexp
from validation_suites.vector_jacobian import Case, Product, away, distinct, dot, like, moved, scattered, spread, turned, unbroadcast, wide


def _logcumsumexp(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    """sum over k >= i of g_k exp(x_i - y_k), y the running logarithm of sums.

    A library may form it by logarithms, those of g of either sign apart: what it then puts into the exponential carries the roundings of
    log|g|, of y, of a running logarithm over them and of x, which grow with the number of steps as sums do.
    """
    v, n = x.value, x.value.shape[-1]
    y = np.logaddexp.accumulate(v, axis=-1)
    weights = np.exp(v[..., :, None] - y[..., None, :]) * np.triu(np.ones((n, n)))
    logs = np.abs(np.log(np.abs(g.value)))[..., None, :]
    size = 2 * logs + 4 * np.abs(y)[..., None, :] + 2 * np.abs(v)[..., :, None] + np.log(n) + 4
    growth = x.by.u * min(n, 6 * np.sqrt(n)) * np.max(size, axis=(-1, -2), keepdims=True)[..., 0]
    terms = weights * np.abs(g.value)[..., None, :]
    return (like(x, (weights * g.value[..., None, :]).sum(axis=-1), growth * terms.sum(axis=-1)),)


def _nansum(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    """Nothing for what is not a number; of the mean the share of the numbers."""
    numbers = ~np.isnan(x.value)
    share = g / numbers.sum(axis=-1).astype(np.float64) if sample.param("mean") else g
    return (moved(spread(share, -1), lambda v: np.where(numbers, v, 0.0)),)


def _several_axes(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    """Of the first and the last axis of three."""
    a, b, c = x.value.shape
    (made,) = _logsumexp(sample, moved(x, lambda v: v.transpose(1, 0, 2).reshape(b, a * c)), g)
    return (moved(made.reshape(b, a, c), lambda v: v.transpose(1, 0, 2)),)


def _quantile(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    """1 - w and w of the two that the rank q (n - 1) lies between, w its fraction; ranks of numbers alone."""
    rows, n = x.value.reshape(-1, x.value.shape[-1]), x.value.shape[-1]
    order, rank = np.argsort(rows, axis=-1), sample.param("q") * ((~np.isnan(rows)).sum(axis=-1) - 1)
    low, flat = np.floor(rank).astype(int), g.reshape(-1)
    each = np.arange(len(rows))
    at = np.concatenate([each * n + order[each, low], each * n + order[each, np.ceil(rank).astype(int)]])
    shares = [flat * (1 - (rank - low)), flat * (rank - low)]
    both = like(g, np.concatenate([s.value for s in shares]), np.concatenate([s.error for s in shares]))
    return (scattered(both, at, x.value.size).reshape(*x.value.shape),)


def _shifted(part: Any, before: int) -> Any:
    """With a zero before it or behind."""
    return moved(part, lambda v: np.pad(v, [(0, 0)] * (v.ndim - 1) + [(before, 1 - before)]))


def _to_the_end(g: Any) -> Any:
    """Sums of g from each place to the end."""
    return (spread(g, -2) * np.triu(np.ones((g.value.shape[-1],) * 2))).sum(axis=-1)


def _trapezoid(sample: Sample, y: Any, x: Any, g: Any) -> tuple[Any, ...]:
    """Every area (y_i + y_i+1) (x_i+1 - x_i) / 2 counts in the whole, or in all sums from it on."""
    n = y.value.shape[-1] - 1
    areas = _to_the_end(g) if sample.param("running") else wide(spread(g, -1), (*g.value.shape, n))
    heights, widths = areas * ((y[..., 1:] + y[..., :-1]) / 2), areas * ((x[..., 1:] - x[..., :-1]) / 2)
    return _shifted(widths, 0) + _shifted(widths, 1), _shifted(heights, 1) - _shifted(heights, 0)


def _diff(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    for _ in range(sample.param("n")):
        g = _shifted(g, 1) - _shifted(g, 0)
    return (g,)


def _column(x: Any) -> Any:
    return x.reshape(-1, 1)


def _outer(sample: Sample, a: Any, b: Any, g: Any) -> tuple[Any, ...]:
    return dot(g, _column(b)).reshape(-1), dot(turned(g), _column(a)).reshape(-1)


def _tensordot(sample: Sample, a: Any, b: Any, g: Any) -> tuple[Any, ...]:
    """Over the last two axes of a and the first two of b."""
    left, right = a.reshape(a.value.shape[0], -1), b.reshape(-1, b.value.shape[-1])
    return dot(g, turned(right)).reshape(*a.value.shape), dot(turned(left), g).reshape(*b.value.shape)


def _mv(sample: Sample, a: Any, v: Any, g: Any) -> tuple[Any, ...]:
    return _column(g) * v[None, :], dot(turned(a), _column(g)).reshape(-1)


def _dot(sample: Sample, a: Any, b: Any, g: Any) -> tuple[Any, ...]:
    return g * b, g * a


def _added(of: Callable[..., tuple[Any, ...]]) -> Callable[..., tuple[Any, ...]]:
    """Of beta c + alpha (a b), c broadcast."""

    def product(sample: Sample, c: Any, a: Any, b: Any, g: Any) -> tuple[Any, ...]:
        alpha, beta = (hyperparameter(sample.param(n)) for n in ("alpha", "beta"))
        scaled: Any = g * beta
        return unbroadcast(scaled, c.value.shape), *(p * alpha for p in of(sample, a, b, g))

    return product


def _matmul(sample: Sample, a: Any, b: Any, g: Any) -> tuple[Any, ...]:
    return dot(g, turned(b)), dot(turned(a), g)


def _with_nan(of: Callable[[np.random.Generator], Any]) -> Callable[[np.random.Generator], Any]:
    """About a third are no numbers, never the first two of a row."""

    def made(random: np.random.Generator) -> Any:
        x = of(random).astype(np.float64)
        lost = random.random(x.shape) < 0.35
        lost[..., :2] = False
        return np.where(lost, np.nan, x)

    return made


def _normal(shape: tuple[int, ...]) -> Callable[[np.random.Generator], Any]:
    return lambda random: random.standard_normal(shape)


def _rows(*rows: tuple[str, tuple[Any, ...], dict[str, Any]]) -> tuple[Case, ...]:
    return tuple(Case(name=n, operands=operands, how=params(**how)) for n, operands, how in rows)


def _scaled(*shapes: tuple[str, tuple[Any, ...]]) -> tuple[Case, ...]:
    return _rows(*((n, o, {"alpha": a, "beta": b}) for (n, o), a, b in zip(shapes, (-1.5, 1.0, 0.5), (0.5, 1.0, -2.0), strict=False)))


OFF = faults.rolled()
ALPHA = faults.other_params("alpha-ignored", "alpha is ignored.", alpha=1.0)
BETA = faults.other_params("beta-ignored", "beta is ignored.", beta=1.0)

PRODUCTS = (
    Product(id="grad_logcumsumexp", of="the running logarithm of sums of exponentials along the last axis", product=_logcumsumexp, faults=(OFF,),
            cases=_rows(("ordinary", ((5, 9), (5, 9)), {}), ("one", ((3, 1), (3, 1)), {}), ("n33", ((2, 33), (2, 33)), {}),
                        ("wide", (away((4, 8), 1.0, 30.0), (4, 8)), {}))),
    Product(id="grad_nansum", of="sum and mean of the numbers along the last axis", product=_nansum, faults=(
                OFF, faults.other_params("other-reduction", "The sum for the mean, or the reverse.", mean=lambda m: not m)),
            cases=_rows(*(("mean" if m else "sum", (_with_nan(_normal((5, 17))), (5,)), {"mean": m}) for m in (False, True)))),
    Product(id="grad_logsumexp_axes", of="the logarithm of the sum of exponentials over two axes of three", product=_several_axes, faults=(OFF,),
            cases=_rows(("ordinary", ((3, 4, 5), (4,)), {}), ("wide", (away((2, 5, 7), 1.0, 30.0), (5,)), {}))),
    Product(id="grad_quantile", of="quantiles of rows by linear interpolation, of numbers alone, too", product=_quantile, cases=_rows(
                ("ordinary", (distinct((5, 9)), (5,)), {"q": 0.375, "nan": False}), ("between", (distinct((6, 7)), (6,)), {"q": 0.8125, "nan": False}),
                ("last", (distinct((4, 8)), (4,)), {"q": 1.0, "nan": False}), ("numbers", (_with_nan(distinct((7, 9))), (7,)), {"q": 0.625, "nan": True})),
            faults=(OFF, faults.other_params("other-rank", "Another quantile.", q=0.25))),
    Product(id="grad_trapezoid", of="the integral by trapezoids, whole and running, for heights and places", product=_trapezoid, cases=_rows(
                ("whole", ((5, 9), (5, 9), (5,)), {"running": False}), ("two", ((3, 2), (3, 2), (3,)), {"running": False}),
                ("running", ((5, 9), (5, 9), (5, 8)), {"running": True})), faults=(OFF,)),
    Product(id="grad_diff", of="differences of neighbours, once and twice", product=_diff, faults=(OFF,),
            cases=_rows(*((f"n{n}", ((5, 9), (5, 9 - n)), {"n": n}) for n in (1, 2)))),
    Product(id="grad_outer", of="the outer product, for both vectors", product=_outer, faults=(OFF,),
            cases=_rows(("ordinary", ((9,), (17,), (9, 17)), {}), ("one", ((1,), (33,), (1, 33)), {}))),
    Product(id="grad_tensordot", of="the contraction over two axes, for both operands", product=_tensordot, faults=(OFF,),
            cases=_rows(("ordinary", ((3, 4, 5), (4, 5, 6), (3, 6)), {}), ("one", ((7, 1, 3), (1, 3, 2), (7, 2)), {}))),
    Product(id="grad_mv", of="the product of a matrix and a vector, for both", product=_mv, faults=(OFF,),
            cases=_rows(("ordinary", ((7, 33), (33,), (7,)), {}), ("one", ((1, 16), (16,), (1,)), {}))),
    Product(id="grad_dot", of="the inner product of two vectors, for both", product=_dot, faults=(OFF,),
            cases=_rows(("ordinary", ((33,), (33,), ()), {}), ("pair", ((2,), (2,), ()), {}))),
    Product(id="grad_addmm", of="beta c + alpha a b, for the three matrices", product=_added(_matmul), faults=(OFF, ALPHA, BETA), cases=_scaled(
                ("ordinary", ((7, 9), (7, 16), (16, 9), (7, 9))), ("row", ((9,), (5, 4), (4, 9), (5, 9))), ("one", ((1, 1), (1, 33), (33, 1), (1, 1))))),
    Product(id="grad_baddbmm", of="beta c + alpha a b of batches, for the three", product=_added(_matmul), faults=(OFF, ALPHA, BETA), cases=_scaled(
                ("ordinary", ((3, 5, 6), (3, 5, 9), (3, 9, 6), (3, 5, 6))), ("broadcast", ((1, 1, 6), (2, 4, 7), (2, 7, 6), (2, 4, 6))))),
    Product(id="grad_addmv", of="beta c + alpha a v, for the matrix and the vectors", product=_added(_mv), faults=(OFF, ALPHA, BETA), cases=_scaled(
                ("ordinary", ((7,), (7, 33), (33,), (7,))), ("number", ((1,), (5, 4), (4,), (5,))))),
    Product(id="grad_addr", of="beta c + alpha a b^T, for the matrix and the vectors", product=_added(_outer), faults=(OFF, ALPHA, BETA), cases=_scaled(
                ("ordinary", ((7, 9), (7,), (9,), (7, 9))), ("row", ((9,), (5,), (9,), (5, 9))))),
)  # fmt: skip

FUNCTIONS: tuple[Function, ...] = tuple(p.function() for p in PRODUCTS)

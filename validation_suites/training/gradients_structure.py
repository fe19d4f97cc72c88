"""Gradients of arithmetic with broadcasting, of reductions and of indexing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from csvkit_ml.model.function import Function, Sample, params
from validation_suites import faults
from validation_suites.vector_jacobian import (
    Case,
    Product,
    away,
    distinct,
    indices,
    like,
    moved,
    plain,
    scattered,
    softmax,
    spread,
    tied,
    unbroadcast,
    wide,
)  # fmt: skip


def _binary(rule: Callable[..., tuple[Any, Any]]) -> Callable[..., tuple[Any, ...]]:
    def product(sample: Sample, a: Any, b: Any, g: Any) -> tuple[Any, ...]:
        parts = rule(a, b, g)
        return tuple(unbroadcast(wide(p, g.value.shape), x.value.shape) for p, x in zip(parts, (a, b), strict=True))

    return product


def _sum(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    return (wide(spread(g, sample.param("axis")), x.value.shape),)


def _mean(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    axis = sample.param("axis")
    return (wide(spread(g, axis), x.value.shape) / x.value.shape[axis],)


def _amax(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    """Shared evenly by equal maxima."""
    axis = sample.param("axis")
    hits = x.value == x.value.max(axis=axis, keepdims=True)
    return (spread(g, axis) * hits / hits.sum(axis=axis, keepdims=True),)


def _prod(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    """The product of the others, zeros among them or not."""
    x = moved(x, lambda v: np.moveaxis(v, sample.param("axis"), -1))
    n, out = x.value.shape[-1], []
    for i in range(n):
        rest: Any = g
        for j in range(n):
            rest = rest * x[..., j] if j != i else rest
        out.append(rest)
    # a library may divide the whole product by the element: two roundings more on either side
    made = like(x, np.stack([o.value for o in out], -1), np.stack([o.error + 4 * x.by.u * np.abs(o.value) for o in out], -1))
    return (moved(made, lambda v: np.moveaxis(v, -1, sample.param("axis"))),)


def _cumsum(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    """Sums of g from each place to the end."""
    def back(v: Any) -> Any:
        return np.flip(np.cumsum(np.flip(v, sample.param("axis")), sample.param("axis")), sample.param("axis"))

    n = x.value.shape[sample.param("axis")]
    return (like(g, back(g.value), back(g.error) + 2 * n * g.by.u * back(np.abs(g.value))),)


def _logsumexp(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    """g softmax(x); exp(x - logsumexp) inherits the error of its argument, twice that of x - max."""
    p = softmax(x)
    top = x.value.max(axis=-1, keepdims=True)
    gap = 2 * x.by.u * (np.abs(x.value) + np.abs(top) + np.log(x.value.shape[-1]))
    return (spread(g, -1) * like(x, p.value, p.error + p.value * gap),)


def _gather(sample: Sample, x: Any, at: Any, g: Any) -> tuple[Any, ...]:
    """Along the last axis of a matrix: g is added where it was taken."""
    n, m = x.value.shape
    flat = (np.arange(n)[:, None] * m + at).ravel()
    return (scattered(g.reshape(-1), flat, n * m).reshape(n, m),)


def _index_select(sample: Sample, x: Any, at: Any, g: Any) -> tuple[Any, ...]:
    return (scattered(g, at, x.value.shape[0]),)


def _select(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    """g where it was taken, zero elsewhere: exact."""
    axis, at = sample.param("axis"), sample.param("at")

    def placed(v: Any) -> Any:
        made = np.zeros(x.value.shape, dtype=np.longdouble)
        np.moveaxis(made, axis, 0)[at] = v
        return made

    return (moved(g, placed),)


def _slice(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    """The same for start:stop:step."""
    axis = sample.param("axis")

    def placed(v: Any) -> Any:
        made = np.zeros(x.value.shape, dtype=np.longdouble)
        np.moveaxis(made, axis, 0)[sample.param("start") : sample.param("stop") : sample.param("step")] = np.moveaxis(v, axis, 0)
        return made

    return (moved(g, placed),)


def _scatter_add(sample: Sample, x: Any, source: Any, at: Any, g: Any) -> tuple[Any, ...]:
    return g, moved(g, lambda v: np.take_along_axis(v, at, -1))


def _embedding(sample: Sample, w: Any, at: Any, g: Any) -> tuple[Any, ...]:
    """Rows that are looked up often add up; the padding row gets nothing."""
    keep = (at != sample.param("padding_idx")).astype(np.float64).reshape(-1, 1)
    return (scattered(g.reshape(-1, w.value.shape[1]) * keep, at.ravel(), w.value.shape[0]),)


def _bilinear_cases(g: Callable[..., Any] = away) -> tuple[Case, ...]:
    shapes = (("ordinary", (4, 33), (4, 33)), ("row", (4, 33), (33,)), ("column", (5, 1), (5, 16)), ("both", (3, 1, 17), (8, 1)), ("number", (7, 9), ()))
    return tuple(Case(name=n, operands=(a, g(b), np.broadcast_shapes(a, b))) for n, a, b in shapes)


def _along(x: Any, *axes: int, out: Any = None) -> tuple[Case, ...]:
    """An array along each axis with the reduced shape's g."""
    shape = (5, 17, 8)
    return tuple(
        Case(name=f"axis{a}", operands=(x(shape), tuple(n for i, n in enumerate(shape) if i != a % 3) if out is None else shape), how=params(axis=a))
        for a in axes
    )


def _with_ties(values: int, *axes: int) -> tuple[Case, ...]:
    """Few distinct values, zero among them."""
    return tuple(Case(name=f"tied-{c.name}", operands=(tied((5, 17, 8), values), c.operands[1]), how=c.how) for c in _along(away, *axes))


PRODUCTS = (
    Product(id="grad_add", of="a + b with broadcasting", product=_binary(lambda a, b, g: (g, g)), cases=_bilinear_cases()),
    Product(id="grad_sub", of="a - b with broadcasting", product=_binary(lambda a, b, g: (g, -g)), cases=_bilinear_cases()),
    Product(id="grad_mul", of="a b with broadcasting", product=_binary(lambda a, b, g: (g * b, g * a)), cases=_bilinear_cases()),
    Product(id="grad_div", of="a / b with broadcasting", product=_binary(lambda a, b, g: (g / b, -(g * a / (b * b)))), cases=_bilinear_cases()),
    Product(id="grad_sum", of="the sum along an axis", product=_sum, cases=_along(plain, 0, 1, -1), faults=(faults.rolled(),)),
    Product(id="grad_mean", of="the mean along an axis", product=_mean, cases=_along(plain, 0, 1, -1), faults=(faults.rolled(),)),
    Product(id="grad_amax", of="the maximum along an axis, shared evenly among equal maxima", product=_amax,
            cases=(*_along(distinct, 1, -1), *_with_ties(4, 0, 1))),
    Product(id="grad_prod", of="the product along an axis", product=_prod,
            cases=(*_along(away, 0, -1), *_with_ties(5, 0, -1))),
    Product(id="grad_cumsum", of="the running sum along an axis", product=_cumsum, cases=_along(plain, 0, 1, -1, out=True), faults=(faults.rolled(),)),
    Product(id="grad_logsumexp", of="the logarithm of the sum of exponentials along the last axis", product=_logsumexp,
            cases=(Case(name="ordinary", operands=((9, 17), (9,))), Case(name="c1", operands=((3, 1), (3,))), Case(name="c257", operands=((2, 257), (2,))),
                   Case(name="wide", operands=(away((5, 33), 10.0, 60.0), (5,))))),
    Product(id="grad_gather", of="gather along the last axis, for repeated indices, too", product=_gather,
            cases=(Case(name="ordinary", operands=((5, 17), indices(17, (5, 9)), (5, 9))),
                   Case(name="repeated", operands=((3, 4), indices(3, (3, 65)), (3, 65))))),
    Product(id="grad_index_select", of="the selection of rows, for repeated indices, too", product=_index_select,
            cases=(Case(name="ordinary", operands=((9, 17), indices(9, (7,)), (7, 17))),
                   Case(name="repeated", operands=((4, 5), indices(3, (129,)), (129, 5))))),
    Product(id="grad_select", of="one position along an axis", product=_select,
            cases=tuple(Case(name=f"axis{a}-at{at}", operands=((5, 17, 8), tuple(n for i, n in enumerate((5, 17, 8)) if i != a)), how=params(axis=a, at=at))
                        for a, at in ((1, 0), (1, -1), (0, 2), (2, 7)))),
    Product(id="grad_slice", of="a slice along an axis, with steps, too", product=_slice,
            cases=tuple(Case(name=n, operands=((5, 17, 8), shape), how=params(axis=a, start=start, stop=stop, step=step))
                        for n, a, start, stop, step, shape in (
                            ("ordinary", 1, 3, 11, 1, (5, 8, 8)), ("steps", 1, 1, 17, 3, (5, 6, 8)),
                            ("last", 2, 6, 8, 1, (5, 17, 2)), ("whole", 0, 0, 5, 1, (5, 17, 8))))),
    Product(id="grad_scatter_add", of="scatter_add along the last axis, for the target and the source", product=_scatter_add,
            cases=(Case(name="ordinary", operands=((5, 17), (5, 9), indices(17, (5, 9)), (5, 17))),
                   Case(name="repeated", operands=((3, 4), (3, 65), indices(3, (3, 65)), (3, 4))))),
    Product(id="grad_embedding", of="the embedding, for the table", product=_embedding,
            cases=tuple(Case(name=f"{n}{'-padded' if pad is not None else ''}", operands=((v, d), indices(v, at), (*at, d)), how=params(padding_idx=pad))
                        for n, v, d, at in (("ordinary", 11, 16, (4, 7)), ("repeated", 3, 5, (129,))) for pad in (None, 1)),
            faults=(faults.other_params("padding-trained", "The padding row gets a gradient.", padding_idx=None),)),
)  # fmt: skip

FUNCTIONS: tuple[Function, ...] = tuple(p.function() for p in PRODUCTS)

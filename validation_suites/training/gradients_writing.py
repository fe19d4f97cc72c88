"""Gradients of functions that write, add or choose: what was written gets the gradient of its place, what was written over none.

Positions are constant operands; where a function fixes no winner among equal positions, no two are equal.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from csvkit_ml.model.function import Function, Sample, params
from csvkit_ml.model.tensor import Array
from validation_suites import faults
from validation_suites.vector_jacobian import Case, Product, away, indices, like, moved, scattered, unbroadcast

Rule = Callable[..., tuple[Any, ...]]


def joined(parts: list[Any], axis: int = -1) -> Any:
    """Parts stacked along a new axis: rounds nothing."""
    return like(parts[0], np.stack([p.value for p in parts], axis), np.stack([p.error for p in parts], axis))


def _kept(written: Array, g: Any) -> Any:
    """g where nothing was written."""
    return moved(g, lambda v: np.where(written, 0.0, v))


def _rows(at: Array, shape: tuple[int, ...]) -> Array:
    written = np.zeros(shape, dtype=bool)
    written[at] = True
    return written


def _scatter_reduce(sample: Sample, x: Any, source: Any, at: Any, g: Any) -> tuple[Any, ...]:
    """Along the last axis: each result by all that meet in it, the target's own element among them where it is included."""
    first: list[Any] = []
    for i, j in np.ndindex(*x.value.shape):
        own = [x[i, j]] if sample.param("include_self") or not (at[i] == j).any() else []
        places = [k for k in range(at.shape[1]) if at[i, k] == j]
        shares = _shares(sample.param("reduce"), [*own, *(source[i, k] for k in places)], g[i, j])
        first.append((shares[0] if own else g[i, j] * 0.0, dict(zip(((i, k) for k in places), shares[len(own) :], strict=True))))
    met = {place: share for _, shares in first for place, share in shares.items()}
    own_part = joined([one for one, _ in first]).reshape(*x.value.shape)
    return own_part, joined([met[place] for place in np.ndindex(*at.shape)]).reshape(*at.shape)


def _shares(reduce: str, those: list[Any], g: Any) -> list[Any]:
    """What each of those that are reduced to one gets of g."""
    if reduce in ("amax", "amin"):
        values = [t.value for t in those]
        best = max(values) if reduce == "amax" else min(values)
        return [g * float(v == best) for v in values]
    if reduce == "prod":
        return [_others(those, i, g) for i in range(len(those))]
    return [g / len(those) if reduce == "mean" else g for _ in those]


def _others(those: list[Any], place: int, g: Any) -> Any:
    """The product of the others; a library may divide the whole product by the element: two roundings more on either side."""
    rest: Any = g
    for i, t in enumerate(those):
        rest = rest if i == place else rest * t
    return like(rest, rest.value, rest.error + (4 + len(those)) * rest.by.u * np.abs(rest.value))


def _index_put(sample: Sample, x: Any, values: Any, rows: Any, columns: Any, g: Any) -> tuple[Any, ...]:
    added = sample.param("accumulate")
    return (g if added else _kept(_rows((rows, columns), x.value.shape), g)), moved(g, lambda v: v[rows, columns])  # type: ignore[arg-type]


def _put(sample: Sample, x: Any, values: Any, at: Any, g: Any) -> tuple[Any, ...]:
    """The same for positions counted in storage order."""
    written = _rows(at, (x.value.size,)).reshape(x.value.shape)
    return (g if sample.param("accumulate") else _kept(written, g)), moved(g, lambda v: v.reshape(-1)[at])


def _take(sample: Sample, x: Any, at: Any, g: Any) -> tuple[Any, ...]:
    return (scattered(g.reshape(-1), at.ravel(), x.value.size).reshape(*x.value.shape),)


def _index_add(sample: Sample, x: Any, source: Any, at: Any, g: Any) -> tuple[Any, ...]:
    return g, moved(g, lambda v: v[at]) * sample.param("alpha")


def _index_copy(sample: Sample, x: Any, source: Any, at: Any, g: Any) -> tuple[Any, ...]:
    return _kept(_rows(at, x.value.shape), g), moved(g, lambda v: v[at])


def _index_fill(sample: Sample, x: Any, value: Any, at: Any, g: Any) -> tuple[Any, ...]:
    return _kept(_rows(at, x.value.shape), g), moved(g, lambda v: v[at].reshape(-1)).sum()


def _scatter(sample: Sample, x: Any, source: Any, at: Any, g: Any) -> tuple[Any, ...]:
    written = np.zeros(x.value.shape, dtype=bool)
    np.put_along_axis(written, at, True, -1)
    return _kept(written, g), moved(g, lambda v: np.take_along_axis(v, at, -1))


def _masked_scatter(sample: Sample, x: Any, source: Any, mask: Any, g: Any) -> tuple[Any, ...]:
    """The first elements of the source in order; what is left of it goes nowhere."""
    hit = mask == 1

    def taken(v: Any) -> Any:
        made = np.zeros(source.value.size, dtype=np.longdouble)
        made[: hit.sum()] = v[hit]
        return made.reshape(source.value.shape)

    return _kept(hit, g), moved(g, taken)


def _where(sample: Sample, a: Any, b: Any, mask: Any, g: Any) -> tuple[Any, ...]:
    hit = np.broadcast_to(mask == 1, g.value.shape)
    return unbroadcast(_kept(~hit, g), a.value.shape), unbroadcast(_kept(hit, g), b.value.shape)


def _select_scatter(sample: Sample, x: Any, source: Any, g: Any) -> tuple[Any, ...]:
    at = sample.param("at")
    return _kept(_rows((slice(None), at), x.value.shape), g), g[:, at]  # type: ignore[arg-type]


def _slice_scatter(sample: Sample, x: Any, source: Any, g: Any) -> tuple[Any, ...]:
    at = slice(1, None, sample.param("step"))
    return _kept(_rows((slice(None), at), x.value.shape), g), g[:, at]  # type: ignore[arg-type]


def _cat(sample: Sample, a: Any, b: Any, g: Any) -> tuple[Any, ...]:
    n = a.value.shape[-1]
    return g[..., :n], g[..., n:]


def _fold(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    """Patches of two by three laid over a picture, by a stride: where they overlap, all get the gradient."""
    step = sample.param("stride")

    def patches(v: Any) -> Any:
        made = np.lib.stride_tricks.sliding_window_view(v, (2, 3), axis=(2, 3))[:, :, ::step, ::step]
        n, c, h, w = made.shape[:4]
        return made.transpose(0, 1, 4, 5, 2, 3).reshape(n, c * 6, h * w)

    return (moved(g, patches),)


def unlike(high: int, shape: tuple[int, ...]) -> Callable[[np.random.Generator], Any]:
    """Integers below `high`, of which no two along the last axis are equal."""
    return lambda random: random.permuted(np.broadcast_to(np.arange(high), (*shape[:-1], high)), axis=-1)[..., : shape[-1]].copy()


def _mask(shape: tuple[int, ...]) -> Callable[[np.random.Generator], Any]:
    """Zeros and ones."""
    return lambda random: (random.random(shape) < 0.4).astype(np.int64)


def few(shape: tuple[int, ...]) -> Callable[[np.random.Generator], Any]:
    """Whole numbers, zeros among them."""
    return lambda random: random.integers(-1, 3, shape).astype(np.float64)


def _reductions() -> tuple[Case, ...]:
    """With nothing, one and several written to a place; products of zeros, too."""
    ways = [(r, s, "") for r in ("sum", "prod", "mean", "amax", "amin") for s in (True, False)] + [("prod", s, "-zeros") for s in (True, False)]
    return tuple(
        Case(name=f"{r}{'-self' * s}{z}", operands=(*((few(n) if z else away(n, 0.5)) for n in ((3, 7), (3, 9))), indices(6, (3, 9)), (3, 7)),
             how=params(reduce=r, include_self=s)) for r, s, z in ways
    )  # fmt: skip


ACCUMULATED = faults.other_params("accumulate-ignored", "Values count as written over.", accumulate=lambda a: not a)
OFF = faults.rolled()

PRODUCTS = (
    Product(id="grad_scatter_reduce", of="a reduction of what is scattered, for the target and the source", product=_scatter_reduce, cases=_reductions(),
            faults=(OFF, faults.other_params("self-mistaken", "The target's own elements count against the flag.", include_self=lambda s: not s))),
    Product(id="grad_index_put", of="writing or adding at places named by several indices, for the target and the values", product=_index_put,
            cases=(Case(name="added", operands=((4, 5), (33,), indices(4, (33,)), indices(5, (33,)), (4, 5)), how=params(accumulate=True)),
                   Case(name="written", operands=((9, 7), (6,), unlike(9, (6,)), indices(7, (6,)), (9, 7)), how=params(accumulate=False))),
            faults=(OFF, ACCUMULATED)),
    Product(id="grad_put", of="writing or adding at positions in storage order, for the target and the values", product=_put,
            cases=(Case(name="added", operands=((4, 5), (33,), indices(20, (33,)), (4, 5)), how=params(accumulate=True)),
                   Case(name="written", operands=((4, 5), (9,), unlike(20, (9,)), (4, 5)), how=params(accumulate=False))),
            faults=(OFF, ACCUMULATED)),
    Product(id="grad_take", of="elements at positions in storage order, for repeated positions, too", product=_take, faults=(OFF,),
            cases=(Case(name="ordinary", operands=((5, 17), indices(85, (4, 9)), (4, 9))), Case(name="repeated", operands=((3, 2), indices(5, (65,)), (65,))))),
    Product(id="grad_index_add", of="adding rows of a source by index, for the target and the source", product=_index_add,
            cases=tuple(Case(name=f"alpha{a:g}", operands=((4, 17), (9, 17), indices(4, (9,)), (4, 17)), how=params(alpha=a)) for a in (1.0, -1.5)),
            faults=(OFF, faults.other_params("alpha-ignored", "alpha is ignored.", alpha=1.0))),
    Product(id="grad_index_copy", of="copying rows of a source by index, for the target and the source", product=_index_copy, faults=(OFF,),
            cases=(Case(name="ordinary", operands=((9, 17), (5, 17), unlike(9, (5,)), (9, 17))),
                   Case(name="all", operands=((7, 3), (7, 3), unlike(7, (7,)), (7, 3))))),
    Product(id="grad_index_fill", of="filling rows by index, for the target and the value", product=_index_fill, faults=(OFF,),
            cases=(Case(name="ordinary", operands=((9, 17), (), unlike(9, (3,)), (9, 17))), Case(name="one", operands=((3, 5), (), unlike(3, (1,)), (3, 5))))),
    Product(id="grad_scatter", of="scatter along the last axis, for the target and the source", product=_scatter, faults=(OFF,),
            cases=(Case(name="ordinary", operands=((5, 17), (5, 9), unlike(17, (5, 9)), (5, 17))),
                   Case(name="all", operands=((3, 8), (3, 8), unlike(8, (3, 8)), (3, 8))))),
    Product(id="grad_masked_scatter", of="elements of a source laid where a mask is true, for the target and the source", product=_masked_scatter,
            faults=(OFF,), cases=(Case(name="ordinary", operands=((5, 9), (50,), _mask((5, 9)), (5, 9))),
                                  Case(name="short", operands=((3, 4), (3, 4), _mask((3, 4)), (3, 4))))),
    Product(id="grad_where", of="the choice by a mask with broadcasting, for both operands", product=_where,
            cases=tuple(Case(name=n, operands=(a, b, _mask(c), np.broadcast_shapes(a, b, c)))
                        for n, a, b, c in (("ordinary", (4, 33), (4, 33), (4, 33)), ("row", (4, 17), (17,), (4, 1)), ("number", (5, 1), (), (5, 9)))),
            faults=(faults.computed("exchanged", "The mask is taken for its opposite.", lambda s: _exchanged(s)),)),
    Product(id="grad_select_scatter", of="one position written, for the target and the source", product=_select_scatter, faults=(OFF,),
            cases=tuple(Case(name=f"at{at}", operands=((3, 7, 5), (3, 5), (3, 7, 5)), how=params(at=at)) for at in (0, 4, -1))),
    Product(id="grad_slice_scatter", of="a slice written, with steps, too, for the target and the source", product=_slice_scatter, faults=(OFF,),
            cases=tuple(Case(name=f"step{k}", operands=((3, 9), (3, len(range(1, 9, k))), (3, 9)), how=params(step=k)) for k in (1, 3))),
    Product(id="grad_cat", of="joining two arrays, for both", product=_cat, faults=(OFF,),
            cases=(Case(name="ordinary", operands=((4, 5), (4, 9), (4, 14))), Case(name="one", operands=((3, 1), (3, 16), (3, 17))))),
    Product(id="grad_fold", of="patches laid over each other", product=_fold, faults=(OFF,),
            cases=tuple(Case(name=f"stride{k}", operands=((2, 12, len(range(0, h - 1, k)) * len(range(0, w - 2, k))), (2, 2, h, w)),
                             how=params(stride=k, height=h, width=w)) for k, h, w in ((1, 5, 7), (2, 6, 7)))),
)  # fmt: skip


def _exchanged(sample: Sample) -> tuple[Array, ...]:
    """Gradients by the mask's opposite."""
    *operands, mask, g = sample.arrays()
    hit = np.broadcast_to(mask == 0, g.shape)
    parts = (np.where(hit, g, 0.0), np.where(hit, 0.0, g))
    reference = next(p for p in PRODUCTS if p.id == "grad_where").reference(sample)
    return tuple(np.asarray(p if p.shape == e.shape else e.value) for p, e in zip(parts, reference, strict=True))


FUNCTIONS: tuple[Function, ...] = tuple(p.function() for p in PRODUCTS)

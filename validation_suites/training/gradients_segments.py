"""Gradients of reductions of segments and of rows by index, of views whose elements overlap, and of positions in planes and along axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from csvkit_ml.model.function import Function, Json, Sample, params
from csvkit_ml.model.tensor import Array
from validation_suites import faults
from validation_suites.training.gradients_writing import _scatter_reduce, _shares, few, joined
from validation_suites.vector_jacobian import Case, Product, away, indices, moved, scattered, turned

LENGTHS = (2, 1, 4, 3)
WAYS = {"max": "amax", "min": "amin"}


def _index_reduce(sample: Sample, x: Any, source: Any, at: Any, g: Any) -> tuple[Any, ...]:
    """Of rows: as the reduction of what is scattered along the last axis of the transposed."""
    wide = np.broadcast_to(at, (source.value.shape[1], len(at)))
    return tuple(turned(part) for part in _scatter_reduce(sample, turned(x), turned(source), wide, turned(g)))


def _segment_reduce(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    """Rows of each segment by all of its rows."""
    way, made, start = sample.param("reduce"), [], 0
    for k, n in enumerate(sample.param("lengths")):
        columns = [_shares(WAYS.get(way, way), [x[i, j] for i in range(start, start + n)], g[k, j]) for j in range(x.value.shape[1])]
        made += [joined([column[i] for column in columns]) for i in range(n)]
        start += n
    return (joined(made, 0),)


def _strided(sample: Sample) -> Array:
    """Positions of a view of three by four."""
    (down, right), start = sample.param("stride"), sample.param("start")
    at: Array = start + down * np.arange(3)[:, None] + right * np.arange(4)
    return at


def _as_strided(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    """Summed where elements of the view share a place."""
    return (scattered(g.reshape(-1), _strided(sample).ravel(), x.value.size),)


def _as_strided_scatter(sample: Sample, x: Any, source: Any, g: Any) -> tuple[Any, ...]:
    at = _strided(sample)
    return moved(g, lambda v: np.where(np.isin(np.arange(v.size), at), 0.0, v)), moved(g, lambda v: v[at])


def _diagonal_scatter(sample: Sample, x: Any, source: Any, g: Any) -> tuple[Any, ...]:
    """The diagonal above the main one."""
    n = len(source.value)
    above = np.zeros(x.value.shape, dtype=bool)
    above[np.arange(n), np.arange(n) + 1] = True
    return moved(g, lambda v: np.where(above, 0.0, v)), moved(g, lambda v: v[above])


def _max_unpool2d(sample: Sample, x: Any, at: Any, g: Any) -> tuple[Any, ...]:
    """From the place in its plane that each element was laid on."""
    n, c = x.value.shape[:2]
    return (moved(g, lambda v: np.take_along_axis(v.reshape(n, c, -1), at.reshape(n, c, -1), -1).reshape(at.shape)),)


def _take_along_dim(sample: Sample, x: Any, at: Any, g: Any) -> tuple[Any, ...]:
    """Of rows, by one row of positions for all columns."""
    n, m = x.value.shape
    flat = (np.broadcast_to(at, (len(at), m)) * m + np.arange(m)).ravel()
    return (scattered(g.reshape(-1), flat, n * m).reshape(n, m),)


def _planes(shape: tuple[int, ...], of: int) -> Callable[[np.random.Generator], Any]:
    """Different places below `of` in every plane."""

    def made(random: np.random.Generator) -> Any:
        n, c, h, w = shape
        return random.permuted(np.broadcast_to(np.arange(of), (n, c, of)), axis=-1)[..., : h * w].reshape(shape)

    return made


def _rows(*rows: tuple[str, tuple[Any, ...], dict[str, Any]]) -> tuple[Case, ...]:
    return tuple(Case(name=n, operands=operands, how=params(**how)) for n, operands, how in rows)


def _reduced() -> tuple[Case, ...]:
    ways = [(r, s, "") for r in ("prod", "mean", "amax", "amin") for s in (True, False)] + [("prod", True, "-zeros")]
    return _rows(*(
        (f"{r}{'-self' * s}{z}", (*((few(n) if z else away(n, 0.5)) for n in ((5, 3), (7, 3))), indices(4, (7,)), (5, 3)), {"reduce": r, "include_self": s})
        for r, s, z in ways
    ))  # fmt: skip


def _segments() -> tuple[Case, ...]:
    ways = [(r, "") for r in ("sum", "mean", "max", "min", "prod")] + [("prod", "-zeros")]
    return _rows(*((f"{r}{z}", ((few if z else away)((10, 3)), (4, 3)), {"reduce": r, "lengths": LENGTHS}) for r, z in ways))


OFF = faults.rolled()
VIEWS: tuple[dict[str, Json], ...] = ({"stride": (2, 1), "start": 1}, {"stride": (1, 4), "start": 0}, {"stride": (5, 1), "start": 3})

PRODUCTS = (
    Product(id="grad_index_reduce", of="a reduction of rows by index, for the target and the source", product=_index_reduce, cases=_reduced(), faults=(
                OFF, faults.other_params("self-mistaken", "The target's own elements count against the flag.", include_self=lambda s: not s))),
    Product(id="grad_segment_reduce", of="the reduction of segments of rows", product=_segment_reduce, cases=_segments(), faults=(
                OFF, faults.other_params("segments-moved", "A row goes to the segment before.", lengths=(3, 1, 3, 3)))),
    Product(id="grad_as_strided", of="a view by strides, whose elements overlap, too", product=_as_strided, faults=(OFF,), cases=_rows(
                *((f"stride{s['stride']}".translate({40: None, 41: None, 32: None}), ((20,), (3, 4)), s) for s in VIEWS))),
    Product(id="grad_as_strided_scatter", of="writing through a view by strides, for the target and the source", product=_as_strided_scatter, faults=(OFF,),
            cases=_rows(("ordinary", ((20,), (3, 4), (20,)), VIEWS[2]), ("columns", ((20,), (3, 4), (20,)), {"stride": (1, 5), "start": 2}))),
    Product(id="grad_diagonal_scatter", of="a diagonal written, for the target and the source", product=_diagonal_scatter, faults=(OFF,), cases=_rows(
                ("ordinary", ((5, 9), (5,), (5, 9)), {}), ("tall", ((7, 4), (3,), (7, 4)), {}))),
    Product(id="grad_max_unpool2d", of="elements laid on given places of a plane twice as large", product=_max_unpool2d, faults=(OFF,), cases=_rows(
                ("ordinary", ((2, 3, 3, 4), _planes((2, 3, 3, 4), 48), (2, 3, 6, 8)), {}), ("one", ((1, 1, 2, 2), _planes((1, 1, 2, 2), 16), (1, 1, 4, 4)), {}),
            )),
    Product(id="grad_take_along_dim", of="elements of each column by one row of positions for all", product=_take_along_dim, faults=(OFF,), cases=_rows(
                ("ordinary", ((9, 5), indices(9, (4, 1)), (4, 5)), {}), ("repeated", ((3, 2), indices(2, (33, 1)), (33, 2)), {}))),
)  # fmt: skip

FUNCTIONS: tuple[Function, ...] = tuple(p.function() for p in PRODUCTS)

"""Gradients of what reads between or among elements: interpolation, sampling on a grid, bags of embeddings."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import numpy as np

from csvkit_ml.model.function import Function, Sample, SampleClass, params, seed_for
from csvkit_ml.model.tensor import Tensor
from csvkit_ml.references.monte_carlo import Noisy
from csvkit_ml.references.tape import Var, dot
from validation_suites import faults
from validation_suites.sampling import normal
from validation_suites.training.gradients_networks import DTYPES, Road, changed
from validation_suites.vector_jacobian import Case, Product, distinct, like, moved, scattered

CUBIC = -0.75
"""The constant a of the kernel (Keys 1981), as torch has it."""


def _interpolated() -> Iterable[Sample]:
    """x [1, 2, H, W], upstream [1, 2, H', W']."""
    rows = (
        ("bilinear", (4, 5), (7, 8), False), ("bilinear", (5, 4), (9, 7), True), ("bilinear", (7, 9), (4, 5), False), ("nearest", (3, 4), (6, 12), False),
        ("bicubic", (4, 5), (7, 8), False), ("bicubic", (5, 6), (9, 11), True), ("bilinear", (1, 1), (3, 2), False),
    )  # fmt: skip
    for i, (mode, size, out, aligned) in enumerate(rows):
        for dtype in DTYPES:
            label = f"{dtype}-{mode}-{size[0]}x{size[1]}-to-{out[0]}x{out[1]}{'-aligned' * aligned}"
            inputs = tuple(normal(dtype, (1, 2, *s), "grad_interpolate", label, str(k)) for k, s in enumerate((size, out)))
            why = SampleClass.COVERING if i else SampleClass.ORDINARY
            yield Sample(name=label, dtype=dtype, inputs=inputs, params=params(mode=mode, sizes=out, align_corners=aligned), why=why)


def _kernel(mode: str, t: Any) -> list[tuple[int, Any]]:
    """(offset from the place before, weight) of the elements read at a distance t behind it."""
    if mode == "nearest":
        return [(0, 1 + 0 * t)]
    if mode == "bilinear":
        return [(0, 1 - t), (1, t)]

    def near(s: Any) -> Any:
        return ((CUBIC + 2) * s - (CUBIC + 3)) * s * s + 1

    def far(s: Any) -> Any:
        return ((CUBIC * s - 5 * CUBIC) * s + 8 * CUBIC) * s - 4 * CUBIC

    return [(-1, far(1 + t)), (0, near(t)), (1, near(1 - t)), (2, far(2 - t))]


def _matrix(mode: str, n: int, m: int, aligned: bool, like_: Noisy) -> Var:
    """[m, n]: each of m results as a sum over n elements; places outside are those at the border."""
    value = np.zeros((m, n), dtype=like_.value.dtype)

    def number(v: float) -> Noisy:
        return Noisy(np.asarray(v, dtype=value.dtype), like_.u, like_.rng)

    for i in range(m):
        if mode == "nearest":
            exact, place = Fraction(i * n, m), number(i) * (number(n) / float(m))
        elif aligned:
            exact, place = Fraction(i * (n - 1), max(m - 1, 1)), number(i) * (number(n - 1) / float(max(m - 1, 1)))
        else:
            exact, place = Fraction((2 * i + 1) * n - m, 2 * m), (number(i) + 0.5) * (number(n) / float(m)) - 0.5
        if mode == "bilinear" and exact < 0:
            exact, place = Fraction(0), number(0)
        before = math.floor(exact)
        for offset, weight in _kernel(mode, place - float(before)):
            value[i, min(max(before + offset, 0), n - 1)] += weight.value
    return Var(Noisy(value, like_.u, like_.rng))


def _interpolation(sample: Sample, leaves: tuple[Var, ...], rest: tuple[Noisy, ...]) -> Var:
    (x,) = leaves
    mode, aligned = sample.param("mode"), sample.param("align_corners")
    rows, columns = (_matrix(mode, n, m, aligned, x.value) for n, m in zip(x.shape[2:], sample.param("sizes"), strict=True))
    return dot(dot(rows, x), columns.transpose(1, 0))


def _gridded() -> Iterable[Sample]:
    """x [2, 2, 5, 6], grid [2, 3, 4, 2] of points well between elements, some outside; upstream [2, 2, 3, 4]."""
    rows = (("zeros", False), ("zeros", True), ("border", False), ("border", True))
    for i, (padding, aligned) in enumerate(rows):
        for dtype in DTYPES:
            label, size = f"{dtype}-{padding}{'-aligned' * aligned}", (5, 6)
            random = seed_for("grad_grid_sample", label)
            axes = [random.integers(-1, n, (2, 3, 4)) + random.uniform(0.1, 0.9, (2, 3, 4)) for n in size[::-1]]
            grid = np.stack([2 * a / (n - 1) - 1 if aligned else (2 * a + 1) / n - 1 for a, n in zip(axes, size[::-1], strict=True)], -1)
            x, g = (normal(dtype, s, "grad_grid_sample", label, str(k)) for k, s in enumerate(((2, 2, *size), (2, 2, 3, 4))))
            why = SampleClass.COVERING if i else SampleClass.ORDINARY
            yield Sample(
                name=label, dtype=dtype, inputs=(x, Tensor.of(grid, dtype), g), params=params(padding=padding, align_corners=aligned), why=why
            )


def _places(grid: Var, n: int, axis: int, sample: Sample) -> Any:
    """Coordinates in elements, for borders clipped to what is there."""
    v = grid[..., axis]
    at: Any = (v + 1.0) / 2.0 * float(n - 1) if sample.param("align_corners") else ((v + 1.0) * float(n) - 1.0) / 2.0
    if sample.param("padding") == "border":
        there = at.value.value
        at = np.where(there < 0, 0.0, np.where(there > n - 1, float(n - 1), at))
    return at


def _grid_sampled(sample: Sample, leaves: tuple[Var, ...], rest: tuple[Noisy, ...]) -> Var:
    """Bilinear."""
    x, grid = leaves
    batch, channels, height, width = x.shape
    flat = x.reshape(batch, channels, height * width).transpose(0, 2, 1)
    across, down = _places(grid, width, 0, sample), _places(grid, height, 1, sample)
    left, top = (np.floor(np.asarray(v.value.value, dtype=np.float64)).astype(np.int64) for v in (across, down))
    total: Any = 0.0
    for dy in (0, 1):
        for dx in (0, 1):
            column, row = left + dx, top + dy
            there = (column >= 0) & (column < width) & (row >= 0) & (row < height)
            at = np.where(there, row * width + column, 0)
            wide = across - left.astype(np.float64) if dx else (left + 1.0) - across
            high = down - top.astype(np.float64) if dy else (top + 1.0) - down
            share = np.where(there, wide * high, 0.0).reshape(*there.shape, 1)
            total = flat[np.arange(batch)[:, None, None], at] * share + total
    made: Var = total.transpose(0, 3, 1, 2)
    return made


def _bag(sample: Sample, table: Any, *rest: Any) -> tuple[Any, ...]:
    """For the table, and for weights where they are given. Empty bags give nothing."""
    *weights, index, offsets, g = rest
    of = np.searchsorted(offsets, np.arange(len(index)), side="right") - 1
    rows = moved(g, lambda v: v[of])
    mode = sample.param("mode")
    if mode == "mean":
        rows = rows / np.bincount(of, minlength=len(offsets))[of].astype(np.float64)[:, None]
    if mode == "max":
        return (_largest(table, index, of, g),)
    if not weights:
        return (scattered(rows, index, len(table.value)),)
    (w,) = weights
    own = (rows * table[index]).sum(axis=1)
    return scattered(rows * w.reshape(-1, 1), index, len(table.value)), own


def _largest(table: Any, index: Any, of: Any, g: Any) -> Any:
    """Each column's gradient goes to the row that is largest there."""
    size, width = table.value.shape
    at, parts = [], []
    for bag in np.unique(of):
        members = index[of == bag]
        best = members[table.value[members].argmax(axis=0)]
        at.append(best * width + np.arange(width))
        parts.append(int(bag))
    flat = moved(g, lambda v: v[parts].reshape(-1))
    made = scattered(flat, np.concatenate(at), size * width)
    return like(g, made.value.reshape(size, width), made.error.reshape(size, width))


def _bags() -> tuple[Case, ...]:
    def members(random: np.random.Generator) -> Any:
        return random.integers(0, 9, 17)

    def starts(random: np.random.Generator) -> Any:
        return np.array([0, 3, 4, 4, 11], dtype=np.int64)

    rows = (("sum", False), ("mean", False), ("max", False), ("sum", True))
    return tuple(
        Case(
            name=f"{mode}{'-weighted' * weighted}", how=params(mode=mode, weighted=weighted),
            operands=(distinct((9, 5)) if mode == "max" else (9, 5), *((17,),) * weighted, members, starts, (5, 5)),
        ) for mode, weighted in rows
    )  # fmt: skip


INTERPOLATE = Road(
    id="grad_interpolate", of="interpolation of images (nearest, linear, cubic)", source="Keys 1981; ONNX operator specification, Resize",
    cases=_interpolated, forward=_interpolation, leaves=lambda s: 1,
)  # fmt: skip
GRID = Road(
    id="grad_grid_sample", of="bilinear sampling on a grid, for image and grid", source="Jaderberg et al. 2015 (spatial transformer networks)",
    cases=_gridded, forward=_grid_sampled, leaves=lambda s: 2,
)  # fmt: skip
BAG = Product(
    id="grad_embedding_bag", of="bags of embeddings (sum, mean, max, weighted), for table and weights", product=_bag, cases=_bags(),
    faults=(faults.other_params("sum-for-mean", "1 / n of the mean is missing.", mode=lambda m: "sum" if m == "mean" else m), faults.rolled()),
)  # fmt: skip


def _not_aligned(sample: Sample) -> Sample | None:
    nearest = dict(sample.params).get("mode") == "nearest"
    return None if nearest else changed(align_corners=not sample.param("align_corners"))(sample)


FUNCTIONS: tuple[Function, ...] = (
    INTERPOLATE.function(INTERPOLATE.wrong("corners", "Corners are aligned although not asked, or the reverse.", _not_aligned),
                         INTERPOLATE.wrong("linear-for-cubic", "The linear kernel is taken for the cubic.",
                                           lambda s: changed(mode="bilinear")(s) if s.param("mode") == "bicubic" else None), faults.rolled()),
    GRID.function(GRID.wrong("corners", "Corners are aligned although not asked, or the reverse.", _not_aligned),
                  GRID.wrong("border-for-zeros", "Elements outside are those at the border, or zeros.",
                             lambda s: changed(padding="border" if s.param("padding") == "zeros" else "zeros")(s)), faults.rolled()),
    BAG.function(),
)  # fmt: skip

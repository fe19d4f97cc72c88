"""Joining along new axes, taking apart, grids and combinations, against plain loops."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from tests.unit.validation_suites.plain_samples import first, numbered, small
from validation_suites.inference.stacking import FUNCTIONS

BY_ID = {f.id: f for f in FUNCTIONS}


def test_stacked_operands_are_the_slices() -> None:
    for sample in small(BY_ID["stack"]):
        made = first(BY_ID["stack"], numbered(sample))
        for i, x in enumerate(numbered(sample).arrays()):
            np.testing.assert_array_equal(np.take(made, i, sample.param("axis")), x, err_msg=sample.name)


@pytest.mark.parametrize(("id", "rank", "axis"), [("hstack", 1, 1), ("vstack", 2, 0), ("dstack", 3, 2), ("column_stack", 0, 1)])
def test_joined_by_hand(id: str, rank: int, axis: int) -> None:
    for sample in small(BY_ID[id]):
        xs = [x if x.ndim else x.reshape(1) for x in numbered(sample).arrays()]
        if id == "column_stack":
            xs = [x[:, None] if x.ndim == 1 else x for x in xs]
        if rank >= 2:
            xs = [x[None, :] if x.ndim == 1 else x for x in xs]
        if rank == 3:
            xs = [x[:, :, None] if x.ndim == 2 else x for x in xs]
        made, along = first(BY_ID[id], numbered(sample)), min(axis, xs[0].ndim - 1)
        ends = list(itertools.accumulate(x.shape[along] for x in xs))
        assert made.shape[along] == ends[-1]
        for x, end in zip(xs, ends, strict=True):
            part = made[tuple(slice(end - x.shape[along], end) if a == along else slice(None) for a in range(made.ndim))]
            np.testing.assert_array_equal(part, x, err_msg=sample.name)


def test_blocks_on_the_diagonal_and_zeros_elsewhere() -> None:
    for sample in small(BY_ID["block_diag"]):
        xs = [np.atleast_2d(x) for x in numbered(sample).arrays()]
        made = first(BY_ID["block_diag"], numbered(sample))
        row = column = 0
        for x in xs:
            for i, j in np.ndindex(x.shape):
                assert made[row + i, column + j] == x[i, j]
            row, column = row + x.shape[0], column + x.shape[1]
        assert made.shape == (row, column)
        assert made.sum() == sum(int(x.sum()) for x in xs)


@pytest.mark.parametrize("id", ["unbind", "tensor_split", "chunk"])
def test_parts_join_to_the_operand(id: str) -> None:
    for sample in small(BY_ID[id]):
        numbers = numbered(sample)
        parts = [e.value for e in BY_ID[id].reference(numbers)]
        axis, n = sample.param("axis"), sample.inputs[0].shape[sample.param("axis")]
        joined = np.stack(parts, axis) if id == "unbind" else np.concatenate(parts, axis)
        np.testing.assert_array_equal(joined, numbers.arrays()[0], err_msg=sample.name)
        sizes: list[int] = [p.shape[axis] for p in parts] if id != "unbind" else []
        if id == "tensor_split":
            k = sample.param("parts")
            assert sizes == [n // k + (i < n % k) for i in range(k)]
        if id == "chunk" and n:
            size = -(-n // sample.param("parts"))
            assert sizes == [min(size, n - i) for i in range(0, n, size)]


def test_grids_by_loops() -> None:
    for sample in small(BY_ID["meshgrid"]):
        xs = numbered(sample).arrays()
        order = [1, 0, *range(2, len(xs))] if sample.param("indexing") == "xy" and len(xs) > 1 else list(range(len(xs)))
        for k, e in enumerate(BY_ID["meshgrid"].reference(numbered(sample))):
            assert e.shape == tuple(xs[order[a]].size for a in range(len(xs)))
            for at in np.ndindex(e.shape):
                assert e.value[at] == xs[k][at[order.index(k)]], sample.name


def test_products_and_combinations_are_itertools() -> None:
    for sample in small(BY_ID["cartesian_prod"]):
        xs = [x.tolist() for x in numbered(sample).arrays()]
        want: Any = list(map(list, itertools.product(*xs))) if len(xs) > 1 else xs[0]
        assert first(BY_ID["cartesian_prod"], numbered(sample)).tolist() == want
    for sample in small(BY_ID["combinations"]):
        draw = itertools.combinations_with_replacement if sample.param("replacement") else itertools.combinations
        want = list(map(list, draw(numbered(sample).arrays()[0].tolist(), sample.param("r"))))
        assert first(BY_ID["combinations"], numbered(sample)).tolist() == want


def test_added_axes() -> None:
    for n in (1, 2, 3):
        id = f"atleast_{n}d"
        for sample in small(BY_ID[id]):
            made, s = first(BY_ID[id], numbered(sample)), sample.inputs[0].shape
            rows = {0: (1,) * n, 1: {1: s, 2: (1, *s), 3: (1, *s, 1)}[n], 2: (*s, 1) if n == 3 else s}
            assert made.shape == rows.get(len(s), s)
            assert made.reshape(-1).tolist() == list(range(made.size))

"""Diagonals, triangles, windows and strides against the formula of each index; models accepted by the ONNX checker."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.validation_suites.onnx_models import check_models
from tests.unit.validation_suites.plain_samples import first, numbered, small
from validation_suites.inference.diagonals import FUNCTIONS

BY_ID = {f.id: f for f in FUNCTIONS}
READ = {"select_scatter": "select", "diagonal_scatter": "diagonal", "as_strided_scatter": "as_strided"}


@pytest.mark.parametrize("id", ["tril", "triu"])
def test_triangles_by_loops(id: str) -> None:
    for sample in small(BY_ID[id]):
        x, made = sample.arrays()[0].astype(np.float64), first(BY_ID[id], sample)
        for at in np.ndindex(x.shape):
            kept = at[-1] - at[-2] <= sample.param("k") if id == "tril" else at[-1] - at[-2] >= sample.param("k")
            np.testing.assert_equal(made[at], x[at] if kept else 0.0)


def test_diagonals_by_loops() -> None:
    for sample in small(BY_ID["diagonal"]):
        x, made = numbered(sample).arrays()[0], first(BY_ID["diagonal"], numbered(sample))
        a, b, k = sample.param("first") % x.ndim, sample.param("second") % x.ndim, sample.param("k")
        for at in np.ndindex(made.shape):
            place = list(at[:-1])
            for axis, i in sorted(((a, at[-1] + max(0, -k)), (b, at[-1] + max(0, k)))):
                place.insert(axis, i)
            assert made[at] == x[tuple(place)], sample.name
        assert made.shape[-1] == sum(0 <= i + k < x.shape[b] for i in range(x.shape[a]))


def test_vectors_on_diagonals_are_read_back() -> None:
    for id in ("diag", "diagflat", "diag_embed"):
        for sample in (s for s in small(BY_ID[id]) if s.inputs[0].data):
            x, made, k = numbered(sample).arrays()[0], first(BY_ID[id], numbered(sample)), sample.param("k")
            if id == "diag" and x.ndim == 2:
                assert made.tolist() == [x[i, i + k] for i in range(x.shape[0]) if 0 <= i + k < x.shape[1]]
                continue
            a, b = (0, 1) if id != "diag_embed" else (sample.param("first") % made.ndim, sample.param("second") % made.ndim)
            plane = np.moveaxis(made, (a, b), (-2, -1))
            rows = x.reshape(-1)[None] if id != "diag_embed" else x.reshape(-1, x.shape[-1])
            for row, block in zip(rows, plane.reshape(-1, *plane.shape[-2:]), strict=True):
                assert [block[i + max(0, -k), i + max(0, k)] for i in range(row.size)] == row.tolist()
                assert block.sum() == row.sum()


def test_windows_by_loops() -> None:
    for sample in small(BY_ID["unfold_axis"]):
        x, made = numbered(sample).arrays()[0], first(BY_ID["unfold_axis"], numbered(sample))
        axis, size, step = sample.param("axis") % x.ndim, sample.param("size"), sample.param("step")
        assert made.shape == (*x.shape[:axis], (x.shape[axis] - size) // step + 1, *x.shape[axis + 1 :], size)
        for at in np.ndindex(made.shape):
            assert made[at] == x[tuple(at[axis] * step + at[-1] if a == axis else at[a] for a in range(x.ndim))]


def test_strides_are_numpys() -> None:
    for sample in small(BY_ID["as_strided"]):
        x = numbered(sample).arrays()[0].reshape(-1)
        strides = [8 * n for n in sample.param("strides")]
        want = np.lib.stride_tricks.as_strided(x[sample.param("offset") :], sample.param("size"), strides)
        np.testing.assert_array_equal(first(BY_ID["as_strided"], numbered(sample)), want)


@pytest.mark.parametrize("id", READ)
def test_what_is_written_is_read_back_and_the_rest_stays(id: str) -> None:
    for sample in small(BY_ID[id]):
        numbers = numbered(sample)
        x, source = numbers.arrays()
        made = first(BY_ID[id], numbers)
        p = dict(sample.params)
        if id == "select_scatter":
            read = made.take(p["at"], p["axis"])
        elif id == "diagonal_scatter":
            read = np.diagonal(made, p["k"], p["first"], p["second"])
        else:
            strides = [8 * n for n in p["strides"]]
            read = np.lib.stride_tricks.as_strided(made.reshape(-1)[p["offset"] :], p["size"], strides)
        np.testing.assert_array_equal(read, source)
        assert int((made == x).sum()) == x.size - source.size


def test_slices_are_written_by_loops() -> None:
    for sample in small(BY_ID["slice_scatter"]):
        numbers, p = numbered(sample), dict(sample.params)
        x, source = numbers.arrays()
        places = range(*slice(p["start"], p["stop"], p["step"]).indices(x.shape[p["axis"]]))
        want = x.copy()
        for k, i in enumerate(places):
            np.moveaxis(want, p["axis"], 0)[i] = np.moveaxis(source, p["axis"], 0)[k]
        np.testing.assert_array_equal(first(BY_ID["slice_scatter"], numbers), want)


def test_filled_diagonal_is_numpys() -> None:
    for sample in small(BY_ID["fill_diagonal"]):
        want = numbered(sample).arrays()[0].copy()
        np.fill_diagonal(want, 1, wrap=sample.param("wrap"))
        np.testing.assert_array_equal(first(BY_ID["fill_diagonal"], numbered(sample)), want, err_msg=sample.name)


def test_selected_slices_by_python() -> None:
    for sample in small(BY_ID["select"]):
        rows = np.moveaxis(numbered(sample).arrays()[0], sample.param("axis"), 0)
        np.testing.assert_array_equal(first(BY_ID["select"], numbered(sample)), list(rows)[sample.param("at")])


def test_the_models_are_accepted_by_the_checker() -> None:
    assert check_models(BY_ID[id] for id in ("tril", "triu")) > 40

"""Reading by masks, flat positions and several indices against plain loops; models accepted by the ONNX checker."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from csvkit_ml.model.tensor import Tensor
from csvkit_ml.planning.derived import derived
from tests.unit.validation_suites.onnx_models import check_models
from tests.unit.validation_suites.plain_samples import first, small, values
from validation_suites.inference.selecting import FUNCTIONS

BY_ID = {f.id: f for f in FUNCTIONS}


def test_a_sequence_is_not_longer_than_its_axis() -> None:
    """Steps of time are no rows: a step alone has no sequences of the old lengths."""
    function = BY_ID["reverse_sequence"]
    for sample in function.samples():
        alone = [d for d in derived(function, sample) if d.dimension == "batch"]
        lengths = sample.arrays()[1]
        assert not alone or sample.param("batch_axis") == 0 or lengths.max() == 1
        longer = replace(sample, inputs=(sample.inputs[0], Tensor.of(lengths + sample.inputs[0].shape[sample.param("time_axis")])))
        with pytest.raises(ValueError, match="longer than its axis"):
            function.reference(longer)


def test_index_expressions_of_leading_axes_by_loops() -> None:
    seen = 0
    for sample in small(BY_ID["index_expression"]):
        pattern = sample.param("pattern").split(",")
        if set(pattern) != {"i"}:
            continue
        x, *index = sample.arrays()
        seen += 1
        wide, made = np.broadcast_arrays(*index), first(BY_ID["index_expression"], sample)
        for at in np.ndindex(wide[0].shape):
            np.testing.assert_array_equal(made[at], values(x[tuple(int(k[at]) for k in wide)]), err_msg=sample.name)
    assert seen > 20


def test_index_expressions_with_whole_axes_one_position_at_a_time() -> None:
    """Separated indices put their axes first, adjacent ones stay in place."""
    for sample in small(BY_ID["index_expression"]):
        x, *index = sample.arrays()
        made = first(BY_ID["index_expression"], sample)
        front = {"i,:,i": 0, ":,i,i": 1, ":,i": 1, "i,none,i": 0}.get(sample.param("pattern"))
        if front is None:
            continue
        for at in np.ndindex(np.broadcast_shapes(*(k.shape for k in index))):
            wide = [int(k[at]) for k in index]
            one = {"i,:,i": lambda: x[wide[0], :, wide[1]], ":,i,i": lambda: x[:, wide[0], wide[1]], ":,i": lambda: x[:, wide[0]],  # noqa: B023
                   "i,none,i": lambda: x[wide[0]][None, wide[1]]}[sample.param("pattern")]()  # noqa: B023  # fmt: skip
            got = made[(slice(None),) * front + at]
            np.testing.assert_array_equal(got, values(one), err_msg=sample.name)


def test_masks_by_loops() -> None:
    for sample in small(BY_ID["masked_select"]):
        x, m = np.broadcast_arrays(*sample.arrays())
        want = [values(x)[at] for at in np.ndindex(x.shape) if m[at]]
        np.testing.assert_array_equal(first(BY_ID["masked_select"], sample), np.array(want).reshape(-1))
    for sample in small(BY_ID["index_by_mask"]):
        x, m = sample.arrays()
        want = [values(x[at]) for at in np.ndindex(m.shape) if m[at]]
        np.testing.assert_array_equal(first(BY_ID["index_by_mask"], sample), np.array(want).reshape(len(want), *x.shape[m.ndim :]))


def test_flat_positions_by_loops() -> None:
    for sample in small(BY_ID["take"]):
        x, at = sample.arrays()
        flat = list(itertools.chain(values(x).reshape(-1).tolist()))
        np.testing.assert_array_equal(first(BY_ID["take"], sample).reshape(-1), [flat[i] for i in at.reshape(-1)])


def test_positions_along_an_axis_by_loops() -> None:
    for sample in small(BY_ID["take_along_axis"]):
        x, at = sample.arrays()
        axis = sample.param("axis")
        if axis is None:
            x, at, axis = x.reshape(-1), at.reshape(-1), 0
        axis %= x.ndim
        made = first(BY_ID["take_along_axis"], sample)
        for place in np.ndindex(made.shape):
            i = at[tuple(0 if n == 1 else k for k, n in zip(place, at.shape, strict=True))]
            source = tuple(int(i) if a == axis else 0 if n == 1 else k for a, (k, n) in enumerate(zip(place, x.shape, strict=True)))
            np.testing.assert_equal(made[place], values(x)[source])


def test_tuples_of_positions_by_loops() -> None:
    for sample in small(BY_ID["gather_nd"]):
        x, at = sample.arrays()
        batch, made = sample.param("batch_dims"), first(BY_ID["gather_nd"], sample)
        for place in np.ndindex(at.shape[:-1]):
            np.testing.assert_array_equal(made[place], values(x[(*place[:batch], *(int(i) for i in at[place]))]))


def test_conditions_and_sequences_by_loops() -> None:
    for sample in small(BY_ID["compress"]):
        x, m = sample.arrays()
        rows = x.reshape(-1) if sample.param("axis") is None else np.moveaxis(x, sample.param("axis"), 0)
        kept = [values(r) for r, keep in zip(rows, m, strict=False) if keep]
        want = np.array(kept).reshape(len(kept), *rows.shape[1:])
        found = first(BY_ID["compress"], sample)
        np.testing.assert_array_equal(found if sample.param("axis") is None else np.moveaxis(found, sample.param("axis"), 0), want)
    for sample in small(BY_ID["reverse_sequence"]):
        x, lengths = sample.arrays()
        made, t, b = first(BY_ID["reverse_sequence"], sample), sample.param("time_axis"), sample.param("batch_axis")
        for at in np.ndindex(x.shape):
            source, n = list(at), int(lengths[at[b]])
            source[t] = n - 1 - at[t] if at[t] < n else at[t]
            np.testing.assert_equal(made[at], values(x)[tuple(source)])


def test_the_models_are_accepted_by_the_checker() -> None:
    assert check_models(BY_ID[id] for id in ("gather_nd", "compress", "reverse_sequence")) > 60

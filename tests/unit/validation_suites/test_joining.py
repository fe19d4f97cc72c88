"""References of joining, cutting and padding against numpy and plain loops; models accepted by the ONNX checker."""

from __future__ import annotations

import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from tests.unit.validation_suites.onnx_models import check_models
from validation_suites.inference.joining import FUNCTIONS

BY_ID = {f.id: f for f in FUNCTIONS}
NUMPY_MODES = {"pad_reflect": "reflect", "pad_replicate": "edge", "pad_circular": "wrap"}


def value_at(sample: Sample, at: tuple[int, ...]) -> float:
    """Constant padding, one output element."""
    (x,) = sample.arrays()
    place = tuple(i - before for i, (before, _) in zip(at, sample.param("pads"), strict=True))
    return float(x[place]) if all(0 <= q < n for q, n in zip(place, x.shape, strict=True)) else float(sample.param("value"))


def test_concat_is_numpys() -> None:
    for sample in BY_ID["concat"].samples():
        (e,) = BY_ID["concat"].reference(sample)
        want = np.concatenate([a.astype(e.value.dtype) for a in sample.arrays()], axis=sample.param("axis"))
        np.testing.assert_array_equal(e.value, want, err_msg=sample.name)


def test_split_pieces_join_to_the_input() -> None:
    for sample in BY_ID["split"].samples():
        found = BY_ID["split"].reference(sample)
        axis = sample.param("axis")
        assert [e.shape[axis] for e in found] == list(sample.param("sizes"))
        joined = np.concatenate([e.value for e in found], axis=axis)
        np.testing.assert_array_equal(joined, sample.arrays()[0].astype(joined.dtype), err_msg=sample.name)


def test_constant_padding_by_plain_loops() -> None:
    for sample in BY_ID["pad"].samples():
        (e,) = BY_ID["pad"].reference(sample)
        (x,) = sample.arrays()
        assert e.shape == tuple(n + a + b for n, (a, b) in zip(x.shape, sample.param("pads"), strict=True))
        if x.size < 2000:
            want = np.array([value_at(sample, at) for at in np.ndindex(e.shape)]).reshape(e.shape)
            np.testing.assert_array_equal(e.value, want, err_msg=sample.name)


@pytest.mark.parametrize("id", NUMPY_MODES)
def test_other_padding_is_numpys(id: str) -> None:
    for sample in BY_ID[id].samples():
        (e,) = BY_ID[id].reference(sample)
        want = np.pad(sample.arrays()[0].astype(e.value.dtype), sample.param("pads"), mode=NUMPY_MODES[id])  # type: ignore[call-overload]
        np.testing.assert_array_equal(e.value, want, err_msg=sample.name)


def test_the_models_are_accepted_by_the_checker() -> None:
    assert check_models(FUNCTIONS) > 100

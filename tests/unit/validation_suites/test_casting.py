"""References of conversions against numpy's own conversions and bit patterns; models accepted by the ONNX checker."""

from __future__ import annotations

import numpy as np

from tests.unit.validation_suites.onnx_models import check_models
from validation_suites.inference.casting import FUNCTIONS, PLAIN

BY_ID = {f.id: f for f in FUNCTIONS}


def test_numpy_converts_alike() -> None:
    """All pairs without bfloat16: numpy narrows doubles in one rounding and truncates floats."""
    for sample in BY_ID["cast"].samples():
        (e,) = BY_ID["cast"].reference(sample)
        with np.errstate(all="ignore"):
            host = sample.arrays()[0].astype(e.dtype)
        assert e.shape == host.shape
        np.testing.assert_array_equal(e.value, host, err_msg=sample.name)


def test_bfloat16_of_float32_by_bit_pattern() -> None:
    """Add half a unit, less one if the last kept bit is even, and take the upper half."""
    for sample in BY_ID["cast_bfloat16"].samples():
        if sample.dtype != "float32":
            continue
        (x,), (e,) = sample.arrays(), BY_ID["cast_bfloat16"].reference(sample)
        bits = np.atleast_1d(x).view(np.uint32).astype(np.uint64)
        bits = ((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000).astype(np.uint32)
        want = np.where(np.isnan(np.atleast_1d(x)), np.nan, bits.view(np.float32)).reshape(x.shape)
        np.testing.assert_array_equal(e.value, want, err_msg=sample.name)


def test_nothing_undefined_is_asked() -> None:
    for function in FUNCTIONS[:2]:
        for sample in function.samples():
            (x,), target = sample.arrays(), sample.param("to")
            if x.dtype.kind in "fV" and target.endswith(("int8", "int16", "int32", "int64")):
                wide, info = x.astype(np.float64), np.iinfo(target)
                assert np.all((wide >= info.min) & (wide < info.max + 1)), sample.name


def test_every_pair_is_asked() -> None:
    pairs = {(s.dtype, s.param("to")) for f in FUNCTIONS[:2] for s in f.samples()}
    assert len(pairs) == (len(PLAIN) + 1) ** 2


def test_the_models_are_accepted_by_the_checker() -> None:
    assert check_models(f for f in FUNCTIONS if f.id != "cast_bfloat16") > 100

"""References of wider conversions against numpy's, bit patterns and Python's own reading of decimal numbers."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from csvkit_ml.model.tensor import DTYPES
from tests.unit.validation_suites.onnx_models import check_models
from validation_suites.inference.casting_wider import FUNCTIONS, UNSIGNED
from validation_suites.sampling.text import unpacked

BY_ID = {f.id: f for f in FUNCTIONS}


def test_numpy_converts_alike() -> None:
    for sample in BY_ID["cast_unsigned"].samples():
        (e,) = BY_ID["cast_unsigned"].reference(sample)
        with np.errstate(all="ignore"):
            np.testing.assert_array_equal(e.value, sample.arrays()[0].astype(e.dtype), err_msg=sample.name)


def test_nothing_undefined_is_asked() -> None:
    for sample in BY_ID["cast_unsigned"].samples():
        x = sample.arrays()[0]
        if x.dtype.kind == "f":
            wide = x.astype(np.float64)
            assert np.all((wide >= 0) & (wide < float(np.iinfo(sample.param("to")).max) + 1)), sample.name
    assert {s.param("to") for s in BY_ID["cast_unsigned"].samples()} > set(UNSIGNED)


def test_four_bits_by_masks() -> None:
    for sample in BY_ID["cast_four_bits"].samples():
        (e,), x = BY_ID["cast_four_bits"].reference(sample), sample.arrays()[0]
        x = (np.rint(x) if x.dtype.kind == "f" else x).astype(np.int64)
        low = x & 15
        want = np.where((low > 7) & (sample.param("by") == "int4"), low | -16, low).astype(sample.param("to"))
        np.testing.assert_array_equal(e.value, want, err_msg=sample.name)


def test_python_reads_alike() -> None:
    """Doubles and integers by float and int; narrower floats by numpy's reading, and by distance to the decimal number."""
    for sample in BY_ID["cast_from_text"].samples():
        (e,), target = BY_ID["cast_from_text"].reference(sample), sample.param("to")
        for text, value in zip(unpacked(sample.arrays()[0]).reshape(-1), e.value.reshape(-1), strict=True):
            if "int" in target:
                assert int(value) == int(text)
            elif target == "float64" or not np.isfinite(value):
                np.testing.assert_array_equal(value, float(DTYPES[target].type(float(text))))
            else:
                beside = [float(np.nextafter(DTYPES[target].type(value), DTYPES[target].type(s))) for s in (np.inf, -np.inf)]
                error = abs(Decimal(float(value)) - Decimal(text))
                assert all(error <= abs(Decimal(v) - Decimal(text)) for v in beside if np.isfinite(v)), (sample.name, text)


def test_what_is_written_reads_as_the_number() -> None:
    for sample in BY_ID["cast_to_text"].samples():
        (e,) = BY_ID["cast_to_text"].reference(sample)
        assert [int(t) for t in unpacked(e.value).reshape(-1)] == sample.arrays()[0].reshape(-1).tolist()


def test_every_sample_lowers_to_a_valid_model() -> None:
    assert check_models(FUNCTIONS) > 80

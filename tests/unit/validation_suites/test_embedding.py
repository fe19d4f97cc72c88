"""Embedding against plain indexing of bytes."""

from __future__ import annotations

import numpy as np

from csvkit_ml.criteria import round_to
from tests.unit.validation_suites.onnx_models import check_models
from validation_suites.inference.embedding import FUNCTIONS

(EMBEDDING,) = FUNCTIONS


def test_rows_are_those_named_bit_for_bit_nan_payload_apart() -> None:
    for sample in EMBEDDING.samples():
        table, indices = sample.inputs
        rows, width = table.shape
        size = len(table.data) // rows
        want = b"".join(table.data[i * size : (i + 1) * size] for i in indices.array().ravel().tolist())
        (made,) = EMBEDDING.reference(sample)
        got = round_to(made.dtype, made.value)
        assert got.shape == (*indices.shape, width)
        plain = np.frombuffer(want, dtype=got.dtype).reshape(got.shape)
        same = np.isnan(plain.astype(np.float64)) | (plain.view(f"u{plain.itemsize}") == got.view(f"u{got.itemsize}"))
        assert same.all(), sample.name


def test_every_row_can_be_reached() -> None:
    sample = next(iter(EMBEDDING.samples()))
    assert sample.arrays()[1].min() >= 0 and sample.arrays()[1].max() < sample.arrays()[0].shape[0]


def test_every_sample_lowers_to_a_valid_model() -> None:
    assert check_models(FUNCTIONS) > 10

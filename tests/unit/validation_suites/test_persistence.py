"""What must be kept is what went in, in order, bit for bit."""

from __future__ import annotations

import numpy as np

from validation_suites.training.persistence import FUNCTIONS

CHECKPOINT, FROZEN = FUNCTIONS


def test_a_checkpoint_gives_back_every_entry() -> None:
    for sample in CHECKPOINT.samples():
        made = CHECKPOINT.reference(sample)
        assert [e.name for e in made] == ["y", "y1", "y2"]
        for expected, tensor in zip(made, sample.inputs, strict=True):
            assert expected.dtype == tensor.dtype
            assert expected.value.astype(tensor.array().dtype).tobytes() == tensor.array().tobytes()


def test_every_dtype_is_saved_with_values_of_its_whole_range() -> None:
    spread = {s.dtype: s.inputs[0].array() for s in CHECKPOINT.samples() if s.name.endswith("-ordinary")}
    assert set(spread) == {"float32", "float64", "float16", "bfloat16", "bool", "int8", "uint8", "int16", "int32", "int64"}
    assert spread["int8"].min() < -100 < 100 < spread["int8"].max()
    assert spread["bool"].any() and not spread["bool"].all()


def test_the_frozen_layer_is_what_is_kept() -> None:
    for sample in FROZEN.samples():
        made = FROZEN.reference(sample)
        assert [e.shape for e in made] == [(9, 6), (9,), (9,), (9,), (2,)]
        assert np.array_equal(made[3].value, sample.arrays()[4].astype(np.float64))
        assert (sample.arrays()[4] > 0).all()

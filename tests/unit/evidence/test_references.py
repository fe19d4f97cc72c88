"""decode(encode(x)) == x for expected values, and a reference is computed once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from csvkit_ml import registry
from csvkit_ml.evidence.memo import Memo
from csvkit_ml.evidence.references import decode, encode, remembering
from csvkit_ml.model.digest import sha256
from csvkit_ml.model.function import Expected, Sample


def parts(e: Expected) -> list[object]:
    arrays = [None if a is None else (np.asarray(a).dtype, np.shape(a), np.asarray(a).tobytes()) for a in (e.value, e.low, e.radius, e.scale)]
    return [e.name, e.dtype, e.terms, e.any_sign_of_zero, arrays, {k: (v.dtype, v.shape, v.tobytes()) for k, v in e.extra.items()}]


@pytest.mark.parametrize("id", ["exp", "matmul", "argmax", "reduce_sum", "conv2d"])
def test_round_trip(id: str) -> None:
    function = registry.functions()[id]
    for sample in list(function.samples())[:12]:
        expected = function.reference(sample)
        assert [parts(e) for e in decode(encode(expected))] == [parts(e) for e in expected]


def test_a_reference_is_computed_once_for_each_definition_and_input(tmp_path: Path) -> None:
    asked: list[str] = []

    def reference(sample: Sample) -> tuple[Expected, ...]:
        asked.append(sample.name)
        return function.reference(sample)

    function = registry.functions()["exp"]
    counted = replace(function, reference=reference)
    first, second = list(function.samples())[:2]
    with Memo(tmp_path / "memo.sqlite") as memo:
        one = remembering(counted, sha256(b"definition"), memo)
        for _ in range(3):
            assert [parts(e) for e in one.reference(first)] == [parts(e) for e in function.reference(first)]
        one.reference(second)
        remembering(counted, sha256(b"another"), memo).reference(first)
    assert asked == [first.name, second.name, first.name]

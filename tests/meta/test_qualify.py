"""Every function: samples are repeatable and well named, true results are accepted, every seeded fault is rejected."""

from __future__ import annotations

import re

import pytest

from csvkit_ml import registry
from csvkit_ml.judgement.detection import detect
from csvkit_ml.model.function import Function

FUNCTIONS = registry.functions()


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_seeded_faults_are_detected(function: Function) -> None:
    found = detect(function)
    assert len(found) >= 3
    assert [d.fault for d in found if not d.detected] == []


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_samples_are_values_with_names(function: Function) -> None:
    first, again = list(function.samples()), list(function.samples())
    assert first == again
    names = [s.name for s in first]
    assert len(set(names)) == len(names) >= 3
    assert all(re.fullmatch(r"[a-z0-9_.,=+-]+", n) for n in names)


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_a_limit_is_printed_with_its_reason(function: Function) -> None:
    criterion = function.criterion_for(next(iter(function.samples())))
    assert criterion.formula
    assert criterion.rationale
    assert criterion.literature
    assert function.requirement.startswith("The library shall ")

"""Sweeps of float32: the whole format in chunks, the sieve against the certified reference, wrong claims and single wrong values found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from csvkit_ml import registry
from csvkit_ml.model.function import Expected, Function, Measurement, Reason, Sample, SampleClass
from csvkit_ml.model.patterns import Patterns
from csvkit_ml.model.spec import Depth
from csvkit_ml.model.tensor import Array
from csvkit_ml.planning import definition, sweeping
from csvkit_ml.planning.depth import CHUNK, at_depth
from csvkit_ml.references import sieve
from csvkit_ml.references.sieve import TABLE, Approximation

FUNCTIONS = registry.functions()
STARTS = (0, 0x3F800000 - 512, 0x42B00000, 0x7F800000 - 512, 0x80000000, 0xFF800000 - 512)
"""Around zero, one, 88, infinity, and their opposites."""


def part(first: int, undefined: tuple[float, ...] = (), count: int = 1024) -> Sample:
    return Sample(name=f"part-{first:x}", dtype="float32", inputs=(Patterns(first, count, undefined),), why=SampleClass.EXHAUSTIVE)


def sieved(id: str) -> Function:
    return sweeping.swept(FUNCTIONS[id], FUNCTIONS[id])


def rounded(e: Expected) -> Array:
    with np.errstate(all="ignore"):
        return e.value.astype(np.float32)


def judged(f: Function, s: Sample, y: Array | None = None) -> Measurement:
    (e,) = f.reference(s)
    return f.criterion_for(s).measure(rounded(e) if y is None else y, e)


def test_a_sweep_is_every_pattern_once() -> None:
    sweep = [s for s in at_depth(FUNCTIONS["exp"], Depth.EXHAUSTIVE).samples() if isinstance(s.inputs[0], Patterns)]
    firsts = [t.first for s in sweep for t in s.inputs if isinstance(t, Patterns)]
    assert firsts == list(range(0, 1 << 32, CHUNK))
    assert {s.inputs[0].shape for s in sweep} == {(CHUNK,)}
    assert len({s.inputs[0].digest() for s in sweep}) == len({s.name for s in sweep}) == len(sweep)


def test_patterns_are_those_of_the_format() -> None:
    x = Patterns(0x7F7FFFFF, 3)
    assert x.array().view(np.uint32).tolist() == [0x7F7FFFFF, 0x7F800000, 0x7F800001]
    assert x.data == x.array().tobytes()
    assert Patterns(0xFF800000, 1, (-np.inf,)).array().tolist() == [1.0]
    assert Patterns(0xFFFFFFFF, 1).data == b"\xff" * 4
    with pytest.raises(ValueError, match="not patterns"):
        Patterns(0xFFFFFFFF, 2)


@pytest.mark.parametrize("id", sorted(TABLE))
def test_the_sieve_says_what_the_reference_says(id: str) -> None:
    sweep = [s for s in at_depth(FUNCTIONS[id], Depth.EXHAUSTIVE).samples() if isinstance(s.inputs[0], Patterns)]
    undefined = sweep[0].inputs[0].undefined if isinstance(sweep[0].inputs[0], Patterns) else ()
    f = sieved(id)
    for first in STARTS:
        s = part(first, undefined, 256)
        (e,), (sure,) = f.reference(s), FUNCTIONS[id].reference(s)
        y = rounded(sure)
        assert (e.name, e.dtype, e.any_sign_of_zero, e.shape) == (sure.name, sure.dtype, sure.any_sign_of_zero, sure.shape)
        for moved in (y, np.nextafter(y, np.float32(np.inf))):
            m = f.criterion_for(s).measure(moved, e)
            want = FUNCTIONS[id].criterion_for(s).measure(moved, sure)
            assert (m.reason, m.compared) == (want.reason, 256)


@pytest.mark.parametrize("bit", [30, 22, 12])
def test_one_wrong_value_is_found(bit: int) -> None:
    f, s = sieved("exp"), part(0x3F000000, count=1 << 17)
    (e,) = f.reference(s)
    y = rounded(e)
    assert judged(f, s, y).reason is Reason.WITHIN_BAND
    y.view(np.uint32)[70_001] ^= np.uint32(1 << bit)
    m = judged(f, s, y)
    assert (m.worst_index, m.offenders, m.compared) == ((70_001,), 1, 1 << 17)
    assert m.reason in (Reason.BEYOND_BAND, Reason.BEYOND_HARD, Reason.SPECIAL_VALUE)


def test_a_claim_that_is_wrong_is_weak_and_never_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    def off(x: Array) -> Array:
        return np.exp(x) * (1 + 1e-9)

    monkeypatch.setattr(sweeping, "TABLE", {"exp": Approximation(of=off)})
    assert judged(sieved("exp"), part(0x3F000000)).reason is Reason.REFERENCE_WEAK


def test_a_scale_that_is_too_large_is_weak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "TABLE", {"exp": replace(TABLE["exp"], scale=lambda x: 1.0)})
    assert judged(sieved("exp"), part(0x3F000000)).reason is Reason.REFERENCE_WEAK


def test_a_crude_approximation_leaves_the_decision_to_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    f, s = sieved("exp"), part(0x3F000000)
    (e,) = f.reference(s)
    crude = replace(e, value=e.value * 1.5)
    assert f.criterion_for(s).measure(rounded(e), crude).reason is Reason.WITHIN_BAND


def counting(id: str) -> tuple[Function, list[int]]:
    """A function, and the number of elements at each asking of its certified reference."""
    asked: list[int] = []

    def reference(s: Sample) -> tuple[Expected, ...]:
        asked.append(s.inputs[0].shape[0])
        return FUNCTIONS[id].reference(s)

    return sweeping.swept(FUNCTIONS[id], replace(FUNCTIONS[id], reference=reference)), asked


def test_a_library_that_is_wrong_everywhere_costs_few_references() -> None:
    f, asked = counting("exp")
    s = part(0x3F000000, count=1 << 17)
    (e,) = f.reference(s)
    checked = sum(asked)
    m = judged(f, s, rounded(e) * np.float32(1.01))
    assert (m.reason, m.offenders, m.compared) == (Reason.BEYOND_HARD, 1 << 17, 1 << 17)
    assert sum(asked) - 2 * checked == sieve.CERTAIN * sieve.PIECE + 1


def test_what_the_reference_would_have_to_decide_is_bounded_and_then_indeterminate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sieve, "MOST", 1024)
    f, asked = counting("exp")
    s = part(0x3F000000, count=1 << 14)
    (e,) = f.reference(s)
    checked, y = sum(asked), rounded(e)
    weak = replace(e, radius=np.abs(e.value))
    m = f.criterion_for(s).measure(y, weak)
    assert (m.reason, sum(asked) - checked) == (Reason.REFERENCE_WEAK, 1024)
    y[100] *= 2
    assert f.criterion_for(s).measure(y, weak).reason is Reason.BEYOND_HARD, "what the reference itself found stands"


def test_a_failure_that_the_reference_found_stands_beside_a_wrong_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    s = part(0x3F000000)
    y = rounded(sieved("exp").reference(s)[0])
    monkeypatch.setattr(sweeping, "TABLE", {"exp": Approximation(of=lambda x: np.exp(x) * (1 + 1e-9))})
    y[17] *= 2
    m = judged(sieved("exp"), s, y)
    assert (m.reason, m.worst_index, m.offenders) == (Reason.BEYOND_HARD, (17,), 1)


def test_a_special_value_among_a_whole_chunk_of_nan_is_found() -> None:
    f, s = sieved("exp"), part(0x7FC00000, count=CHUNK)
    (e,) = f.reference(s)
    y = rounded(e)
    assert judged(f, s, y).compared == CHUNK
    y[CHUNK - 5] = 1.0
    m = judged(f, s, y)
    assert (m.reason, m.worst_index, m.offenders) == (Reason.SPECIAL_VALUE, (CHUNK - 5,), 1)


def test_the_plan_says_how_sweeps_are_judged() -> None:
    f = at_depth(FUNCTIONS["sqrt"], Depth.EXHAUSTIVE)
    kinds = {isinstance(s.inputs[0], Patterns): f.criterion_for(s) for s in f.samples()}
    assert kinds[True].kind == sieve.KIND
    assert kinds[True].formula == FUNCTIONS["sqrt"].criterion_for(part(0)).formula
    for word in ("2^-40", "certified reference", "32 elements drawn by a fixed seed", "REFERENCE_WEAK"):
        assert word in kinds[True].rationale
    assert "Sweep" not in kinds[False].rationale
    exact = at_depth(FUNCTIONS["neg"], Depth.EXHAUSTIVE)
    assert "claims no error" in exact.criterion_for(part(0)).rationale


def test_the_definition_of_a_swept_function_has_the_text_of_the_sieve(monkeypatch: pytest.MonkeyPatch) -> None:
    home, whole = registry.home("exp"), definition.definition.__wrapped__
    plain, swept = whole(home), whole(home, sweeping.MODULE)
    source = definition._source
    for module in ("csvkit_ml.references.sieve", "csvkit_ml.planning.sweeping", "csvkit_ml.model.patterns"):
        monkeypatch.setattr(definition, "_source", lambda m, module=module: source(m) + (b"#" if m == module else b""))
        assert whole(home) == plain
        assert whole(home, sweeping.MODULE) != swept


def test_other_functions_and_samples_stay_as_they_are() -> None:
    assert sieved("elu") is FUNCTIONS["elu"]
    sample = next(iter(FUNCTIONS["exp"].samples()))
    assert sieved("exp").criterion_for(sample) == FUNCTIONS["exp"].criterion_for(sample)

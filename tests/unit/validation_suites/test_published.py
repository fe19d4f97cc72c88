"""Published cases: whole, as they were published, and known by two routes: our evaluation and the published value agree."""

from __future__ import annotations

import importlib.util
from collections import Counter

import numpy as np
import pytest

from csvkit_ml import registry
from csvkit_ml.criteria import FORMATS, round_to
from csvkit_ml.criteria.joint import measured
from csvkit_ml.errors import SuiteError
from csvkit_ml.libraries.onnxruntime.lowering.onnx_cases import LOWERINGS
from csvkit_ml.model.function import VERDICT, Verdict
from validation_suites.published import frozen, onnx_cases, truths, umath

TYPED = {
    "test_averagepool_2d_ceil_last_window_starts_on_pad", "test_gridsample_bicubic", "test_roialign_aligned_false",
    "test_roialign_aligned_true",
}  # fmt: skip
"""Published to four digits after the point: past our limits about the true value."""


def test_every_published_case_is_run_or_left_out_with_a_reason() -> None:
    left_out = frozen.index()["left_out"]
    names = [*frozen.listed(), *(n for n, _, _ in left_out)]
    assert len(set(names)) == len(names) == 2024
    assert all(why for _, _, why in left_out)
    samples = [s.param("case") for f in onnx_cases.FUNCTIONS for s in f.samples()]
    assert Counter(samples) == Counter(list(frozen.listed()))


def test_records_are_those_of_the_index(monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(frozen.case(n).outputs for n in frozen.listed())
    monkeypatch.setattr(frozen, "_records", lambda: b"x" * 3_000_000)
    with pytest.raises(SuiteError, match="test_abs"):
        frozen.case.__wrapped__("test_abs")


@pytest.mark.parametrize("function", onnx_cases.FUNCTIONS, ids=lambda f: f.id)
def test_published_values_are_within_our_limits_about_our_own(function: onnx_cases.Function) -> None:
    past = set()
    for sample in function.samples():
        expected = function.reference(sample)
        known = frozen.case(sample.param("case"))
        told = {n: v for n, v in zip(truths.output_names(known), known.outputs, strict=True) if not isinstance(v, tuple)}
        actual = tuple(_wire(told[e.name]) if e.name in told else round_to(e.dtype, e.value, e.low) for e in expected)
        found = measured(function.criterion_for(sample), actual, expected)
        past |= {sample.param("case")} if any(VERDICT[m.reason] is not Verdict.PASSED for m in found) else set()
    assert past == TYPED & {s.param("case") for s in function.samples()}


def _wire(value: frozen.Value) -> np.ndarray:
    assert isinstance(value, np.ndarray)
    return truths.text(value) if value.dtype.kind == "O" else value


def test_a_case_is_exercised_not_verified() -> None:
    assert {w.function for w in LOWERINGS} == {f.id for f in onnx_cases.FUNCTIONS}
    assert all(w.exercises and not w.names for w in LOWERINGS)


def test_sequences_are_made_and_taken_apart_by_the_model() -> None:
    (lowering,) = [w for w in LOWERINGS if w.function == "onnx_control_cases"]
    (function,) = [f for f in onnx_cases.FUNCTIONS if f.id == "onnx_control_cases"]
    (sample,) = [s for s in function.samples() if s.param("case") == "test_sequence_map_identity_1_sequence"]
    model = lowering.build(sample)
    assert len(model.graph.input) == len(sample.inputs)
    assert [o.name for o in model.graph.output] == [e.name for e in function.reference(sample)]


def test_functions_are_in_the_registry() -> None:
    assert {f.id for f in onnx_cases.FUNCTIONS} <= set(registry.functions())
    assert importlib.util.find_spec("validation_suites.published.freeze") is not None


@pytest.mark.parametrize("table", umath.NAMES)
def test_our_reference_agrees_with_numpys_table(table: str) -> None:
    """Within half an ulp, for the rounding of the table's result, and what the table allows."""
    (function,) = [f for f in umath.FUNCTIONS if f.id == f"umath_{umath.NAMES[table]}"]
    for dtype, of in umath.rows(table).items():
        made = [function.reference(s)[0] for s in function.samples() if s.dtype == dtype]
        true = np.concatenate([e.value for e in made]) if made else np.zeros(0)
        with np.errstate(all="ignore"):
            away = np.abs(of.results.astype(np.float64) - true)
            near = away <= (of.ulps + 0.5) * np.maximum(FORMATS[dtype].ulp(np.where(np.isfinite(true), true, 0.0)), np.finfo(dtype).smallest_subnormal)
            largest = float(np.finfo(dtype).max)
        same = (of.results == true) | (np.isnan(of.results) & np.isnan(true)) | (np.isinf(of.results) & (np.abs(true) > largest))
        assert (near | same).all()

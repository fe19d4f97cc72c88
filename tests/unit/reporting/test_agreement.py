"""Agreement of repetitions and variants: counted by dimension, marked without colour."""

from __future__ import annotations

from dataclasses import replace

from csvkit_ml.model.digest import sha256
from csvkit_ml.model.function import Reason, Verdict
from csvkit_ml.model.report import ReportCase, ReportFunction
from csvkit_ml.reporting.agreement import Tally, across, dimensions, repeated, shade, table
from tests.unit.reporting.fake_records import records

MODEL = records(functions=2, samples=2, hostile=False).model()
CASE = MODEL.functions[0].cases[0]
A, B = (sha256(b"a"),), (sha256(b"b"),)


def case(variant: str, evidence: tuple[str, ...], reason: Reason = Reason.WITHIN_BAND, outcome: str = "produced") -> ReportCase:
    verdict = Verdict.FAILED if reason in (Reason.BEYOND_BAND, Reason.NOT_REPEATABLE) else Verdict.PASSED
    return replace(CASE, sample="s", variant=variant, evidence=evidence, reason=reason, verdict=verdict, outcome=outcome, identical=True, differing=())  # type: ignore[arg-type]


def function(*cases: ReportCase) -> ReportFunction:
    return replace(MODEL.functions[0], cases=cases)


def test_variants_are_counted_by_dimension() -> None:
    f = function(
        case("layout=strided", A), case("plain", A), case("layout=transposed", B), case("layout=offset", A), case("opt=none", B, Reason.BEYOND_BAND),
        case("threads=2", A, outcome="raised"), case("mode=deterministic", B, Reason.NOT_REPEATABLE),
    )  # fmt: skip
    assert across(f) == {
        "layout": Tally(pairs=2, differing=1), "alignment": Tally(pairs=1), "optimisation": Tally(pairs=1, differing=1, outside=1),
        "deterministic": Tally(pairs=1, differing=1),
    }  # fmt: skip
    assert dimensions([across(f)]) == ("alignment", "layout", "deterministic", "optimisation")


def test_without_a_plain_variant_nothing_is_compared() -> None:
    assert across(function(case("first", A), case("second", B))) == {}


def test_marks_tell_without_colour() -> None:
    told = [Tally(), Tally(pairs=3), Tally(pairs=3, differing=1), Tally(pairs=3, differing=2, outside=1)]
    assert [shade(t) for t in told] == [("none", "–"), ("same", "✓ 3"), ("within", "≈ 1 of 3"), ("differs", "✕ 2 of 3")]


def test_a_repetition_with_other_bits_is_outside() -> None:
    f = function(replace(case("plain", A), differing=("rerun",), identical=False), case("plain", A))
    assert repeated(f, "rerun") == Tally(pairs=2, differing=1, outside=1)
    assert repeated(f, "fresh_process") == Tally(pairs=2)


def test_a_row_for_every_function() -> None:
    columns, rows = table(MODEL, MODEL.functions)
    assert columns[: len(MODEL.repetitions) - 1] == tuple(k.replace("_", " ") for k in MODEL.repetitions[1:])
    assert [len(r) for r in rows] == [len(columns)] * len(MODEL.functions)

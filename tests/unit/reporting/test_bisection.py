"""Where a wrong result of a model begins, told from judged cases."""

from __future__ import annotations

from dataclasses import replace

from csvkit_ml.model.digest import sha256
from csvkit_ml.model.function import VERDICT, Measurement, Reason, Side, params
from csvkit_ml.model.plan import PlannedCriterion
from csvkit_ml.model.report import ReportCase, ReportFunction
from csvkit_ml.reporting.bisection import FIRST_OPERATOR, bisected, models

CRITERION = PlannedCriterion(kind="k", formula="f", rationale="r", literature="l")


def case(way: str, variant: str, *outputs: tuple[str, Reason]) -> ReportCase:
    sample = "net" if way == "outputs" else f"net-{way}"
    found = tuple(Measurement(output=o, reason=r, compared=1, error=2.0, limit=1.0, ratio=2.0) for o, r in outputs)
    worst = next((r for _, r in outputs if r is not Reason.WITHIN_BAND), Reason.WITHIN_BAND)
    return ReportCase(
        id=f"whole_model/{sample}/{variant}", sample=sample, variant=variant, dtype="float32", why="ordinary", shapes=(), params=params(way=way),
        verdict=VERDICT[worst], reason=worst, detail="", measurements=found, criterion=CRITERION, outcome="produced", evidence=(sha256(b""),),
        identical=True, differing=(), reproduce="",
    )  # fmt: skip


def function_of(*cases: ReportCase, id: str = "whole_model") -> ReportFunction:
    return ReportFunction(
        id=id, side=Side.INFERENCE, area="a", requirement="r", source="s", oracle="o", names=(), verdict=cases[0].verdict, passed=0, failed=0,
        indeterminate=0, worst=None, faults=(), cases=cases,
    )  # fmt: skip


def told(*cases: ReportCase, id: str = "whole_model") -> list[str]:
    found = list(bisected((function_of(*cases, id=id),)))
    assert all(f.kind == FIRST_OPERATOR and f.subject == "whole_model: net" for f in found)
    return [f.sentence for f in found]


GOOD, BAD = Reason.WITHIN_BAND, Reason.BEYOND_HARD


def test_the_first_in_the_order_of_the_graph() -> None:
    cases = [case("outputs", v, ("y", BAD)) for v in ("plain", "opt=none")]
    cases += [case("operators", v, ("a", GOOD), ("b", BAD), ("c", GOOD), ("d", BAD)) for v in ("plain", "opt=none")]
    (sentence,) = told(*cases)
    assert "is b: error 2 against 1" in sentence
    assert "In plain, opt=none" in sentence
    assert "as well: d." in sentence


def test_another_place_in_another_variant_is_another_finding() -> None:
    found = told(case("operators", "plain", ("a", BAD)), case("operators", "opt=none", ("a", GOOD), ("b", BAD)))
    assert [s.split(":")[0].rsplit(" ", 1)[1] for s in found] == ["a", "b"]


def test_fused_or_accumulated() -> None:
    (sentence,) = told(case("outputs", "plain", ("y", BAD)), case("operators", "plain", ("a", GOOD)))
    assert "fused or folded" in sentence


def test_values_alone_tell_the_first_wrong_one_of_each_variant() -> None:
    def alone(place: int, name: str, variant: str, reason: Reason) -> ReportCase:
        made = case("value", variant, ("y", BAD), (name, reason))
        return replace(made, sample=f"net-value-{place:04d}", params=params(way="value", value=name))

    cases = [alone(i, n, v, BAD if (n, v) in (("b", "plain"), ("c", "plain"), ("c", "opt=none")) else GOOD)
             for v in ("plain", "opt=none") for i, n in reversed(list(enumerate("abc")))]  # fmt: skip
    first, second = told(*cases)
    assert first.endswith("kept is b, in plain.")
    assert second.endswith("kept is c, in opt=none.")


def test_expected_values_of_another_model() -> None:
    (sentence,) = told(case("outputs", "plain", ("y", GOOD)), case("operators", "plain", ("a", GOOD)), case("expected", "plain", ("y", BAD)))
    assert "expected values are not met in plain" in sentence


def test_nothing_is_told_of_what_is_right_or_another_function() -> None:
    assert told(case("outputs", "plain", ("y", GOOD)), case("operators", "plain", ("a", GOOD))) == []
    assert told(case("operators", "plain", ("a", BAD)), id="conv2d") == []


def test_models_are_told_by_digest() -> None:
    one = case("outputs", "plain", ("y", GOOD))
    given = replace(one, params=params(way="outputs", model="sha256:aa", inputs=("x sha256:bb", "z sha256:cc")))
    assert list(models(function_of(given, given))) == [("Model net", "model sha256:aa; input x sha256:bb; input z sha256:cc")]
    assert list(models(function_of(given, id="conv2d"))) == []

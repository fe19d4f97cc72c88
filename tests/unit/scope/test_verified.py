"""What a run shows of a scope: exact operators, their dtypes, their device, and nothing by default."""

from __future__ import annotations

from csvkit_ml.model.coverage import Cover
from csvkit_ml.model.digest import sha256
from csvkit_ml.model.function import Verdict
from csvkit_ml.model.scope import Operand, Phase, Scope, Use
from csvkit_ml.model.scoped import ScopeList
from csvkit_ml.scope.verified import listed, needed
from tests.worlds.intended_use import tiny_scope, use
from tests.worlds.inventories import tiny_coverage

RESULTS = {"exp": ("aten::exp",)}
FLOAT = {"exp": frozenset({"float32"})}


def shown(scope: Scope, verdicts: dict[str, Verdict] | None = None, device: str = "cpu") -> ScopeList:
    return listed(scope, sha256(b"scope"), tiny_coverage(verdicts, results=RESULTS), FLOAT, device)


def test_functions_that_verify_or_exercise() -> None:
    coverage = tiny_coverage(results=RESULTS)
    assert needed(tiny_scope(use("aten::exp.default")), coverage) == ("exp",)
    assert needed(tiny_scope(use("aten::exp.out"), use("aten::relu.default")), coverage) == ("exp", "relu")
    assert needed(tiny_scope(use("aten::unheard_of")), coverage) == ()


def test_at_most_four_functions_an_operator_the_most_specific_first() -> None:
    results = {f"f{n}": ("aten::exp",) + ("aten::relu",) * (n < 5) for n in range(12)}
    coverage = tiny_coverage(calls={}, results=results, verifies=dict.fromkeys(results, ()))
    assert needed(tiny_scope(use("aten::exp.default")), coverage) == ("f10", "f11", "f5", "f6")
    assert needed(tiny_scope(use("aten::exp.default")), coverage, {"f0", "absent"}) == ("f0", "f10", "f11", "f5", "f6")


def test_what_only_exercises_is_added_where_nothing_chosen_does() -> None:
    coverage = tiny_coverage(calls={"a": ("aten::exp.out",), "b": ("aten::exp.out",)}, results={"b": ("aten::exp",)}, verifies={"a": (), "b": ()})
    assert needed(tiny_scope(use("aten::exp.out")), coverage) == ("a",)
    assert needed(tiny_scope(use("aten::exp.out"), use("aten::exp")), coverage) == ("b",)


def test_verified_exercised_and_unknown_operators() -> None:
    found = shown(tiny_scope(use("aten::exp.default"), use("aten::exp.out"), use("aten::unheard_of"), use("aten::exp.default", phase=Phase.BACKWARD)))
    assert [(r.operator, r.cover, r.functions, r.phases, r.uses, r.verified) for r in found.rows] == [
        ("aten::exp", Cover.VERIFIED, ("exp",), ("backward", "forward"), 2, True),
        ("aten::exp.out", Cover.EXERCISED, ("exp",), ("forward",), 1, False),
        ("aten::unheard_of", Cover.NOT_VERIFIED, (), ("forward",), 1, False),
    ]
    assert found.rows[2].gaps == ("The functional split of this release does not have it.",)
    assert found.verdict is Verdict.INDETERMINATE


def test_everything_verified_passes_and_nothing_at_all_does_not() -> None:
    scope = tiny_scope(use("aten::exp.default"))
    assert shown(scope).verdict is Verdict.PASSED
    assert shown(tiny_scope(use("aten::exp.default"), problems=("it crashed",))).verdict is Verdict.INDETERMINATE
    assert shown(tiny_scope()).verdict is Verdict.INDETERMINATE
    assert shown(scope, {"exp": Verdict.FAILED}).rows[0].cover is Cover.NOT_PASSED
    assert shown(scope, {"relu": Verdict.PASSED}).verdict is Verdict.INDETERMINATE


def test_a_dtype_or_device_that_was_not_tested_is_a_gap() -> None:
    found = shown(tiny_scope(use("aten::exp.default", "float16"), use("aten::exp.default", "?", device="cuda"))).rows[0]
    assert not found.verified
    assert found.gaps == (
        "Used at float16, which no sample of its functions has.",
        "Used at a dtype that the model does not tell.",
        "Used on cuda; this run was on cpu.",
    )


def test_fixed_integers_beside_numbers_are_parameters() -> None:
    def with_axes(constant: bool, dtype: str = "float32") -> bool:
        operands = (Operand(dtype=dtype, shape=(2, 3)), Operand(dtype="int64", shape=(1,), constant=constant))
        return shown(tiny_scope(Use(operator="aten::exp", operands=operands))).rows[0].verified

    assert (with_axes(True), with_axes(False), with_axes(True, "int8")) == (True, False, False)


def test_positions_that_a_forward_step_made_are_its_functions_own() -> None:
    operands = (Operand(dtype="float32", shape=(2, 3)), Operand(dtype="int64", shape=(2, 3)))
    found = [shown(tiny_scope(Use(operator="aten::exp", operands=operands, phase=p))).rows[0].verified for p in (Phase.BACKWARD, Phase.FORWARD)]
    assert found == [True, False]


def test_an_operator_without_overload_stands_for_all_of_them() -> None:
    found = shown(tiny_scope(use("tiny.exp"), use("aten::exp")))
    assert [(r.operator, r.cover) for r in found.rows] == [("aten::exp", Cover.VERIFIED), ("tiny.exp", Cover.VERIFIED)]

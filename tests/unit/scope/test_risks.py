"""Depth by risk: the highest that relies on a function counts; a maker's requirement comes before the rules."""

from __future__ import annotations

from csvkit_ml.model.coverage import Cover, Coverage, CoverageRow, CoveredName, Risk, SplitSide, Tally
from csvkit_ml.model.requirement import MakerRequirement
from csvkit_ml.model.scope import Scope, Use
from csvkit_ml.model.spec import Depth
from csvkit_ml.scope.risks import by_risk

NONE = Tally(total=0, verified=0, not_passed=0, exercised=0)


def row(risk: Risk, **shows: tuple[str, ...]) -> CoverageRow:
    covered = tuple(CoveredName(name=f"ai.onnx.{n}", cover=Cover.VERIFIED, functions=f) for n, f in shows.items())
    return CoverageRow(
        rule=risk.value, side=SplitSide.BOTH, area="a", use="u", failures=(), effect="e", risk=risk, reason="", names=NONE, operators=NONE,
        covered=covered, uncovered=(),
    )  # fmt: skip


COVERAGE = Coverage(
    library="onnxruntime", version="1", inventory="sha256:0", rules="sha256:0", methods=(), unclassified=(), absent=(),  # type: ignore[arg-type]
    rows=(row(Risk.HIGH, Conv=("conv", "small")), row(Risk.MEDIUM, Relu=("relu", "small")), row(Risk.LOW, Shape=("shape",), Tile=("tile",))),
)  # fmt: skip
SCOPE = Scope(schema=1, library="onnxruntime", sources=(), uses=tuple(Use(operator=f"ai.onnx.{n}") for n in ("Conv", "Relu", "Shape")))
ALL = ("conv", "relu", "shape", "small", "tile")


def test_the_highest_risk_of_what_is_used_counts() -> None:
    found = {d.function: (d.depth, d.reason) for d in by_risk(SCOPE, COVERAGE, (), ALL)}
    assert found == {
        "conv": (Depth.EXHAUSTIVE, "ai.onnx.Conv: high risk"), "relu": (Depth.STANDARD, "ai.onnx.Relu: medium risk"),
        "shape": (Depth.QUICK, "ai.onnx.Shape: low risk"), "small": (Depth.EXHAUSTIVE, "ai.onnx.Conv: high risk"),
    }  # fmt: skip


def test_the_makers_own_risk_comes_first() -> None:
    own = (
        MakerRequirement(id="R-1", text="t", risk=Risk.LOW, functions=("con*",)),
        MakerRequirement(id="R-2", text="t", risk=Risk.HIGH, operators=("ai.onnx.Shape",)),
        MakerRequirement(id="R-3", text="t", risk=Risk.MEDIUM, functions=("shape",)),
    )  # fmt: skip
    found = {d.function: (d.depth, d.reason) for d in by_risk(SCOPE, COVERAGE, own, ("conv", "shape"))}
    assert found == {"conv": (Depth.QUICK, "requirement R-1: low risk"), "shape": (Depth.EXHAUSTIVE, "requirement R-2: high risk")}

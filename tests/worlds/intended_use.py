"""A made-up product: what it uses, what its maker requires, the maker's own tests."""

from __future__ import annotations

from csvkit_ml.model.coverage import Cover, Risk
from csvkit_ml.model.digest import sha256
from csvkit_ml.model.function import Verdict
from csvkit_ml.model.requirement import MakerRequirement, OwnTest, OwnTests, Proof, RequirementList, RequirementRow, TestOutcome
from csvkit_ml.model.scope import Operand, Phase, Scope, Source, Use
from csvkit_ml.model.scoped import NotGenerated, ScopeList, ScopeRow
from csvkit_ml.scope.collect import gather

HOSTILE = "<script>alert(1)</script>"
SOURCE = Source(kind="script", name="train.py", digest=sha256(b"train"))


def use(operator: str, dtype: str = "float32", *, device: str = "cpu", phase: Phase = Phase.FORWARD) -> Use:
    return Use(operator=operator, phase=phase, device=device, operands=(Operand(dtype=dtype, shape=(2, 3)),))


def tiny_scope(*uses: Use, problems: tuple[str, ...] = ()) -> Scope:
    return gather("tiny", (SOURCE,), uses, problems)


def row(operator: str, cover: Cover = Cover.VERIFIED, *gaps: str) -> ScopeRow:
    return ScopeRow(operator=operator, phases=("forward",), dtypes=("float32",), uses=1, count=2, cover=cover, functions=("f0",), gaps=gaps)


def tiny_list(*rows: ScopeRow, problems: tuple[str, ...] = ()) -> ScopeList:
    left_out = NotGenerated(operator="aten::exp", operands="float32[2]", reason=HOSTILE)
    return ScopeList(digest=sha256(b"scope"), sources=(SOURCE,), problems=problems, rows=rows, generated=1, not_generated=(left_out,))


def requirement(id: str, *functions: str, operators: tuple[str, ...] = ()) -> MakerRequirement:
    return MakerRequirement(id=id, text=f"The product shall. {HOSTILE}", risk=Risk.HIGH, hazards=("H-1",), functions=functions, operators=operators)


def tiny_requirements(verdict: Verdict, *gaps: str) -> RequirementList:
    proof = Proof(kind="function", name="f0", verdict=verdict, passed=3, failed=0, indeterminate=0)
    traced = RequirementRow(requirement=requirement("R-1", "f0"), proofs=(proof,), gaps=gaps)
    return RequirementList(source="requirements.toml", digest=sha256(b"requirements"), rows=(traced,))


def tiny_tests(*outcomes: TestOutcome, problems: tuple[str, ...] = ()) -> OwnTests:
    tests = tuple(OwnTest(id=f"test_x.py::test_{n}", outcome=o, requirements=("R-1",), output=HOSTILE) for n, o in enumerate(outcomes))
    return OwnTests(source="pq", files=(("test_x.py", sha256(b"x")),), tests=tests, problems=problems, output=HOSTILE)

"""Two runs of the same questions, compared case by case; and one release with itself under other circumstances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from csvkit_ml.model.digest import Digest
from csvkit_ml.model.function import Side, Verdict
from csvkit_ml.model.spec import UNWRITTEN, ScopeReference
from csvkit_ml.model.timing import Speed


class Change(Enum):
    """What became of a case; most serious first."""

    NEWLY_RAISING = "newly raising"
    NEWLY_FAILING = "newly failing"
    OUTSIDE = "outside the bound on both sides, with other bits"
    NEWLY_UNSUPPORTED = "newly unsupported"
    NOT_COMPARABLE = "not comparable"
    STREAM = "other numbers from the same seed"
    NEWLY_SUPPORTED = "newly supported"
    NEWLY_PASSING = "newly passing"
    WITHIN = "within the bound, with other bits"
    IDENTICAL = "bit-identical"


SEVERITY = {change: place for place, change in enumerate(Change)}
CHANGE_VERDICT: Mapping[Change, Verdict] = {
    Change.NEWLY_RAISING: Verdict.FAILED,
    Change.NEWLY_FAILING: Verdict.FAILED,
    Change.OUTSIDE: Verdict.FAILED,
    Change.NEWLY_UNSUPPORTED: Verdict.FAILED,
    Change.NOT_COMPARABLE: Verdict.INDETERMINATE,
    Change.STREAM: Verdict.PASSED,
    Change.NEWLY_SUPPORTED: Verdict.PASSED,
    Change.NEWLY_PASSING: Verdict.PASSED,
    Change.WITHIN: Verdict.PASSED,
    Change.IDENTICAL: Verdict.PASSED,
}
"""Total. A changed stream passes: releases do not promise streams; it is shown all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How far two sets of outputs are apart."""

    compared: int
    """Elements."""
    differing: int
    """Elements whose bits differ."""
    worst_ulp: float
    """Largest distance in units of the last place (integers: in units); infinite where only one is NaN, or dtype or shape differ."""


NO_DIFFERENCE = Difference(compared=0, differing=0, worst_ulp=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseComparison:
    """One case on both sides."""

    case: str
    """As the second side names it."""
    change: Change
    before: str
    """Reason of its judgement on the first side."""
    after: str
    difference: Difference
    detail: str
    """What is known besides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionComparison:
    """One function on both sides."""

    id: str
    side: Side
    identical: int
    """Cases with the same bits, which are not listed."""
    cases: tuple[CaseComparison, ...]
    """All others, most serious first."""

    def count(self, change: Change) -> int:
        """Cases of a kind."""
        return self.identical if change is Change.IDENTICAL else sum(c.change is change for c in self.cases)

    @property
    def worst(self) -> Change:
        """The most serious change; not comparable where no case was compared."""
        if self.cases:
            return self.cases[0].change
        return Change.IDENTICAL if self.identical else Change.NOT_COMPARABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """One side of a comparison."""

    library: str
    version: str
    backend: str
    status: Verdict
    plan: Digest
    manifest: Digest

    @property
    def name(self) -> str:
        return f"{self.library} {self.version} on {self.backend}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FactChange:
    """Something about environment or settings that is not the same."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """What a person concludes from an upgrade assessment; an empty answer is an open item."""

    requirements: str = ""
    """Requirements affected."""
    products: str = ""
    """Models and devices affected."""
    within: str = ""
    """Why differences within the bound are acceptable for the intended use."""
    outside: str = ""
    """Consequence of, and measure against, differences outside the bound."""
    decision: str = ""
    """Adopt, adopt with restrictions, or stay."""
    verification: str = ""
    """Further verification needed."""
    next_review: str = ""
    """Date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The upgrade assessment."""

    schema: int
    tool: str
    before: Party
    after: Party
    facts: tuple[FactChange, ...]
    functions: tuple[FunctionComparison, ...]
    """Most serious first."""
    only_before: int
    """Cases without a counterpart."""
    only_after: int
    scope: ScopeReference | None = None
    """The scope of a product that the comparison is restricted to."""
    speed: Speed | None = field(default=None, metadata=UNWRITTEN)
    """Slower and faster functions, for information; None where a side was not timed."""

    def count(self, change: Change) -> int:
        """Cases of a kind."""
        return sum(f.count(change) for f in self.functions)

    @property
    def verdict(self) -> Verdict:
        """FAILED over INDETERMINATE over PASSED; nothing compared is INDETERMINATE."""
        found = {CHANGE_VERDICT[f.worst] for f in self.functions} or {Verdict.INDETERMINATE}
        return next(v for v in (Verdict.FAILED, Verdict.INDETERMINATE, Verdict.PASSED) if v in found)


DIMENSIONS: Mapping[str, str] = {
    "rerun": "the same call again in the same process",
    "new process": "the same call in another process",
    "dirty memory": "free memory filled with NaN patterns before",
    "alignment": "operands that begin elsewhere than on a 64-byte boundary",
    "layout": "the same values in other strides",
    "position": "the same rows in reverse order",
    "batch": "one row alone against the same row among others",
    "form": "other ways to call the function, and other modes of execution",
    "compile": "traced, exported or compiled",
    "deterministic": "deterministic algorithms demanded",
    "threads": "another number of threads",
    "instruction set": "kernels for another instruction set",
    "kernels": "another library of kernels, or weights not rearranged",
    "optimisation": "another level of graph optimisation",
    "execution mode": "operators side by side",
    "arithmetic": "denormals flushed, or products of lower precision allowed",
    "seed stream": "random numbers from the same seed on another configuration",
}
"""What is changed, by dimension, in the order of the matrix."""
_WORDS = (("compile", "compile"), ("export", "compile"), ("script", "compile"), ("trace", "compile"), ("opt=", "optimisation"))


def dimension_of_variant(variant: str) -> str:
    """Along which dimension a variant differs from the plain one."""
    kind, _, value = variant.partition("=")
    if kind == "layout":
        return "alignment" if value in ("offset", "unaligned") else "layout"
    if kind == "threads":
        return "threads"
    if variant == "parallel":
        return "execution mode"
    if variant == "mode=deterministic":
        return "deterministic"
    return next((d for word, d in _WORDS if word in variant), "form")


class Agreement(Enum):
    """Two answers to the same question under other circumstances."""

    OUTSIDE = "outside the bound"
    WITHIN = "within the bound, other bits"
    IDENTICAL = "bit-identical"
    NOT_DRIVEN = "not driven"


@dataclass(frozen=True, slots=True, kw_only=True)
class DimensionResult:
    """One function along one dimension."""

    dimension: str
    agreement: Agreement
    pairs: int
    """Pairs of answers compared."""
    differing: int
    """Pairs whose bits differ."""
    elements: Difference
    """Over all pairs."""
    example: str
    """The pair that is furthest apart, in words; empty where none differs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionDeterminism:
    """One function along every dimension."""

    id: str
    side: Side
    results: tuple[DimensionResult, ...]
    """In the order of the matrix's dimensions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellProof:
    """One configuration that took part, and what of it was not proven."""

    backend: str
    unproven: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeterminismMatrix:
    """Functions by dimensions."""

    schema: int
    tool: str
    library: str
    version: str
    base: str
    """The configuration that the others are compared with."""
    cells: tuple[CellProof, ...]
    dimensions: tuple[tuple[str, str], ...]
    """(name, what is changed)."""
    required: tuple[str, ...]
    """Dimensions along which the plan demands the same bits."""
    functions: tuple[FunctionDeterminism, ...]
    violations: tuple[str, ...]
    """`function: dimension` where bits that must be the same are not."""
    finished: str = ""
    """UTC, ISO 8601; empty = not recorded."""

    @property
    def verdict(self) -> Verdict:
        """FAILED where a requirement is violated, INDETERMINATE where nothing was compared."""
        if self.violations:
            return Verdict.FAILED
        return Verdict.PASSED if any(r.pairs for f in self.functions for r in f.results) else Verdict.INDETERMINATE

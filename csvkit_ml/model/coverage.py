"""The functional split: every public name under one regime, and what of it the suites verify."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from csvkit_ml.model.digest import Digest


class SplitSide(Enum):
    """The regime of a public name."""

    TRAINING = "training"
    INFERENCE = "inference"
    BOTH = "both"
    DATA = "data"
    INFRASTRUCTURE = "infrastructure"
    OUT_OF_SCOPE = "out of scope"


REGIME = {
    SplitSide.TRAINING: "ISO 13485 tool",
    SplitSide.INFERENCE: "IEC 62304 SOUP",
    SplitSide.BOTH: "SOUP and tool",
    SplitSide.DATA: "ISO 13485, 7.6",
    SplitSide.INFRASTRUCTURE: "carries the others",
    SplitSide.OUT_OF_SCOPE: "not relied on",
}
"""What each side means, for headings."""


class Risk(Enum):
    """Default risk class of a rule, before the maker's own risk analysis."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Cover(Enum):
    """What is shown about one name."""

    VERIFIED = "verified"
    NOT_PASSED = "tested, did not pass"
    EXERCISED = "exercised"
    NOT_VERIFIED = "not verified"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of a library's split: which names, under which regime, used for what, and how they can fail."""

    id: str
    """Kebab case, unique within the library."""
    side: SplitSide
    area: str
    """Section of the split, e.g. `normalisation`."""
    use: str
    """Intended use in one sentence."""
    failures: tuple[str, ...]
    """Failure modes."""
    effect: str
    """Effect of a failure on a model or device, in one sentence."""
    risk: Risk
    reason: str = ""
    """Why it is out of scope; given exactly then."""
    names: tuple[str, ...] = ()
    """Names and globs; an operator is matched by its name without overload."""
    operations: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """(family, operations): each operation stands for all names that the family's templates make of it."""
    excluding: tuple[str, ...] = ()
    """Names and globs that the rule does not claim though its names match."""
    yields_to: tuple[str, ...] = ()
    """Rules whose names this rule leaves to them."""

    def __post_init__(self) -> None:
        if (self.side is SplitSide.OUT_OF_SCOPE) != bool(self.reason):
            raise ValueError(f"rule {self.id}: a reason is given exactly for what is out of scope")
        if not (self.names or self.operations) or not self.failures or not (self.use and self.effect and self.area):
            raise ValueError(f"rule {self.id}: names, area, use, failures and effect must be given")


@dataclass(frozen=True, slots=True, kw_only=True)
class CoveredName:
    """A name for which something is shown."""

    name: str
    cover: Cover
    functions: tuple[str, ...]
    """Functions whose binding names it or the same object under another name, whose result it wrote, or whose execution calls it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many names, and what is shown of them."""

    total: int = 0
    verified: int = 0
    not_passed: int = 0
    exercised: int = 0

    @property
    def not_verified(self) -> int:
        return self.total - self.verified - self.not_passed - self.exercised

    @property
    def percent(self) -> float:
        """Verified, of all; 0 where there is none."""
        return 100 * self.verified / self.total if self.total else 0.0


def total(tallies: Iterable[Tally]) -> Tally:
    """Sum."""
    found = tuple(tallies)
    return Tally(
        total=sum(t.total for t in found), verified=sum(t.verified for t in found), not_passed=sum(t.not_passed for t in found),
        exercised=sum(t.exercised for t in found),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageRow:
    """One rule with what is shown of the names that it claims."""

    rule: str
    side: SplitSide
    area: str
    use: str
    failures: tuple[str, ...]
    effect: str
    risk: Risk
    reason: str
    names: Tally
    """Callables, classes, properties, options and providers."""
    operators: Tally
    covered: tuple[CoveredName, ...]
    uncovered: tuple[str, ...]
    """Names and operators of which nothing is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unclassified:
    """A public name that no rule, or more than one, claims."""

    name: str
    operator: bool
    rules: tuple[str, ...] = ()
    """Rules that claim it: none, or more than one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The functional split of one library release. Computed from inventory, rules, bindings and traces; nothing is typed in."""

    library: str
    version: str
    inventory: Digest
    rules: Digest
    """Digest of the rule file."""
    methods: tuple[str, ...]
    """How the names were found."""
    rows: tuple[CoverageRow, ...]
    """In the order of the rules."""
    unclassified: tuple[Unclassified, ...]
    absent: tuple[str, ...]
    """Names that bindings verify and that this release does not have."""

    @property
    def classified(self) -> int:
        """Names and operators that have a side."""
        return sum(r.names.total + r.operators.total for r in self.rows)

    def side(self, side: SplitSide) -> tuple[Tally, Tally]:
        """(names, operators) of a side."""
        rows = [r for r in self.rows if r.side is side]
        return total(r.names for r in rows), total(r.operators for r in rows)

    def by_name(self) -> dict[str, tuple[CoverageRow, CoveredName]]:
        """Row and state of every classified name: `aten::addmm`, `ai.onnx.Conv`, `torch.relu`. What is missing here is unclassified or unknown."""
        found = {c.name: (row, c) for row in self.rows for c in row.covered}
        nothing = {n: (row, CoveredName(name=n, cover=Cover.NOT_VERIFIED, functions=())) for row in self.rows for n in row.uncovered}
        return found | nothing

"""What a product uses of a library, beside what a run verified of it."""

from __future__ import annotations

from dataclasses import dataclass

from csvkit_ml.model.coverage import Cover
from csvkit_ml.model.digest import Digest
from csvkit_ml.model.function import Verdict
from csvkit_ml.model.scope import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeRow:
    """One operator that the product uses."""

    operator: str
    """With overload."""
    phases: tuple[str, ...]
    dtypes: tuple[str, ...]
    """Of its operands."""
    uses: int
    """Different ways of using it."""
    count: int
    """Nodes of models, or executions seen."""
    cover: Cover
    """What the run shows of it."""
    functions: tuple[str, ...]
    """Functions that verify or exercise it."""
    gaps: tuple[str, ...] = ()
    """What of these uses the run does not show, in sentences."""

    @property
    def verified(self) -> bool:
        """Verified, in every way that is checked here."""
        return self.cover is Cover.VERIFIED and not self.gaps


@dataclass(frozen=True, slots=True, kw_only=True)
class NotGenerated:
    """A use without a case at its own shapes and attributes."""

    operator: str
    operands: str
    """`float32[2,3] int64[2]`."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeList:
    """The scope as a report shows it."""

    digest: Digest
    sources: tuple[Source, ...]
    problems: tuple[str, ...]
    """Why the scope may not be all that the product uses."""
    rows: tuple[ScopeRow, ...]
    """By operator."""
    generated: int = 0
    """Samples at the scope's own shapes, dtypes and attributes."""
    not_generated: tuple[NotGenerated, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Never worse than INDETERMINATE: what is wrong is told by the functions."""
        complete = bool(self.rows) and not self.problems and all(r.verified for r in self.rows)
        return Verdict.PASSED if complete else Verdict.INDETERMINATE

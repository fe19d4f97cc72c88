"""Known anomalies of a supplied library (IEC 62304, 7.1.3): the supplier's list, a person's decisions, what a run saw."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from csvkit_ml.model.digest import Digest
from csvkit_ml.model.function import Verdict


class Relevance(Enum):
    """What a person decided about an anomaly."""

    NOT_REVIEWED = "not reviewed"
    RELEVANT = "relevant"
    NOT_RELEVANT = "not relevant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Anomaly:
    """One entry of the supplier's list; its text is in the file that the snapshot names by digest."""

    id: str
    """As the supplier names it, e.g. `pytorch/pytorch#12345`, `CVE-2025-1`."""
    title: str
    url: str = ""
    state: str = ""
    """`open`, `closed`, or what the supplier writes."""
    labels: tuple[str, ...] = ()
    affected: str = ""
    """Versions as a specifier, e.g. `>=2.0,<2.3`; empty = the supplier does not tell."""
    changed: str = ""
    """Last change, ISO 8601."""
    mentions: tuple[str, ...] = ()
    """Public names of the library that its title or text mentions."""

    def __post_init__(self) -> None:
        if not self.id.strip() or not self.id.isprintable():
            raise ValueError(f"{self.id!r} is not the id of an anomaly")


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The supplier's list at one date, as far as it can concern this release."""

    schema: int
    library: str
    version: str
    source: str
    """Name of the file that was imported."""
    digest: Digest
    """Of that file's bytes."""
    format: str
    """`github`, `osv` or `csv`."""
    taken: str
    """Date of the list, ISO 8601."""
    filters: tuple[tuple[str, str], ...]
    """(what, value) by which entries were left out."""
    read: int
    """Entries in the file."""
    rule: str
    """How entries were chosen for review."""
    anomalies: tuple[Anomaly, ...]
    """Those that passed the filters, gravest first."""
    review: tuple[str, ...]
    """Ids that a person must decide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a person decided about one anomaly."""

    id: str
    title: str = ""
    """Copied for reading."""
    relevance: Relevance = Relevance.NOT_REVIEWED
    reason: str = ""
    """Why it is relevant or not."""
    disposition: str = ""
    """What is done about it: avoided, mitigated, accepted, ..."""
    by: str = ""
    date: str = ""
    functions: tuple[str, ...] = ()
    """Functions of the suites that probe it."""

    def __post_init__(self) -> None:
        if self.relevance is not Relevance.NOT_REVIEWED and not (self.reason and self.by and self.date):
            raise ValueError(f"{self.id}: a decision needs reason, by and date")
        if self.relevance is Relevance.RELEVANT and not self.disposition:
            raise ValueError(f"{self.id}: what is relevant needs a disposition")


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What the run saw of a function that probes an anomaly."""

    function: str
    verdict: Verdict | None
    """None = not in this run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnomalyRow:
    """One anomaly with its decision."""

    anomaly: Anomaly
    decision: Decision
    demanded: bool
    """Chosen for review by the rule."""
    probes: tuple[Probe, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnomalyList:
    """The list as a report shows it."""

    source: str
    digest: Digest
    format: str
    taken: str
    filters: tuple[tuple[str, str], ...]
    read: int
    rule: str
    rows: tuple[AnomalyRow, ...]

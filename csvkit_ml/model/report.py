"""The report model: one value from which every format is rendered, so no number can differ between formats."""

from __future__ import annotations

from dataclasses import dataclass, field

from csvkit_ml.model.anomaly import AnomalyList
from csvkit_ml.model.comparison import DeterminismMatrix
from csvkit_ml.model.coverage import Coverage
from csvkit_ml.model.device import NO_INPUT, DeviceInput
from csvkit_ml.model.digest import Digest
from csvkit_ml.model.environment import EnvironmentRecord
from csvkit_ml.model.function import Json, Measurement, Reason, Side, Verdict
from csvkit_ml.model.judgement import FaultDetection
from csvkit_ml.model.plan import NotOffered, PlannedCriterion
from csvkit_ml.model.requirement import OwnTests, RequirementList
from csvkit_ml.model.scoped import ScopeList
from csvkit_ml.model.spec import UNWRITTEN


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportCase:
    """One case: asked, expected, actual, error, limit, margin, why."""

    id: str
    sample: str
    variant: str
    dtype: str
    why: str
    shapes: tuple[str, ...]
    params: tuple[tuple[str, Json], ...]
    verdict: Verdict
    reason: Reason
    detail: str
    measurements: tuple[Measurement, ...]
    criterion: PlannedCriterion
    outcome: str
    """Kind of the first outcome: produced, raised, crashed, timed out, killed, unsupported."""
    evidence: tuple[Digest, ...]
    """Blobs of the first repetition."""
    identical: bool
    """All repetitions gave the same bits."""
    differing: tuple[str, ...]
    reproduce: str
    """Command line that re-runs this one case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFunction:
    """One function with its cases, worst first."""

    id: str
    side: Side
    area: str
    requirement: str
    source: str
    oracle: str
    names: tuple[str, ...]
    verdict: Verdict
    passed: int
    failed: int
    indeterminate: int
    worst: Measurement | None
    """Largest error / limit ratio over its cases."""
    faults: tuple[FaultDetection, ...]
    cases: tuple[ReportCase, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What differs between two runs of the same plan: times, people, reuse. Left out when reports are compared."""

    started: str
    """UTC, ISO 8601."""
    finished: str
    tester: str
    command: str
    """Command line as typed."""
    executed: int
    """Cases executed in this run."""
    reused: int
    """Cases taken from the store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpawnCheck:
    """Cases that were also executed in a process started from nothing instead of forked from one that had imported the library."""

    compared: int
    """Cases."""
    differing: tuple[str, ...]
    """Cases whose outcome is not the same, bit for bit."""


NOT_SPAWNED = SpawnCheck(compared=0, differing=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something a person must look at."""

    kind: str
    """`failure`, `indeterminate`, `installation`, `not-offered`, `undetected-fault` ..."""
    subject: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One clause of a standard, in our words, and the section of the report that answers it."""

    clause: str
    asks: str
    section: str
    """Key of a section."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """A clause map of one edition."""

    id: str
    edition: str
    title: str
    reports: tuple[str, ...]
    """`tool`, `soup` or both."""
    clauses: tuple[Clause, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A personal signature as it is shown: the words that were signed."""

    role: str
    name: str
    """Printed name."""
    time: str
    """UTC, ISO 8601."""
    meaning: str
    keyid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeRow:
    """One function that does not give the same bits as the release before."""

    function: str
    side: Side
    change: str
    """The most serious change of its cases, in words."""
    verdict: Verdict
    """What that change means: FAILED where it lies beyond a limit or something is lost."""
    counts: tuple[tuple[str, int], ...]
    """(change, cases), bit-identical ones included."""
    worst_ulp: float
    """Largest distance of two outputs in units of the last place; infinite where only one is NaN, or dtype or shape differ."""
    first: str
    """The most serious case, and what is known of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """This run held against the run of a baseline."""

    before: str
    """Library, version and backend of the baseline."""
    before_plan: Digest
    before_manifest: Digest
    status: Verdict
    counts: tuple[tuple[str, int], ...]
    """(change, cases)."""
    only_before: int
    """Cases without a counterpart in this run."""
    only_after: int
    facts: tuple[tuple[str, str, str], ...]
    """(what, before, now) of environment and settings that are not the same."""
    identical: int
    """Functions whose every case gives the same bits."""
    rows: tuple[UpgradeRow, ...]
    """All others, most serious first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportModel:
    """The whole report."""

    schema: int
    title: str
    tool: str
    status: Verdict
    asked: str
    library: str
    version: str
    backend: str
    settings: tuple[tuple[str, str], ...]
    plan: Digest
    manifest: Digest
    suite: Digest
    """Digest of all suite sources."""
    oracles: tuple[tuple[str, str], ...]
    """Versions of the arithmetic that references are computed with."""
    environment: EnvironmentRecord
    repetitions: tuple[str, ...]
    required_identical: tuple[str, ...]
    functions: tuple[ReportFunction, ...]
    not_offered: tuple[NotOffered, ...]
    findings: tuple[Finding, ...]
    run: RunFacts
    signed_by: str
    """Name of the machine key, empty = UNSIGNED."""
    spawn_check: SpawnCheck = NOT_SPAWNED
    maker: str = ""
    """Who makes the library, empty = not recorded (the report is then a draft)."""
    device: DeviceInput = NO_INPUT
    """Human input."""
    standards: tuple[Standard, ...] = ()
    """Clause maps chosen for this report."""
    renderers: tuple[tuple[str, str], ...] = ()
    """Programs that lay the report out, with versions: the same ones give the same bytes."""
    approvals: tuple[Approval, ...] = ()
    """Personal signatures; always empty in report.json, which is written before anyone signs."""
    coverage: Coverage | None = None
    """The functional split, and what this run shows of it; None where the library has no rules."""
    anomalies: AnomalyList | None = None
    """Known anomalies with their decisions; None where no list was given."""
    scope: ScopeList | None = None
    """What the product uses, and what of it this run shows; None where no scope was given."""
    requirements: RequirementList | None = None
    """The maker's own requirements, traced to results; None where none were given."""
    own_tests: OwnTests | None = None
    """The maker's own tests; None where none were given."""
    upgrade: Upgrade | None = None
    """What moved since a baseline; None where none was named."""
    plan_approvals: tuple[Approval, ...] = ()
    """Who approved the plan before the run, in the words of envelopes that lie in the folder."""
    determinism: DeterminismMatrix | None = field(default=None, metadata=UNWRITTEN)
    """This run under other circumstances; None where that was not asked for."""

    def count(self, verdict: Verdict, side: Side | None = None) -> int:
        """Cases of a verdict, optionally of one side (functions of both sides count on each)."""
        attr = verdict.value.lower()
        return sum(int(getattr(f, attr)) for f in self.functions if side is None or f.side in (side, Side.BOTH))

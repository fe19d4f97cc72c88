"""The same command again: where nothing has changed, the report that was written stands, and is found in the time that checking it takes."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib.metadata import entry_points
from importlib.metadata import version as distribution_version
from pathlib import Path

import csvkit_ml
from csvkit_ml import registry
from csvkit_ml.errors import IntegrityError
from csvkit_ml.evidence.folder import listing, read_file
from csvkit_ml.evidence.memo import Memo
from csvkit_ml.model.codec import CodecError, canonical, decode, digest_of
from csvkit_ml.model.digest import Digest, sha256
from csvkit_ml.model.function import Verdict
from csvkit_ml.model.report import ReportFunction, ReportModel
from csvkit_ml.pipeline.prepare import Ready
from csvkit_ml.reporting.assemble import severity, worst_of
from csvkit_ml.signing.statement import APPROVALS

_PACKAGES = ("csvkit_ml", "validation_suites", "specs")
_KINDS = ("functions", "libraries", "backends")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A report that stands: where it lies, what every file of it holds, and as much of it as is told at the end of a run."""

    folder: str
    state: Digest
    report: ReportModel
    """Of a function that passed only the worst case is kept."""


def question(ready: Ready, asked: Iterable[object], tools: Iterable[str]) -> Digest | None:
    """Digest of everything that a report follows from, the calendar aside; None where that is more than we can see.

    Devices and drivers come and go, and plug-ins are programs of others: with them a repeat is planned and judged again.

    Args:
        asked: what the command asks besides: functions, human input, clause maps, signer, tester.
        tools: distributions whose versions count.
    """
    if ready.settings.get("device", "cpu") != "cpu" or any(entry_points(group=f"{registry.GROUP}.{k}") for k in _KINDS):
        return None
    spec = replace(ready.spec, resolved_on="")
    settings = [sorted(ready.variables.items()), sorted(ready.settings.items())]
    versions = [platform.python_version(), *(distribution_version(t) for t in tools)]
    return digest_of(["standing report", spec, ready.environment, ready.worker.digest, settings, ready.job.depth, list(asked), versions, _sources()])


def _sources() -> Digest:
    """Of every file of the tool, the suites and the specifications."""
    home = Path(csvkit_ml.__file__).parent.parent
    files = (p for name in _PACKAGES for p in (home / name).rglob("*") if p.is_file() and p.suffix != ".pyc")
    return sha256("".join(f"{p.relative_to(home)}:{sha256(p.read_bytes())}\n" for p in sorted(files)).encode())


def standing(asked: Digest, memo: Memo) -> Standing | None:
    """The report that answers this question, if it lies where it was written and every file is as it was; approvals may have been added."""
    answer = memo.get(asked)
    if answer is None:
        return None
    try:
        found = decode(Standing, answer)
        return found if found.state == _state(Path(found.folder)) else None
    except (CodecError, IntegrityError):
        return None


def remember(asked: Digest, folder: Path, report: ReportModel, memo: Memo) -> None:
    """Let this report answer the question from now on."""
    run = replace(report.run, executed=0, reused=report.run.executed + report.run.reused)
    told = replace(report, functions=tuple(map(_told, report.functions)), coverage=None, run=run)
    memo.put({asked: canonical(Standing(folder=str(folder.absolute()), state=_state(folder), report=told))})


def _told(function: ReportFunction) -> ReportFunction:
    """With the cases that the end of a run names: those that did not pass, and the worst."""
    measured = [(severity(m), c) for c in function.cases if (m := worst_of(c.measurements)) is not None]
    worst = max(measured, key=lambda x: x[0])[1] if measured else None
    return replace(function, cases=tuple(c for c in function.cases if c.verdict is not Verdict.PASSED or c is worst))


def _state(folder: Path) -> Digest:
    """Of the paths and contents of all files. Raises IntegrityError."""
    names = [n for n in listing(folder) if not n.startswith(f"{APPROVALS}/")]
    return sha256("".join(f"{n}:{sha256(read_file(folder, n))}\n" for n in names).encode())

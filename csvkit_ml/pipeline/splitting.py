"""The functional split of one release: what it has, under which regime, and what of it is verified and exercised."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack
from functools import cache

from packaging.version import Version

from csvkit_ml import registry
from csvkit_ml.errors import UsageError
from csvkit_ml.evidence.memo import Memo
from csvkit_ml.execution.calling import calls, inventory, launcher
from csvkit_ml.execution.launch import Launcher
from csvkit_ml.execution.staging import StagedWorker, build_archive
from csvkit_ml.execution.work import Called, Job
from csvkit_ml.libraries.port import Library, Offer
from csvkit_ml.model.codec import canonical, decode, digest_of
from csvkit_ml.model.coverage import Coverage
from csvkit_ml.model.digest import sha256
from csvkit_ml.model.environment import EnvironmentRecord
from csvkit_ml.model.function import Function, Verdict
from csvkit_ml.model.inventory import Inventory
from csvkit_ml.model.spec import EnvironmentRequest
from csvkit_ml.pipeline.places import Places, Watcher
from csvkit_ml.pipeline.prepare import obtained, resolved
from csvkit_ml.planning.definition import definition
from csvkit_ml.split.classify import check_claims, classify
from csvkit_ml.split.coverage import cover
from csvkit_ml.split.rules import read_rules
from csvkit_ml.split.unverified import read_reasons, reasons

TRACE_LIMIT_S = 20.0
"""For one sample to tell which operators it calls."""
TRACED_SAMPLES = 4
"""Of a function."""
_NO_KEY = sha256(b"")


def split(asked: str, *, environment: EnvironmentRequest, places: Places, watch: Watcher) -> Coverage:
    """The functional split of one library release, with what its suites would verify of it. Nothing is judged.

    Raises:
        UsageError: the library has no rules.
        SuiteError: the rules cannot be read, or two of them claim one name.
    """
    spec = resolved(asked, environment, places, watch)
    library = registry.library(spec.library)
    record, worker = obtained(spec, environment, places, watch), build_archive(library)
    watch.stage(f"what {library.name} has, and what of it is verified")
    made = coverage(record, library, worker, None, places)(None)
    if made is None:
        raise UsageError(f"there are no rules for the functional split of {library.name}", "see specs/libraries")
    check_claims(made.unclassified)
    return made


def unverified(found: Coverage) -> Mapping[str, str]:
    """Why each uncovered name is not verified; '' where no reason is written.

    Raises:
        SuiteError: the reasons cannot be read.
    """
    library = registry.libraries().get(found.library)
    text = library.unverified() if library else b""
    return reasons(read_reasons(text), found) if text else {n: "" for row in found.rows for n in row.uncovered}


def coverage(
    record: EnvironmentRecord, library: Library, worker: StagedWorker, ran: Collection[str] | None, places: Places
) -> Callable[[Mapping[str, Verdict] | None], Coverage | None]:
    """Ask the library what it has and what its functions call; what is returned sets verdicts beside it (see split.coverage.cover).

    Args:
        ran: functions of a run; None = all. Their verdicts may be None, as if all of them passed.
    """
    text = library.split()
    if not text:
        return lambda verdicts: None
    file, release = read_rules(text), Version(record.version)
    offers = [o for o in library.offers() if not o.missing_in(release)]
    asked = [o for o in offers if ran is None or o.function in ran]
    with ExitStack() as stack:
        processes = cache(lambda: stack.enter_context(_processes(record, library, worker, places)))
        names = inventoried(record, worker, places, processes)
        traces = called(record, library, worker, asked, places, processes)
    return lambda verdicts: cover(
        library=record.library,
        version=record.version,
        inventory=names,
        file=file,
        classification=classify(names, file),
        verifies={o.function: o.names for o in offers},
        calls={o.function: o.exercises for o in asked if o.exercises} | {f: c.operators for f, c in traces.items()},
        results={f: c.results for f, c in traces.items()},
        verdicts=verdicts,
    )


def _processes(record: EnvironmentRecord, library: Library, worker: StagedWorker, places: Places) -> Launcher:
    return launcher(python=places.interpreter(record), worker=worker, library=library.name, variables={}, scratch=places.cache / "scratch")


def inventoried(record: EnvironmentRecord, worker: StagedWorker, places: Places, processes: Callable[[], Launcher]) -> Inventory:
    """The library's public names, asked once for each (lock, worker)."""
    question = digest_of(["inventory", record.lock, record.python, worker.digest])
    with Memo(places.memo) as memo:
        known = memo.get(question)
        if known is not None:
            return decode(Inventory, known)
        found = inventory(processes())
        memo.put({question: canonical(found)})
    return found


def called(
    record: EnvironmentRecord, library: Library, worker: StagedWorker, offers: Iterable[Offer], places: Places, processes: Callable[[], Launcher]
) -> dict[str, Called]:
    """Operators that each bound function calls, and which wrote its results; empty where the library cannot tell.

    Traced once for each (lock, worker, definition).
    """
    if not library.traces:
        return {}
    environment = [record.lock, record.python, worker.digest]
    questions = {o: digest_of(["calls and results", environment, o.function, definition(registry.home(o.function))]) for o in offers}
    with Memo(places.memo) as memo:
        known = {o.function: memo.get(q) for o, q in questions.items()}
        missing = [o for o in questions if known[o.function] is None]
        if missing:
            jobs = (job for o in missing for job in trace_jobs(registry.functions()[o.function], o, library))
            answers = {f: canonical(told) for f, told in calls(processes(), jobs, TRACE_LIMIT_S).items()}  # one without an answer is asked again
            memo.put({questions[o]: answers[o.function] for o in missing if o.function in answers})
            known |= answers
    return {f: decode(Called, data) if data else Called() for f, data in known.items()}


def trace_jobs(function: Function, offer: Offer, library: Library) -> Iterator[Job]:
    """Samples that differ in what may change the path taken: types, parameters, ranks; a bounded number.

    One of new parameters or ranks is traced in every variant but layouts; one of a new type alone in its forms, not in modes.
    """
    seen: set[object] = set()
    count = 0
    every = tuple(v for v in offer.variants if not v.startswith("layout="))
    forms = tuple(v for v in every if not v.startswith("mode="))
    met: set[str] = set()
    for sample in function.samples():
        new = {sample.dtype, (sample.params, tuple(len(t.shape) for t in sample.inputs))} - seen
        if sample.dtype in offer.dtypes and new:
            variants = (forms if new == {sample.dtype} else every) + (() if sample.dtype in met else offer.brief)
            seen |= new
            met.add(sample.dtype)
            count += 1
            yield Job(
                prefix=f"{function.id}/{sample.name}", op=function.id, params=sample.params, inputs=sample.inputs,
                program=library.lower(function.id, sample), variants=variants, keys=tuple(_NO_KEY for _ in variants),
            )  # fmt: skip
        if count == TRACED_SAMPLES:
            return

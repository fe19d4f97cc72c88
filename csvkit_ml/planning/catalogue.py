"""What will be asked: functions offered by a library version, their samples and requests, and the plan that fixes them."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from packaging.version import Version

from csvkit_ml import __version__
from csvkit_ml.errors import NothingSelectedError, SuiteError, UnknownCaseError
from csvkit_ml.libraries.port import Library, Offer
from csvkit_ml.model.codec import canonical
from csvkit_ml.model.digest import Digest, sha256
from csvkit_ml.model.function import Criterion, Function, Sample, Side
from csvkit_ml.model.plan import (
    REPETITIONS,
    NotOffered,
    PlannedCriterion,
    PlannedFunction,
    PlannedSample,
    ValidationPlan,
)
from csvkit_ml.model.spec import Depth, ValidationSpec
from csvkit_ml.model.tensor import Tensor
from csvkit_ml.planning.definition import definition
from csvkit_ml.planning.depth import depth_of, left_out_at, variants_at
from csvkit_ml.planning.sweeping import MODULE, is_sweep

SCHEMA = 1
TIME_LIMIT_S = 60.0
REQUIRED_IDENTICAL = ("rerun", "fresh_process", "dirty_memory")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One sample as it is sent to the library."""

    function: str
    sample: Sample
    program: bytes
    variants: tuple[str, ...]
    digest: Digest

    @property
    def prefix(self) -> str:
        return f"{self.function}/{self.sample.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The plan and what it refers to by digest."""

    plan: ValidationPlan
    requests: Mapping[str, Request]
    """By `function/sample`."""


def request_digest(op: str, sample: Sample, program: bytes) -> Digest:
    """Digest of everything that reaches the library."""
    head = canonical([op, sample.params, [t.digest() for t in sample.inputs], sha256(program)])
    return sha256(head)


def select(functions: Mapping[str, Function], patterns: tuple[str, ...]) -> dict[str, Function]:
    """Functions that one of the globs selects (all when there are none). Raises UnknownCaseError for a glob without a match."""
    for pattern in patterns:
        if not any(matches(f, (pattern,)) for f in functions.values()):
            raise UnknownCaseError(f"no function matches {pattern!r}", "list them with `mlcsv qualify --list`")
    return {k: f for k, f in functions.items() if matches(f, patterns)}


def matches(function: Function, patterns: tuple[str, ...]) -> bool:
    """Whether one of the globs selects a function, by its id, `side:training`, `side:inference` or its `area:`; without globs all are."""
    sides = [s for s in (Side.TRAINING, Side.INFERENCE) if function.side in (s, Side.BOTH)]
    names = (function.id, f"area:{function.area}", *(f"side:{s.value}" for s in sides))
    return not patterns or any(fnmatch.fnmatchcase(n, p) for p in patterns for n in names)


def make_catalogue(
    spec: ValidationSpec,
    library: Library,
    functions: Mapping[str, Function],
    *,
    home: Callable[[str], str],
    settings: Mapping[str, str],
    worker: Digest,
    time_limit_s: float = TIME_LIMIT_S,
    memory_limit_bytes: int = 0,
    notify: Callable[[str], None] = lambda text: None,
) -> Catalogue:
    """Write the plan of a resolved spec.

    Args:
        functions: all known functions; the spec's globs select.
        home: module that defines a function.
        settings: backend variables and options, resolved.
        worker: digest of the staged worker.

    Raises:
        NothingSelectedError: the library offers none of the selected functions.
        UnknownCaseError: a glob matches nothing.
    """
    offers = {o.function: o for o in library.offers()}
    planned: list[PlannedFunction] = []
    left_out: list[NotOffered] = []
    requests: dict[str, Request] = {}
    for function in select(functions, spec.functions).values():
        notify(function.id)
        offer = offers.get(function.id)
        why = offer.missing_in(Version(spec.version)) or left_out_at(depth_of(spec, function.id), function) if offer else f"no binding for {library.name}"
        if offer is None or why:
            left_out.append(NotOffered(function=function.id, what="function", reason=why))
            continue
        samples, missing = _plan_samples(function, offer, library, requests, depth_of(spec, function.id))
        left_out += [NotOffered(function=function.id, what=d, reason=f"{library.name} does not offer {d} here") for d in missing]
        if samples:
            beside = (MODULE,) if any(is_sweep(requests[f"{function.id}/{s.name}"].sample) for s in samples) else ()
            planned.append(_planned(function, offer, (home(function.id), *beside), samples))
    if not planned:
        raise NothingSelectedError(f"{library.name} offers none of the selected functions", "see `mlcsv qualify --list`")
    plan = ValidationPlan(
        schema=SCHEMA, tool=f"mlcsv {__version__}", spec=spec, settings=tuple(sorted(settings.items())), repetitions=REPETITIONS,
        required_identical=REQUIRED_IDENTICAL, time_limit_s=time_limit_s, memory_limit_bytes=memory_limit_bytes, worker=worker,
        functions=tuple(planned), not_offered=tuple(left_out),
    )  # fmt: skip
    return Catalogue(plan=plan, requests=requests)


def _plan_samples(
    function: Function, offer: Offer, library: Library, requests: dict[str, Request], depth: Depth
) -> tuple[list[PlannedSample], list[str]]:
    planned: list[PlannedSample] = []
    missing: list[str] = []
    met: dict[str, set[str]] = {}
    for sample in function.samples():
        if sample.dtype not in offer.dtypes:
            if sample.dtype not in missing:
                missing.append(sample.dtype)
            continue
        program = library.lower(function.id, sample)
        digest = request_digest(function.id, sample, program)
        variants = variants_at(depth, offer, met, sample.dtype)
        if is_sweep(sample):
            variants = variants[:1]
        met.setdefault(sample.dtype, set()).update(variants)
        request = Request(function=function.id, sample=sample, program=program, variants=variants, digest=digest)
        if request.prefix in requests:
            raise SuiteError(f"two samples named {request.prefix!r}")
        requests[request.prefix] = request
        planned.append(_planned_sample(function, request))
    return planned, missing


def _planned_sample(function: Function, request: Request) -> PlannedSample:
    sample = request.sample
    return PlannedSample(
        name=sample.name, dtype=sample.dtype, why=sample.why, inputs=tuple(t.digest() for t in sample.inputs),
        shapes=tuple(_shape_text(t) for t in sample.inputs), params=sample.params,
        criterion=planned_criterion(function.criterion_for(sample)), variants=request.variants, request=request.digest,
    )  # fmt: skip


def planned_criterion(criterion: Criterion) -> PlannedCriterion:
    """A criterion as data."""
    return PlannedCriterion(kind=criterion.kind, formula=criterion.formula, rationale=criterion.rationale, literature=criterion.literature)


def _shape_text(t: Tensor) -> str:
    return f"{t.dtype}[{','.join(map(str, t.shape))}]"


def _planned(function: Function, offer: Offer, modules: tuple[str, ...], samples: list[PlannedSample]) -> PlannedFunction:
    return PlannedFunction(
        id=function.id, side=function.side, area=function.area, requirement=function.requirement, source=function.source,
        oracle=function.oracle, names=offer.names, definition=definition(*modules), faults=tuple(f.id for f in function.faults),
        repeatable=function.repeatable, samples=tuple(samples),
    )  # fmt: skip

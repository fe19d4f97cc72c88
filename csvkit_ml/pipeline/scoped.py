"""A validation for one product: what its scope needs is selected, sampled and reported."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from csvkit_ml import registry
from csvkit_ml.errors import IntegrityError, NothingSelectedError, ScopeError, UsageError
from csvkit_ml.evidence.folder import read_file
from csvkit_ml.evidence.memo import Memo
from csvkit_ml.execution.staging import StagedWorker
from csvkit_ml.libraries.port import Library
from csvkit_ml.model.coverage import Coverage
from csvkit_ml.model.environment import EnvironmentRecord
from csvkit_ml.model.function import Function, Sample
from csvkit_ml.model.plan import ValidationPlan
from csvkit_ml.model.requirement import MakerRequirement
from csvkit_ml.model.scope import Scope
from csvkit_ml.model.scoped import ScopeList
from csvkit_ml.model.spec import FunctionDepth, ScopeReference, ValidationSpec
from csvkit_ml.pipeline.judging import function_of
from csvkit_ml.pipeline.places import Places, Watcher
from csvkit_ml.pipeline.splitting import coverage
from csvkit_ml.pipeline.whole_models import model_of_folder, with_model
from csvkit_ml.planning.catalogue import select
from csvkit_ml.planning.depth import at_depths
from csvkit_ml.scope.collect import digest, from_text, to_text
from csvkit_ml.scope.risks import by_risk
from csvkit_ml.scope.sampling import Generated, generate, raised_to
from csvkit_ml.scope.verified import listed, needed

FILE = "scope.json"
"""In a report folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scoped:
    """A scope that narrows a validation; implements prepare.Narrowing."""

    scope: Scope
    places: Places
    requirements: tuple[MakerRequirement, ...] = ()

    @property
    def reference(self) -> ScopeReference:
        return ScopeReference(digest=digest(self.scope), sources=tuple((s.name, s.digest) for s in self.scope.sources))

    @property
    def files(self) -> Mapping[str, bytes]:
        """As they go into the report folder."""
        return {FILE: to_text(self.scope)}

    def check(self, spec: ValidationSpec) -> None:
        """Raises UsageError when the scope is about another library."""
        if spec.library != self.scope.library:
            told = f"the scope is about {self.scope.library}, not {spec.library}"
            raise UsageError(told, f"validate {self.scope.library}, or write a scope of {spec.library}")

    def apply(
        self, spec: ValidationSpec, library: Library, record: EnvironmentRecord, worker: StagedWorker
    ) -> tuple[ValidationSpec, Mapping[str, Function]]:
        """The spec with the functions that the scope needs, of those that were asked for; and all functions, with the scope's samples.

        Raises:
            NothingSelectedError: no function verifies or exercises anything of the scope.
            UnknownCaseError: a glob matches nothing.
        """
        possible = coverage(record, library, worker, None, self.places)(None)
        found = needed(self.scope, possible, raised_to(self.scope, library.raisers())) if possible else ()
        asked = select(registry.functions(), spec.functions)
        chosen = tuple(f for f in found if f in asked)
        if not chosen:
            raise NothingSelectedError("no selected function verifies or exercises an operator of the scope", "see `mlcsv split --uncovered`")
        with Memo(self.places.memo) as memo:
            known = with_samples(self.scope, library, chosen, memo)
        return replace(spec, functions=chosen, scope=self.reference), known

    def depths(self, spec: ValidationSpec, library: Library, record: EnvironmentRecord, worker: StagedWorker) -> tuple[FunctionDepth, ...]:
        """By the highest risk that relies on each function: of the rules of the operators it shows, or of the maker's requirements."""
        possible = coverage(record, library, worker, None, self.places)(None)
        return by_risk(self.scope, possible, self.requirements, spec.functions) if possible else ()

    def shown(self, plan: ValidationPlan, shown: Coverage | None) -> ScopeList | None:
        """The scope as the report shows it; None where the library has no functional split."""
        if shown is None:
            return None
        dtypes = {f.id: frozenset(d for s in f.samples for d in (s.dtype, *(x.partition("[")[0] for x in s.shapes))) for f in plan.functions}
        library = registry.library(plan.spec.library)
        with Memo(self.places.memo) as memo:
            samples, left_out = generated(self.scope, library, plan.spec.functions, memo)
        return listed(
            self.scope, digest(self.scope), shown, dtypes, plan.spec.backend.partition(":")[0], generated=sum(map(len, samples.values())),
            not_generated=left_out,
        )  # fmt: skip


def generated(scope: Scope, library: Library, chosen: tuple[str, ...], memo: Memo | None) -> Generated:
    """Samples at the scope's own shapes, for the functions of a run; a reference that cannot be computed is no case."""
    offers = {o.function: o for o in library.offers()}

    def works(id: str, sample: Sample) -> str:
        if id not in offers or sample.dtype not in offers[id].dtypes:
            return f"{library.name} does not offer {sample.dtype} here"
        try:
            library.lower(id, sample)
            function_of(id, memo).reference(sample)
        except (LookupError, TypeError, ValueError, ArithmeticError, NotImplementedError) as e:  # how definitions refuse; anything else is a bug of ours
            return f"{id} has no such case ({type(e).__name__}: {str(e)[:100]})"
        return ""

    return generate(scope, library.raisers(), {f: registry.functions()[f] for f in chosen}, works)


def with_samples(scope: Scope, library: Library, chosen: tuple[str, ...], memo: Memo | None) -> Mapping[str, Function]:
    """All functions; those of the run with the scope's samples behind their own."""
    known = registry.functions()
    samples, _ = generated(scope, library, chosen, memo)
    return known | {f: replace(known[f], samples=partial(_both, known[f].samples, extra)) for f, extra in samples.items()}


def planned_functions(folder: Path, spec: ValidationSpec) -> Mapping[str, Function]:
    """All functions as the plan of a report folder saw them. Raises IntegrityError, ScopeError, ModelError."""
    known: Mapping[str, Function] = registry.functions()
    if spec.scope is not None:
        scope = from_text(read_file(folder, FILE), FILE)
        if digest(scope) != spec.scope.digest:
            raise IntegrityError(f"{FILE} is not the scope that the plan names", "ask for the folder again")
        known = with_samples(scope, registry.library(spec.library), spec.functions, None)
    return at_depths(with_model(known, model_of_folder(folder, spec)) if spec.model is not None else known, spec)


def _both(own: Callable[[], Iterable[Sample]], extra: tuple[Sample, ...]) -> Iterator[Sample]:
    yield from own()
    yield from extra


def read_scope(path: Path, places: Places, watch: Watcher) -> Scoped:
    """From a scope file. Raises ScopeError."""
    try:
        data = path.read_bytes()
    except OSError as e:
        raise ScopeError(f"cannot read {path}: {e.strerror}", "write it with `mlcsv scope`") from e
    return Scoped(scope=from_text(data, path.name), places=places)

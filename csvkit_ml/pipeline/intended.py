"""The intended use of one product, beside the library's functions: scope, requirements, own tests. Read before anything runs, shown behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from csvkit_ml import registry
from csvkit_ml.errors import UsageError
from csvkit_ml.execution.cell import clean_environment
from csvkit_ml.intended.matrix import strangers, trace
from csvkit_ml.intended.reading import read_requirements
from csvkit_ml.intended.running import run_own_tests
from csvkit_ml.model.coverage import Coverage
from csvkit_ml.model.digest import sha256
from csvkit_ml.model.judgement import Judgement
from csvkit_ml.model.requirement import MakerRequirement, OwnTests, RequirementList
from csvkit_ml.model.scoped import ScopeList
from csvkit_ml.pipeline.places import Places, Watcher
from csvkit_ml.pipeline.prepare import Narrowing, Prepared
from csvkit_ml.pipeline.scoped import Scoped, read_scope
from csvkit_ml.pipeline.whole_models import ModelFiles, Modelled, read_model

REQUIREMENTS = "requirements.toml"
"""In a report folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntendedUse:
    """What the command line names; None = not given."""

    scope: Path | None = None
    requirements: Path | None = None
    tests: Path | None = None
    tests_limit_s: float = 600.0
    model: ModelFiles | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Intended:
    """The same, read."""

    use: IntendedUse
    scoped: Scoped | None
    data: bytes
    """Of the requirements."""
    requirements: tuple[MakerRequirement, ...]
    modelled: Modelled | None = None

    @property
    def narrowing(self) -> Narrowing | None:
        """What the run is narrowed to."""
        return self.modelled or self.scoped

    @property
    def files(self) -> Mapping[str, bytes]:
        """As they go into the report folder."""
        own = {REQUIREMENTS: self.data} if self.use.requirements else {}
        return {**(self.scoped.files if self.scoped else {}), **own, **(self.modelled.maker.files if self.modelled else {})}

    def own_tests(self, made: Prepared, places: Places, watch: Watcher) -> OwnTests | None:
        """The maker's tests, run in the tested environment with the backend's variables."""
        if self.use.tests is None:
            return None
        watch.stage("the maker's own tests")
        found = run_own_tests(
            made.python, self.use.tests, variables=clean_environment(made.variables), limit_s=self.use.tests_limit_s,
            bytecode=places.cache.absolute() / "scratch" / "own-tests",
        )  # fmt: skip
        unknown = strangers(self.requirements, found) if self.use.requirements else ()
        return replace(found, problems=(*found.problems, *(f"tests are marked with {i!r}, which is no requirement" for i in unknown)))

    def shown(
        self, made: Prepared, judgement: Judgement, coverage: Coverage | None, tests: OwnTests | None
    ) -> tuple[ScopeList | None, RequirementList | None]:
        """Scope and requirements as the report shows them."""
        scope = self.scoped.shown(made.catalogue.plan, coverage) if self.scoped else None
        if self.use.requirements is None:
            return scope, None
        matrix = trace(
            self.requirements, source=self.use.requirements.name, digest=sha256(self.data), judged=judgement.functions,
            known=registry.functions(), coverage=coverage, tests=tests,
        )  # fmt: skip
        return scope, matrix


def read_intended(use: IntendedUse, places: Places, watch: Watcher) -> Intended:
    """Read everything that is given. Raises UsageError."""
    try:
        data = use.requirements.read_bytes() if use.requirements else b""
    except OSError as e:
        raise UsageError(f"cannot read {e.filename}: {e.strerror}", "name a requirements.toml with --requirements") from e
    if use.tests and not use.tests.exists():
        raise UsageError(f"there is no {use.tests}", "name a folder or file of pytest tests with --pq")
    own = read_requirements(data, use.requirements.name) if use.requirements else ()
    scoped = replace(read_scope(use.scope, places, watch), requirements=own) if use.scope else None
    modelled = read_model(use.model, watch, scoped) if use.model else None
    return Intended(use=use, scoped=scoped, data=data, requirements=own, modelled=modelled)

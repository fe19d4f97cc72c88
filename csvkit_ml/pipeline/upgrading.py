"""The baseline of a validation: run or read, and held against the run that is being reported before its folder is sealed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from csvkit_ml.errors import UsageError
from csvkit_ml.evidence.memo import Memo
from csvkit_ml.evidence.store import Store
from csvkit_ml.judgement.comparison import Run, compare
from csvkit_ml.judgement.upgrade import summed
from csvkit_ml.model.report import Upgrade
from csvkit_ml.model.spec import EnvironmentRequest
from csvkit_ml.pipeline.cells import joined, read_run, run_cell
from csvkit_ml.pipeline.intended import IntendedUse
from csvkit_ml.pipeline.places import Places, Watcher
from csvkit_ml.pipeline.prepare import jobs, prepare, read_plan
from csvkit_ml.pipeline.scoped import read_scope
from csvkit_ml.pipeline.whole_models import read_model


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What a run is compared with; implements validation.Before."""

    named: str
    """Requirement, or folder of a finished report."""
    backend: str
    environment: EnvironmentRequest
    use: IntendedUse
    """Its scope and its model narrow the baseline as they narrow the run."""
    places: Places
    watch: Watcher

    def against(self, records: Mapping[str, bytes], store: Store, memo: Memo) -> Upgrade:
        """What moved between the baseline and the run of these records (plan, environment, manifest, judgement)."""
        before = self._run(read_plan(records["plan"]).spec.functions, store, memo)
        self.watch.stage(f"comparing with {before.party.name}")
        return summed(compare(before, joined("this run", **records, raw=store.get)))

    def _run(self, functions: tuple[str, ...], store: Store, memo: Memo) -> Run:
        if Path(self.named).is_dir():
            return read_run(Path(self.named))
        found = jobs([self.named], (self.backend,))
        if len(found) != 1:
            raise UsageError(f"{self.backend} stands for {len(found)} configurations", "name one backend")
        scoped = read_scope(self.use.scope, self.places, self.watch) if self.use.scope else None
        narrowing = read_model(self.use.model, self.watch, scoped) if self.use.model else scoped
        made = prepare(found[0], environment=self.environment, functions=functions, places=self.places, watch=self.watch, narrowing=narrowing)
        return run_cell(made, store, memo, places=self.places, watch=self.watch).run

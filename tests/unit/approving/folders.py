"""Report folders of a fake run: attested, complete, small; with keys of three people."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from csvkit_ml import __version__
from csvkit_ml.model.codec import canonical
from csvkit_ml.model.digest import sha256
from csvkit_ml.model.report import ReportModel
from csvkit_ml.model.signature import PublicKey
from csvkit_ml.reporting.format import Format, formats
from csvkit_ml.reporting.pdf import renderers
from csvkit_ml.signing.keys import Signer, load_signer, new_key
from csvkit_ml.signing.statement import attest
from tests.unit.reporting.fake_records import Records, records

LAYOUTS = (
    next(f for f in formats() if f.name == "json"),
    Format(name="html", filename="report.html", render=lambda m: f"<p>{m.title} {m.approvals}".encode()),
    Format(name="soup-pdf", filename="soup-verification-report.pdf", render=lambda m: f"%PDF {m.title}".encode()),
)
"""Quick stand-ins for the layouts, where only their bytes count."""
TIMES = ("2026-03-03T10:00:00+00:00", "2026-03-03T11:00:00+00:00", "2026-03-03T12:00:00+00:00")


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """A machine and three persons."""

    machine: Signer
    ada: Signer
    rex: Signer
    pia: Signer

    @property
    def trusted(self) -> tuple[PublicKey, ...]:
        return tuple(s.public for s in (self.machine, self.ada, self.rex, self.pia))


def people(keys: Path) -> People:
    """New keys."""
    names = {"machine": "", "ada": "Ada Author", "rex": "Rex Reviewer", "pia": "Pia Approver"}
    for name, person in names.items():
        new_key(keys, name, b"pw", person=person)
    return People(**{n: load_signer(keys, n, b"pw") for n in names})


def small(*, bad: float = 0.0) -> Records:
    """Two functions of three samples."""
    return records(functions=2, samples=3, bad=bad, hostile=False, signed_by="machine")


def folder_of(
    path: Path, run: Records, signer: Signer, layouts: tuple[Format, ...] = (), before: tuple[tuple[str, bytes], ...] = (), **changes: object
) -> ReportModel:
    """Write the folder of a run and attest it; `before` are files that lie in it too."""
    plan, environment, judgement = canonical(run.plan), canonical(run.environment), canonical(run.judgement)
    manifest = canonical(replace(run.manifest, plan=sha256(plan), observations=()))
    model = replace(run.model(), plan=sha256(plan), manifest=sha256(manifest), renderers=renderers(), tool=f"mlcsv {__version__}", **changes)  # type: ignore[arg-type]
    path.mkdir(parents=True)
    files = {"plan.json": plan, "environment.json": environment, "judgement.json": judgement, "manifest.json": manifest}
    for name, data in (files | {f.filename: f.render(model) for f in layouts or formats()} | dict(before)).items():
        (path / name).parent.mkdir(exist_ok=True)
        (path / name).write_bytes(data)
    predicate = {"plan": model.plan, "manifest": model.manifest, "finished": model.run.finished, "started": model.run.started}
    attest(path, predicate, signer)
    return model

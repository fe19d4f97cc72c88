"""mlcsv gate and mlcsv checklist: may this release use these libraries?"""

from __future__ import annotations

import json as json_text
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from csvkit_ml.cli import options as o

if TYPE_CHECKING:
    from csvkit_ml.gate import Ruling

Reports = Annotated[list[Path] | None, typer.Argument(help="Report folders, or folders of them.")]
Lock = Annotated[Path, typer.Option("--lock", help="requirements.txt with hashes, pylock.toml or uv.lock of the release.")]
Scope = Annotated[Path | None, typer.Option("--scope", help='JSON: {"functions": [...], "operators": [...]} that the release uses.')]
Backend = Annotated[str, typer.Option("--backend", help="Backend that the release runs on; default: any.")]


def gate(
    reports: Reports = None,
    lock: Lock = Path("requirements.txt"),
    scope: Scope = None,
    backend: Backend = "",
    policy: o.PolicyFile = None,
    trust: o.Trust = [],  # noqa: B006
    json: o.Json = False,
) -> None:
    """Exit 0 only if every ML library of the lock has a verified, approved, unexpired report for exactly it; 3 with the reason otherwise."""
    from csvkit_ml.errors import GateError

    rulings = _rulings(reports or [], lock, scope, backend, policy, trust)
    if json:
        out = [
            {
                "library": r.library, "version": r.locked.version, "ok": r.ok, "report": r.report, "reason": r.reason,
                "conditions": [{"what": c.what, "ok": c.ok, "detail": c.detail} for c in r.conditions],
            }
            for r in rulings
        ]  # fmt: skip
        sys.stdout.write(json_text.dumps({"ok": all(r.ok for r in rulings), "libraries": out}) + "\n")
    for r in rulings:
        sys.stderr.write(f"{'open  ' if r.ok else 'SHUT  '} {r.locked.name} {r.locked.version}: {r.report if r.ok else r.reason}\n")
    shut = next((r for r in rulings if not r.ok), None)
    if shut and json:
        raise typer.Exit(GateError.exit_code)
    if shut:
        raise GateError(f"{shut.locked.name} {shut.locked.version}: {shut.reason}", f"run: {shut.run}")


def checklist(
    reports: Reports = None,
    lock: Lock = Path("requirements.txt"),
    scope: Scope = None,
    backend: Backend = "",
    policy: o.PolicyFile = None,
    trust: o.Trust = [],  # noqa: B006
    json: o.Json = False,
) -> None:
    """Write the gate's conditions as a Markdown checklist, with the boxes ticked that evidence ticks."""
    from csvkit_ml.gate import checklist as as_markdown

    text = as_markdown(_rulings(reports or [], lock, scope, backend, policy, trust))
    sys.stdout.write(json_text.dumps({"markdown": text}) + "\n" if json else text)


def _rulings(
    reports: list[Path], lock: Path, scope: Path | None, backend: str, policy: Path | None, trust: list[Path]
) -> tuple[Ruling, ...]:
    from datetime import UTC, datetime

    from packaging.utils import canonicalize_name

    from csvkit_ml import pipeline, registry
    from csvkit_ml.environments.lockfile import read_lock
    from csvkit_ml.errors import NothingSelectedError
    from csvkit_ml.gate import Question, read_scope, rule

    known = {str(canonicalize_name(d)): name for d, name in registry.known_distributions().items()}
    locked = [p for p in read_lock(lock.name, _read(lock)) if p.name in known]
    if not locked:
        raise NothingSelectedError(f"{lock} names no library that mlcsv knows", f"it knows: {', '.join(sorted(known))}")
    rules, names = o.policy_input(policy), read_scope(_read(scope)) if scope else ()
    folders = tuple(f for r in reports for f in _folders(r))
    trusted, now = pipeline.trusted_keys(tuple(trust), pipeline.places()), datetime.now(UTC).isoformat()
    questions = (Question(locked=p, library=known[p.name], backend=backend, scope=names, policy=rules, now=now) for p in locked)
    return tuple(rule(q, folders, trusted) for q in questions)


def _folders(path: Path) -> list[Path]:
    """A report folder, or the report folders directly below."""
    if (path / "report.json").exists() or not path.is_dir():
        return [path]
    return sorted(p for p in path.iterdir() if (p / "report.json").exists())


def _read(path: Path) -> bytes:
    from csvkit_ml.errors import UsageError

    try:
        return path.read_bytes()
    except OSError as e:
        raise UsageError(f"cannot read {path}: {e.strerror}", "give the file") from e

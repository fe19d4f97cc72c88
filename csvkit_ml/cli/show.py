"""mlcsv show: drill down in a report folder."""

from __future__ import annotations

import json as json_text
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from csvkit_ml.cli import options as o

if TYPE_CHECKING:
    from csvkit_ml.model.report import ReportCase


def show(
    folder: o.Folder,
    failed: Annotated[bool, typer.Option("--failed", help="Only what did not pass.")] = False,
    case: Annotated[str, typer.Option("--case", help="Everything about one case (function/sample/variant).")] = "",
    json: o.Json = False,
) -> None:
    """Show a report in the terminal: status, functions, or one case."""
    from csvkit_ml import pipeline
    from csvkit_ml.errors import UnknownCaseError
    from csvkit_ml.model.codec import to_json
    from csvkit_ml.model.function import Verdict

    report = pipeline.read_report(folder)
    if case:
        found = next((c for f in report.functions for c in f.cases if c.id == case), None)
        if found is None:
            raise UnknownCaseError(f"no case {case!r} in {folder}", "list them with `mlcsv show DIR`")
        if json:
            sys.stdout.write(json_text.dumps(to_json(found)) + "\n")
        else:
            _case(found)
        return
    chosen = [f for f in report.functions if not failed or f.verdict is not Verdict.PASSED]
    if json:
        sys.stdout.write(json_text.dumps([{"id": f.id, "side": f.side.value, "status": f.verdict.value} for f in chosen]) + "\n")
        return
    sys.stdout.write(f"{report.status.value}  {report.library} {report.version} on {report.backend}  {report.signed_by or 'UNSIGNED'}\n")
    for f in chosen:
        ratio = f"worst error/limit {f.worst.ratio:.3g}" if f.worst else ""
        sys.stdout.write(f"{f.verdict.value:13} {f.side.value:9} {f.id:28} {f.passed}/{len(f.cases)} cases  {ratio}\n")
        for c in f.cases:
            if failed and c.verdict is not Verdict.PASSED:
                sys.stdout.write(f"    {c.id}: {_plain(c.reason.value)}; {_plain(c.detail)}\n")


def _plain(text: str) -> str:
    """Library text without control characters: a terminal must not obey it."""
    return "".join(ch if ch.isprintable() else "?" for ch in text)


def _case(c: ReportCase) -> None:
    rows = [
        ("case", c.id), ("verdict", c.verdict.value), ("reason", c.reason.value), ("detail", c.detail), ("dtype", c.dtype), ("why", c.why),
        ("inputs", " ".join(c.shapes)), ("parameters", ", ".join(f"{k}={v}" for k, v in c.params)), ("limit", c.criterion.formula),
        ("rationale", c.criterion.rationale), ("literature", c.criterion.literature), ("evidence", " ".join(c.evidence)),
        ("repetitions", "identical" if c.identical else "differ: " + ", ".join(c.differing)), ("again", c.reproduce),
    ]  # fmt: skip
    for m in c.measurements:
        rows.append(
            (f"output {m.output}", f"expected {m.expected}, got {m.actual}, error {m.error:.3g}, limit {m.limit:.3g}, ratio {m.ratio:.3g}")
        )
    for name, value in rows:
        sys.stdout.write(f"{name:12} {_plain(value)}\n")

"""mlcsv split: what of a library falls under which regime, and what of it the suites verify."""

from __future__ import annotations

import json as json_text
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from csvkit_ml.cli import options as o

if TYPE_CHECKING:
    from csvkit_ml.cli.console import Console
    from csvkit_ml.model.coverage import Coverage, Tally

UNEXPLAINED = "no reason is written"


def split(
    requirement: Annotated[str, typer.Argument(help="Library requirement, e.g. torch==2.13.0.")],
    uncovered: Annotated[bool, typer.Option("--uncovered", help="List the names that no function verifies, with the reason.")] = False,
    python: o.Python = "",
    find_links: o.FindLinks = [],  # noqa: B006
    index_url: o.IndexUrl = "",
    extra_index_url: o.ExtraIndexUrl = [],  # noqa: B006
    torch_backend: o.TorchBackend = "",
    beside: o.Beside = [],  # noqa: B006
    json: o.Json = False,
) -> None:
    """Split a library's public names by regime and show what the suites verify. Exit 4 when a name falls under none."""
    from csvkit_ml import pipeline
    from csvkit_ml.cli.console import Console, progress
    from csvkit_ml.model.codec import to_json

    console = Console(quiet=False)
    request = o.environment_request(python, find_links, index_url, extra_index_url, torch_backend, beside)
    with progress(console) as watch:
        found = pipeline.split(requirement, environment=request, places=pipeline.places(), watch=watch)
    why = pipeline.unverified(found)
    if json:
        sys.stdout.write(json_text.dumps(to_json(found) | {"sides": _sides(found), "unverified": dict(why)}) + "\n")
    elif uncovered:
        lines = ((row.side.value, row.area, name, why[name] or UNEXPLAINED) for row in found.rows for name in row.uncovered)
        sys.stdout.writelines("\t".join(line) + "\n" for line in lines)
    else:
        for row in found.rows:
            sys.stdout.write(f"{row.side.value:15} {row.area:46} {row.risk.value:7} {_share(row.names)} {_share(row.operators)}\n")
    _summary(console, found)
    console.rich.print(f"{sum(map(bool, why.values()))} of {len(why)} names that are not verified have a written reason", highlight=False)
    raise typer.Exit(4 if found.unclassified else 0)


def _share(t: Tally) -> str:
    """`verified/total percent`, and what is exercised only."""
    exercised = f" +{t.exercised}" if t.exercised else ""
    return f"{t.verified:4}/{t.total:<4} {t.percent:4.1f} %{exercised:6}" if t.total else f"{'-':>22}"


def _sides(found: Coverage) -> dict[str, object]:
    """Counts by side, names and operators apart."""
    from csvkit_ml.model.coverage import SplitSide

    return {s.value: dict(zip(("names", "operators"), map(_counts, found.side(s)), strict=True)) for s in SplitSide}


def _counts(t: Tally) -> dict[str, float]:
    return {"total": t.total, "verified": t.verified, "exercised": t.exercised, "not_verified": t.not_verified, "percent": round(t.percent, 2)}


def _summary(console: Console, found: Coverage) -> None:
    from rich.markup import escape
    from rich.table import Table

    from csvkit_ml.model.coverage import REGIME, SplitSide

    table = Table(title=f"{found.library} {found.version}: functional split")
    for column in ("side", "names verified (+ exercised)", "operators verified (+ exercised)"):
        table.add_column(column)
    for side in SplitSide:
        names, operators = found.side(side)
        if names.total or operators.total:
            table.add_row(f"{side.value} ({REGIME[side]})", _share(names).strip(), _share(operators).strip())
    console.rich.print(table)
    total = found.classified + len(found.unclassified)
    console.rich.print(f"{found.classified} of {total} names and operators classified, {len(found.unclassified)} unclassified", highlight=False)
    for u in found.unclassified:
        console.rich.print(f"  unclassified: {escape(u.name)}", soft_wrap=True, highlight=False)
    for name in found.absent:
        console.rich.print(f"  a binding verifies {escape(name)}, which this release does not have", soft_wrap=True, highlight=False)

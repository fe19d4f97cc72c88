"""mlcsv compare and mlcsv matrix: what changed between releases, backends or libraries."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from csvkit_ml.cli import options as o

if TYPE_CHECKING:
    from csvkit_ml.cli.console import Console
    from csvkit_ml.model.spec import EnvironmentRequest
    from csvkit_ml.pipeline import Compared, ModelFiles
    from csvkit_ml.signing.keys import Signer

RunName = Annotated[str, typer.Argument(help="Library requirement, or the folder of a finished report.")]
RunNames = Annotated[list[str], typer.Argument(help="Library requirements or folders of finished reports; the first is the baseline.")]
Out = Annotated[Path | None, typer.Option("--out", help="Folder to create.")]
Slower = Annotated[float, typer.Option("--slower", min=1.0, help="Tell functions that take longer by this factor (informative).")]
Faster = Annotated[float, typer.Option("--faster", min=1.0, help="Tell functions that take less by this factor (informative).")]


def compare(
    before: RunName,
    after: RunName,
    backend: Annotated[list[str], typer.Option("--backend", help="Backend of both, or of each in turn (at most two).")] = ["cpu"],  # noqa: B006
    python: o.Python = "",
    find_links: o.FindLinks = [],  # noqa: B006
    index_url: o.IndexUrl = "",
    extra_index_url: o.ExtraIndexUrl = [],  # noqa: B006
    torch_backend: o.TorchBackend = "",
    beside: o.Beside = [],  # noqa: B006
    function: o.Globs = [],  # noqa: B006
    model: o.Model = None,
    inputs: o.Inputs = None,
    scope: o.Scope = None,
    slower: Slower = 2.0,
    faster: Faster = 2.0,
    out: Out = None,
    key: o.MachineKey = "",
    unsigned: o.Unsigned = False,
    json: o.Json = False,
) -> None:
    """Compare two runs case by case, against the same references and with each other. Exit 0, 3 worse, 4 not comparable."""
    from csvkit_ml.errors import UsageError

    if len(backend) > 2:
        raise UsageError("compare takes at most two backends", "use `mlcsv matrix` for more")
    request = o.environment_request(python, find_links, index_url, extra_index_url, torch_backend, beside)
    named = ((before, (backend[0],)), (after, (backend[-1],)))
    files = o.model_files(model, inputs)
    run(named, request, tuple(function), out, json=json, files=files, scope=scope, signer=o.signer(key, unsigned), factors=(slower, faster))


def matrix(
    runs: RunNames,
    backend: o.BackendTexts = ["cpu"],  # noqa: B006
    python: o.Python = "",
    find_links: o.FindLinks = [],  # noqa: B006
    index_url: o.IndexUrl = "",
    extra_index_url: o.ExtraIndexUrl = [],  # noqa: B006
    torch_backend: o.TorchBackend = "",
    beside: o.Beside = [],  # noqa: B006
    function: o.Globs = [],  # noqa: B006
    model: o.Model = None,
    inputs: o.Inputs = None,
    cluster: Annotated[
        str, typer.Option("--cluster", help="Scheduler of a Dask cluster whose workers have mlcsv, e.g. tls://host:8786; cells run there.")
    ] = "",
    slower: Slower = 2.0,
    faster: Faster = 2.0,
    out: Out = None,
    key: o.MachineKey = "",
    unsigned: o.Unsigned = False,
    json: o.Json = False,
) -> None:
    """Compare many runs with the first: every requirement on every backend. Exit 0, 3 worse, 4 not comparable."""
    from csvkit_ml.errors import UsageError

    request = o.environment_request(python, find_links, index_url, extra_index_url, torch_backend, beside)
    files = o.model_files(model, inputs)
    if files and cluster:
        raise UsageError("--model runs on this machine only", "leave --cluster away")
    signer = o.signer(key, unsigned)
    run(
        tuple((r, tuple(backend)) for r in runs), request, tuple(function), out, json=json, cluster=cluster, files=files, signer=signer,
        factors=(slower, faster),
    )  # fmt: skip


def run(
    named: tuple[tuple[str, tuple[str, ...]], ...], request: EnvironmentRequest, functions: tuple[str, ...], out: Path | None, *, json: bool,
    cluster: str = "", files: ModelFiles | None = None, scope: Path | None = None, signer: Signer | None = None,
    factors: tuple[float, float] = (2.0, 2.0),
) -> None:  # fmt: skip
    """Run, compare, tell."""
    from csvkit_ml import pipeline
    from csvkit_ml.cli.console import Console, progress

    console = Console(quiet=json)
    with progress(console) as watch:
        elsewhere = pipeline.on_cluster(cluster, environment=request, functions=functions, watch=watch) if cluster else None
        done = pipeline.compare_runs(
            named, environment=request, functions=functions, out=out, places=pipeline.places(), watch=watch, elsewhere=elsewhere,
            scope=scope, signer=signer, model=files, factors=factors,
        )  # fmt: skip
    told(done, console, json=json)
    raise typer.Exit(pipeline.exit_code(tuple(c.verdict for c in done.comparisons)))


def told(done: Compared, console: Console, *, json: bool) -> None:
    """Every comparison in a few lines, and for machines."""
    import json as json_text

    from csvkit_ml.model.comparison import Change

    for c in done.comparisons:
        counts = {change.value: n for change in Change if (n := c.count(change))}
        if json:
            row = {"before": c.before.name, "after": c.after.name, "status": c.verdict.value, "cases": counts, "folder": str(done.folder)}
            sys.stdout.write(json_text.dumps(row) + "\n")
        console.rich.print(f"{c.verdict.value}  {c.before.name} -> {c.after.name}", markup=False, highlight=False, soft_wrap=True)
        for f in (f for f in c.functions if f.worst is not Change.IDENTICAL):
            line = ", ".join(f"{n} {change.value}" for change in Change if (n := f.count(change)))
            console.rich.print(f"  {f.id}: {line}", markup=False, highlight=False, soft_wrap=True)
        console.rich.print(f"  {', '.join(f'{n} {k}' for k, n in counts.items())}", markup=False, highlight=False, soft_wrap=True)
        if c.speed and c.speed.moved:
            count = sum(m.factor > 1 for m in c.speed.moved)
            line = f"  for information: {count} slower, {len(c.speed.moved) - count} faster of {c.speed.compared} functions timed on both sides"
            console.rich.print(line, markup=False, highlight=False, soft_wrap=True)
    console.rich.print(f"comparison: {done.folder}", markup=False, highlight=False, soft_wrap=True)

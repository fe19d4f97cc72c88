"""mlcsv determinism: one release with itself under other circumstances."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from csvkit_ml.cli import options as o


def determinism(
    requirement: Annotated[str, typer.Argument(help="Library requirement, e.g. torch==2.13.0.")],
    backend: Annotated[
        list[str], typer.Option("--backend", help="Configurations, the base first; default: every CPU configuration (repeatable).")
    ] = ["all"],  # noqa: B006
    python: o.Python = "",
    find_links: o.FindLinks = [],  # noqa: B006
    index_url: o.IndexUrl = "",
    extra_index_url: o.ExtraIndexUrl = [],  # noqa: B006
    torch_backend: o.TorchBackend = "",
    beside: o.Beside = [],  # noqa: B006
    function: o.Globs = [],  # noqa: B006
    model: o.Model = None,
    inputs: o.Inputs = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder to create.")] = None,
    key: o.MachineKey = "",
    unsigned: o.Unsigned = False,
    json: o.Json = False,
) -> None:
    """Along which dimensions do the bits stay the same? Exit 0, 3 where bits that must be the same are not, 4 nothing compared."""
    import json as json_text

    from csvkit_ml import pipeline
    from csvkit_ml.cli.console import Console, progress
    from csvkit_ml.model.comparison import Agreement

    console = Console(quiet=json)
    request = o.environment_request(python, find_links, index_url, extra_index_url, torch_backend, beside)
    files, signer = o.model_files(model, inputs), o.signer(key, unsigned)
    with progress(console) as watch:
        done = pipeline.determinism(
            requirement, backends=tuple(backend), environment=request, functions=tuple(function), out=out, places=pipeline.places(),
            watch=watch, narrowing=pipeline.read_model(files, watch) if files else None, signer=signer,
        )  # fmt: skip
    m = done.matrix
    rows = [
        {"dimension": name, **{a.value: sum(f.results[i].agreement is a for f in m.functions) for a in Agreement}}
        for i, (name, _) in enumerate(m.dimensions)
    ]
    unproven = {c.backend: list(c.unproven) for c in m.cells if c.unproven}
    if json:
        told = {"status": m.verdict.value, "functions": rows, "violations": list(m.violations), "unproven": unproven, "folder": str(done.folder)}
        sys.stdout.write(json_text.dumps(told) + "\n")
    console.rich.print(f"{m.verdict.value}  {m.library} {m.version}, base {m.base}", markup=False, highlight=False)
    for row in rows:
        counts = ", ".join(f"{n} {k}" for k, n in row.items() if k != "dimension" and n)
        console.rich.print(f"  {row['dimension']:16} {counts}", markup=False, highlight=False, soft_wrap=True)
    for name, why in unproven.items():
        console.rich.print(f"  not executed: {name}: {'; '.join(why)}", markup=False, highlight=False, soft_wrap=True)
    for violation in m.violations:
        console.rich.print(f"  violated: {violation}", markup=False, highlight=False, soft_wrap=True)
    console.rich.print(f"matrix: {done.folder}", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(pipeline.exit_code((m.verdict,)))

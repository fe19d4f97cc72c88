"""mlcsv plan: write what would be run and how it would be judged, and stop."""

from __future__ import annotations

import json as json_text
import sys
from pathlib import Path
from typing import Annotated

import typer

from csvkit_ml.cli import options as o


def plan(
    requirement: Annotated[str, typer.Argument(help="Library requirement, e.g. torch==2.13.0.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write.")] = Path("plan.json"),
    python: o.Python = "",
    find_links: o.FindLinks = [],  # noqa: B006
    index_url: o.IndexUrl = "",
    extra_index_url: o.ExtraIndexUrl = [],  # noqa: B006
    torch_backend: o.TorchBackend = "",
    beside: o.Beside = [],  # noqa: B006
    backend: o.BackendText = "cpu",
    function: o.Globs = [],  # noqa: B006
    depth: o.DepthText = "",
    scope: o.Scope = None,
    model: o.Model = None,
    inputs: o.Inputs = None,
    expected: o.Expected = None,
    tolerance_plan: o.TolerancePlan = None,
    each_value: o.EachValue = False,
    json: o.Json = False,
) -> None:
    """Write the plan of a validation: functions, samples, variants, limits, repetitions. Run it with `mlcsv validate --plan`."""
    from csvkit_ml import pipeline
    from csvkit_ml.cli.console import Console, progress
    from csvkit_ml.cli.log import note
    from csvkit_ml.errors import OutputExistsError
    from csvkit_ml.model.digest import sha256

    if output.exists():
        raise OutputExistsError(f"{output} exists", "choose another file with -o")
    console = Console(quiet=json)
    request = o.environment_request(python, find_links, index_url, extra_index_url, torch_backend, beside)
    places = pipeline.places()
    files = o.model_files(model, inputs, expected, tolerance_plan, each_value=each_value)
    with progress(console) as watch:
        scoped = pipeline.read_scope(scope, places, watch) if scope else None
        data, made = pipeline.write_plan(
            pipeline.Job(asked=requirement, backend=backend, depth=o.depth_input(depth)), environment=request, functions=tuple(function), output=output,
            places=places, watch=watch, narrowing=pipeline.read_model(files, watch, scoped) if files else scoped,
        )  # fmt: skip
    subject = {"library": made.spec.library, "version": made.spec.full_version, "backend": made.spec.backend}
    note(pipeline.places(), "plan", "", {**subject, "plan": sha256(data), "file": output.name})
    if json:
        out = {"plan": str(output), "digest": sha256(data), "functions": len(made.functions), "cases": made.case_count()}
        sys.stdout.write(json_text.dumps(out) + "\n")
    console.rich.print(
        f"{len(made.functions)} functions, {made.case_count()} cases: {output}\n{sha256(data)}", soft_wrap=True, highlight=False
    )

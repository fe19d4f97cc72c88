"""mlcsv validate: the main job."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from csvkit_ml.cli import options as o

if TYPE_CHECKING:
    from csvkit_ml.pipeline import Finished, Places


def validate(
    requirements: Annotated[list[str] | None, typer.Argument(help="Library requirements, e.g. onnxruntime==1.23.2 torch==2.x.")] = None,
    plan_file: Annotated[Path | None, typer.Option("--plan", help="Run exactly this plan (from `mlcsv plan`).")] = None,
    python: o.Python = "",
    find_links: o.FindLinks = [],  # noqa: B006
    index_url: o.IndexUrl = "",
    extra_index_url: o.ExtraIndexUrl = [],  # noqa: B006
    torch_backend: o.TorchBackend = "",
    beside: o.Beside = [],  # noqa: B006
    backend: o.BackendTexts = ["cpu"],  # noqa: B006
    function: o.Globs = [],  # noqa: B006
    depth: o.DepthText = "",
    baseline: Annotated[
        str, typer.Option("--baseline", help="Requirement or report folder to compare with; the comparison lies beside the report.")
    ] = "",
    determinism: Annotated[
        bool, typer.Option("--determinism", help="Run under every other CPU configuration too; the report then has the determinism matrix.")
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Report folder to create (one requirement only).")] = None,
    key: Annotated[str, typer.Option("--key", help="Machine key to attest with (name or file); default: the only one there is.")] = "",
    unsigned: Annotated[bool, typer.Option("--unsigned", help="Do not sign even if there is a key.")] = False,
    tester: Annotated[str, typer.Option("--tester", help="Name of the person who runs this, for page 1.")] = "",
    device: o.Device = None,
    standards: Annotated[list[str], typer.Option("--standards", help="Clause maps to index (repeatable); default: all.")] = [],  # noqa: B006
    anomalies: Annotated[Path | None, typer.Option("--anomalies", help="Folder of known anomalies (from `mlcsv anomalies import`).")] = None,
    scope: o.Scope = None,
    model: o.Model = None,
    inputs: o.Inputs = None,
    expected: o.Expected = None,
    tolerance_plan: o.TolerancePlan = None,
    each_value: o.EachValue = False,
    own: Annotated[Path | None, typer.Option("--requirements", help="Your own requirements (requirements.toml), traced to results.")] = None,
    pq: Annotated[Path | None, typer.Option("--pq", help="Your own pytest tests, run in the tested environment.")] = None,
    pq_limit: Annotated[float, typer.Option("--pq-limit", min=1.0, help="Seconds after which your own tests are ended.")] = 600.0,
    fresh: Annotated[bool, typer.Option("--fresh", help="Execute every case again, reuse nothing.")] = False,
    json: o.Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no table.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Tell every failed case.")] = False,
) -> None:
    """Validate releases of ML libraries and write signed reports. Exit 0 passed, 3 failed, 4 indeterminate."""
    import gc
    import json as json_text

    from csvkit_ml import pipeline
    from csvkit_ml.cli.compare import told
    from csvkit_ml.cli.console import Console, progress
    from csvkit_ml.cli.unlock import machine_key
    from csvkit_ml.errors import UsageError
    from csvkit_ml.reporting.standards import chosen
    from csvkit_ml.reporting.summary import summary

    gc.set_threshold(100_000, 20, 100)  # frozen records make no cycles: look for them seldom
    asked = list(requirements or [])
    if bool(asked) == bool(plan_file):
        raise UsageError("give requirements or --plan FILE, one of them", "e.g. mlcsv validate onnxruntime==1.23.2")
    human, maps = o.device_input(device), chosen(tuple(standards))
    console = Console(quiet=quiet)
    places = pipeline.places()
    signer = None if unsigned else machine_key(places, key)
    request = o.environment_request(python, find_links, index_url, extra_index_url, torch_backend, beside)
    jobs = pipeline.jobs_from_plan(plan_file) if plan_file else pipeline.jobs(asked, backend, o.depth_input(depth))
    if out and len(jobs) > 1:
        raise UsageError("--out names one folder but there are several requirements or backends", "leave --out away")
    files = o.model_files(model, inputs, expected, tolerance_plan, each_value=each_value)
    use = pipeline.IntendedUse(scope=scope, requirements=own, tests=pq, tests_limit_s=pq_limit, model=files)
    verdicts = []
    made: pipeline.Prepared | None = None
    for job in jobs:
        made = made if made is not None and made.asked.asked == job.asked else None
        with progress(console) as watch:
            done = pipeline.validate(
                job, environment=request, functions=tuple(function), out=out, signer=signer, tester=tester, fresh=fresh,
                command=_command(), places=places, watch=watch, device=human, standards=maps, anomalies=anomalies,
                use=use, beside=made,
                around=pipeline.circumstances(job, environment=request, functions=tuple(function), places=places, watch=watch)
                if determinism else None,
                baseline=pipeline.Baseline(named=baseline, backend=job.backend, environment=request, use=use, places=places, watch=watch)
                if baseline else None,
            )  # fmt: skip
        made = done.made or made
        verdicts.append(done.report.status)
        _note(places, done)
        if json:
            sys.stdout.write(json_text.dumps(summary(done.report, str(done.folder))) + "\n")
        console.finished(done.report, done.folder, verbose=verbose, stands=done.stands)
        if baseline:
            with progress(console) as watch:
                compared = pipeline.compare_runs(
                    ((baseline, (job.backend,)), (str(done.folder), ())), environment=request, functions=pipeline.asked_functions(job, tuple(function)),
                    out=done.folder.with_name(done.folder.name + "-comparison"), places=places, watch=watch, signer=signer, model=files,
                )  # fmt: skip
            told(compared, console, json=json)
    raise typer.Exit(pipeline.exit_code(tuple(verdicts)))


def _note(places: Places, done: Finished) -> None:
    """The run in the audit trail, and the earlier one of the same release and backend that it follows."""
    from csvkit_ml.cli.log import note
    from csvkit_ml.evidence.log import load_log

    r = done.report
    subject = {"library": r.library, "version": r.version, "backend": r.backend}
    before = [e for e in load_log(places.log) if e.event == "run" and subject.items() <= set(e.what)]
    facts = {"folder": done.folder.name, "plan": r.plan, "manifest": r.manifest, "machine": r.signed_by}
    if done.stands:
        note(places, "repeat", r.run.tester, {**subject, **facts})
        return
    note(places, "run", r.run.tester, {**subject, **facts})
    note(places, "judge", r.tool, {**subject, "manifest": r.manifest, "status": r.status.value})
    if before:
        old = dict(before[-1].what)
        note(places, "supersede", r.run.tester, {**subject, "folder": done.folder.name, "manifest": r.manifest, "before": old["manifest"]})


def _command() -> str:
    import shlex

    return shlex.join(["mlcsv", *sys.argv[1:]])

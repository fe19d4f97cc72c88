"""The command line: one file per command; everything heavy is imported inside the command."""

from __future__ import annotations

import gc
import os
import sys

import typer

from csvkit_ml.cli.anomalies import anomalies
from csvkit_ml.cli.compare import compare, matrix
from csvkit_ml.cli.determinism import determinism
from csvkit_ml.cli.device import device
from csvkit_ml.cli.doctor import doctor
from csvkit_ml.cli.export import archive, export
from csvkit_ml.cli.failure import report_failure
from csvkit_ml.cli.gate import checklist, gate
from csvkit_ml.cli.keys import keys
from csvkit_ml.cli.log import log
from csvkit_ml.cli.plan import plan
from csvkit_ml.cli.qualify import qualify
from csvkit_ml.cli.reproduce import reproduce
from csvkit_ml.cli.scope import scope
from csvkit_ml.cli.show import show
from csvkit_ml.cli.sign import sign
from csvkit_ml.cli.split import split
from csvkit_ml.cli.validate import validate
from csvkit_ml.cli.verify import verify
from csvkit_ml.errors import DiskFullError, MlcsvError, no_space

app = typer.Typer(
    name="mlcsv",
    help="Computerized-system validation of machine-learning libraries: reference suites, evidence, signed reports.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in (
    validate, compare, matrix, determinism, plan, split, scope, qualify, verify, show, reproduce, doctor, device, sign, gate, checklist,
    export, archive, log,
):  # fmt: skip
    app.command()(command)
app.add_typer(keys, name="keys")
app.add_typer(anomalies, name="anomalies")


COLLECTED = (100_000, 50, 1_000)
"""Thresholds of the garbage collector: records of hundreds of thousands of cases stay, and it would walk them again and again (a third of the time)."""


def main() -> None:
    """Entry point.

    Exit codes: 0 passed, 1 bug, 2 usage, 3 failed, 4 indeterminate, 5 empty, 6 environment, 7 integrity, 130 interrupted.
    """
    gc.set_threshold(*COLLECTED)
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except MlcsvError as e:
        sys.exit(report_failure(e, json="--json" in sys.argv[1:]))
    except OSError as e:
        if not no_space(e):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what stdout still holds cannot be written at exit either
        sys.exit(report_failure(DiskFullError(f"no space is left: {e}", "free some space and run the same command again"), json=False))
    except SystemExit as e:
        if e.code == 130:
            sys.stderr.write("mlcsv: interrupted; the same command continues the run\n")
        raise

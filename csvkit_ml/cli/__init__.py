"""The command line: one file per command; everything heavy is imported inside the command."""

from __future__ import annotations

import sys

import typer

from csvkit_ml.cli.doctor import doctor
from csvkit_ml.cli.failure import report_failure
from csvkit_ml.cli.keys import keys
from csvkit_ml.cli.plan import plan
from csvkit_ml.cli.qualify import qualify
from csvkit_ml.cli.reproduce import reproduce
from csvkit_ml.cli.show import show
from csvkit_ml.cli.validate import validate
from csvkit_ml.cli.verify import verify
from csvkit_ml.errors import MlcsvError

app = typer.Typer(
    name="mlcsv",
    help="Computerized-system validation of machine-learning libraries: reference suites, evidence, signed reports.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in (validate, plan, qualify, verify, show, reproduce, doctor):
    app.command()(command)
app.add_typer(keys, name="keys")


def main() -> None:
    """Entry point.

    Exit codes: 0 passed, 1 bug, 2 usage, 3 failed, 4 indeterminate, 5 empty, 6 environment, 7 integrity, 130 interrupted.
    """
    try:
        app()
    except MlcsvError as e:
        sys.exit(report_failure(e, json="--json" in sys.argv[1:]))
    except SystemExit as e:
        if e.code == 130:
            sys.stderr.write("mlcsv: interrupted; the same command continues the run\n")
        raise

"""mlcsv reproduce: run one case of a report again and compare with its evidence."""

from __future__ import annotations

import json as json_text
import sys
from typing import Annotated

import typer

from csvkit_ml.cli import options as o


def reproduce(
    folder: o.Folder,
    case: Annotated[str, typer.Argument(help="function/sample/variant")],
    python: o.Python = "",
    json: o.Json = False,
) -> None:
    """Run one case again and compare with its evidence. Exit 0 when verdict and bits are the same, 3 otherwise."""
    from csvkit_ml import pipeline
    from csvkit_ml.cli.console import Console, progress

    with progress(Console(quiet=json)) as watch:
        again = pipeline.reproduce(folder, case, python=python, places=pipeline.places(), watch=watch)
    if json:
        out = {"case": case, "same_bits": again.same_bits, "then": again.then, "now": again.now, "detail": again.detail}
        sys.stdout.write(json_text.dumps(out) + "\n")
    else:
        sys.stdout.write(
            f"case {case}\nthen {again.then}\nnow  {again.now}\nbits {'identical' if again.same_bits else 'DIFFERENT'}\n{again.detail}\n"
        )
    raise typer.Exit(0 if again.same_bits and again.then == again.now else 3)

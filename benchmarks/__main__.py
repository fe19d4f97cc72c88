"""Run benchmarks and print their table.

    python -m benchmarks [execution] [repeat] [judging] [reporting] [startup] [versions] --python TORCH_PYTHON [--onnx-python ORT_PYTHON] [--rounds 5]

The interpreters are those of environments that hold the library, numpy, pytest and pytest-xdist.
"""

from __future__ import annotations

import argparse
import platform

from rich.console import Console
from rich.table import Table

from benchmarks import execution, judging, repeat, reporting, startup, versions
from benchmarks.measure import Row

BENCHMARKS = {
    "execution": execution.rows,
    "repeat": repeat.rows,
    "judging": judging.rows,
    "reporting": reporting.rows,
    "startup": startup.rows,
    "versions": versions.rows,
}


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="BENCHMARK", help=f"of {', '.join(BENCHMARKS)}; default: all")
    parser.add_argument("--python", default="", help="interpreter with torch, pytest and pytest-xdist (execution)")
    parser.add_argument("--onnx-python", default="", help="interpreter with onnxruntime (execution)")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if unknown := set(options.names) - set(BENCHMARKS):
        parser.error(f"no benchmark {sorted(unknown)[0]!r}")
    found: list[Row] = [row for name in options.names or BENCHMARKS for row in BENCHMARKS[name](options)]
    show(found, options.rounds)


def show(found: list[Row], rounds: int) -> None:
    """The table of README.md."""
    table = Table(title=f"median of {rounds} rounds; {platform.machine()}, Python {platform.python_version()}")
    for heading in ("goal", "what", "measured", "ratio", "goal value", "met"):
        table.add_column(heading)
    for row in found:
        table.add_row(row.goal, row.what, row.measured, row.ratio, row.wanted, row.met)
    Console(width=160).print(table)


if __name__ == "__main__":
    main()

"""Goal 5: `mlcsv --help` against an empty Python."""

from __future__ import annotations

import argparse
import sys

from benchmarks.measure import Row, cost, met, rounds


def rows(options: argparse.Namespace) -> list[Row]:
    """CPU milliseconds."""
    seen = rounds(
        {"help": lambda: cost([sys.executable, "-m", "csvkit_ml", "--help"]), "pass": lambda: cost([sys.executable, "-c", "pass"])},
        max(9, options.rounds),
    )
    extra = 1000 * (seen["help"].cpu_s - seen["pass"].cpu_s)
    measured = f"{1000 * seen['help'].cpu_s:.0f} - {1000 * seen['pass'].cpu_s:.0f} CPU-ms"
    return [
        Row(
            goal="5",
            what="mlcsv --help, more than python -c pass",
            measured=measured,
            ratio=f"{extra:.0f} ms",
            wanted="<= 150 ms",
            met=met(extra <= 150),
        )
    ]

"""Goal 4: 20,000 cases to JSON + HTML, and to both PDFs."""

from __future__ import annotations

import argparse
import statistics
import time

from benchmarks.measure import Row, met
from csvkit_ml.reporting.format import formats
from tests.unit.reporting.fake_records import records

FUNCTIONS, SAMPLES = 250, 20


def rows(options: argparse.Namespace) -> list[Row]:
    """Seconds of one process, median; the goal is held against CPU seconds, so that a shared machine gives the same answer."""
    model = records(functions=FUNCTIONS, samples=SAMPLES, bad=0.02).model()
    cases = sum(len(f.cases) for f in model.functions)
    groups = {"JSON + HTML": ((".json", ".html"), 3.0), "both PDFs": ((".pdf",), 10.0)}
    found = []
    for what, (endings, wanted) in groups.items():
        chosen = [f for f in formats() if f.filename.endswith(endings)]
        seen = []
        for _ in range(options.rounds):
            wall, cpu = time.perf_counter(), time.process_time()
            for form in chosen:
                form.render(model)
            seen.append((time.perf_counter() - wall, time.process_time() - cpu))
        median, cpu = (statistics.median(x) for x in zip(*seen, strict=True))
        found.append(
            Row(
                goal="4",
                what=f"{cases:,} cases to {what}",
                measured=f"{median:.1f} s ({cpu:.1f} CPU-s)",
                ratio="",
                wanted=f"<= {wanted:.0f} CPU-s",
                met=met(cpu <= wanted),
            )
        )
    return found

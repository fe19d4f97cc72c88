"""What every subject does with one case, inside the library's environment: the library's own calls through our bindings."""

import importlib
import marshal
import os
import sys
from pathlib import Path

FOLDER = Path(os.environ["MLCSV_BENCHMARK"])
REPETITIONS = int(os.environ["MLCSV_BENCHMARK_REPETITIONS"])
sys.path.insert(0, str(FOLDER / "worker.pyz"))
wire = importlib.import_module("csvkit_ml.worker.wire")
LIBRARY, CASES = marshal.loads((FOLDER / "cases.marshal").read_bytes())
RUNTIME = importlib.import_module(f"csvkit_ml.libraries.{LIBRARY}.staged.runtime").RUNTIME()


def run(case):
    """Outputs as bytes, or what the library raised."""
    op, variant, params, inputs, program = case
    request = wire.WireRequest(op, variant, params, [wire.WireTensor(*t) for t in inputs], program)
    try:
        return [bytes(t.data) for _, t in RUNTIME.run(request)]
    except Exception as e:  # noqa: BLE001 - whatever a library raises is its answer
        return [type(e).__name__.encode()]

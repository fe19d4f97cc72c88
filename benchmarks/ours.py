"""Our engine on the cases of a folder, as a command: execute, store, nothing else. `python -m benchmarks.ours FOLDER PYTHON REPETITIONS BACKENDS`."""

from __future__ import annotations

import marshal
import sys
import tempfile
from pathlib import Path

from csvkit_ml import registry
from csvkit_ml.evidence.store import Store
from csvkit_ml.execution.engine import Job, Limits, execute
from csvkit_ml.execution.staging import build_archive
from csvkit_ml.model.digest import sha256
from csvkit_ml.model.observation import Observation
from csvkit_ml.model.tensor import Tensor

REPETITIONS = ("first", "rerun", "fresh_process")


def jobs(folder: Path, backend: str) -> list[Job]:
    """Cases as jobs; consecutive variants of one sample travel together, as in a run."""
    _, cases = marshal.loads((folder / "cases.marshal").read_bytes())
    found: list[Job] = []
    for n, (op, variant, params, inputs, program) in enumerate(cases):
        tensors = tuple(Tensor(dtype=d, shape=tuple(s), data=b) for d, s, b in inputs)
        key = sha256(f"{backend} {n}".encode())
        last = found[-1] if found else None
        if last and (last.op, last.params, last.inputs, last.program) == (op, params, tensors, program):
            found[-1] = Job(prefix=last.prefix, op=op, params=params, inputs=tensors, program=program, variants=(*last.variants, variant),
                            keys=(*last.keys, key))  # fmt: skip
        else:
            found.append(Job(prefix=f"{op}/{n}", op=op, params=params, inputs=tensors, program=program, variants=(variant,), keys=(key,)))
    return found


def main() -> None:
    """See the module's text."""
    folder, python, repetitions = Path(sys.argv[1]), sys.argv[2], REPETITIONS[: int(sys.argv[3])]
    library = registry.library(sys.argv[4])
    with tempfile.TemporaryDirectory() as scratch:
        for name in sys.argv[5:]:
            chosen, options = registry.backend(name)
            seen: list[Observation] = []
            with Store(Path(scratch) / "store.sqlite") as store:

                def keep(observation: Observation, seen: list[Observation] = seen, store: Store = store) -> None:
                    seen.append(observation)
                    store.record(observation)

                execute(
                    python=python, worker=build_archive(library), library=library.name, variables=chosen.variables(options),
                    settings=chosen.settings(library.name, options), jobs=jobs(folder, name), limits=Limits(time_s=60, memory_bytes=0),
                    repetitions=repetitions, blobs=store, on_observation=keep, scratch=folder / "scratch",
                )  # fmt: skip
            print(len(seen))


if __name__ == "__main__":
    main()

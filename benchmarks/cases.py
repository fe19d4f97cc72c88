"""The cases that every subject runs: real samples of a library's functions, written to one file."""

from __future__ import annotations

import json
import marshal
from pathlib import Path

from csvkit_ml import registry
from csvkit_ml.execution.staging import build_archive
from csvkit_ml.libraries.port import Library

LARGEST_BYTES = 1 << 16
"""Samples with more input are left out: the question is the cost of a case, not of its arithmetic. So are operands without elements,
on which a library may end the process (onnxruntime 1.23.2, TopK): the runners beside us would end with it."""


def write_cases(name: str, folder: Path, *, limit: int) -> int:
    """Write worker.pyz and cases.marshal for `subjects/`; returns the number of cases, at most `limit`."""
    library = registry.library(name)
    (folder / "worker.pyz").write_bytes(build_archive(library).data)
    samples = _samples(library)
    step = max(1, sum(map(len, samples)) // limit)
    chosen = [case for variants in samples[::step] for case in variants][:limit]
    (folder / "cases.marshal").write_bytes(marshal.dumps((name, chosen)))
    return len(chosen)


def write_node_cases(folder: Path) -> int:
    """ONNX's own node cases whose values are plain tensors, in the same files, with names.json; returns their number."""
    import numpy as np
    from onnx.backend.test.loader import load_model_tests

    (folder / "worker.pyz").write_bytes(build_archive(registry.library("onnxruntime")).data)
    cases: dict[str, tuple[object, ...]] = {}
    for test in load_model_tests(kind="node"):
        inputs = test.data_sets[0][0]
        if all(isinstance(i, np.ndarray) and i.dtype.kind in "fiub" and i.dtype.isbuiltin == 1 for i in inputs):
            values = [(str(i.dtype), i.shape, np.ascontiguousarray(i).tobytes()) for i in inputs]
            cases[test.name] = ("onnx_node", "plain", {}, values, test.model.SerializeToString())
    (folder / "cases.marshal").write_bytes(marshal.dumps(("onnxruntime", list(cases.values()))))
    (folder / "names.json").write_text(json.dumps(sorted(cases)))
    return len(cases)


def _samples(library: Library) -> list[list[tuple[object, ...]]]:
    """(op, variant, params, [(dtype, shape, data)], program) of every case, by sample: as in a run, a sample comes with all its variants."""
    functions, found = registry.functions(), []
    for offer in library.offers():
        for sample in functions[offer.function].samples():
            sizes = [len(t.data) for t in sample.inputs]
            if sample.dtype in offer.dtypes and all(sizes) and sum(sizes) <= LARGEST_BYTES:
                inputs = [(t.dtype, t.shape, t.data) for t in sample.inputs]
                program = library.lower(offer.function, sample)
                found.append([(offer.function, v, _plain(dict(sample.params)), inputs, program) for v in offer.variants])
    return found


def _plain(value: object) -> object:
    """Tuples as lists, as the worker receives them."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, tuple | list) else value

"""Shared by the tests of ONNX operators: the reference implementation that the ONNX package brings is a second route to true values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

from csvkit_ml.criteria.joint import measured
from csvkit_ml.libraries.onnxruntime.host import lower, lowerings
from csvkit_ml.model.function import VERDICT, Function, Sample, Verdict
from csvkit_ml.model.tensor import DTYPES, Array
from validation_suites.sampling.text import packed, unpacked


def answers(function: Function, sample: Sample) -> list[Array]:
    """What the ONNX package's evaluator returns for the sample's model; text as bytes."""
    model = onnx.load_from_string(lower(function.id, sample))
    by_place = {f"x{i}": a for i, a in enumerate(sample.arrays())}
    feeds: dict[str, Any] = {}
    for given in model.graph.input:
        text = given.type.tensor_type.elem_type == onnx.TensorProto.STRING
        feeds[given.name] = unpacked(by_place[given.name]) if text else by_place[given.name]
    made = [np.asarray(a) for a in ReferenceEvaluator(model).run(None, feeds)]
    return [packed(a) if a.dtype.kind in "OU" else a for a in made]


def offered(function: Function, limit: int = 2000) -> Iterator[Sample]:
    """Samples that onnxruntime is asked, as long as they are small."""
    dtypes = lowerings()[function.id].dtypes
    return (s for s in function.samples() if s.dtype in dtypes and sum(t.array().size for t in s.inputs) < limit)


def accepted(function: Function, sample: Sample) -> bool:
    """Whether those answers, which do not always have the type asked, meet the function's criterion."""
    expected = function.reference(sample)
    made = answers(function, sample)
    if len(made) != len(expected) or any(a.shape != e.shape for a, e in zip(made, expected, strict=True)):
        return False
    typed = tuple(a.astype(DTYPES[e.dtype]) for a, e in zip(made, expected, strict=True))
    return all(VERDICT[m.reason] is Verdict.PASSED for m in measured(function.criterion_for(sample), typed, expected))

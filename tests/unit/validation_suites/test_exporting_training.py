"""Export in training mode: the definition is accepted and is what ONNX's own reference executes; everything else is told."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from csvkit_ml.model.function import VERDICT, Sample, Verdict
from csvkit_ml.model.tensor import Array
from validation_suites.graphs.exported_training import constants
from validation_suites.graphs.packing import packed
from validation_suites.training import exporting_training as exporting

EXPORT = exporting.FUNCTIONS[0]
SAMPLES = list(EXPORT.samples())


def before_dropout(sample: Sample) -> Array:
    """The network up to its dropout, by plain numpy: a batch norm by the batch's own mean and variance."""
    w, x = exporting.weights(sample), sample.arrays()[0].astype(np.float64)
    if sample.param("kind") == "dense":
        made, axes, along = x @ w["first"].T + w["first_bias"], (0,), (-1,)
    else:
        wide = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        taps = (np.einsum("nchw,oc->nohw", wide[:, :, i : i + 5, j : j + 5], w["first"][:, :, i, j]) for i in range(3) for j in range(3))
        made, axes, along = sum(taps) + w["first_bias"].reshape(-1, 1, 1), (0, 2, 3), (-1, 1, 1)
    centred = made - made.mean(axis=axes, keepdims=True)
    normal = centred / np.sqrt((centred**2).mean(axis=axes, keepdims=True) + exporting.EPS)
    return np.asarray(np.maximum(normal * w["scale"].reshape(along) + w["shift"].reshape(along), 0))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda s: s.name)
def test_the_definition_is_a_right_export(sample: Sample) -> None:
    (expected,) = EXPORT.reference(sample)
    found = EXPORT.criterion_for(sample).measure(expected.value, expected)
    assert VERDICT[found.reason] is Verdict.PASSED
    assert found.compared == len(exporting.NAMES) - 2


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda s: s.name)
def test_the_definition_trains_in_the_reference_of_onnx(sample: Sample) -> None:
    model = exporting.definition(sample)
    model.graph.output.extend(onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, None) for n in ("c", "d"))
    _, c, d = ReferenceEvaluator(model).run(None, {"x": sample.arrays()[0]})
    np.testing.assert_allclose(c, before_dropout(sample), rtol=1e-4, atol=1e-5)
    kept = d != 0
    assert 0 < kept.sum() < (c > 0).sum()
    np.testing.assert_allclose(d[kept], c[kept] / (1 - exporting.RATE), rtol=1e-6)


def test_constants_are_initialisers_and_constant_nodes() -> None:
    sample = SAMPLES[0]
    model = exporting.definition(sample)
    held = model.graph.initializer.pop()
    model.graph.node.insert(0, onnx.helper.make_node("Constant", [], [held.name], value=held))
    assert set(constants(model)) == {*exporting.NAMES, "rate", "on"}
    (expected,) = EXPORT.reference(sample)
    found = EXPORT.criterion_for(sample).measure(packed(model.SerializeToString()), expected)
    assert VERDICT[found.reason] is Verdict.PASSED


@pytest.mark.parametrize("data", [b"", b"rubbish", bytes(4000)])
def test_what_is_no_model_fails(data: bytes) -> None:
    (expected,) = EXPORT.reference(SAMPLES[0])
    found = EXPORT.criterion_for(SAMPLES[0]).measure(packed(data), expected)
    assert VERDICT[found.reason] is Verdict.FAILED

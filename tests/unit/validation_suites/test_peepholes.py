"""LSTM with peepholes by the onnx package's own evaluator in double, one direction after the other."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from tests.unit.validation_suites.onnx_models import check_models
from validation_suites.inference.peepholes import FUNCTIONS, reference

LSTM = FUNCTIONS[0]
SAMPLES = {s.name: s for s in LSTM.samples()}


def one_way(*arrays: np.ndarray) -> list[np.ndarray]:
    """y, h, c of one direction that reads forwards."""
    names = ["x", "h", "c", "w", "r", "b", "p"]
    made = helper.make_node("LSTM", ["x", "w", "r", "b", "", "h", "c", "p"], ["y", "y1", "y2"], hidden_size=arrays[1].shape[-1])
    values = [helper.make_tensor_value_info(n, TensorProto.DOUBLE, None) for n in names]
    outs = [helper.make_tensor_value_info(n, TensorProto.DOUBLE, None) for n in ("y", "y1", "y2")]
    model = helper.make_model(helper.make_graph([made], "g", values, outs), opset_imports=[helper.make_opsetid("", 14)])
    return list(ReferenceEvaluator(model).run(None, dict(zip(names, arrays, strict=True))))


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_by_the_onnx_package(name: str) -> None:
    x, *rest = (a.astype(np.float64) for a in SAMPLES[name].arrays())
    ways = []
    for d in range(rest[0].shape[0]):
        y, h, c = one_way(x[::-1] if d else x, *(a[d : d + 1] for a in rest))
        ways.append((y[::-1] if d else y, h, c))
    for i, expected in enumerate(reference(SAMPLES[name])):
        own = np.concatenate([w[i].reshape(x.shape[0], 1, x.shape[1], -1) if i == 0 else w[i] for w in ways], axis=0 if i else 1)
        np.testing.assert_allclose(expected.value, own, rtol=1e-12, atol=1e-13)


def test_models_are_valid() -> None:
    assert check_models([LSTM]) == len(SAMPLES)

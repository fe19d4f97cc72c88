"""Export: networks by plain numpy against the graph's evaluation, bytes that are no model, frozen models."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from csvkit_ml.criteria import round_to
from csvkit_ml.model.function import VERDICT, Sample, Verdict
from csvkit_ml.model.tensor import Array
from csvkit_ml.references.graphs import evaluate, read_graph
from validation_suites.graphs.exported import exported
from validation_suites.graphs.packing import CAPACITY, packed, unpacked
from validation_suites.training.exporting import FUNCTIONS, model_of

EXPORT = FUNCTIONS[0]
SAMPLES = {str(s.param("network")): s for s in EXPORT.samples()}


def _weights(sample: Sample) -> dict[str, Array]:
    model = onnx.load_model_from_string(model_of(sample))
    return {t.name: numpy_helper.to_array(t).astype(np.float64) for t in model.graph.initializer}


def perceptron(w: dict[str, Array], x: Array) -> Array:
    """Row by row."""
    dense = x @ w["w1"].T + w["b1"]
    centred = dense - dense.mean(axis=1, keepdims=True)
    hidden = np.tanh(centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + float(np.float32(1e-5))) * w["scale"] + w["shift"])
    grown = np.exp(hidden @ w["w2"].T + w["b2"])
    return np.asarray(grown / grown.sum(axis=1, keepdims=True))


def convolved(x: Array, w: Array) -> Array:
    """Tap by tap."""
    wide = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    h, v = x.shape[2:]
    taps = (np.einsum("nchw,oc->nohw", wide[:, :, i : i + h, j : j + v], w[:, :, i, j]) for i in range(3) for j in range(3))
    return np.asarray(sum(taps))


def convolutional(w: dict[str, Array], x: Array) -> Array:
    """Layer by layer."""

    def along(name: str) -> Array:
        return w[name].reshape(1, -1, 1, 1)

    normal = (convolved(x, w["w1"]) - along("mean")) / np.sqrt(along("variance") + float(np.float32(1e-5))) * along("scale") + along("shift")
    cut = np.maximum(normal, 0)
    n, c, h, v = cut.shape
    small = cut.reshape(n, c, h // 2, 2, v // 2, 2).max(axis=(3, 5))
    second = np.maximum(convolved(small, w["w2"]) + along("b2"), 0)
    return np.asarray(second.mean(axis=(2, 3)) @ w["w3"].T + w["b3"])


NETWORKS = {"perceptron": perceptron, "convolutional": convolutional}


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_networks_by_plain_numpy(name: str) -> None:
    (expected,) = EXPORT.reference(SAMPLES[name])
    own = NETWORKS[name](_weights(SAMPLES[name]), expected.extra["x"].astype(np.float64))
    np.testing.assert_allclose(own, expected.extra["y"], rtol=1e-12, atol=1e-13)
    assert (expected.extra["moved"] > 0).all()


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_the_definition_is_a_right_export(name: str) -> None:
    (expected,) = EXPORT.reference(SAMPLES[name])
    found = EXPORT.criterion_for(SAMPLES[name]).measure(round_to("uint8", expected.value), expected)
    assert VERDICT[found.reason] is Verdict.PASSED
    assert found.compared == expected.extra["y"].size


@pytest.mark.parametrize("data", [b"", b"rubbish", bytes(4000)])
def test_what_is_no_model_fails(data: bytes) -> None:
    (expected,) = EXPORT.reference(SAMPLES["perceptron"])
    found = EXPORT.criterion_for(SAMPLES["perceptron"]).measure(packed(data), expected)
    assert VERDICT[found.reason] is Verdict.FAILED


def test_a_length_beyond_the_tensor_fails() -> None:
    (expected,) = EXPORT.reference(SAMPLES["perceptron"])
    found = EXPORT.criterion_for(SAMPLES["perceptron"]).measure(np.full(CAPACITY, 255, dtype=np.uint8), expected)
    assert VERDICT[found.reason] is Verdict.FAILED


def test_bytes_come_back() -> None:
    assert unpacked(packed(b"model")) == b"model"
    with pytest.raises(ValueError, match="bytes"):
        packed(bytes(CAPACITY))


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_frozen_models_are_these_networks(name: str) -> None:
    (expected,) = EXPORT.reference(SAMPLES[name])
    graph = read_graph(exported()[name])
    made = evaluate(graph, {graph.inputs[0].name: expected.extra["x"]}).arrays["y"]
    assert (np.abs(made - expected.extra["y"]) <= 4 * expected.extra["moved"]).all()

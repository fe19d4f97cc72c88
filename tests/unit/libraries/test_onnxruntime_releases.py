"""Which releases of onnxruntime a lowering is offered to: as many as load its models, no more."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import onnx
import pytest
from packaging.version import Version

from csvkit_ml import registry
from csvkit_ml.libraries.binding import NotSupported
from csvkit_ml.libraries.onnxruntime.host import lower, lowerings
from csvkit_ml.libraries.onnxruntime.lowering.model import IR_BY_OPSET
from csvkit_ml.libraries.onnxruntime.staged.runtime import OnnxRuntime
from csvkit_ml.model.function import Sample
from csvkit_ml.worker.wire import WireRequest

VALIDATED = "1.16"
"""The oldest release that anybody is told of."""
OPSETS = {"": 19, "1.17": 20, "1.18": 21, "1.21": 22, "1.23": 23}
"""Newest operator set of ai.onnx by the first release that loads it; '' = all that are validated."""
LATER = {
    "quantize_linear_4": "1.19: four-bit integers",
    "dequantize_linear_4": "1.19: four-bit integers",
    "quantize_linear_blocked": "1.19: 1.18 loads the model and insists on steps of one axis",
    "dequantize_linear_blocked": "1.19: 1.18 loads the model and insists on steps of one axis",
    "cast_four_bits": "1.23: no kernel converts four-bit integers before",
    "tree_ensemble": "1.21: the operator has no kernel before",
}
"""Functions whose operator set is loaded by releases that do not implement them, with the first that does."""


def _first(function: str) -> Sample:
    dtypes = lowerings()[function].dtypes
    return next(s for s in registry.functions()[function].samples() if s.dtype in dtypes)


def _opset(function: str, sample: Sample) -> int:
    model = onnx.ModelProto.FromString(lower(function, sample))
    (found,) = (o.version for o in model.opset_import if o.domain == "")
    assert model.ir_version == IR_BY_OPSET[found], function
    return found


def test_a_function_is_offered_from_the_first_release_that_loads_its_models() -> None:
    """Published models and a maker's own are left out: their operator sets are given."""
    for function, lowering in lowerings().items():
        if lowering.program:
            continue
        opset = _opset(function, _first(function))
        oldest = min((v for v in OPSETS if OPSETS[v] >= opset), key=lambda v: Version(v or "0"))
        since = lowering.since if Version(lowering.since or "0") > Version(VALIDATED) else ""
        assert since == (LATER[function].split(":")[0] if function in LATER else oldest), (function, opset)


@pytest.mark.parametrize("function", ["grid_sample_nearest", "grid_sample_linear", "grid_sample_cubic"])
def test_only_volumes_are_sampled_by_a_newer_operator_set(function: str) -> None:
    samples = [s for s in registry.functions()[function].samples() if s.dtype == "float32"]
    assert {(len(s.inputs[0].shape), _opset(function, s)) for s in samples} <= {(4, 16), (5, 20)}



def _answer(error: Exception) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise error

    runtime = OnnxRuntime.__new__(OnnxRuntime)
    runtime.ort, runtime.settings, runtime._program, runtime._sessions = SimpleNamespace(InferenceSession=refuse), {}, b"", {}
    runtime._session = refuse  # type: ignore[method-assign]
    runtime.run(WireRequest("exp", "plain", {}, [], b"model"))


@pytest.mark.parametrize(
    "told",
    [
        "[ONNXRuntimeError] : 9 : NOT_IMPLEMENTED : Could not find an implementation for Greater(13) node with name ''",
        "[ONNXRuntimeError] : 9 : NOT_IMPLEMENTED : Exception during initialization: MLDataType for: tensor(int4) is not registered",
        "ONNX Runtime only *guarantees* support for models stamped with official released onnx opset versions. Opset 20 is under development",
        "[ONNXRuntimeError] : 2 : INVALID_ARGUMENT : Unsupported model IR version: 10, max supported IR version: 9",
        "[ONNXRuntimeError] : 10 : INVALID_GRAPH : No Op registered for RMSNormalization with domain_version of 20",
    ],
)
def test_what_an_older_release_does_not_have_is_not_supported(told: str) -> None:
    with pytest.raises(NotSupported):
        _answer(RuntimeError(told))


def test_a_check_that_fails_inside_the_library_is_an_error() -> None:
    with pytest.raises(RuntimeError):
        _answer(RuntimeError("[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : axes_tensor != nullptr was false"))

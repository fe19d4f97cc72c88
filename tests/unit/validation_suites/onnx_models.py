"""Shared by the tests of areas: every sample that onnxruntime is asked lowers to a model that the ONNX checker accepts."""

from __future__ import annotations

from collections.abc import Iterable

import onnx

from csvkit_ml.libraries.onnxruntime.host import lower, lowerings
from csvkit_ml.model.function import Function


def check_models(functions: Iterable[Function]) -> int:
    """Number of models checked; ranks of outputs are left open by the lowering and inferred here. Raises onnx.checker.ValidationError."""
    checked = 0
    for function in functions:
        lowering = lowerings().get(function.id)
        for sample in function.samples() if lowering else ():
            if sample.dtype in lowering.dtypes:
                model = onnx.load_from_string(lower(function.id, sample))
                onnx.checker.check_model(onnx.shape_inference.infer_shapes(model, strict_mode=True, check_type=True), full_check=True)
                checked += 1
    return checked

"""Shared by the tests of areas: every sample that onnxruntime is asked lowers to a model that the ONNX checker accepts."""

from __future__ import annotations

from collections.abc import Iterable

import onnx

from csvkit_ml.libraries.onnxruntime.host import lower, lowerings
from csvkit_ml.model.function import Function


def check_models(functions: Iterable[Function]) -> int:
    """Number of models checked. Raises onnx.checker.ValidationError."""
    checked = 0
    for function in functions:
        for sample in function.samples():
            if sample.dtype in lowerings()[function.id].dtypes:
                onnx.checker.check_model(onnx.load_from_string(lower(function.id, sample)), full_check=True)
                checked += 1
    return checked

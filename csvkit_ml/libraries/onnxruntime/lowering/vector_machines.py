"""ONNX lowering: classification by support vectors; scores are an output that is not asked for."""

from __future__ import annotations

from typing import Any

import onnx

from csvkit_ml.libraries.onnxruntime.lowering.classical import ml_node
from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering
from csvkit_ml.model.function import Sample


def _classify(s: Sample) -> onnx.ModelProto:
    p: dict[str, Any] = dict(s.params)
    return ml_node(
        "SVMClassifier", s, ("int64",), hidden=1, classlabels_ints=p["labels"], coefficients=p["weights"], kernel_type=p["kernel"],
        kernel_params=(p["gamma"], p["shift"], float(p["degree"])), rho=p["rho"], support_vectors=p["vectors"], vectors_per_class=p["counts"],
    )  # fmt: skip


LOWERINGS = (Lowering(function="svm_classifier", names=("ai.onnx.ml.SVMClassifier",), build=_classify),)

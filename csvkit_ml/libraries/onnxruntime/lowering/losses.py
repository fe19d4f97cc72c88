"""ONNX lowering: losses of class scores."""

from __future__ import annotations

import onnx

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, graph
from csvkit_ml.model.function import Sample


def _loss(function: str, op: str) -> Lowering:
    """Scores, classes and, where the sample uses them, weights."""

    def build(sample: Sample) -> onnx.ModelProto:
        fed = {f"x{i}": t for i, t in enumerate(sample.inputs)}
        used = list(fed) if sample.param("weighted") else list(fed)[:2]
        how = {n: sample.param(n) for n in ("reduction", "ignore_index")}
        return graph([onnx.helper.make_node(op, used, ["y"], **how)], fed, {"y": sample.dtype})

    return Lowering(function=function, names=(f"ai.onnx.{op}",), build=build)


LOWERINGS = (_loss("nll_loss", "NegativeLogLikelihoodLoss"), _loss("softmax_cross_entropy_loss", "SoftmaxCrossEntropyLoss"))

"""ONNX lowering: normalisations. Where the operator insists on weights or biases, those a sample lacks are constants of ones and zeros."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper

from csvkit_ml.libraries.onnxruntime.lowering.model import ELEMENT, Lowering, graph, node
from csvkit_ml.model.function import Json, Sample
from csvkit_ml.model.tensor import Tensor


def _normalised(
    op: str, sample: Sample, roles: tuple[str, ...], order: tuple[str, ...], *, opset: int = 17, **given: Json
) -> onnx.ModelProto:
    """One node.

    Args:
        roles: of the sample's inputs; weights and biases come last and may be missing.
        order: roles in the order of the operator.
        given: attributes.
    """
    feeds = dict(zip(roles, sample.inputs, strict=False))
    shape = _parameter_shape(sample)
    neutral = {"weight": np.ones(shape), "bias": np.zeros(shape)}
    constants = {r: Tensor.of(neutral[r], sample.dtype) for r in order if r not in feeds}
    made = helper.make_node(op, list(order), ["y"], **given)
    return graph([made], feeds, {"y": sample.dtype}, opset=opset, initialisers=constants)


def _parameter_shape(sample: Sample) -> tuple[int, ...]:
    """Of weights and biases: the normalised axes where an axis is given, else the channels."""
    shape = sample.inputs[0].shape
    return shape[int(sample.param("axis")) :] if "axis" in dict(sample.params) else shape[1:2]


def _batch(sample: Sample) -> onnx.ModelProto:
    roles, order = ("x", "mean", "variance", "weight", "bias"), ("x", "weight", "bias", "mean", "variance")
    return _normalised("BatchNormalization", sample, roles, order, epsilon=sample.param("eps"))


def _layer(sample: Sample) -> onnx.ModelProto:
    """Mean and variance in the data's own precision, or float32 where that is wider."""
    stash = ELEMENT["float64" if sample.dtype == "float64" else "float32"]
    given = {"axis": sample.param("axis"), "epsilon": sample.param("eps"), "stash_type": stash}
    return _normalised("LayerNormalization", sample, PLAIN, PLAIN, **given)


def _group(sample: Sample) -> onnx.ModelProto:
    stash = ELEMENT["float64" if sample.dtype == "float64" else "float32"]
    given = {"num_groups": sample.param("groups"), "epsilon": sample.param("eps"), "stash_type": stash}
    made = _normalised("GroupNormalization", sample, PLAIN, PLAIN, opset=21, **given)
    # The operator has no shape inference, and a model without the rank of its output is not valid.
    made.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", ELEMENT[sample.dtype], [None] * len(sample.inputs[0].shape)))
    return made


def _rms(sample: Sample) -> onnx.ModelProto:
    """The default eps of the operator is another one, so that the function's is written out."""
    wide, eps = "float64" if sample.dtype == "float64" else "float32", sample.param("eps")
    given = {"axis": sample.param("axis"), "epsilon": float(np.finfo(wide).eps) if eps is None else eps, "stash_type": ELEMENT[wide]}
    return _normalised("RMSNormalization", sample, PLAIN[:2], PLAIN[:2], opset=23, **given)


def _response(sample: Sample) -> onnx.ModelProto:
    return node("LRN", sample, size=sample.param("size"), alpha=sample.param("alpha"), beta=sample.param("beta"), bias=sample.param("k"))


PLAIN = ("x", "weight", "bias")
WIDE = ("float32", "float64", "float16")
LOWERINGS = (
    Lowering(function="batch_norm", names=("ai.onnx.BatchNormalization",), build=_batch, dtypes=WIDE),
    Lowering(function="layer_norm", names=("ai.onnx.LayerNormalization",), build=_layer, dtypes=WIDE),
    Lowering(function="group_norm", names=("ai.onnx.GroupNormalization",), build=_group, dtypes=WIDE, since="1.18"),
    Lowering(
        function="instance_norm", names=("ai.onnx.InstanceNormalization",), dtypes=("float32", "float16"),
        build=lambda s: _normalised("InstanceNormalization", s, PLAIN, PLAIN, epsilon=s.param("eps")),
    ),
    Lowering(
        function="mean_variance_normalization", names=("ai.onnx.MeanVarianceNormalization",), dtypes=("float32",),
        build=lambda s: node("MeanVarianceNormalization", s, axes=s.param("axes")),
    ),
    Lowering(function="rms_norm", names=("ai.onnx.RMSNormalization",), build=_rms, dtypes=WIDE, since="1.23"),
    Lowering(function="local_response_norm", names=("ai.onnx.LRN",), build=_response, dtypes=("float32", "float16")),
)  # fmt: skip

"""ONNX lowering: joining, cutting and padding."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
from onnx import helper

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, graph, node
from csvkit_ml.model.function import Sample
from csvkit_ml.model.tensor import Tensor

MOVED = ("float32", "float64", "float16", "int64", "int32", "uint8", "bool")


def _split(sample: Sample) -> onnx.ModelProto:
    """Equal sizes are left to the operator, others are given as a constant."""
    sizes = [int(n) for n in sample.param("sizes")]
    names = ["y", *(f"y{i}" for i in range(1, len(sizes)))]
    given = {"sizes": Tensor.of(np.array(sizes, dtype=np.int64))} if len(set(sizes)) > 1 else {}
    made = helper.make_node("Split", ["x0", *given], names, axis=int(sample.param("axis")))
    return graph([made], {"x0": sample.inputs[0]}, dict.fromkeys(names, sample.dtype), initialisers=given)


def _pad(mode: str, opset: int = 17) -> Callable[[Sample], onnx.ModelProto]:
    """All that is put before the axes, then all that is put behind."""

    def build(sample: Sample) -> onnx.ModelProto:
        pads = np.array(sample.param("pads"), dtype=np.int64).T.reshape(-1)
        constants = {"pads": Tensor.of(pads)}
        if mode == "constant":
            constants["value"] = Tensor.of(np.array(sample.param("value")), sample.dtype)
        made = helper.make_node("Pad", ["x0", *constants], ["y"], mode=mode)
        return graph([made], {"x0": sample.inputs[0]}, {"y": sample.dtype}, opset=opset, initialisers=constants)

    return build


LOWERINGS = (
    Lowering(function="concat", names=("ai.onnx.Concat",), build=lambda s: node("Concat", s, axis=int(s.param("axis"))), dtypes=MOVED),
    Lowering(function="split", names=("ai.onnx.Split",), build=_split, dtypes=MOVED),
    Lowering(function="pad", names=("ai.onnx.Pad",), build=_pad("constant"), dtypes=MOVED),
    Lowering(function="pad_reflect", names=("ai.onnx.Pad",), build=_pad("reflect"), dtypes=("float32", "float64", "float16", "int64")),
    Lowering(function="pad_replicate", names=("ai.onnx.Pad",), build=_pad("edge"), dtypes=("float32", "float64", "float16", "int64")),
    Lowering(
        function="pad_circular",
        names=("ai.onnx.Pad",),
        build=_pad("wrap", 19),
        dtypes=("float32", "float64", "float16", "int64", "bool"),
        since="1.15",
    ),
)

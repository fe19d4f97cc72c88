"""ONNX lowering: the forms of CumSum."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, graph
from csvkit_ml.model.function import Sample
from csvkit_ml.model.tensor import Tensor


def _sums(sample: Sample) -> onnx.ModelProto:
    """The axis is a scalar constant."""
    turned = {k: int(sample.param(k)) for k in ("exclusive", "reverse")}
    axis = Tensor.of(np.array(sample.param("axis"), dtype=np.int64))
    made = helper.make_node("CumSum", ["x0", "axis"], ["y"], **turned)
    return graph([made], {"x0": sample.inputs[0]}, {"y": sample.dtype}, initialisers={"axis": axis})


LOWERINGS = (
    Lowering(function="cumsum_forms", names=("ai.onnx.CumSum",), build=_sums, dtypes=("float32", "float64", "int64", "int32")),
)

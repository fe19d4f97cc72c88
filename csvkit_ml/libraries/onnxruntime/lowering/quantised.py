"""ONNX lowering: quantisation. Four-bit steps and zero points are constants of the model; what is quantised to them is read as
float32 with step 1, which is exact, since releases before 1.23 have no cast of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, graph, single
from csvkit_ml.model.function import Sample
from csvkit_ml.model.tensor import Tensor

EIGHT, SIXTEEN = ("uint8", "int8"), ("uint16", "int16")
FOUR = {"int4": TensorProto.INT4, "uint4": TensorProto.UINT4}


def _where(s: Sample) -> dict[str, int]:
    """Attributes that are said only where they matter."""
    given = {} if s.param("axis") is None else {"axis": int(s.param("axis"))}
    return given | ({"block_size": int(s.param("block"))} if s.param("block") else {})


def _fed(s: Sample) -> dict[str, Tensor]:
    return {f"x{i}": t for i, t in enumerate(s.inputs)}


def _quantise(opset: int) -> Any:
    def build(s: Sample) -> onnx.ModelProto:
        made = helper.make_node("QuantizeLinear", ["x0", "x1", "x2"], ["y"], **_where(s))
        return graph([made], _fed(s), {"y": s.dtype}, opset=opset)

    return build


def _dequantise(opset: int) -> Any:
    def build(s: Sample) -> onnx.ModelProto:
        made = helper.make_node("DequantizeLinear", ["x0", "x1", "x2"], ["y"], **_where(s))
        return graph([made], _fed(s), {"y": "float32"}, opset=opset)

    return build


def _fake(s: Sample) -> onnx.ModelProto:
    made = [helper.make_node("QuantizeLinear", ["x0", "x1", "x2"], ["q"], **_where(s)),
            helper.make_node("DequantizeLinear", ["q", "x1", "x2"], ["y"], **_where(s))]  # fmt: skip
    return graph(made, _fed(s), {"y": "float32"})


def _packed(name: str, kind: str, t: Tensor) -> onnx.TensorProto:
    """A constant of four-bit integers."""
    return helper.make_tensor(name, FOUR[kind], t.shape, t.array().reshape(-1).tolist())


def _quantise_4(s: Sample) -> onnx.ModelProto:
    kind = s.param("to")
    made = [helper.make_node("QuantizeLinear", ["x0", "x1", "zero"], ["q"], **_where(s)),
            helper.make_node("DequantizeLinear", ["q", "one"], ["whole"]),
            helper.make_node("Cast", ["whole"], ["y"], to=TensorProto.INT8)]  # fmt: skip
    one = {"one": Tensor.of(np.ones((), dtype=np.float32))}
    fed = {k: t for k, t in _fed(s).items() if k != "x2"}
    return graph(made, fed, {"y": "int8"}, opset=21, initialisers=one, more=[_packed("zero", kind, s.inputs[2])])


def _dequantise_4(s: Sample) -> onnx.ModelProto:
    kind = s.param("to")
    made = helper.make_node("DequantizeLinear", ["q", "x1", "zero"], ["y"], **_where(s))
    constants = [_packed("q", kind, s.inputs[0]), _packed("zero", kind, s.inputs[2])]
    return graph([made], {"x1": s.inputs[1]}, {"y": "float32"}, opset=21, more=constants)


def _lowering(function: str, build: Any, dtypes: tuple[str, ...], *ops: str, since: str = "") -> Lowering:
    return Lowering(function=function, names=tuple(f"ai.onnx.{op}" for op in ops), build=build, dtypes=dtypes, since=since)


Q, DQ = "QuantizeLinear", "DequantizeLinear"
LOWERINGS = (
    _lowering("quantize_linear", _quantise(13), EIGHT, Q),
    _lowering("quantize_linear_16", _quantise(21), SIXTEEN, Q, since="1.18"),
    _lowering("quantize_linear_4", _quantise_4, ("int8",), Q, since="1.19"),
    _lowering("quantize_linear_blocked", _quantise(21), (*EIGHT, *SIXTEEN), Q, since="1.19"),
    _lowering("dequantize_linear", _dequantise(13), EIGHT, DQ),
    _lowering("dequantize_linear_16", _dequantise(21), SIXTEEN, DQ, since="1.18"),
    _lowering("dequantize_linear_4", _dequantise_4, ("int8",), DQ, since="1.19"),
    _lowering("dequantize_linear_blocked", _dequantise(21), (*EIGHT, *SIXTEEN), DQ, since="1.19"),
    _lowering("fake_quantize", _fake, EIGHT, Q, DQ),
    single("dynamic_quantize_linear", "DynamicQuantizeLinear", outputs=("uint8", "float32", "uint8")),
)

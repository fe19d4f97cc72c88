"""ONNX lowering: small models of any number of rows, sound and broken, for what is asked about the runtime itself."""

from __future__ import annotations

from collections.abc import Callable

import onnx
from onnx import TensorProto, helper

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, graph
from csvkit_ml.model.function import Sample

_VARIANTS = ("plain", "opt=none", "threads=2")


def build(sample: Sample) -> onnx.ModelProto:
    """x of any number of rows; weight and bias inside."""
    x, *constants = sample.inputs
    given = dict(zip(("w", "b"), constants, strict=False))
    nodes = {
        "dense": [helper.make_node("MatMul", ["x", "w"], ["p"]), helper.make_node("Add", ["p", "b"], ["s"]), helper.make_node("Relu", ["s"], ["y"])],
        "convolution": [helper.make_node("Conv", ["x", "w", "b"], ["s"]), helper.make_node("Relu", ["s"], ["y"])],
        "copy": [helper.make_node("Identity", ["x"], ["y"])],
    }  # fmt: skip
    model = graph(nodes[sample.param("model")], {"x": x}, {"y": sample.dtype}, initialisers=given)
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "rows"
    return model


def _undefined(m: onnx.ModelProto) -> None:
    m.graph.node[1].input[1] = "nowhere"


def _twice(m: onnx.ModelProto) -> None:
    m.graph.node[1].output[0] = "p"
    m.graph.node[2].input[0] = "p"


def _cycle(m: onnx.ModelProto) -> None:
    m.graph.node[0].input[0] = "y"


def _declared(m: onnx.ModelProto) -> None:
    m.graph.output[0].type.tensor_type.elem_type = TensorProto.INT64


def _shape(m: onnx.ModelProto) -> None:
    """One column of the data has no row of the weight: what is declared contradicts itself."""
    m.graph.input[0].type.tensor_type.shape.dim[1].dim_value += 1


def _short(m: onnx.ModelProto) -> None:
    m.graph.initializer[0].raw_data = m.graph.initializer[0].raw_data[:-3]


def _attribute(m: onnx.ModelProto) -> None:
    """The axis of a softmax is a text."""
    m.graph.node[2].op_type = "Softmax"
    m.graph.node[2].attribute.append(helper.make_attribute("axis", "last"))


def _unknown(m: onnx.ModelProto) -> None:
    m.graph.node[2].op_type = "Reluu"


def _opset(m: onnx.ModelProto) -> None:
    m.opset_import[0].version = 1_000_000


def _nothing(m: onnx.ModelProto) -> None:
    m.graph.output[0].name = "nowhere"


_BREAK: dict[str, Callable[[onnx.ModelProto], None]] = {
    "sound": lambda m: None, "flipped": lambda m: None, "unknown-operator": _unknown, "undefined-input": _undefined, "output-twice": _twice,
    "cycle": _cycle, "declared-type": _declared, "weight-shape": _shape, "weight-bytes": _short, "attribute-type": _attribute,
    "no-output": _nothing, "future-opset": _opset,
}  # fmt: skip


def _broken(sample: Sample) -> onnx.ModelProto:
    """A dense layer of which one thing is wrong."""
    model = build(sample)
    _BREAK[sample.param("kind")](model)
    return model


def _lowering(function: str, variants: tuple[str, ...] = _VARIANTS) -> Lowering:
    made = _broken if function == "refuse_broken_models" else build
    return Lowering(function=function, names=("onnxruntime.InferenceSession",), build=made, dtypes=("float32", "float64"), variants=variants, paths=())


LOWERINGS = (
    _lowering("refuse_wrong_inputs"), _lowering("refuse_broken_files", ("plain",)), _lowering("refuse_broken_models", ("plain", "opt=none")),
    _lowering("reused_model"), _lowering("concurrent_calls"), _lowering("separate_outputs"), _lowering("steady_memory", ("plain", "threads=2")),
    _lowering("saved_model", ("plain", "opt=basic", "opt=extended")),
)  # fmt: skip

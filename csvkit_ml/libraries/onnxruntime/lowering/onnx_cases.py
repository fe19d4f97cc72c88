"""ONNX lowering: published models as they are; sequences, which do not cross, are made of tensors before them and taken apart behind them."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

import onnx
from onnx import TensorProto, TypeProto, helper

from csvkit_ml.libraries.onnxruntime.lowering.model import ELEMENT, Lowering
from csvkit_ml.model.function import Sample


def program(sample: Sample) -> bytes:
    """The bytes that a session is made of."""
    model = sample.held[0].data
    takes, gives = sample.param("takes"), sample.param("gives")
    return model if {*takes, *gives} <= {-1} else bytes(_apart(model, takes, gives).SerializeToString(deterministic=True))


def build(sample: Sample) -> onnx.ModelProto:
    """The same, parsed."""
    return onnx.load_model_from_string(program(sample))


def _apart(data: bytes, takes: tuple[int, ...], gives: tuple[int, ...]) -> onnx.ModelProto:
    model = onnx.load_model_from_string(data)
    graph = model.graph
    fed = list(graph.input)
    del graph.input[:]
    before, behind = [], []
    for value, count in zip(fed, takes, strict=False):
        graph.input.extend([value] if count < 0 else _elements(value.name, value.type, count))
        if count >= 0:
            before.append(_made(value, count))
    given = list(graph.output)
    del graph.output[:]
    for value, count in zip(given, gives, strict=True):
        if count < 0:
            graph.output.append(value)
            continue
        for k, element in enumerate(_elements(value.name, value.type, count)):
            at = f"{value.name}_at_{k}"
            graph.initializer.append(helper.make_tensor(at, TensorProto.INT64, (), [k]))
            behind.append(helper.make_node("SequenceAt", [value.name, at], [element.name]))
            graph.output.append(element)
        behind.append(helper.make_node("SequenceLength", [value.name], [f"{value.name}_length"]))
        graph.output.append(helper.make_tensor_value_info(f"{value.name}_length", TensorProto.INT64, ()))
    nodes = [*before, *graph.node, *behind]
    del graph.node[:]
    graph.node.extend(nodes)
    return model


def _elements(name: str, kind: TypeProto, count: int) -> list[onnx.ValueInfoProto]:
    element = kind.sequence_type.elem_type.tensor_type.elem_type
    return [helper.make_tensor_value_info(f"{name}_{k}", element, None) for k in range(count)]


def _made(value: onnx.ValueInfoProto, count: int) -> onnx.NodeProto:
    """A sequence of operands, or an empty one of its type."""
    if count:
        return helper.make_node("SequenceConstruct", [f"{value.name}_{k}" for k in range(count)], [value.name])
    return helper.make_node("SequenceEmpty", [], [value.name], dtype=value.type.sequence_type.elem_type.tensor_type.elem_type)


@cache
def _operators() -> dict[str, list[str]]:
    """Operators that each area's cases exercise, from the index of the frozen cases."""
    told: dict[str, Any] = json.loads(files("validation_suites.published").joinpath("onnx_cases.json").read_bytes())
    return {str(area): list(names) for area, names in told["operators"].items()}


LOWERINGS = tuple(
    Lowering(
        function=f"onnx_{area}_cases", names=(), exercises=tuple(names), build=build, program=program,
        dtypes=tuple(d for d in ELEMENT if d != "string"), variants=("plain", "opt=none"), paths=(),
    )
    for area, names in _operators().items()
)  # fmt: skip

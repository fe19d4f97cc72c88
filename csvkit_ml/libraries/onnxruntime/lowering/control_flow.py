"""ONNX lowering: control flow, sequences, optional values. What is not a tensor stays inside the model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import onnx
from onnx import TypeProto, helper

from csvkit_ml.libraries.onnxruntime.lowering.model import ELEMENT, Lowering, graph
from csvkit_ml.model.function import Sample
from csvkit_ml.model.tensor import Tensor

MOVED = ("float32", "float64", "float16", "int64", "int32", "uint8", "bool")
SUMMED = ("float32", "float64", "int64", "int32")
Made = list[onnx.NodeProto]


def _n(op: str, inputs: list[str], outputs: list[str], **how: Any) -> onnx.NodeProto:
    return helper.make_node(op, inputs, outputs, **how)


def _value(name: str, dtype: str, shape: Any = None) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, ELEMENT[dtype], shape)


def _number(value: Any) -> Tensor:
    return Tensor.of(np.array(value, dtype=np.int64))


def _fed(s: Sample) -> dict[str, Tensor]:
    return {f"x{i}": t for i, t in enumerate(s.inputs)}


def _if(s: Sample) -> onnx.ModelProto:
    """Branches read the values around them."""
    then, other = (helper.make_graph([_n("Identity", [x], [y])], y, [], [_value(y, s.dtype)]) for x, y in (("x1", "taken"), ("x2", "left")))
    return graph([_n("If", ["x0"], ["y"], then_branch=then, else_branch=other)], _fed(s), {"y": s.dtype})


def _loop(s: Sample) -> onnx.ModelProto:
    """The body adds row i of x, from around it, to the state while i < stop. Its shapes are declared: a loop may not run."""
    state = list(s.inputs[1].shape)
    body = helper.make_graph(
        [
            _n("Gather", ["x0", "i"], ["row"], axis=0),
            _n("Add", ["v", "row"], ["sum"]),
            _n("Identity", ["sum"], ["seen"]),
            _n("Less", ["i", "stop"], ["more"]),
        ],
        "body",
        [_value("i", "int64", []), _value("go", "bool", []), _value("v", s.dtype, state)],
        [_value("more", "bool", []), _value("sum", s.dtype, state), _value("seen", s.dtype, state)],
    )
    given = {"stop": _number(s.param("stop")), "enter": Tensor.of(np.array(s.param("enter")))}
    if s.param("most") is not None:
        given["most"] = _number(s.param("most"))
    made = _n("Loop", ["most" if "most" in given else "", "enter", "x1"], ["y", "y1"], body=body)
    return graph([made], _fed(s), {"y": s.dtype, "y1": s.dtype}, initialisers=given)


def _scan(s: Sample) -> onnx.ModelProto:
    body = helper.make_graph(
        [_n("Add", ["v", "row"], ["sum"]), _n("Identity", ["sum"], ["seen"])],
        "body",
        [_value("v", s.dtype), _value("row", s.dtype)],
        [_value("sum", s.dtype), _value("seen", s.dtype)],
    )
    p: dict[str, Any] = dict(s.params)
    how = {
        "num_scan_inputs": 1,
        "scan_input_axes": [p["axis"]],
        "scan_input_directions": [p["backwards"]],
        "scan_output_axes": [p["out_axis"]],
        "scan_output_directions": [p["out_backwards"]],
    }
    return graph([_n("Scan", ["x0", "x1"], ["y", "y1"], body=body, **how)], _fed(s), {"y": s.dtype, "y1": s.dtype})


def _of_sequence(
    tail: Callable[[Sample], tuple[Made, dict[str, str], dict[str, Tensor]]], own: int = 0
) -> Callable[[Sample], onnx.ModelProto]:
    """A sequence `s` of the operands but the last `own`, then more nodes."""

    def build(s: Sample) -> onnx.ModelProto:
        fed = _fed(s)
        nodes, outputs, given = tail(s)
        first = _n("SequenceConstruct", list(fed)[: len(fed) - own], ["s"])
        return graph([first, *nodes], fed, outputs, initialisers=given)

    return build


def _position(s: Sample) -> tuple[list[str], dict[str, Tensor]]:
    at = s.param("position")
    return ([], {}) if at is None else (["at"], {"at": _number(at)})


def _at(s: Sample) -> tuple[Made, dict[str, str], dict[str, Tensor]]:
    return [_n("SequenceAt", ["s", "at"], ["y"])], {"y": s.dtype}, {"at": _number(s.param("position"))}


def _told(s: Sample, edit: onnx.NodeProto, given: dict[str, Tensor]) -> tuple[Made, dict[str, str], dict[str, Tensor]]:
    """The edited sequence joined, and its length."""
    nodes = [edit, _n("ConcatFromSequence", ["t"], ["y"], axis=0), _n("SequenceLength", ["t"], ["y1"])]
    return nodes, {"y": s.dtype, "y1": "int64"}, given


def _insert(s: Sample) -> tuple[Made, dict[str, str], dict[str, Tensor]]:
    at, given = _position(s)
    return _told(s, _n("SequenceInsert", ["s", f"x{len(s.inputs) - 1}", *at], ["t"]), given)


def _erase(s: Sample) -> tuple[Made, dict[str, str], dict[str, Tensor]]:
    at, given = _position(s)
    return _told(s, _n("SequenceErase", ["s", *at], ["t"]), given)


def _join(s: Sample) -> tuple[Made, dict[str, str], dict[str, Tensor]]:
    how = {"axis": s.param("axis"), "new_axis": s.param("new")}
    return [_n("ConcatFromSequence", ["s"], ["y"], **how)], {"y": s.dtype}, {}


def _map(s: Sample) -> tuple[Made, dict[str, str], dict[str, Tensor]]:
    """The body turns the rows of a tensor around."""
    turned = [_n("Constant", [], [k], value_ints=[v]) for k, v in (("from", -1), ("to", -(2**62)), ("axis", 0), ("by", -1))]
    body = helper.make_graph(
        [*turned, _n("Slice", ["a", "from", "to", "axis", "by"], ["b"])], "body", [_value("a", s.dtype)], [_value("b", s.dtype)]
    )
    nodes = [_n("SequenceMap", ["s"], ["t"], body=body), _n("ConcatFromSequence", ["t"], ["y"], axis=0)]
    return nodes, {"y": s.dtype}, {}


def _from_empty(s: Sample) -> onnx.ModelProto:
    fed = _fed(s)
    nodes = [_n("SequenceEmpty", [], ["s0"], dtype=ELEMENT[s.dtype]), _n("SequenceLength", ["s0"], ["y1"])]
    nodes += [_n("SequenceInsert", [f"s{i}", f"x{i}"], [f"s{i + 1}"]) for i in range(len(fed))]
    nodes += [_n("ConcatFromSequence", [f"s{len(fed)}"], ["y"], axis=0), _n("SequenceLength", [f"s{len(fed)}"], ["y2"])]
    return graph(nodes, fed, {"y": s.dtype, "y1": "int64", "y2": "int64"})


def _cut(s: Sample) -> onnx.ModelProto:
    p: dict[str, Any] = dict(s.params)
    given = {"at": _number(p["position"])} | ({} if p["sizes"] is None else {"sizes": _number(p["sizes"])})
    nodes = [
        _n("SplitToSequence", ["x0", *(["sizes"] if "sizes" in given else [])], ["s"], axis=p["axis"], keepdims=p["keep"]),
        _n("SequenceAt", ["s", "at"], ["y"]),
        _n("SequenceLength", ["s"], ["y1"]),
    ]
    return graph(nodes, _fed(s), {"y": s.dtype, "y1": "int64"}, initialisers=given)


def _optional(s: Sample) -> onnx.ModelProto:
    kind = TypeProto()
    kind.tensor_type.elem_type = ELEMENT[s.dtype]
    nodes = [
        _n("Optional", ["x0"], ["there"]),
        _n("Optional", [], ["missing"], type=kind),
        _n("OptionalGetElement", ["there"], ["y"]),
        _n("OptionalHasElement", ["there"], ["y1"]),
        _n("OptionalHasElement", ["missing"], ["y2"]),
    ]
    return graph(nodes, _fed(s), {"y": s.dtype, "y1": "bool", "y2": "bool"}, opset=18)


def _lowering(function: str, build: Any, *ops: str, dtypes: tuple[str, ...] = MOVED, since: str = "") -> Lowering:
    return Lowering(function=function, names=tuple(f"ai.onnx.{op}" for op in ops), build=build, dtypes=dtypes, since=since)


LOWERINGS = (
    _lowering("if_else", _if, "If"),
    _lowering("loop", _loop, "Loop", dtypes=SUMMED),
    _lowering("scan", _scan, "Scan", dtypes=SUMMED),
    _lowering("sequence_at", _of_sequence(_at), "SequenceConstruct", "SequenceAt"),
    _lowering("sequence_insert", _of_sequence(_insert, own=1), "SequenceInsert", "SequenceLength"),
    _lowering("sequence_erase", _of_sequence(_erase), "SequenceErase", "SequenceLength"),
    _lowering("sequence_from_empty", _from_empty, "SequenceEmpty", "SequenceInsert", "SequenceLength"),
    _lowering("concat_from_sequence", _of_sequence(_join), "ConcatFromSequence"),
    _lowering("split_to_sequence", _cut, "SplitToSequence", dtypes=("float32", "float64", "int64", "int32", "bool")),
    _lowering("sequence_map", _of_sequence(_map), "SequenceMap"),
    # A file in the runtime's own format cannot hold the type of an optional value.
    replace(_lowering("optional_value", _optional, "Optional", "OptionalGetElement", "OptionalHasElement"), paths=("parallel", "saved")),
)

"""A model that an exporter wrote in training mode, judged by what stands in it: weights bit for bit, layers that train, the type of its operand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import ModelProto, NodeProto, numpy_helper

from csvkit_ml.model.function import Expected, Measurement, Reason
from csvkit_ml.model.tensor import Array
from validation_suites.graphs.packing import unpacked

Finding = str | None
"""What is wrong, None = nothing."""


def constants(model: ModelProto) -> dict[str, Array]:
    """Initialisers and constant nodes, by name."""
    found = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    for n in model.graph.node:
        if n.op_type == "Constant" and n.attribute and n.attribute[0].name == "value":
            found[n.output[0]] = numpy_helper.to_array(n.attribute[0].t)
    return found


def _attribute(node: NodeProto, name: str, otherwise: float) -> float:
    return next((a.f if a.type == onnx.AttributeProto.FLOAT else float(a.i) for a in node.attribute if a.name == name), otherwise)


def _trains(model: ModelProto, momentum: float, eps: float) -> Finding:
    """Every batch norm normalises by its batch, and passes on running statistics."""
    for n in (n for n in model.graph.node if n.op_type == "BatchNormalization"):
        if _attribute(n, "training_mode", 0) != 1:
            return f"{n.name or n.op_type} is not in training mode"
        if len([o for o in n.output if o]) != 3:
            return f"{n.name or n.op_type} passes on no running statistics"
        if abs(_attribute(n, "momentum", 0.9) - (1 - momentum)) > 1e-6 or abs(_attribute(n, "epsilon", 1e-5) - eps) > 1e-9:
            return f"{n.name or n.op_type} has another momentum or epsilon"
    return None


def _drops(model: ModelProto, rate: float) -> Finding:
    """Every dropout is switched on, at the network's rate."""
    held = constants(model)
    for n in (n for n in model.graph.node if n.op_type == "Dropout"):
        given = [held.get(i) for i in n.input[1:]]
        if len(given) < 2 or given[1] is None or not bool(np.all(given[1])):
            return f"{n.name or n.op_type} is switched off"
        if given[0] is None or abs(float(given[0]) - rate) > 1e-7:
            return f"{n.name or n.op_type} has another rate"
    return None


def _holds(model: ModelProto, weights: dict[str, Array]) -> Finding:
    """Every weight stands in the file bit for bit, as often as the network has it."""
    left = [(a.dtype.str, a.shape, a.tobytes()) for a in (numpy_helper.to_array(t) for t in model.graph.initializer)]
    for name, w in weights.items():
        key = (w.dtype.str, w.shape, np.ascontiguousarray(w).tobytes())
        if key not in left:
            return f"{name} is not there bit for bit"
        left.remove(key)
    return None


def _takes(model: ModelProto, shape: tuple[int, ...]) -> Finding:
    """One operand of float32, any batch, fixed otherwise: a runtime can refuse every other."""
    own = {t.name for t in model.graph.initializer}
    inputs = [i for i in model.graph.input if i.name not in own]
    if len(inputs) != 1 or inputs[0].type.tensor_type.elem_type != onnx.TensorProto.FLOAT:
        return "not one operand of float32"
    dims = inputs[0].type.tensor_type.shape.dim
    if len(dims) != len(shape) + 1 or dims[0].HasField("dim_value") or tuple(d.dim_value for d in dims[1:]) != shape:
        return "the operand's shape is not declared"
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingGraph:
    """Statements about the written graph; all must hold.

    `Expected.extra` holds the weights by name; the layers that there must be, the rates and the shape of one operand are the criterion's.
    """

    layers: tuple[str, ...]
    """Operators in the order of the graph, among those named here."""
    shape: tuple[int, ...]
    rate: float
    momentum: float
    eps: float
    kind: str = "training graph"
    rationale: str = "What trains must still train, and what is not asked to be folded is copied."
    literature: str = "ONNX operator specification, BatchNormalization and Dropout (training_mode); PyTorch documentation, torch.onnx.export (training)"

    @property
    def formula(self) -> str:
        layers = ", ".join(self.layers)
        return f"{layers} in this order; dropout on at {self.rate:g}; batch norms in training mode; weights bit for bit; operand (n, {self.shape})"

    def measure(self, actual: Array, expected: Expected) -> Measurement:
        """Judge the bytes of a model."""
        try:
            model = onnx.load_model_from_string(unpacked(actual))
            wrong = next((f for f in self._findings(model, expected) if f is not None), None)
        except (DecodeError, onnx.checker.ValidationError, ValueError, TypeError) as e:
            wrong = f"no model: {str(e)[:200]}"
        if wrong is None:
            return Measurement(output=expected.name, reason=Reason.IDENTICAL, compared=len(expected.extra))
        return Measurement(
            output=expected.name, reason=Reason.BEYOND_HARD, compared=len(expected.extra), offenders=1, error=float("inf"), ratio=float("inf"),
            expected="a graph that trains", actual="".join(c if c.isprintable() else "?" for c in wrong),
        )  # fmt: skip

    def _findings(self, model: ModelProto, expected: Expected) -> Iterator[Finding]:
        onnx.checker.check_model(model)
        found = tuple(n.op_type for n in model.graph.node if n.op_type in self.layers)
        yield None if found == self.layers else f"the layers {', '.join(found) or 'none'}"
        yield _drops(model, self.rate)
        yield _trains(model, self.momentum, self.eps)
        yield _holds(model, dict(expected.extra))
        yield _takes(model, self.shape)

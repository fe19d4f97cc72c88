"""An ONNX model as a graph of values: parsed, never executed. No file is opened: data of tensors must lie in the model itself."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from csvkit_ml.model.tensor import DTYPES, Array

LARGEST = 1 << 27
"""Elements of one value."""
NODES = 20_000
DEEPEST = 16
"""Graphs inside one another."""


class GraphError(ValueError):
    """The model is none that can be evaluated here; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueInfo:
    """A declared input."""

    name: str
    dtype: str
    shape: tuple[int, ...] | None
    """-1 = not fixed; None = not even the rank is."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Node:
    """One operator of a graph."""

    op: str
    version: int
    """Of ai.onnx, as the model imports it."""
    name: str
    inputs: tuple[str, ...]
    """'' = left out."""
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    """Numbers, bytes, tuples of them, arrays, and graphs."""
    proto: Any
    """As it stands in the model."""
    index: int

    @property
    def label(self) -> str:
        """For a person."""
        return f"{self.op} {self.name!r}" if self.name else f"{self.op} #{self.index}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Graph:
    """Nodes in an order in which they can be evaluated."""

    inputs: tuple[ValueInfo, ...]
    """Those that have to be given."""
    outputs: tuple[str, ...]
    constants: Mapping[str, Array]
    """In their own dtypes."""
    nodes: tuple[Node, ...]


def exposed(graph: Graph) -> tuple[str, ...]:
    """Names of all values: the outputs of the model, then those of its nodes in order."""
    names = (*graph.outputs, *(o for n in graph.nodes for o in n.outputs if o))
    return tuple(dict.fromkeys(names))


@lru_cache(maxsize=4)
def read_graph(data: bytes) -> Graph:
    """Parse a model.

    Raises:
        GraphError: it is no model; it has functions of its own, operators of other domains, external data, or is too large.
    """
    model = parsed(data)
    if not model.graph.node:
        raise GraphError("the model has no nodes")
    if model.functions:
        raise GraphError(f"the model has functions of its own ({model.functions[0].name[:60]!r}): inline them first")
    versions = {o.domain: int(o.version) for o in model.opset_import}
    version = versions.get("", versions.get("ai.onnx", 0))
    if not version:
        raise GraphError("the model imports no opset of ai.onnx")
    return _graph(model.graph, version, frozenset(), 0)


def parsed(data: bytes) -> Any:
    """The model as a protocol buffer. Raises GraphError."""
    import onnx

    try:
        return onnx.load_model_from_string(data)
    except Exception as e:  # noqa: BLE001 - whatever the parser says, it is not a model
        raise GraphError(f"not an ONNX model: {str(e)[:200]}") from e


def _graph(proto: Any, version: int, outer: frozenset[str], depth: int) -> Graph:
    if depth > DEEPEST:
        raise GraphError(f"graphs deeper than {DEEPEST} inside one another")
    if len(proto.node) > NODES:
        raise GraphError(f"more than {NODES} nodes")
    if proto.sparse_initializer:
        raise GraphError("sparse constants are not evaluated here")
    constants = {t.name: tensor(t) for t in proto.initializer}
    inputs = tuple(_input(v) for v in proto.input if v.name not in constants)
    known = set(outer) | set(constants) | {v.name for v in inputs}
    nodes = []
    for index, n in enumerate(proto.node):
        node = _node(n, version, frozenset(known), index, depth)
        if lost := [i for i in node.inputs if i and i not in known]:
            raise GraphError(f"{node.label} takes {lost[0][:60]!r}, which nothing gives before")
        if again := [o for o in node.outputs if o and o in known]:
            raise GraphError(f"{node.label} gives {again[0][:60]!r} a second time")
        known |= set(node.outputs)
        nodes.append(node)
    outputs = tuple(o.name for o in proto.output)
    if missing := [o for o in outputs if o not in known]:
        raise GraphError(f"nothing gives the output {missing[0][:60]!r}")
    if not outputs or len(set(outputs)) < len(outputs):
        raise GraphError("the model has no outputs" if not outputs else "the model names an output twice")
    return Graph(inputs=inputs, outputs=outputs, constants=constants, nodes=tuple(nodes))


def _node(n: Any, version: int, known: frozenset[str], index: int, depth: int) -> Node:
    if n.domain not in ("", "ai.onnx"):
        raise GraphError(f"{n.op_type[:60]} of the domain {n.domain[:60]!r}: only operators of ai.onnx are evaluated here")
    attributes = {a.name: _attribute(a, version, known, depth) for a in n.attribute}
    return Node(
        op=n.op_type, version=version, name=n.name, inputs=tuple(n.input), outputs=tuple(n.output), attributes=attributes, proto=n, index=index
    )


def _attribute(a: Any, version: int, known: frozenset[str], depth: int) -> Any:
    import onnx

    if a.type == onnx.AttributeProto.TENSOR:
        return tensor(a.t)
    if a.type == onnx.AttributeProto.GRAPH:
        return _graph(a.g, version, known, depth + 1)
    value = onnx.helper.get_attribute_value(a)
    return tuple(value) if isinstance(value, list) or hasattr(value, "append") else value


def _input(v: Any) -> ValueInfo:
    kind = v.type
    if not kind.HasField("tensor_type"):
        raise GraphError(f"the input {v.name[:60]!r} is no tensor")
    told = kind.tensor_type
    shape = tuple(int(d.dim_value) if d.HasField("dim_value") else -1 for d in told.shape.dim) if told.HasField("shape") else None
    return ValueInfo(name=v.name, dtype=dtype_of(told.elem_type), shape=shape)


def dtype_of(element: int) -> str:
    """numpy's name of an element type. Raises GraphError where no value can have it."""
    import onnx

    try:
        name = {"float": "float32", "double": "float64"}.get(told := onnx.TensorProto.DataType.Name(element).lower(), told)
    except ValueError:
        name = "?"
    if name not in DTYPES or name.startswith("complex"):
        raise GraphError(f"values of the type {name} are not evaluated here")
    return str(name)


def tensor(t: Any) -> Array:
    """A constant in its own dtype."""
    from onnx import numpy_helper

    if t.data_location == 1 or t.external_data:
        raise GraphError(f"the data of {t.name[:60]!r} lies outside the model")
    if any(d < 0 for d in t.dims) or math.prod(t.dims) > LARGEST:
        raise GraphError(f"the constant {t.name[:60]!r} has the shape {list(t.dims)[:8]}")
    dtype = dtype_of(t.data_type)
    try:
        return np.asarray(numpy_helper.to_array(t)).astype(DTYPES[dtype], copy=False)
    except (ValueError, TypeError) as e:
        raise GraphError(f"the constant {t.name[:60]!r} cannot be read: {str(e)[:120]}") from e


def fits(graph: Graph, feeds: Mapping[str, Array]) -> Iterator[str]:
    """Why feeds are none of this model, in words."""
    for v in graph.inputs:
        given = feeds.get(v.name)
        if given is None:
            yield f"the input {v.name!r} is not given, but {', '.join(map(repr, sorted(feeds))) or 'nothing'}"
        elif given.dtype != DTYPES[v.dtype]:
            yield f"the input {v.name!r} is {v.dtype}, not {given.dtype.name}"
        elif v.shape is not None and (len(v.shape) != given.ndim or any(a not in (-1, b) for a, b in zip(v.shape, given.shape, strict=True))):
            told = ",".join("?" if a < 0 else str(a) for a in v.shape)
            yield f"the input {v.name!r} is [{told}], not {list(given.shape)}"
    for name in sorted(set(feeds) - {v.name for v in graph.inputs}):
        yield f"the model has no input {name!r}"

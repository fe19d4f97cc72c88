"""The scope of an ONNX model, read and never executed: subgraphs, functions and external data too.

The file is parsed here; inferring shapes, which runs the onnx package's C++ code on what may be hostile, happens in a process of its own.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from csvkit_ml.errors import ScopeError
from csvkit_ml.model.digest import sha256
from csvkit_ml.model.function import Json
from csvkit_ml.model.scope import Operand, Scope, Source, Use
from csvkit_ml.scope.collect import gather

LARGEST_BYTES = (1 << 31) - 1
"""Protocol buffers hold no more."""
LIMIT_S = 60.0
"""For inferring shapes."""
DEEPEST = 64
"""Subgraphs and functions inside one another."""
NODES = 2_000_000
"""Nodes that are visited; functions count at every call."""
_VALUES = 32
"""Elements of an attribute that are told."""
_HINT = "export the model again, or check it with onnx.checker"
_INFER = """
import resource, sys
import onnx
resource.setrlimit(resource.RLIMIT_CPU, (@SECONDS@, @SECONDS@))
model = onnx.load_model_from_string(sys.stdin.buffer.read())
sys.stdout.buffer.write(onnx.shape_inference.infer_shapes(model, data_prop=True).SerializeToString())
"""


@dataclass(slots=True)
class _Walk:
    """What is known while a graph is read."""

    opsets: Mapping[str, int]
    functions: Mapping[tuple[str, str, str], Any]
    problems: set[str] = field(default_factory=set)
    visited: int = 0
    cut: bool = False
    """Not all nodes were visited: inferring shapes would not end either."""


def scope_of_model(path: Path) -> Scope:
    """Operators, opsets, attributes, dtypes and shapes of a model.

    Raises:
        ScopeError: it cannot be read, or is no ONNX model.
    """
    import onnx

    data = _read(path)
    try:
        model = onnx.load_model_from_string(data)
    except Exception as e:  # noqa: BLE001 - whatever the parser says, it is not a model
        raise ScopeError(f"{path.name} is not an ONNX model: {str(e)[:200]}", _HINT) from e
    if not model.graph.node and not model.functions:
        raise ScopeError(f"{path.name} has no nodes: not an ONNX model, or an empty one", _HINT)
    opsets = {o.domain or "ai.onnx": int(o.version) for o in model.opset_import}
    walk = _Walk(opsets=opsets, functions={(f.domain, f.name, getattr(f, "overload", "")): f for f in model.functions})
    external = _external(model, path.parent, walk.problems)
    uses = list(_graph(model.graph, walk, {}, 0))
    if not walk.cut and (inferred := _inferred(data, walk.problems)) is not None:
        walk.visited = 0
        uses = list(_graph(inferred.graph, walk, {}, 0))
    details = [("ir version", str(model.ir_version)), ("producer", f"{model.producer_name} {model.producer_version}".strip()[:200])]
    details += [(f"opset {k}", str(v)) for k, v in sorted(opsets.items())] + external
    source = Source(kind="onnx", name=path.name, digest=sha256(data), details=tuple(sorted(details)))
    return gather("onnxruntime", (source,), uses, walk.problems)


def self_contained(path: Path) -> bytes:
    """The bytes of a model; data that lies beside it in its folder is put into it.

    Raises:
        ScopeError: it cannot be read, is no ONNX model, or its data lies elsewhere or does not fit into one file.
    """
    import onnx

    data = _read(path)
    try:
        model = onnx.load_model_from_string(data)
    except Exception as e:  # noqa: BLE001 - whatever the parser says, it is not a model
        raise ScopeError(f"{path.name} is not an ONNX model: {str(e)[:200]}", _HINT) from e
    beside = [t for t in _tensors(model) if t.data_location == 1]
    for tensor in beside:
        _bring(tensor, path.parent)
    return bytes(model.SerializeToString(deterministic=True)) if beside else data


def _bring(tensor: Any, folder: Path) -> None:
    """External data into the tensor itself."""
    held = {e.key: e.value for e in tensor.external_data}
    why, path = _refused(folder, str(held.get("location", "")))
    if why or path is None:
        raise ScopeError(f"external data {_short(str(held.get('location', '')).encode())!r} {why}", "keep it beside the model")
    try:
        start, size = int(held.get("offset", 0)), int(held.get("length", path.stat().st_size))
        if start < 0 or not 0 <= size <= LARGEST_BYTES - start or start + size > path.stat().st_size:
            raise ScopeError(f"external data of {_short(tensor.name.encode())!r} is not within its file", _HINT)
        with path.open("rb") as f:
            f.seek(start)
            tensor.raw_data = f.read(size)
    except (OSError, ValueError) as e:
        raise ScopeError(f"external data of {_short(tensor.name.encode())!r} cannot be read: {str(e)[:120]}", _HINT) from e
    tensor.data_location = 0
    del tensor.external_data[:]


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise ScopeError(f"{path} is larger than 2 GiB", "keep the weights in external data")
        return path.read_bytes()
    except OSError as e:
        raise ScopeError(f"cannot read {path}: {e.strerror}", "name a model file") from e


def _inferred(data: bytes, problems: set[str]) -> Any | None:
    """The model with the shapes of intermediate values; None, and a problem, where that cannot be had."""
    import onnx

    line = [sys.executable, "-I", "-c", _INFER.replace("@SECONDS@", str(int(LIMIT_S)))]
    try:
        done = subprocess.run(line, input=data, capture_output=True, timeout=2 * LIMIT_S, check=False)
        if done.returncode == 0:
            return onnx.load_model_from_string(done.stdout)
        words = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or [f"status {done.returncode}"]
        problems.add(f"shapes could not be inferred: {words[0][:200]}")
    except subprocess.TimeoutExpired:
        problems.add(f"shapes could not be inferred within {2 * LIMIT_S:g} s")
    return None


def _graph(graph: Any, walk: _Walk, outer: Mapping[str, Operand], depth: int) -> Iterator[Use]:
    """Nodes of a graph and of what they contain, with the values visible there."""
    known = {**outer, **_values(graph)}
    yield from _nodes(graph.node, walk, known, depth)


def _values(graph: Any) -> dict[str, Operand]:
    """dtype and shape of every value that the graph tells."""
    found = {v.name: _operand(v.type) for v in (*graph.input, *graph.value_info, *graph.output)}
    for t in graph.initializer:
        found[t.name] = Operand(dtype=_dtype(t.data_type), shape=tuple(int(d) for d in t.dims), constant=True)
    for s in graph.sparse_initializer:
        found[s.values.name] = Operand(dtype=_dtype(s.values.data_type), shape=tuple(int(d) for d in s.dims), constant=True)
    return found


def _nodes(nodes: Any, walk: _Walk, known: Mapping[str, Operand], depth: int) -> Iterator[Use]:
    if depth > DEEPEST:
        walk.problems.add(f"subgraphs or functions deeper than {DEEPEST} are not read")
        walk.cut = True
        return
    for node in nodes:
        walk.visited += 1
        if walk.visited > NODES:
            walk.problems.add(f"only the first {NODES} nodes are read")
            walk.cut = True
            return
        domain = node.domain or "ai.onnx"
        body = walk.functions.get((node.domain, node.op_type, getattr(node, "overload", "")))
        if body is not None:
            yield from _called(body, node, walk, known, depth)
            continue
        yield Use(
            operator=f"{domain}.{node.op_type}", version=walk.opsets.get(domain, 0),
            operands=tuple(known.get(i, Operand(dtype="?")) if i else Operand(dtype="absent") for i in node.input),
            attributes=tuple(sorted((a.name, _attribute(a)) for a in node.attribute)),
        )  # fmt: skip
        if domain not in walk.opsets:
            walk.problems.add(f"the model imports no opset of {domain}")
        for a in node.attribute:
            for graph in ([a.g] if a.HasField("g") else []) + list(a.graphs):
                yield from _graph(graph, walk, known, depth + 1)


def _called(body: Any, node: Any, walk: _Walk, known: Mapping[str, Operand], depth: int) -> Iterator[Use]:
    """The nodes of a model's own function at one call; its inputs are the call's operands, its opsets its own."""
    inside = dict(zip(body.input, (known.get(i, Operand(dtype="?")) for i in node.input), strict=False))
    inside |= {v.name: _operand(v.type) for v in getattr(body, "value_info", ())}
    opsets = {o.domain or "ai.onnx": int(o.version) for o in body.opset_import}
    deeper = _Walk(opsets={**walk.opsets, **opsets}, functions=walk.functions, problems=walk.problems, visited=walk.visited)
    yield from _nodes(body.node, deeper, inside, depth + 1)
    walk.visited, walk.cut = deeper.visited, walk.cut or deeper.cut


def _operand(kind: Any) -> Operand:
    """Of a declared type: tensor, or a container of them."""
    if not kind.HasField("tensor_type"):
        return Operand(dtype=str(kind.WhichOneof("value") or "?").removesuffix("_type"))
    tensor = kind.tensor_type
    if not tensor.HasField("shape"):
        return Operand(dtype=_dtype(tensor.elem_type))
    return Operand(dtype=_dtype(tensor.elem_type), shape=tuple(int(d.dim_value) if d.HasField("dim_value") else -1 for d in tensor.shape.dim))


def _dtype(element: int) -> str:
    """numpy's name of an element type."""
    import onnx

    try:
        name = onnx.TensorProto.DataType.Name(element).lower()
    except ValueError:
        return "?"
    return str({"float": "float32", "double": "float64", "undefined": "?"}.get(name, name))


def _attribute(a: Any) -> Json:
    """An attribute as a value: numbers and texts, bounded; tensors and graphs by what they are."""
    import onnx

    kinds = onnx.AttributeProto
    if a.ref_attr_name:
        return f"attribute {a.ref_attr_name} of the function"
    if a.type in (kinds.FLOAT, kinds.INT):
        return float(a.f) if a.type == kinds.FLOAT else int(a.i)
    if a.type == kinds.STRING:
        return _short(a.s)
    if a.type in (kinds.FLOATS, kinds.INTS, kinds.STRINGS):
        held = {kinds.FLOATS: a.floats, kinds.INTS: a.ints, kinds.STRINGS: a.strings}[a.type]
        made = tuple(_short(v) if isinstance(v, bytes) else v for v in held[:_VALUES])
        return (*made, "...") if len(held) > _VALUES else made
    if a.type == kinds.TENSOR:
        return f"{_dtype(a.t.data_type)}[{','.join(str(d) for d in a.t.dims)}]"
    return str(kinds.AttributeType.Name(a.type)).lower()


def _short(text: bytes) -> str:
    clean = "".join(ch if ch.isprintable() else "?" for ch in text[:200].decode(errors="replace"))
    return clean + "..." if len(text) > 200 else clean


def _external(model: Any, folder: Path, problems: set[str]) -> list[tuple[str, str]]:
    """Digests of external data; what lies outside the model's folder, or is no plain file, is never opened."""
    found: dict[str, str] = {}
    for tensor in _tensors(model):
        if tensor.data_location != 1:
            continue
        held = {e.key: e.value for e in tensor.external_data}
        name = str(held.get("location", ""))
        if name in found:
            continue
        why, path = _refused(folder, name)
        if why or path is None:
            problems.add(f"external data {_short(name.encode())!r} {why}: not opened")
            continue
        found[name] = _file_digest(path)
    return [(f"external data {_short(k.encode())}", v) for k, v in found.items()]


def _tensors(model: Any) -> Iterator[Any]:
    """Every tensor of a model's graphs and functions."""
    graphs, nodes = [model.graph], [n for f in model.functions for n in f.node]
    while graphs or nodes:
        if graphs:
            graph = graphs.pop()
            yield from graph.initializer
            for sparse in graph.sparse_initializer:
                yield sparse.values
                yield sparse.indices
            nodes += graph.node
        for node in nodes:
            for a in node.attribute:
                yield from ([a.t] if a.HasField("t") else []) + list(a.tensors)
                graphs += ([a.g] if a.HasField("g") else []) + list(a.graphs)
        nodes = []


def _refused(folder: Path, name: str) -> tuple[str, Path | None]:
    """Why a location is refused, or the file."""
    parts = PurePosixPath(name)
    if not name or "\0" in name or "\\" in name or parts.is_absolute() or ".." in parts.parts:
        return "lies outside the model's folder", None
    path = folder / name
    try:
        if not path.resolve().is_relative_to(folder.resolve()):
            return "leads outside the model's folder", None
        if not path.is_file():
            return "is missing, or no plain file", None
    except (OSError, RuntimeError):
        return "cannot be looked at", None
    return "", path


def _file_digest(path: Path) -> str:
    import hashlib

    with path.open("rb") as f:
        return f"sha256:{hashlib.file_digest(f, 'sha256').hexdigest()}"

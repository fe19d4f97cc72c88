"""A model's own functions, written out where they are called, so that only operators of ai.onnx are left to evaluate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from csvkit_ml.references.graphs.reading import DEEPEST, NODES, GraphError, parsed

Key = tuple[str, str, str]
"""Domain, name and overload of a function."""


def inlined(data: bytes) -> bytes:
    """The bytes of a model that computes the same and has no functions of its own.

    Few functions that call one another can stand for any number of nodes: what they come to is counted before anything is written out.

    Raises:
        GraphError: it is no model, functions call themselves, or too many nodes would be written.
    """
    from onnx.inliner import inline_local_functions

    model = parsed(data)
    if not model.functions:
        return data
    bodies = {_key(f, f.name): f.node for f in model.functions}
    if _count(model.graph.node, bodies, {}, ()) > NODES:
        raise GraphError(f"more than {NODES} nodes when its functions are written out")
    try:
        return bytes(inline_local_functions(model).SerializeToString())
    except Exception as e:  # noqa: BLE001 - whatever the library says, its functions stay
        raise GraphError(f"its functions cannot be written out: {str(e)[:200]}") from e


def _key(proto: Any, name: str) -> Key:
    return ("" if proto.domain == "ai.onnx" else proto.domain), name, getattr(proto, "overload", "")


def _count(nodes: Iterable[Any], bodies: dict[Key, Any], known: dict[Key, int], calls: tuple[Key, ...]) -> int:
    """Nodes, those of called functions and of graphs inside included."""
    if len(calls) > DEEPEST:
        raise GraphError(f"functions deeper than {DEEPEST} inside one another, or that call themselves")
    total = 0
    for node in _all(nodes, 0):
        key = _key(node, node.op_type)
        if key in bodies and key not in known:
            known[key] = _count(bodies[key], bodies, known, (*calls, key))
        total += known.get(key, 1)
    return total


def _all(nodes: Iterable[Any], depth: int) -> Iterator[Any]:
    if depth > DEEPEST:
        raise GraphError(f"graphs deeper than {DEEPEST} inside one another")
    for node in nodes:
        yield node
        for a in node.attribute:
            for graph in (*([a.g] if a.HasField("g") else []), *a.graphs):
                yield from _all(graph.node, depth + 1)

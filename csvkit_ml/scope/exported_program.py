"""The scope of a torch.export archive (.pt2): its graph is JSON inside a zip file; weights and code are never read."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from csvkit_ml.errors import ScopeError
from csvkit_ml.model.digest import sha256
from csvkit_ml.model.function import Json
from csvkit_ml.model.scope import Operand, Scope, Source, Use
from csvkit_ml.scope.collect import gather

GRAPHS = ("serialized_exported_program.json", "models/model.json")
"""Where releases up to 2.7, and later ones, keep the graph (below the archive's own folder)."""
LARGEST_BYTES = 1 << 30
"""Of a graph, unpacked."""
DTYPES = {
    1: "uint8", 2: "int8", 3: "int16", 4: "int32", 5: "int64", 6: "float16", 7: "float32", 8: "float64", 9: "complex32", 10: "complex64",
    11: "complex128", 12: "bool", 13: "bfloat16", 28: "uint16", 29: "float8_e4m3fn", 30: "float8_e5m2", 31: "float8_e4m3fnuz",
    32: "float8_e5m2fnuz", 33: "float8_e8m0fnu", 34: "uint32", 35: "uint64",
}  # fmt: skip
"""By the numbers of torch._export.serde.schema.ScalarType."""
_HINT = "write it with torch.export.save"
_TENSORS = ("as_tensor", "as_tensors", "as_optional_tensor", "as_optional_tensors")
_CUT = 200


def scope_of_program(path: Path) -> Scope:
    """Operators, operands and attributes of an exported program.

    Raises:
        ScopeError: no zip archive, no graph inside, or one that cannot be read.
    """
    text, names = _graph_text(path)
    try:
        program = json.loads(text)
        graph = program["graph_module"]["graph"]
        uses = list(_uses(graph))
        details = {"schema": json.dumps(program.get("schema_version", {}))[:_CUT], "torch": str(program.get("torch_version", ""))[:_CUT]}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as e:
        raise ScopeError(f"the graph of {path.name} cannot be read: {str(e)[:_CUT]}", _HINT) from e
    if not uses:
        raise ScopeError(f"{path.name} calls no operator", _HINT)
    problems = [f"{n} holds code that was not read" for n in names if n.endswith((".so", ".cubin", ".py"))]
    source = Source(kind="exported program", name=path.name, digest=sha256(path.read_bytes()), details=tuple(sorted(details.items())))
    return gather("torch", (source,), uses, problems)


def _graph_text(path: Path) -> tuple[bytes, list[str]]:
    try:
        with zipfile.ZipFile(path) as archive:
            found = [i for i in archive.infolist() if any(i.filename == g or i.filename.endswith("/" + g) for g in GRAPHS)]
            if len(found) != 1:
                raise ScopeError(f"{path.name} holds {len(found)} exported graphs, not one", _HINT)
            with archive.open(found[0]) as f:
                text = f.read(LARGEST_BYTES + 1)
            names = archive.namelist()
    except OSError as e:
        raise ScopeError(f"cannot read {path}: {e.strerror}", "name an exported program") from e
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError) as e:
        raise ScopeError(f"{path.name} is not an exported program: {str(e)[:_CUT]}", _HINT) from e
    if len(text) > LARGEST_BYTES:
        raise ScopeError(f"the graph of {path.name} is larger than {LARGEST_BYTES} bytes", _HINT)
    return text, names


def _uses(graph: Mapping[str, Any]) -> Iterator[Use]:
    known = {name: _operand(meta) for name, meta in graph["tensor_values"].items()}
    for node in graph["nodes"]:
        operands: list[Operand] = []
        attributes: list[tuple[str, Json]] = []
        for given in node["inputs"]:
            name = str(given["name"])
            ((kind, value),) = given["arg"].items()
            if kind in _TENSORS and value:
                operands += [_named(v, known) for v in (value if isinstance(value, list) else [value])]
            else:
                attributes.append((name, _attribute(kind, value)))
            if kind == "as_graph":
                yield from _uses(value["graph"])
        yield Use(
            operator=_operator(str(node["target"])), device=next((d for _, d in known.values() if d), ""),
            operands=tuple(operands), attributes=tuple(sorted(attributes, key=lambda a: a[0])),
        )  # fmt: skip


def _operator(target: str) -> str:
    """`aten::add.Tensor` of `torch.ops.aten.add.Tensor`; anything else as it stands."""
    parts = target.removeprefix("torch.ops.").split(".")
    return f"{parts[0]}::{'.'.join(parts[1:])}" if target.startswith("torch.ops.") and len(parts) > 1 else target[:_CUT]


def _operand(meta: Mapping[str, Any]) -> tuple[Operand, str]:
    shape = tuple(int(s["as_int"]) if "as_int" in s else -1 for s in meta["sizes"])
    return Operand(dtype=DTYPES.get(int(meta["dtype"]), "?"), shape=shape), str(meta.get("device", {}).get("type", ""))


def _named(value: Any, known: Mapping[str, tuple[Operand, str]]) -> Operand:
    """Of a tensor argument, plain or optional."""
    held = value.get("as_tensor", value) if isinstance(value, dict) else {}
    name = held.get("name", "") if isinstance(held, dict) else ""
    return known[name][0] if name in known else Operand(dtype="?" if name else "absent")


def _attribute(kind: str, value: Any) -> Json:
    if kind == "as_none":
        return None
    if isinstance(value, bool | int | float | str):
        return value if not isinstance(value, str) else value[:_CUT]
    if isinstance(value, list) and all(isinstance(v, bool | int | float) for v in value):
        return tuple(value[:32]) if len(value) <= 32 else (*value[:32], "...")
    return f"{kind.removeprefix('as_')} {json.dumps(value)[:_CUT]}"

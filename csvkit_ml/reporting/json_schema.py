"""JSON Schema (2020-12) of report.json, derived from the model's type hints and the sentences under its fields."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import types
import typing
from enum import Enum
from typing import Any, Union

from csvkit_ml.model.report import ReportModel

_NUMBER = {
    "type": "object",
    "properties": {"$float": {"enum": ["nan", "inf", "-inf", "-0.0"]}},
    "required": ["$float"],
    "additionalProperties": False,
}
_INTEGER = {"type": "object", "properties": {"$int": {"type": "string"}}, "required": ["$int"], "additionalProperties": False}
_SCALARS: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"anyOf": [{"type": "integer"}, {"$ref": "#/$defs/$int"}]},
    float: {"anyOf": [{"type": "number"}, {"$ref": "#/$defs/$float"}]},
    type(None): {"type": "null"},
}
_VALUE = {
    "anyOf": [
        {"type": ["null", "boolean", "number", "string"]},
        {"$ref": "#/$defs/$float"},
        {"$ref": "#/$defs/$int"},
        {"$ref": "#/$defs/values"},
    ]
}


def schema() -> dict[str, Any]:
    """The schema as plain JSON values, definitions in the order in which they are met."""
    defs: dict[str, Any] = {
        "$float": _NUMBER,
        "$int": _INTEGER,
        "value": _VALUE,
        "values": {"type": "array", "items": {"$ref": "#/$defs/value"}},
    }
    root = _hint(ReportModel, defs)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "mlcsv report.json", **root, "$defs": defs}


def _hint(hint: Any, defs: dict[str, Any]) -> dict[str, Any]:
    hint = getattr(hint, "__supertype__", hint)
    if hint in _SCALARS:
        return dict(_SCALARS[hint])
    if typing.get_origin(hint) is tuple:
        return _array(typing.get_args(hint), defs)
    if typing.get_origin(hint) in (Union, types.UnionType):
        return _union(typing.get_args(hint), defs)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"enum": [m.value for m in hint]}
    return _record(hint, defs)


def _union(options: tuple[Any, ...], defs: dict[str, Any]) -> dict[str, Any]:
    if any(typing.get_origin(o) is tuple for o in options):
        return {"$ref": "#/$defs/value"}
    return {"anyOf": [_hint(o, defs) for o in options]}


def _array(args: tuple[Any, ...], defs: dict[str, Any]) -> dict[str, Any]:
    if args[-1] is Ellipsis:
        return {"type": "array", "items": _hint(args[0], defs)}
    return {"type": "array", "prefixItems": [_hint(a, defs) for a in args], "items": False, "minItems": len(args)}


def _record(kind: type, defs: dict[str, Any]) -> dict[str, Any]:
    name = kind.__name__
    if name not in defs:
        defs[name] = {}
        hints, sentences = typing.get_type_hints(kind), _sentences(kind)
        fields = dataclasses.fields(kind)
        required = [f.name for f in fields if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING]
        defs[name] = {
            "type": "object",
            "description": (inspect.getdoc(kind) or "").split("\n\n")[0],
            "properties": {f.name: _hint(hints[f.name], defs) | sentences.get(f.name, {}) for f in fields},
            "required": required,
            "additionalProperties": False,
        }
    return {"$ref": f"#/$defs/{name}"}


def _sentences(kind: type) -> dict[str, dict[str, str]]:
    """The string under each field of a record, as its description."""
    tree = ast.parse(inspect.getsource(importlib.import_module(kind.__module__)))
    body = next(n.body for n in tree.body if isinstance(n, ast.ClassDef) and n.name == kind.__name__)
    found = {}
    for field, below in zip(body, body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr):
            text = ast.literal_eval(below.value)
            found[field.target.id] = {"description": " ".join(str(text).split())}
    return found

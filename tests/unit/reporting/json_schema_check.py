"""The part of JSON Schema that report.schema.json uses, checked without a dependency. Unknown keywords are an error."""

from __future__ import annotations

from typing import Any

_TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
_KNOWN = {"$schema", "$defs", "title", "description", "type", "properties", "required", "additionalProperties", "items", "prefixItems"}
_KNOWN |= {"minItems", "anyOf", "enum", "$ref"}


def problems(schema: dict[str, Any], value: Any, root: dict[str, Any] | None = None, where: str = "$") -> list[str]:
    """What is wrong with the value; empty = it conforms."""
    root = schema if root is None else root
    assert set(schema) <= _KNOWN, set(schema) - _KNOWN
    found: list[str] = []
    if "$ref" in schema:
        found += problems(root["$defs"][schema["$ref"].removeprefix("#/$defs/")], value, root, where)
    if "anyOf" in schema and all(problems(s, value, root, where) for s in schema["anyOf"]):
        found.append(f"{where}: no alternative fits")
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{where}: {value!r} is not one of the values")
    if "type" in schema and not any(_is(t, value) for t in ([schema["type"]] if isinstance(schema["type"], str) else schema["type"])):
        return [*found, f"{where}: not {schema['type']}"]
    return found + _object(schema, value, root, where) + _array(schema, value, root, where)


def _is(name: str, value: Any) -> bool:
    if name in ("integer", "number"):
        return isinstance(value, int if name == "integer" else int | float) and not isinstance(value, bool)
    return isinstance(value, _TYPES[name])


def _object(schema: dict[str, Any], value: Any, root: dict[str, Any], where: str) -> list[str]:
    if not isinstance(value, dict) or "properties" not in schema:
        return []
    found = [f"{where}: {k} is missing" for k in schema.get("required", []) if k not in value]
    for k, v in value.items():
        if k in schema["properties"]:
            found += problems(schema["properties"][k], v, root, f"{where}.{k}")
        elif schema.get("additionalProperties") is False:
            found.append(f"{where}: {k} is unknown")
    return found


def _array(schema: dict[str, Any], value: Any, root: dict[str, Any], where: str) -> list[str]:
    if not isinstance(value, list):
        return []
    prefix, items = schema.get("prefixItems", []), schema.get("items")
    found = [x for i, (s, v) in enumerate(zip(prefix, value, strict=False)) for x in problems(s, v, root, f"{where}[{i}]")]
    rest = value[len(prefix) :]
    if items is False and rest or len(value) < schema.get("minItems", 0):
        found.append(f"{where}: wrong number of elements")
    if isinstance(items, dict):
        found += [x for i, v in enumerate(rest) for x in problems(items, v, root, f"{where}[{i}]")]
    return found

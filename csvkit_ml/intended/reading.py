"""requirements.toml: strict, and every mistake of the file told at once."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from csvkit_ml.errors import UsageError
from csvkit_ml.model.coverage import Risk
from csvkit_ml.model.requirement import MakerRequirement

SCHEMA = 1
MAX_BYTES = 16 << 20
_LISTS = ("hazards", "functions", "operators")
_HINT = "schema = 1, then a [[requirement]] with id, text, risk and hazards, functions, operators for each"


def read_requirements(data: bytes, name: str) -> tuple[MakerRequirement, ...]:
    """Requirements in the order of the file. Raises UsageError with all mistakes."""
    if len(data) > MAX_BYTES:
        raise UsageError(f"{name} has {len(data)} bytes, more than {MAX_BYTES}", _HINT)
    try:
        tree = tomllib.loads(data.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as e:
        raise UsageError(f"{name} is not TOML: {e}", _HINT) from e
    tables = tree.get("requirement")
    mistakes = list(_mistakes(tree, tables))
    if mistakes:
        raise UsageError(f"{name} has {len(mistakes)} mistake{'s' * (len(mistakes) > 1)}:\n" + "\n".join(f"  {m}" for m in mistakes), _HINT)
    return tuple(_requirement(t) for t in tables or ())


def _mistakes(tree: dict[str, Any], tables: object) -> Iterator[str]:
    if tree.get("schema") != SCHEMA or isinstance(tree.get("schema"), bool):
        yield f"schema must be {SCHEMA}"
    yield from (f"unknown key {key!r}" for key in sorted(set(tree) - {"schema", "requirement"}))
    if not isinstance(tables, list) or not tables or not all(isinstance(t, dict) for t in tables):
        yield "there is no [[requirement]]"
        return
    for n, table in enumerate(tables, 1):
        yield from (f"requirement {n} ({_label(table)}): {text}" for text in _of_table(table))
    ids = Counter(t["id"] for t in tables if isinstance(t.get("id"), str))
    yield from (f"{count} requirements have the id {id!r}" for id, count in ids.items() if count > 1)


def _label(table: dict[str, Any]) -> str:
    return repr(table["id"])[:80] if isinstance(table.get("id"), str) else "without id"


def _of_table(table: dict[str, Any]) -> Iterator[str]:
    known = {f.name for f in fields(MakerRequirement)}
    yield from (f"unknown key {key!r}" for key in sorted(set(table) - known))
    for key in ("id", "text"):
        value = table.get(key)
        if not isinstance(value, str) or not value.strip():
            yield f"{key} must be a text that is not empty"
        elif key == "id" and not value.isprintable():
            yield "id must be printable"
    if table.get("risk") not in [r.value for r in Risk]:
        yield f"risk must be one of {', '.join(r.value for r in Risk)}"
    for key in _LISTS:
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(v, str) and v.strip() for v in value):
            yield f"{key} must be a list of texts that are not empty"


def _requirement(table: dict[str, Any]) -> MakerRequirement:
    lists = {key: tuple(dict.fromkeys(table.get(key, ()))) for key in _LISTS}
    return MakerRequirement(id=table["id"], text=table["text"], risk=Risk(table["risk"]), **lists)

"""A maker's tolerance plan (TOML): one table for each output, with the reason. Strict; every mistake told at once."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Iterator
from typing import Any

from csvkit_ml.errors import ModelError
from csvkit_ml.model.function import Json

SCHEMA = 1
MAX_BYTES = 1 << 20
LIMITS = ("absolute", "relative", "ulps")
_HINT = 'schema = 1, then for each output [outputs."NAME"] with reason and absolute, relative, ulps (0 where left out)'


def read_tolerances(data: bytes, name: str, outputs: Iterable[str]) -> tuple[Json, ...]:
    """(output, absolute, relative, ulps, reason) of each, as texts, in the order of `outputs`. Raises ModelError with all mistakes."""
    try:
        if len(data) > MAX_BYTES:
            raise ModelError(f"{name} has more than {MAX_BYTES} bytes", _HINT)
        tree = tomllib.loads(data.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as e:
        raise ModelError(f"{name} is not TOML: {e}", _HINT) from e
    wanted, tables = tuple(outputs), tree.get("outputs")
    if mistakes := list(_mistakes(tree, tables, wanted)):
        raise ModelError(f"{name} has {len(mistakes)} mistake{'s' * (len(mistakes) > 1)}:\n" + "\n".join(f"  {m}" for m in mistakes), _HINT)
    assert isinstance(tables, dict)
    return tuple((o, *(repr(float(tables[o].get(k, 0.0))) for k in LIMITS), str(tables[o]["reason"])) for o in wanted)


def _mistakes(tree: dict[str, Any], tables: object, wanted: tuple[str, ...]) -> Iterator[str]:
    if tree.get("schema") != SCHEMA or isinstance(tree.get("schema"), bool):
        yield f"schema must be {SCHEMA}"
    yield from (f"unknown key {key!r}" for key in sorted(set(tree) - {"schema", "outputs"}))
    if not isinstance(tables, dict) or not all(isinstance(t, dict) for t in tables.values()):
        yield "there is no [outputs] with a table for each output"
        return
    yield from (f"{o!r} has no table" for o in wanted if o not in tables)
    yield from (f"{o!r} is no output with an expected value" for o in tables if o not in wanted)
    for output, table in tables.items():
        yield from (f"{output!r}: unknown key {key!r}" for key in sorted(set(table) - {*LIMITS, "reason"}))
        if not isinstance(table.get("reason"), str) or not table["reason"].strip():
            yield f"{output!r}: reason must be a text that is not empty"
        for key in LIMITS:
            value = table.get(key, 0.0)
            if isinstance(value, bool) or not isinstance(value, int | float) or not (0 <= value < math.inf):
                yield f"{output!r}: {key} must be a number that is not negative"

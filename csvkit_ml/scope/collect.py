"""Uses gathered into scopes, scopes merged, scopes as text with one use a line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from csvkit_ml.errors import ScopeError
from csvkit_ml.model.codec import CodecError, canonical, decode
from csvkit_ml.model.digest import Digest, sha256
from csvkit_ml.model.scope import Scope, Source, Use

SCHEMA = 1
LARGEST_BYTES = 256 << 20
"""Of a scope file."""
_HINT = "write it with `mlcsv scope`"


def gather(library: str, sources: Iterable[Source], uses: Iterable[Use], problems: Iterable[str] = ()) -> Scope:
    """A scope: equal uses are one, with the sum of their counts."""
    counts: dict[Use, int] = {}
    for use in uses:
        once = replace(use, count=1)
        counts[once] = counts.get(once, 0) + use.count
    found = sorted((replace(u, count=n) for u, n in counts.items()), key=_order)
    return Scope(
        schema=SCHEMA, library=library, sources=tuple(sorted(set(sources), key=lambda s: (s.kind, s.name, s.digest, s.details))),
        uses=tuple(found), problems=tuple(sorted(set(problems))),
    )  # fmt: skip


def _order(use: Use) -> tuple[str, str, bytes]:
    return use.operator, use.phase.value, canonical(use)


def merge(scopes: Iterable[Scope]) -> Scope:
    """One scope of several of one library. Raises ScopeError."""
    parts = list(scopes)
    if not parts:
        raise ScopeError("no scope to merge", _HINT)
    if len(libraries := sorted({s.library for s in parts})) > 1:
        raise ScopeError(f"scopes of different libraries: {', '.join(libraries)}", "keep one scope a library")
    return gather(
        parts[0].library, (x for s in parts for x in s.sources), (u for s in parts for u in s.uses), (p for s in parts for p in s.problems)
    )


def digest(scope: Scope) -> Digest:
    """Identity of a scope, whatever the layout of its file."""
    return sha256(canonical(scope))


def to_text(scope: Scope) -> bytes:
    """JSON with one source, problem and use a line, so that differences of two files are differences of uses."""

    def lines(values: Iterable[object]) -> str:
        made = [canonical(v).decode() for v in values]
        return "[\n  " + ",\n  ".join(made) + "\n ]" if made else "[]"

    parts = {"library": canonical(scope.library).decode(), "problems": lines(scope.problems), "schema": str(scope.schema),
             "sources": lines(scope.sources), "uses": lines(scope.uses)}  # fmt: skip
    return ("{\n" + ",\n".join(f' "{k}": {v}' for k, v in parts.items()) + "\n}\n").encode()


def from_text(data: bytes, name: str) -> Scope:
    """Read a scope file. Raises ScopeError."""
    if len(data) > LARGEST_BYTES:
        raise ScopeError(f"{name} is larger than {LARGEST_BYTES} bytes", _HINT)
    try:
        scope = decode(Scope, data)
    except CodecError as e:
        raise ScopeError(f"{name} is not a scope file: {e}", _HINT) from e
    if scope.schema != SCHEMA:
        raise ScopeError(f"{name} has schema {scope.schema}, this version reads {SCHEMA}", _HINT)
    return gather(scope.library, scope.sources, scope.uses, scope.problems)

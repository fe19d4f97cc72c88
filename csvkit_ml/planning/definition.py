"""Identity of a function's definition: the source text of everything that decides what is asked and how it is judged."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from csvkit_ml.model.digest import Digest, sha256

_SHARED = ("csvkit_ml.references", "csvkit_ml.criteria", "validation_suites.sampling", "csvkit_ml.model.function", "csvkit_ml.model.tensor")


def _sources(module: str) -> list[tuple[str, bytes]]:
    path = Path(importlib.import_module(module).__file__ or "")
    files = sorted(path.parent.glob("*.py")) if path.name == "__init__.py" else [path]
    return [(f"{module}/{f.name}", f.read_bytes()) for f in files]


def _digest(parts: Iterable[tuple[str, bytes]]) -> Digest:
    return sha256(b"".join(f"{name}:{sha256(data)}\n".encode() for name, data in parts))


@cache
def _shared() -> Digest:
    return _digest(part for module in _SHARED for part in _sources(module))


@cache
def definition(module: str) -> Digest:
    """Digest of a function's module together with the references, criteria and sampling it is written in."""
    return _digest([("shared", _shared().encode()), ("faults", _faults().encode()), *_sources(module)])


@cache
def _faults() -> Digest:
    return _digest(_sources("validation_suites.faults"))


def suite_digest(modules: Iterable[str]) -> Digest:
    """Digest of the definitions of several modules."""
    return _digest((m, definition(m).encode()) for m in sorted(set(modules)))

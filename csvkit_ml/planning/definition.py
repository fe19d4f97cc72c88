"""Identity of a function's definition: the source text of everything that decides what is asked and how it is judged."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from csvkit_ml.model.digest import Digest, sha256

_COUNTED = (
    "validation_suites", "csvkit_ml.references", "csvkit_ml.criteria", "csvkit_ml.model.function", "csvkit_ml.model.tensor", "csvkit_ml.model.patterns",
)  # fmt: skip
"""Modules below these are part of a definition when it imports them, directly or through others."""


@cache
def definition(*modules: str) -> Digest:
    """Digest of a function's module, of what decides beside it, and of every module of references, criteria, sampling and faults that they are written in."""
    found: set[str] = set()
    todo = [*modules]
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += _imports(name)
    return sha256("".join(f"{n}:{sha256(_source(n))}\n" for n in sorted(found)).encode())


def suite_digest(modules: Iterable[str]) -> Digest:
    """Digest of the definitions of several modules."""
    return sha256("".join(f"{m}:{definition(m)}\n" for m in sorted(set(modules))).encode())


@cache
def _source(module: str) -> bytes:
    return _path(module).read_bytes()


def _path(module: str) -> Path:
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"no source of {module}")
    return Path(spec.origin)


@cache
def _imports(module: str) -> tuple[str, ...]:
    """Counted modules that a module imports anywhere in its text."""
    return tuple(sorted({n for n in _named(ast.parse(_source(module))) if n.startswith(_COUNTED) and _is_module(n)}))


def _named(tree: ast.Module) -> Iterator[str]:
    """Every name that may be an imported module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{a.name}" for a in node.names)


@cache
def _is_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False

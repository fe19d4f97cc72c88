"""Canonical bytes -> record, driven by the type hints of the frozen dataclasses: one reader per type, made once.

`decode(T, canonical(x)) == x` for every model type (tested). Anything else is refused.
"""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Callable, Hashable
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, cast

from csvkit_ml.model.canonical import MAX_INT, CodecError, canonical
from csvkit_ml.model.digest import Digest, sha256

__all__ = ["CodecError", "canonical", "decode", "digest_of", "from_json", "to_json"]

T = TypeVar("T")
Reader = Callable[[Any], Any]


def to_json(value: object) -> Any:
    """A record as plain JSON values. Raises CodecError."""
    return json.loads(canonical(value))


def digest_of(value: object) -> Digest:
    """Digest of the canonical bytes."""
    return sha256(canonical(value))


def decode(kind: type[T], data: bytes) -> T:
    """Read a record.

    Raises:
        CodecError: not JSON, a missing or unknown field, or a value of the wrong type.
    """
    try:
        tree = json.loads(data)
    except (ValueError, RecursionError) as e:
        raise CodecError(f"not JSON: {e}") from e
    return from_json(kind, tree)


def from_json(kind: type[T], tree: Any) -> T:
    """Read a record from plain JSON values. Raises CodecError."""
    try:
        return cast(T, _reader(cast(Hashable, kind))(tree))
    except RecursionError as e:
        raise CodecError("nested too deeply") from e


@cache
def _reader(hint: Any) -> Reader:
    """The reader of a type hint."""
    hint = getattr(hint, "__supertype__", hint)
    origin = typing.get_origin(hint)
    if hint is Any or isinstance(hint, typing.ForwardRef):
        return _read_any
    if origin in (Union, types.UnionType):
        return _union_reader(typing.get_args(hint))
    if origin is tuple:
        return _tuple_reader(typing.get_args(hint))
    if dataclasses.is_dataclass(hint):
        return _record_reader(cast(type, hint))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _enum_reader(hint)
    return _scalar_reader(hint)


def _read_any(tree: Any) -> Any:
    if isinstance(tree, list):
        return tuple(_read_any(v) for v in tree)
    if isinstance(tree, dict):
        return _unwrap(tree)
    return float(tree) if _is_large(tree) else tree


def _is_large(tree: Any) -> bool:
    """Digits of an integer that only a float writes: a large int is wrapped."""
    return type(tree) is int and abs(tree) > MAX_INT


def _unwrap(tree: dict[str, Any]) -> int | float:
    """A number that JSON cannot carry."""
    if set(tree) == {"$float"} and tree["$float"] in ("nan", "inf", "-inf", "-0.0"):
        return float(tree["$float"])
    if set(tree) == {"$int"} and isinstance(tree["$int"], str) and len(tree["$int"]) < 4000:
        try:
            return int(tree["$int"])
        except ValueError:
            pass
    raise CodecError(f"not a value: {str(tree)[:80]}")


def _enum_reader(kind: type[Enum]) -> Reader:
    members = {member.value: member for member in kind}

    def read(tree: Any) -> Enum:
        try:
            return members[tree]
        except (KeyError, TypeError) as e:
            raise CodecError(f"{str(tree)[:80]!r} is not a {kind.__name__}") from e

    return read


def _scalar_reader(hint: Any) -> Reader:
    def read(tree: Any) -> Any:
        if type(tree) is hint and not _is_large(tree):
            return tree
        value = _unwrap(tree) if isinstance(tree, dict) else tree
        if hint is float and type(value) is int:
            return float(value)
        if type(value) is not hint or _is_large(tree):
            raise CodecError(f"expected {getattr(hint, '__name__', hint)}, got {type(value).__name__}")
        return value

    return read


def _union_reader(options: tuple[Any, ...]) -> Reader:
    records = {cast(type, o).__name__: o for o in options if dataclasses.is_dataclass(o)}
    if len(records) > 1:
        return _tagged_reader(records)
    readers = [_read_any if typing.get_origin(o) is tuple else _reader(o) for o in options if o is not type(None)]
    optional = type(None) in options

    def read(tree: Any) -> Any:
        if tree is None and optional:
            return None
        for one in readers[:-1]:
            try:
                return one(tree)
            except CodecError:
                continue
        return readers[-1](tree)

    return read


def _tagged_reader(records: dict[str, Any]) -> Reader:
    def read(tree: Any) -> Any:
        tag = tree.get("kind") if isinstance(tree, dict) else None
        if not isinstance(tag, str) or tag not in records:
            raise CodecError("unknown kind")
        return _reader(records[tag])({k: v for k, v in tree.items() if k != "kind"})

    return read


def _tuple_reader(args: tuple[Any, ...]) -> Reader:
    def array(tree: Any) -> list[Any]:
        if type(tree) is not list:
            raise CodecError("expected an array")
        return tree

    if len(args) == 2 and args[1] is Ellipsis:
        one = _reader(args[0])
        return lambda tree: tuple([one(v) for v in array(tree)])
    readers = [_reader(a) for a in args]

    def read(tree: Any) -> tuple[Any, ...]:
        if len(array(tree)) != len(readers):
            raise CodecError(f"expected {len(readers)} elements, got {len(tree)}")
        return tuple([r(v) for r, v in zip(readers, tree, strict=True)])

    return read


def _record_reader(kind: type) -> Reader:
    fields = dataclasses.fields(kind)
    names = {f.name for f in fields}
    required = {f.name for f in fields if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING}
    readers: dict[str, Reader] = {}

    def read(tree: Any) -> Any:
        if not readers:
            readers.update({n: _reader(h) for n, h in typing.get_type_hints(kind).items() if n in names})
        if type(tree) is not dict:
            raise CodecError("expected an object")
        if tree.keys() != names:
            tree = _known(tree, names, required)
        values, name = {}, ""
        try:
            for name, value in tree.items():  # noqa: B007
                values[name] = readers[name](value)
            return kind(**values)
        except CodecError as e:
            raise CodecError(f"{name}: {e}") from e
        except (TypeError, ValueError) as e:
            raise CodecError(f"{kind.__name__}: {e}") from e

    return read


def _known(tree: dict[str, Any], names: set[str], required: set[str]) -> dict[str, Any]:
    """The object without a tag that the record does not have. Raises CodecError when it has other fields than the record."""
    tree = {k: v for k, v in tree.items() if k != "kind" or "kind" in names}
    if missing := required - set(tree):
        raise CodecError(f"missing {sorted(missing)}")
    if unknown := set(tree) - names:
        raise CodecError(f"unknown {sorted(unknown)[:5]}")
    return tree

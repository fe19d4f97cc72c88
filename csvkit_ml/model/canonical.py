"""Canonical text of records and plain JSON values: RFC 8785, written by one function per type, made once.

Rules: dataclass = object; tuple or list = array; Enum = its value; an outcome carries `kind`; a float that JSON cannot carry bit for bit
(NaN, infinities, -0.0) and an integer beyond 2^53 - 1 become `{"$float": text}` / `{"$int": text}`; a field whose metadata say `unwritten`
is not written while it has its default.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from enum import Enum
from operator import attrgetter
from typing import Any

Writer = Callable[[Any], str]

MAX_INT = 2**53 - 1
OUTCOMES = frozenset({"Produced", "Raised", "Crashed", "TimedOut", "Killed", "Unsupported"})
"""Records of a union; they carry their name as `kind`."""

_string: Writer = json.encoder.encode_basestring


class CodecError(ValueError):
    """Bytes that are not a record of the wanted type, or a value that is no part of a record."""


def canonical(value: object) -> bytes:
    """Canonical bytes of a record or of plain JSON values. Raises CodecError."""
    try:
        return text(value).encode()
    except UnicodeEncodeError as e:
        raise CodecError(f"text that UTF-8 cannot carry: {e}") from e
    except RecursionError as e:
        raise CodecError("nested too deeply") from e


def text(value: Any) -> str:
    """Canonical text."""
    kind = type(value)
    return (_WRITERS.get(kind) or _writer(kind))(value)


def number(value: float) -> str:
    """A finite float as ECMAScript writes it (RFC 8785, 3.2.2.3): the shortest digits that read back the same."""
    shortest = float.__repr__(value)
    if "e" not in shortest:
        return shortest.removesuffix(".0")
    sign = "-" if shortest[0] == "-" else ""
    mantissa, _, power = shortest.lstrip("-").partition("e")
    digits, exponent = mantissa.replace(".", ""), int(power)
    if 0 <= exponent < 21:
        return sign + digits.ljust(exponent + 1, "0")
    if -7 < exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{fraction}e{'+' if exponent > 0 else '-'}{abs(exponent)}"


def _float(value: float) -> str:
    if not math.isfinite(value) or (value == 0 and math.copysign(1, value) < 0):
        return f'{{"$float":"{float.__repr__(value)}"}}'
    return number(value)


def _int(value: int) -> str:
    return int.__repr__(value) if -MAX_INT <= value <= MAX_INT else f'{{"$int":"{int.__repr__(value)}"}}'


def _array(value: list[Any] | tuple[Any, ...]) -> str:
    return f"[{','.join([(_WRITERS.get(type(v)) or _writer(type(v)))(v) for v in value])}]"


def _object(value: dict[str, Any]) -> str:
    if not all(isinstance(k, str) for k in value):
        raise CodecError("a key that is not text cannot be a part of a record")
    keys = sorted(value, key=lambda k: k.encode("utf-16-be"))
    return "{" + ",".join([f"{_string(k)}:{text(value[k])}" for k in keys]) + "}"


_WRITERS: dict[type, Writer] = {
    str: _string, bool: lambda v: "true" if v else "false", type(None): lambda v: "null", int: _int, float: _float,
    tuple: _array, list: _array, dict: _object,
}  # fmt: skip


def _writer(kind: type) -> Writer:
    """The writer of a type, kept for the next value."""
    if dataclasses.is_dataclass(kind):
        made = _record_writer(kind)
    elif issubclass(kind, Enum):
        made = {member: text(member.value) for member in kind}.__getitem__
    else:
        made = next((_WRITERS[base] for base in (str, int, float, tuple, list) if issubclass(kind, base)), _refuse)
    _WRITERS[kind] = made
    return made


def _refuse(value: object) -> str:
    raise CodecError(f"a {type(value).__name__} cannot be a part of a record")


def _record_writer(kind: type) -> Writer:
    names = sorted(f.name for f in dataclasses.fields(kind))
    if not names:
        return lambda value: "{}"
    heads, end = [f"{_string(n)}:" for n in names], "}"
    if kind.__name__ in OUTCOMES:
        tag, place = f'"kind":"{kind.__name__}"', sum(n < "kind" for n in names)
        if place < len(names):
            heads[place] = f"{tag},{heads[place]}"
        else:
            end = f",{tag}}}"
    get = attrgetter(*names) if len(names) > 1 else _single(names[0])
    unwritten = {f.name: f.default for f in dataclasses.fields(kind) if f.metadata.get("unwritten")}
    if unwritten:
        return lambda value: _object({n: v for n, v in zip(names, get(value), strict=True) if n not in unwritten or v != unwritten[n]})

    def write(value: Any) -> str:
        return "{" + ",".join([h + (_WRITERS.get(type(v)) or _writer(type(v)))(v) for h, v in zip(heads, get(value), strict=True)]) + end

    return write


def _single(name: str) -> Callable[[Any], tuple[Any]]:
    return lambda value: (getattr(value, name),)

"""Answers of a worker -> outcomes. Everything in an answer is untrusted: checked, bounded, never executed."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from csvkit_ml.model.digest import Digest
from csvkit_ml.model.observation import Outcome, OutputRef, Produced, Raised, Unsupported
from csvkit_ml.model.tensor import DTYPES

MAX_TEXT = 4000
_MAX_NAME = 200
_MAX_OUTPUTS = 10_000
_MAX_RANK = 64
_ADDRESS = re.compile(r"0x[0-9a-f]{6,16}")


class MalformedAnswerError(Exception):
    """An answer that does not add up."""


def read_outcome(head: Mapping[str, Any], body: bytes, blob: Callable[[bytes], Digest], earlier: Mapping[int, Outcome]) -> Outcome:
    """One answer as an outcome.

    Args:
        head: of the frame.
        body: of the frame: the bytes of all outputs, one after the other.
        blob: stores bytes.
        earlier: outcomes of the same group by execution, for back-references.

    Raises:
        MalformedAnswerError: unknown kind, dtype or reference; a shape that does not fit its bytes; bytes left over.
    """
    kind = head.get("k")
    if kind == "same":
        same = earlier.get(_integer(head.get("as")))
        if not isinstance(same, Produced) or body:
            raise MalformedAnswerError(f"it refers to execution {head.get('as')!r}, which produced nothing")
        return same
    if kind == "produced":
        return Produced(outputs=_outputs(head.get("outputs"), body, blob))
    if kind == "raised":
        return Raised(type=clean_text(head.get("type"))[:_MAX_NAME], message=clean_text(head.get("message")))
    if kind == "unsupported":
        return Unsupported(message=clean_text(head.get("message")))
    raise MalformedAnswerError(f"its kind is {str(kind)[:50]!r}")


def read_time(head: Mapping[str, Any]) -> int:
    """Nanoseconds that an execution took by its own account; 0 = not told. Informative: a process may say anything here."""
    spent = head.get("ns")
    return spent if type(spent) is int and 0 < spent < 1 << 53 else 0


def clean_text(text: object) -> str:
    """Text that every format can carry: whole characters, bounded, and without addresses of objects, which change from run to run."""
    return _ADDRESS.sub("0x...", str(text)[:MAX_TEXT].encode("utf-8", "replace").decode())


def texts(facts: object) -> dict[str, str]:
    """Facts that a process answers with. Raises MalformedAnswerError."""
    if not isinstance(facts, dict):
        raise MalformedAnswerError("its facts are not names and values")
    return {clean_text(k): clean_text(v) for k, v in facts.items()}


def _outputs(described: object, body: bytes, blob: Callable[[bytes], Digest]) -> tuple[OutputRef, ...]:
    if not isinstance(described, list) or len(described) > _MAX_OUTPUTS:
        raise MalformedAnswerError("it lists no outputs")
    refs, at = [], 0
    for item in described:
        if not isinstance(item, list) or len(item) != 4 or not isinstance(item[0], str):
            raise MalformedAnswerError("an output is not a name, a dtype, a shape and a size")
        name, dtype, shape, size = item[0][:_MAX_NAME], item[1], _shape(item[2]), _integer(item[3])
        if not isinstance(dtype, str) or dtype not in DTYPES:
            raise MalformedAnswerError(f"output {name!r} has the unknown dtype {str(dtype)[:50]!r}")
        if math.prod(shape) * DTYPES[dtype].itemsize != size or at + size > len(body):
            raise MalformedAnswerError(f"output {name!r}: {dtype}{list(shape)} does not fit {size} of {len(body)} bytes")
        refs.append(OutputRef(name=clean_text(name), dtype=dtype, shape=shape, blob=blob(body[at : at + size])))
        at += size
    if at != len(body):
        raise MalformedAnswerError(f"{len(body) - at} bytes are left over")
    return tuple(refs)


def _shape(value: object) -> tuple[int, ...]:
    if not isinstance(value, list) or len(value) > _MAX_RANK:
        raise MalformedAnswerError("a shape is not a list of extents")
    return tuple(map(_integer, value))


def _integer(value: object) -> int:
    if type(value) is not int or not 0 <= value < 1 << 53:
        raise MalformedAnswerError(f"{str(value)[:50]!r} is not a size")
    return value

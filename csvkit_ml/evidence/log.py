"""The audit trail: one canonical JSON line an event, each naming the digest of the line before. It is only ever added to."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from csvkit_ml.errors import DiskFullError, IntegrityError, OutputUnwritableError, no_space
from csvkit_ml.model.codec import canonical
from csvkit_ml.model.digest import Digest, sha256

START = sha256(b"mlcsv log")
"""What the first line names as the line before it."""
EVENTS = ("plan", "run", "judge", "repeat", "sign", "supersede")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event."""

    number: int
    """From 1."""
    previous: Digest
    time: str
    """UTC, ISO 8601."""
    who: str
    event: str
    """Of EVENTS."""
    what: tuple[tuple[str, str], ...]
    """Names and values: digests, folder, status, role."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The last line, kept beside the log so that a log cut at its end shows."""

    number: int
    digest: Digest


def append(path: Path, *, event: str, who: str, what: Mapping[str, str], now: str) -> Entry:
    """Add one event under a lock, and the new head beside it.

    Raises:
        IntegrityError: the log is not intact: nothing is added to a broken chain.
        OutputUnwritableError, DiskFullError.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with path.open("a+b") as f:
            fcntl.flock(f, fcntl.LOCK_EX)
            f.seek(0)
            entries = read_log(f.read(), _head(path))
            last = sha256(canonical(entries[-1])) if entries else START
            entry = Entry(number=len(entries) + 1, previous=last, time=now, who=who, event=event, what=tuple(sorted(what.items())))
            line = canonical(entry)
            f.write(line + b"\n")
            f.flush()
            os.fsync(f.fileno())
            part = head_path(path).with_suffix(".partial")
            part.write_bytes(canonical(Head(number=entry.number, digest=sha256(line))))
            part.replace(head_path(path))
    except OSError as e:
        if no_space(e):
            raise DiskFullError("no space is left for the log", "free some space and run the same command again") from e
        raise OutputUnwritableError(f"cannot write {path}: {e.strerror}", "check the folder") from e
    return entry


def head_path(path: Path) -> Path:
    """Where the head of a log lies."""
    return path.with_name(path.name + ".head")


def load_log(path: Path) -> tuple[Entry, ...]:
    """Every event of a log that is intact; none where there is no log. Raises IntegrityError."""
    try:
        data = path.read_bytes() if path.exists() else b""
    except OSError as e:
        raise IntegrityError(f"cannot read {path}: {e.strerror}", "restore the log from its backup") from e
    return read_log(data, _head(path))


def _head(path: Path) -> bytes:
    place = head_path(path)
    return place.read_bytes() if place.exists() else b""


def read_log(data: bytes, head: bytes) -> tuple[Entry, ...]:
    """Events of a log and its head, every link of the chain checked.

    Raises:
        IntegrityError: a line was edited, removed, added or moved, or the end was cut off; the first such line is named.
    """
    from csvkit_ml.model.codec import CodecError, decode

    if data and not data.endswith(b"\n"):
        raise _broken("the last line is not complete")
    entries: list[Entry] = []
    before = START
    for number, line in enumerate(data.split(b"\n")[:-1], 1):
        try:
            entry = decode(Entry, line)
        except CodecError as e:
            raise _broken(f"line {number} is not an entry: {e}") from e
        if canonical(entry) != line or entry.number != number or entry.previous != before:
            raise _broken(f"line {number} does not follow the line before it: something was edited, removed, added or moved")
        entries.append(entry)
        before = sha256(line)
    try:
        kept = decode(Head, head) if head else Head(number=0, digest=START)
    except CodecError as e:
        raise _broken("its head cannot be read") from e
    if (kept.number, kept.digest) != (len(entries), before):
        raise _broken(f"it has {len(entries)} lines, its head says {kept.number}: the end was cut off or written by something else")
    return tuple(entries)


def _broken(why: str) -> IntegrityError:
    return IntegrityError(f"the log is not intact: {why}", "restore the log from its backup; report folders are verified by themselves")


def as_json(entry: Entry) -> dict[str, Any]:
    """Plain JSON values of an entry."""
    return dict(json.loads(canonical(entry)))

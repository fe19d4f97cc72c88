"""Clause maps: which section of a report answers which clause. Data in `specs/standards/`, one file per edition."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

import csvkit_ml
from csvkit_ml.errors import UsageError
from csvkit_ml.model.report import Clause, Standard

FOLDER = Path(csvkit_ml.__file__).parent.parent / "specs" / "standards"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Clause(_Strict):
    clause: str
    asks: str
    section: str


class _Standard(_Strict):
    id: str
    title: str
    edition: str
    reports: list[str]
    clause: list[_Clause]


def read_standard(data: bytes) -> Standard:
    """A clause map from the bytes of its file. Raises ValueError (TOML or form)."""
    read = _Standard.model_validate(tomllib.loads(data.decode()))
    clauses = tuple(Clause(**c.model_dump()) for c in read.clause)
    return Standard(id=read.id, edition=read.edition, title=read.title, reports=tuple(read.reports), clauses=clauses)


@cache
def standards() -> dict[str, Standard]:
    """All clause maps by id, sorted."""
    return {s.id: s for s in (read_standard(p.read_bytes()) for p in sorted(FOLDER.glob("*.toml")))}


def chosen(ids: tuple[str, ...]) -> tuple[Standard, ...]:
    """The clause maps of these ids, all of them when none is named. Raises UsageError."""
    known = standards()
    if strangers := [i for i in ids if i not in known]:
        raise UsageError(f"no clause map {strangers[0]!r}", f"there are: {', '.join(known)}")
    return tuple(known[i] for i in ids) if ids else tuple(known.values())

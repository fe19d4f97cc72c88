"""Why public names are not verified, read strictly from a library's `specs/libraries/<name>_unverified.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

from csvkit_ml.errors import SuiteError
from csvkit_ml.model.codec import CodecError, from_json
from csvkit_ml.model.coverage import Coverage
from csvkit_ml.split.classify import matcher


@dataclass(frozen=True, slots=True, kw_only=True)
class Because:
    """One reason and the names that it is given for."""

    reason: str
    """One sentence; what shows the name's work instead, where something does."""
    names: tuple[str, ...] = ()
    """Names and globs as in the rules, an operator with its overload; none = all names of the rules below."""
    rules: tuple[str, ...] = ()
    """Rules of the split that claim the names; none = any."""

    def __post_init__(self) -> None:
        if not self.reason or not (self.names or self.rules):
            raise ValueError("a reason without text, or without names and rules")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonFile:
    """The reasons of one library; the first that fits a name is its reason."""

    library: str
    because: tuple[Because, ...]


def read_reasons(data: bytes) -> ReasonFile:
    """The reasons of a TOML file, nothing unknown and nothing missing.

    Raises:
        SuiteError: not TOML, or not reasons.
    """
    try:
        return from_json(ReasonFile, tomllib.loads(data.decode()))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, CodecError, AttributeError, TypeError, ValueError) as e:
        raise SuiteError(f"the reasons of names that are not verified cannot be read: {e}", "see specs/libraries") from e


def reasons(file: ReasonFile, coverage: Coverage) -> Mapping[str, str]:
    """Reason by uncovered name; '' where none is written."""
    tests = [(b, [matcher(n) for n in b.names]) for b in file.because]
    found = {}
    for row in coverage.rows:
        for name in row.uncovered:
            fits = (b.reason for b, globs in tests if (not b.rules or row.rule in b.rules) and (not globs or any(g(name) for g in globs)))
            found[name] = next(fits, "")
    return found


def idle(file: ReasonFile, coverage: Coverage) -> tuple[str, ...]:
    """Names and globs of reasons that match no uncovered name of this release."""
    uncovered = [n for row in coverage.rows for n in row.uncovered]
    return tuple(n for b in file.because for n in b.names if not any(map(matcher(n), uncovered)))

"""Which anomalies can concern a release and its use, how grave they may be, and which a person must decide."""

from __future__ import annotations

import fnmatch
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from csvkit_ml.anomalies.reading import Entry
from csvkit_ml.errors import UsageError
from csvkit_ml.model.anomaly import Anomaly
from csvkit_ml.model.coverage import Risk
from csvkit_ml.model.digest import Digest

_TOKEN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:(?:\.|::)[A-Za-z_][A-Za-z0-9_]*)*")
_CODE = re.compile(r"`([^`\n]{1,200})`")
_GRAVE = ("correct", "silent", "wrong", "crash", "security", "regression", "deterministic", "high priority")
"""Parts of labels by which suppliers mark what may concern a result."""
_WEIGHT = {Risk.HIGH: 3, Risk.MEDIUM: 2, Risk.LOW: 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is kept of a list."""

    version: str
    """Release; an entry whose versions exclude it is left out, one that does not tell is kept."""
    labels: tuple[str, ...] = ()
    """Globs of which a label must match one."""
    names: tuple[str, ...] = ()
    """Globs of public names of which one must be mentioned."""
    scope: frozenset[str] | None = None
    """Names that concern the product's scope; an entry that mentions others alone is left out, one that mentions none is kept. None = all."""
    sample: int = 20
    """Entries to decide beyond those that must be."""


class Mentions:
    """Finds public names in a text."""

    def __init__(self, names: Iterable[str]) -> None:
        """Full names, their dotted endings (`nn.Conv2d`, and `F.` for `functional.`), and their last part where it is written as code."""
        self._full: dict[str, set[str]] = {}
        self._last: dict[str, set[str]] = {}
        for name in names:
            plain = name.replace("::", ".")
            parts = plain.split(".")
            for i in range(len(parts) - 1):
                self._full.setdefault(".".join(parts[i:]), set()).add(name)
            self._last.setdefault(parts[-1], set()).add(name)

    def find(self, text: str) -> tuple[str, ...]:
        """Names, sorted."""
        found: set[str] = set()
        for token in set(_TOKEN.findall(text)):
            plain = token.replace("::", ".")
            found |= self._full.get("functional." + plain[2:] if plain.startswith("F.") else plain, set())
        for code in _CODE.findall(text):
            found |= self._last.get(code.strip().removesuffix("()"), set())
        return tuple(sorted(found))


def affects(anomaly: Anomaly, version: str) -> bool:
    """Whether it may be in a release. Raises UsageError for versions that cannot be read."""
    if not anomaly.affected:
        return True
    try:
        return any(SpecifierSet(s).contains(Version(version), prereleases=True) for s in anomaly.affected.split("||"))
    except InvalidSpecifier as e:
        raise UsageError(f"{anomaly.id}: the affected versions {anomaly.affected!r} are no specifier", "write e.g. >=2.0,<2.3") from e


def choose(
    entries: Iterable[Entry], wanted: Wanted, mentions: Mentions, risks: Mapping[str, Risk], source: Digest
) -> tuple[tuple[Anomaly, ...], tuple[str, ...]]:
    """(kept, gravest first; ids to be decided).

    1. Kept is what may be in the release and passes the filters on labels, names and scope.
    2. Gravest first: marked by the supplier as concerning results, then the highest risk class of a name it mentions, then the latest change.
    3. To be decided are all that are so marked or mention a name of high risk, and `sample` of the others, drawn by the digest of (list, id),
       so that the same list gives the same sample and nobody chooses it.
    """
    kept: list[tuple[tuple[int, int], Anomaly]] = []
    for entry in entries:
        anomaly = replace(entry.anomaly, mentions=mentions.find(entry.text))
        passes = _passes(anomaly.labels, wanted.labels) and _passes(anomaly.mentions, wanted.names) and _in_scope(anomaly, wanted.scope)
        if passes and affects(anomaly, wanted.version):
            kept.append((gravity(anomaly, risks), anomaly))
    kept.sort(key=lambda k: k[1].id)
    kept.sort(key=lambda k: k[1].changed, reverse=True)
    kept.sort(key=lambda k: k[0], reverse=True)
    must = [a.id for g, a in kept if g[0] or g[1] == _WEIGHT[Risk.HIGH]]
    others = sorted({a.id for _, a in kept} - set(must), key=lambda i: hashlib.sha256(f"{source}|{i}".encode()).digest())
    chosen = {*must, *others[: wanted.sample]}
    return tuple(a for _, a in kept), tuple(a.id for _, a in kept if a.id in chosen)


def rule(wanted: Wanted) -> str:
    """The rule of `choose` in a sentence."""
    return (
        "To be decided: every entry that the supplier marks as concerning results or that mentions a name of high risk, and of the others "
        f"{wanted.sample}, drawn by the SHA-256 of list and id."
    )


def gravity(anomaly: Anomaly, risks: Mapping[str, Risk]) -> tuple[int, int]:
    """(marked by the supplier, highest risk class of a name that it mentions)."""
    marked = any(part in label.lower() for label in anomaly.labels for part in _GRAVE)
    return int(marked), max((_WEIGHT[risks[n]] for n in anomaly.mentions if n in risks), default=0)


def _passes(values: tuple[str, ...], globs: tuple[str, ...]) -> bool:
    return not globs or any(fnmatch.fnmatchcase(v, g) for v in values for g in globs)


def _in_scope(anomaly: Anomaly, scope: frozenset[str] | None) -> bool:
    return scope is None or not anomaly.mentions or not scope.isdisjoint(anomaly.mentions)

"""Every name of an inventory to exactly one rule. No rule wins over another silently: what a rule leaves to others, it says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from csvkit_ml.errors import SuiteError
from csvkit_ml.model.coverage import Rule, Unclassified
from csvkit_ml.model.inventory import Entry, EntryKind, Inventory
from csvkit_ml.split.rules import RuleFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """Which rule each name falls under."""

    rules: Mapping[str, Rule]
    """Rule by name."""
    unclassified: tuple[Unclassified, ...]
    """Names that no rule, or more than one, claims; sorted."""
    idle: tuple[tuple[str, str], ...]
    """(rule, what it writes) that matches no name of this inventory."""


def check_claims(unclassified: Iterable[Unclassified]) -> None:
    """Raises SuiteError when two rules claim one name."""
    contested = [u for u in unclassified if u.rules]
    if contested:
        first = contested[0]
        more = f" (and {len(contested) - 1} more names)" if len(contested) > 1 else ""
        raise SuiteError(
            f"{first.name} is claimed by the rules {' and '.join(first.rules)}{more}", "name the one that leaves it in `yields_to`"
        )


def classify(inventory: Inventory, file: RuleFile) -> Classification:
    """Apply the rules.

    1. A rule claims the names that its names, globs and operations match, less those that `excluding` matches.
    2. It leaves to the rules in `yields_to` what these claim by themselves.
    3. A name that one rule is left with is classified; with none it is unclassified, with two it is contested.
    """
    names = _Names(inventory.entries)
    own, idle = {}, []
    for rule in file.rule:
        found: set[str] = set()
        for written, patterns in file.patterns(rule):
            matched = names.match(patterns)
            found |= matched
            if not matched:
                idle.append((rule.id, written))
        own[rule.id] = found - names.match(rule.excluding)
    claims: dict[str, list[Rule]] = {}
    for rule in file.rule:
        for name in own[rule.id].difference(*(own[other] for other in rule.yields_to)):
            claims.setdefault(name, []).append(rule)
    return Classification(
        rules={name: rules[0] for name, rules in claims.items() if len(rules) == 1},
        unclassified=tuple(_unclassified(e, claims.get(e.name, [])) for e in inventory.entries if len(claims.get(e.name, [])) != 1),
        idle=tuple(idle),
    )


def _unclassified(entry: Entry, rules: list[Rule]) -> Unclassified:
    return Unclassified(name=entry.name, operator=entry.kind is EntryKind.OPERATOR, rules=tuple(r.id for r in rules))


class _Names:
    """Names by what patterns are compared with."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._names: dict[str, set[str]] = {}
        for entry in entries:
            self._names.setdefault(entry.packet, set()).add(entry.name)

    def match(self, patterns: Iterable[str]) -> set[str]:
        """Names that any pattern matches."""
        found: set[str] = set()
        for pattern in patterns:
            keys = filter(_glob(pattern).fullmatch, self._names) if "*" in pattern else (pattern,)
            found.update(*(self._names.get(key, ()) for key in keys))
        return found


def matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a whole name is matched by a name or glob."""
    glob = _glob(pattern)
    return lambda name: glob.fullmatch(name) is not None


@cache
def _glob(pattern: str) -> re.Pattern[str]:
    """`*` stands for any characters of one part of a dotted name."""
    return re.compile("[^.]*".join(map(re.escape, pattern.split("*"))))

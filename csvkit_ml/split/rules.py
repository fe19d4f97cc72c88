"""Rules of the functional split, read strictly from a library's TOML file."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import Any

from csvkit_ml.errors import SuiteError
from csvkit_ml.model.codec import CodecError, from_json
from csvkit_ml.model.coverage import Rule
from csvkit_ml.model.digest import Digest, sha256

SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFile:
    """The rules of one library, in the order of the file."""

    schema: int
    library: str
    families: tuple[tuple[str, tuple[str, ...]], ...]
    """(family, templates): `{}` stands for the operation."""
    rule: tuple[Rule, ...]
    digest: Digest
    """Of the file's bytes."""

    def __post_init__(self) -> None:
        ids = [r.id for r in self.rule]
        known = {name for name, _ in self.families}
        if self.schema != SCHEMA:
            raise ValueError(f"schema {self.schema} is not {SCHEMA}")
        if twice := sorted({i for i in ids if ids.count(i) > 1}):
            raise ValueError(f"two rules named {twice[0]!r}")
        yielding = {r.id: set(r.yields_to) for r in self.rule}
        for rule in self.rule:
            if unknown := sorted({family for family, _ in rule.operations} - known | yielding[rule.id] - set(ids)):
                raise ValueError(f"rule {rule.id}: {unknown[0]!r} is no family or rule of this file")
            if mutual := sorted(other for other in yielding[rule.id] if rule.id in yielding[other]):
                raise ValueError(f"the rules {rule.id!r} and {mutual[0]!r} yield to each other")

    def patterns(self, rule: Rule) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """(as written, patterns) of everything that a rule claims."""
        templates = dict(self.families)
        made = [(op, tuple(t.replace("{}", op) for t in templates[family])) for family, ops in rule.operations for op in ops]
        return (*((n, (n,)) for n in rule.names), *made)


def read_rules(data: bytes) -> RuleFile:
    """The rules of a TOML file: tables are objects, arrays are tuples, nothing unknown and nothing missing.

    Raises:
        SuiteError: not TOML, or not rules.
    """
    try:
        tree = tomllib.loads(data.decode())
        for rule in tree.get("rule", ()):
            rule["operations"] = _pairs(rule.get("operations", {}))
        return from_json(RuleFile, {**tree, "families": _pairs(tree.get("families", {})), "digest": sha256(data)})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, CodecError, AttributeError, TypeError) as e:
        raise SuiteError(f"the rules of the functional split cannot be read: {e}", "see specs/libraries") from e


def _pairs(table: Any) -> list[list[Any]]:
    return [[k, v] for k, v in table.items()]

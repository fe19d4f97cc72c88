"""The depth that each function of a scope is run at, by the risk of what relies on it. Pure."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator

from csvkit_ml.model.coverage import Coverage, Risk
from csvkit_ml.model.requirement import MakerRequirement
from csvkit_ml.model.scope import Scope
from csvkit_ml.model.spec import Depth, FunctionDepth
from csvkit_ml.scope.verified import name_of

DEPTH = {Risk.LOW: Depth.QUICK, Risk.MEDIUM: Depth.STANDARD, Risk.HIGH: Depth.EXHAUSTIVE}
_ORDER = (Risk.LOW, Risk.MEDIUM, Risk.HIGH)


def by_risk(scope: Scope, coverage: Coverage, requirements: Iterable[MakerRequirement], functions: Iterable[str]) -> tuple[FunctionDepth, ...]:
    """One depth for each function that something relies on; the highest risk counts.

    Args:
        coverage: as if every function passed.
        requirements: the maker's own; where one names a function or what it shows, its risk comes before those of the rules.
        functions: of the run.
    """
    shows: dict[str, list[tuple[Risk, str]]] = {}
    used = {name_of(u.operator) for u in scope.uses}
    for name, (row, covered) in coverage.by_name().items():
        if name in used:
            for f in covered.functions:
                shows.setdefault(f, []).append((row.risk, f"{name}: {row.risk.value} risk"))
    own = tuple(requirements)
    found = []
    for f in sorted(functions):
        asked = list(_asked(f, own, coverage)) or shows.get(f, [])
        if asked:
            risk, reason = max(asked, key=lambda a: _ORDER.index(a[0]))
            found.append(FunctionDepth(function=f, depth=DEPTH[risk], reason=reason))
    return tuple(found)


def _asked(function: str, requirements: tuple[MakerRequirement, ...], coverage: Coverage) -> Iterator[tuple[Risk, str]]:
    """Risks of the requirements that a function satisfies."""
    names = coverage.by_name()
    for r in requirements:
        shown = (names[o][1].functions for o in r.operators if o in names)
        if any(fnmatch.fnmatchcase(function, g) for g in r.functions) or any(function in of for of in shown):
            yield r.risk, f"requirement {r.id}: {r.risk.value} risk"

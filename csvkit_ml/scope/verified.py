"""What a run shows of a scope: operator by operator, dtype by dtype. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from csvkit_ml.model.coverage import Cover, Coverage, CoveredName
from csvkit_ml.model.digest import Digest
from csvkit_ml.model.scope import Phase, Scope, Use, base
from csvkit_ml.model.scoped import NotGenerated, ScopeList, ScopeRow

MOST = 4
"""Functions that are run for one operator, besides those that its uses are raised to: those that show the fewest other names."""
_WORST = (Cover.NOT_PASSED, Cover.NOT_VERIFIED, Cover.EXERCISED, Cover.VERIFIED)

Names = Mapping[str, tuple[CoveredName, ...]]


def name_of(operator: str) -> str:
    """The inventory's name: `aten::exp` of `aten::exp.default`."""
    return operator.removesuffix(".default") if "::" in operator else operator


def needed(scope: Scope, coverage: Coverage, raised: Collection[str] = ()) -> tuple[str, ...]:
    """Functions that show what the scope uses.

    1. Those that verify an operator: all to which its uses are raised, and the most specific of the others, at most MOST.
    2. For an operator that none verifies and that none of these exercises, the most specific that exercises it.

    Args:
        coverage: as if every function passed.
        raised: functions to which uses of the scope are raised.
    """
    names = _names(coverage)
    spread = Counter(f for row in coverage.rows for c in row.covered for f in c.functions)
    chosen: set[str] = set()
    exercising: list[list[str]] = []
    for operator in sorted({u.operator for u in scope.uses}):
        covered = _covered(operator, names)
        found = sorted({f for c in covered for f in c.functions}, key=lambda f: (spread[f], f))
        if any(c.cover is Cover.VERIFIED for c in covered):
            chosen.update((*found[:MOST], *(f for f in found if f in raised)))
        elif found:
            exercising.append(found)
    for found in exercising:
        if chosen.isdisjoint(found):
            chosen.add(found[0])
    return tuple(sorted(chosen))


def concerned(scope: Scope, coverage: Coverage) -> frozenset[str]:
    """Names under which an anomaly of what is used may be reported: the operators, and what the functions that show them are bound to."""
    operators = {name_of(u.operator) for u in scope.uses}
    functions = set(needed(scope, coverage))
    bound = {c.name for row in coverage.rows for c in row.covered if c.cover is Cover.VERIFIED and not functions.isdisjoint(c.functions)}
    return frozenset(operators | bound)


def listed(
    scope: Scope, digest: Digest, coverage: Coverage, dtypes: Mapping[str, frozenset[str]], device: str, *, generated: int = 0,
    not_generated: tuple[NotGenerated, ...] = (),
) -> ScopeList:  # fmt: skip
    """The scope as a report shows it.

    Args:
        coverage: of the run.
        dtypes: of the samples and their operands, by function of the run.
        device: that the run was on, as a scope names it.
    """
    names = _names(coverage)
    by_operator: dict[str, list[Use]] = {}
    for use in scope.uses:
        by_operator.setdefault(name_of(use.operator), []).append(use)
    rows = tuple(_row(operator, by_operator[operator], names, dtypes, device) for operator in sorted(by_operator))
    return ScopeList(
        digest=digest, sources=scope.sources, problems=scope.problems, rows=rows, generated=generated, not_generated=not_generated
    )


def _row(operator: str, uses: list[Use], names: Names, dtypes: Mapping[str, frozenset[str]], device: str) -> ScopeRow:
    found = _covered(operator, names)
    cover = min((c.cover for c in found), key=_WORST.index, default=Cover.NOT_VERIFIED)
    functions = tuple(dict.fromkeys(f for c in found if c.cover is cover for f in c.functions))
    used = sorted({x.dtype for u in uses for x in u.operands})
    gaps: tuple[str, ...] = () if found else ("The functional split of this release does not have it.",)
    if cover is Cover.VERIFIED:
        gaps = tuple(_gaps(uses, sorted({d for u in uses for d in _tested_at(u)}), frozenset().union(*(dtypes.get(f, frozenset()) for f in functions)), device))
    return ScopeRow(
        operator=operator, phases=tuple(sorted({u.phase.value for u in uses})), dtypes=tuple(used), uses=len(uses), count=sum(u.count for u in uses),
        cover=cover, functions=functions, gaps=gaps,
    )  # fmt: skip


def _tested_at(use: Use) -> set[str]:
    """Dtypes that a sample must have: of all operands, but for integers beside numbers that are a function's own.

    Fixed ones (axes, sizes) are its parameters; those of a backward step (positions of maxima) were made by its forward step.
    """
    numbers = any("float" in x.dtype or "complex" in x.dtype for x in use.operands)
    return {x.dtype for x in use.operands if not (numbers and (x.constant or use.phase is Phase.BACKWARD) and x.dtype in ("int64", "int32"))}


def _gaps(uses: Iterable[Use], used: list[str], tested: frozenset[str], device: str) -> Iterable[str]:
    """Ways of using a verified operator that the run does not show."""
    if missing := [d for d in used if d not in tested and d != "?"]:
        yield f"Used at {', '.join(missing)}, which no sample of its functions has."
    if "?" in used:
        yield "Used at a dtype that the model does not tell."
    if elsewhere := sorted({d for u in uses for d in u.device.split(",") if d and d != device}):
        yield f"Used on {', '.join(elsewhere)}; this run was on {device}."


def _names(coverage: Coverage) -> Names:
    """What is shown, by name and by name without overload."""
    found = {n: (c,) for n, (_, c) in coverage.by_name().items()}
    without: dict[str, tuple[CoveredName, ...]] = {}
    for n, of in found.items():
        if base(n) not in found:
            without[base(n)] = (*without.get(base(n), ()), *of)
    return without | found


def _covered(operator: str, names: Names) -> tuple[CoveredName, ...]:
    """What is shown of an operator; of all overloads where it is named without one."""
    return names.get(name_of(operator), ())

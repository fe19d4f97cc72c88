"""What of a library's public names is verified: computed from the names that bindings verify and from traces of what they call."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from csvkit_ml.model.codec import digest_of
from csvkit_ml.model.coverage import Cover, Coverage, CoverageRow, CoveredName, Rule, Tally
from csvkit_ml.model.function import Verdict
from csvkit_ml.model.inventory import Entry, EntryKind, Inventory
from csvkit_ml.split.classify import Classification
from csvkit_ml.split.rules import RuleFile

Names = Mapping[str, tuple[str, ...]]
"""Public names, or operators with overload, by function."""


def cover(
    *, library: str, version: str, inventory: Inventory, file: RuleFile, classification: Classification, verifies: Names,
    calls: Names, results: Names, verdicts: Mapping[str, Verdict] | None = None,
) -> Coverage:  # fmt: skip
    """The split with its coverage.

    1. A name is verified when a function's binding names it, or the same object under another name.
    2. With verdicts, only functions of that run count, and one that did not pass takes the name's verification away.
    3. An operator that no binding names is verified by the functions whose returned result it wrote: that is what their reference
       judges. One of them that failed takes this verification away; one that did not pass otherwise adds none.
    4. An operator that is not verified is exercised when the execution of a function that passed calls it.

    Args:
        verifies: names that each function's binding verifies (`Offer.names`).
        calls: operators that each function's execution calls, from traces; empty = not traced.
        results: those of them that wrote what the function returned.
        verdicts: of a run; None = what the suites would verify.
    """
    ran = {f for f in verifies if verdicts is None or f in verdicts}
    passed = {f for f in ran if verdicts is None or verdicts[f] is Verdict.PASSED}
    known = {e.name: e.canonical for e in inventory.entries}
    by_object = _functions({f: tuple(known[n] for n in verifies[f] if n in known) for f in verifies if f in ran})
    failed = {f for f in ran if verdicts is not None and verdicts[f] is Verdict.FAILED}
    by_result = _functions({f: results[f] for f in results if f in ran})
    by_call = _functions({f: calls[f] for f in calls if f in passed})
    found: dict[str, list[CoveredName]] = defaultdict(list)
    for entry in inventory.entries:
        if (rule := classification.rules.get(entry.name)) is not None:
            judged, calling = by_result.get(entry.name, []), by_call.get(entry.name, [])
            found[rule.id].append(_covered(entry, by_object, passed) or _traced(entry.name, judged, calling, passed, failed))
    operators = {e.name for e in inventory.entries if e.kind is EntryKind.OPERATOR}
    return Coverage(
        library=library,
        version=version,
        inventory=digest_of(inventory),
        rules=file.digest,
        methods=inventory.methods,
        rows=tuple(_row(rule, found[rule.id], operators) for rule in file.rule),
        unclassified=classification.unclassified,
        absent=tuple(sorted({n for names in verifies.values() for n in names} - set(known))),
    )


def _functions(names: Names) -> dict[str, list[str]]:
    """Functions by name."""
    found: dict[str, list[str]] = defaultdict(list)
    for function, of in names.items():
        for name in dict.fromkeys(of):
            found[name].append(function)
    return found


def _covered(entry: Entry, by_object: Mapping[str, list[str]], passed: set[str]) -> CoveredName | None:
    """What bindings show of a name; None where no binding names it."""
    functions = by_object.get(entry.canonical)
    if not functions:
        return None
    state = Cover.VERIFIED if passed.issuperset(functions) else Cover.NOT_PASSED
    return CoveredName(name=entry.name, cover=state, functions=tuple(functions))


def _traced(name: str, judged: list[str], calling: list[str], passed: set[str], failed: set[str]) -> CoveredName:
    """What traces show of an operator.

    Args:
        judged: functions that ran and whose result it wrote.
        calling: functions that passed and call it.
    """
    if wrong := [f for f in judged if f in failed]:
        return CoveredName(name=name, cover=Cover.NOT_PASSED, functions=tuple(wrong))
    if right := [f for f in judged if f in passed]:
        return CoveredName(name=name, cover=Cover.VERIFIED, functions=tuple(right))
    return CoveredName(name=name, cover=Cover.EXERCISED if calling else Cover.NOT_VERIFIED, functions=tuple(calling))


def _row(rule: Rule, found: list[CoveredName], operators: set[str]) -> CoverageRow:
    return CoverageRow(
        rule=rule.id,
        side=rule.side,
        area=rule.area,
        use=rule.use,
        failures=rule.failures,
        effect=rule.effect,
        risk=rule.risk,
        reason=rule.reason,
        names=_tally(c for c in found if c.name not in operators),
        operators=_tally(c for c in found if c.name in operators),
        covered=tuple(c for c in found if c.cover is not Cover.NOT_VERIFIED),
        uncovered=tuple(c.name for c in found if c.cover is Cover.NOT_VERIFIED),
    )


def _tally(found: Iterable[CoveredName]) -> Tally:
    seen = Counter(c.cover for c in found)
    return Tally(
        total=seen.total(), verified=seen[Cover.VERIFIED], not_passed=seen[Cover.NOT_PASSED], exercised=seen[Cover.EXERCISED]
    )

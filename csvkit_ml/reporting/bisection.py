"""Where a wrong result of a whole model begins: the first operator whose own error exceeds its bound, from the judged cases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from csvkit_ml.model.function import VERDICT, Measurement, Verdict
from csvkit_ml.model.report import Finding, ReportCase, ReportFunction

FIRST_OPERATOR = "first-operator"
"""Kind of finding."""
FUNCTION = "whole_model"
OUTPUTS, OPERATORS, EXPECTED, VALUE = "outputs", "operators", "expected", "value"
"""Ways in which a sample of the function asks."""
_MOST = 8


def bisected(functions: tuple[ReportFunction, ...]) -> Iterator[Finding]:
    """One finding for every model and place; nothing where all is within its bounds."""
    cases = [c for f in functions if f.id == FUNCTION for c in f.cases]
    by: dict[str, dict[tuple[str, str], ReportCase]] = defaultdict(dict)
    alone: dict[str, list[ReportCase]] = defaultdict(list)
    for c in cases:
        by[_model(c)][_way(c), c.variant] = c
        alone[_model(c)] += [c] if _way(c) == VALUE else []
    for model, its in by.items():
        variants = list(dict.fromkeys(v for _, v in its))
        yield from _operators(model, its, variants)
        yield from _elsewhere(model, its, variants)
        yield from _values(model, alone[model])


def _way(case: ReportCase) -> str:
    return str(dict(case.params).get("way", ""))


def _model(case: ReportCase) -> str:
    return case.sample.rpartition(f"-{VALUE}-")[0] if _way(case) == VALUE else case.sample.removesuffix(f"-{_way(case)}")


def models(function: ReportFunction) -> Iterator[tuple[str, str]]:
    """(`Model NAME`, digests of the model, what was fed to it and what was expected) for the facts of a function."""
    told: dict[str, dict[str, None]] = defaultdict(dict)
    for c in function.cases if function.id == FUNCTION else ():
        given = dict(c.params)
        for what, value in (("model", given.get("model")), ("input", given.get("inputs")), ("expected", given.get("values"))):
            told[_model(c)] |= {f"{what} {v}": None for v in (value if isinstance(value, tuple) else (value,)) if v}
    yield from ((f"Model {name}", "; ".join(digests)) for name, digests in told.items())


def wrong(case: ReportCase) -> tuple[Measurement, ...]:
    """Measurements past their limit, in the order of the graph."""
    return tuple(m for m in case.measurements if VERDICT[m.reason] is Verdict.FAILED)


def _operators(model: str, its: dict[tuple[str, str], ReportCase], variants: list[str]) -> Iterator[Finding]:
    found: dict[str, list[tuple[str, tuple[Measurement, ...]]]] = defaultdict(list)
    for v in variants:
        case = its.get((OPERATORS, v))
        if case is not None and (past := wrong(case)):
            found[past[0].output].append((v, past))
    for first, seen in found.items():
        m, more = seen[0][1][0], [x.output for x in seen[0][1][1:]]
        told = f"error {m.error:.3g} against {m.limit:.3g} (ratio {m.ratio:.3g}): expected {m.expected}, got {m.actual}"
        later = f" Past their limits by themselves as well: {', '.join(more[:_MOST])}{' ...' if len(more) > _MOST else ''}." if more else ""
        sentence = f"The first operator whose own error exceeds its bound is {first}: {told}. In {', '.join(v for v, _ in seen)}.{later}"
        yield Finding(kind=FIRST_OPERATOR, subject=f"{FUNCTION}: {model}", sentence=sentence)


def _values(model: str, cases: list[ReportCase]) -> Iterator[Finding]:
    """The first value in order that is wrong where only it was made an output, so that what lies before it was fused as in the model itself."""
    first: dict[str, list[str]] = defaultdict(list)
    for variant in dict.fromkeys(c.variant for c in cases):
        its = sorted((c for c in cases if c.variant == variant), key=lambda c: c.sample)
        for c in its:
            name = str(dict(c.params)["value"])
            if any(m.output == name for m in wrong(c)):
                first[name].append(variant)
                break
    for name, variants in first.items():
        sentence = f"The first value that is past its limit while only it and the outputs are kept is {name}, in {', '.join(variants)}."
        yield Finding(kind=FIRST_OPERATOR, subject=f"{FUNCTION}: {model}", sentence=sentence)


def _elsewhere(model: str, its: dict[tuple[str, str], ReportCase], variants: list[str]) -> Iterator[Finding]:
    """Outputs that are wrong while every operator by itself is right, and expected values that are not those of the graph."""

    def verdict(way: str, variant: str) -> Verdict | None:
        case = its.get((way, variant))
        return case.verdict if case else None

    clean = [v for v in variants if verdict(OUTPUTS, v) is Verdict.FAILED and verdict(OPERATORS, v) is Verdict.PASSED]
    if clean:
        sentence = (
            f"The outputs are past their limit in {', '.join(clean)}, yet every operator keeps its bound on the values that it met when all of "
            "them were made outputs: the error arises where values are fused or folded away, or accumulates over operators. "
            "Validating with --each-value tells where."
        )
        yield Finding(kind=FIRST_OPERATOR, subject=f"{FUNCTION}: {model}", sentence=sentence)
    other = [v for v in variants if verdict(EXPECTED, v) is Verdict.FAILED and verdict(OUTPUTS, v) is Verdict.PASSED]
    if other:
        sentence = (
            f"The maker's expected values are not met in {', '.join(other)}, although the outputs are those of the graph in double precision: "
            "look at the expected values, at the model that they were made with, or at the tolerance."
        )
        yield Finding(kind=FIRST_OPERATOR, subject=f"{FUNCTION}: {model}", sentence=sentence)

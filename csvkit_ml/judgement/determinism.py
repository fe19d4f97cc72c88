"""The determinism matrix: pairs of answers to the same question, gathered by function and dimension. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from csvkit_ml.judgement.distance import Blob, arrays, difference, total
from csvkit_ml.model.comparison import DIMENSIONS, Agreement, Difference, DimensionResult, FunctionDeterminism, dimension_of_variant
from csvkit_ml.model.function import Reason, Side, Verdict
from csvkit_ml.model.judgement import CaseJudgement
from csvkit_ml.model.observation import Observation, Outcome, Produced, Unsupported
from csvkit_ml.model.plan import PlannedFunction
from csvkit_ml.model.tensor import Array

SCHEMA = 1
__all__ = [
    "DIMENSIONS", "OPTIONS", "REPEATED", "SCHEMA", "Pair", "dimension_of_variant", "gather", "pair", "pair_of_rows", "pairs_of_cell", "violations",
    "within",
]  # fmt: skip
REPEATED = {"rerun": "rerun", "fresh_process": "new process", "dirty_memory": "dirty memory"}
"""Dimension of each kind of repetition."""
OPTIONS = {
    "threads": "threads", "isa": "instruction set", "onednn": "instruction set", "cbwr": "instruction set", "mkldnn": "kernels",
    "prepack": "kernels", "deterministic": "deterministic", "opt": "optimisation", "mode": "execution mode", "interop": "execution mode",
    "denormals": "arithmetic", "precision": "arithmetic", "device": "device", "profile": "arithmetic",
}  # fmt: skip
"""Dimension of each option of a backend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two answers to the same question."""

    dimension: str
    function: str
    what: str
    """The case and the change, in words."""
    difference: Difference
    outside: bool
    """One of them is not within its bound, or only one of them is a value."""

    @property
    def differs(self) -> bool:
        return self.difference.differing > 0 or self.outside


def pair(dimension: str, function: str, what: str, a: Outcome, b: Outcome, ok: bool, blob: Blob) -> Pair | None:
    """Two outcomes as a pair; None where the second is not offered, or neither is a value.

    Args:
        ok: both judgements are within their bounds.
    """
    values = isinstance(a, Produced), isinstance(b, Produced)
    if isinstance(b, Unsupported) or isinstance(a, Unsupported) or not any(values):
        return None
    if not all(values):
        apart = Difference(compared=0, differing=1, worst_ulp=math.inf)
        return Pair(dimension=dimension, function=function, what=what, difference=apart, outside=True)
    assert isinstance(a, Produced)
    assert isinstance(b, Produced)
    found = difference(a.outputs, b.outputs, blob)
    return Pair(dimension=dimension, function=function, what=what, difference=found, outside=found.differing > 0 and not ok)


def pair_of_rows(dimension: str, function: str, what: str, rows: Iterable[tuple[Array, Array, str]], ok: bool) -> Pair:
    """The rows that two answers have in common, by output: (rows of the one, rows of the other, dtype)."""
    found = total(tuple(arrays(a, b, dtype) for a, b, dtype in rows))
    return Pair(dimension=dimension, function=function, what=what, difference=found, outside=found.differing > 0 and not ok)


def within(judged: CaseJudgement | None) -> bool:
    """Whether every value of a case is within its bound; bits that differ do not count here."""
    return judged is not None and (judged.verdict is not Verdict.FAILED or judged.reason is Reason.NOT_REPEATABLE)


def pairs_of_cell(
    planned: PlannedFunction, observed: Mapping[str, Observation], judged: Mapping[str, CaseJudgement], blob: Blob
) -> Iterator[Pair]:
    """Repetitions against the first, variants against the plain one."""
    for s in planned.samples:
        plain = observed.get(f"{planned.id}/{s.name}/{s.variants[0]}")
        for variant in s.variants:
            case = f"{planned.id}/{s.name}/{variant}"
            seen = observed.get(case)
            if seen is None or plain is None:
                continue
            first = seen.repetitions[0].outcome
            for r in seen.repetitions[1:]:
                if r.kind in REPEATED and (found := pair(REPEATED[r.kind], planned.id, case, first, r.outcome, within(judged.get(case)), blob)):
                    yield found
            ok = within(judged.get(case)) and within(judged.get(plain.case))
            if seen is not plain and (found := pair(dimension_of_variant(variant), planned.id, case, plain.repetitions[0].outcome, first, ok, blob)):
                yield found


def gather(id: str, side: Side, dimensions: Iterable[str], pairs: Iterable[Pair]) -> FunctionDeterminism:
    """One function's row of the matrix."""
    by: dict[str, list[Pair]] = {d: [] for d in dimensions}
    for p in pairs:
        by[p.dimension].append(p)
    return FunctionDeterminism(id=id, side=side, results=tuple(_result(d, ps) for d, ps in by.items()))


def _result(dimension: str, pairs: list[Pair]) -> DimensionResult:
    worst = max(pairs, key=lambda p: (p.outside, p.difference.worst_ulp, p.differs), default=None)
    agreement = Agreement.NOT_DRIVEN if worst is None else Agreement.IDENTICAL
    if any(p.differs for p in pairs):
        agreement = Agreement.OUTSIDE if any(p.outside for p in pairs) else Agreement.WITHIN
    return DimensionResult(
        dimension=dimension, agreement=agreement, pairs=len(pairs), differing=sum(p.differs for p in pairs),
        elements=total(tuple(p.difference for p in pairs)), example=worst.what if worst is not None and worst.differs else "",
    )  # fmt: skip


def violations(functions: Iterable[FunctionDeterminism], required: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """`function: dimension` where bits that must be the same are not.

    Args:
        required: dimensions by function.
    """
    return tuple(
        f"{f.id}: {r.dimension}" for f in functions for r in f.results if r.differing and r.dimension in required.get(f.id, ())
    )

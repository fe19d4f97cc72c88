"""Judging one case: outcomes first, then names, dtype and shape, then numbers, then repeatability. Pure."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from csvkit_ml.criteria.joint import Joint
from csvkit_ml.model.digest import Digest
from csvkit_ml.model.function import VERDICT, Criterion, Expected, Measurement, Reason, Verdict
from csvkit_ml.model.judgement import CaseJudgement
from csvkit_ml.model.observation import (
    Crashed,
    Killed,
    Observation,
    Outcome,
    OutputRef,
    Produced,
    Raised,
    Repetition,
    TimedOut,
    Unsupported,
)
from csvkit_ml.model.tensor import DTYPES, Array

SEVERITY = (
    Reason.CRASHED, Reason.REFUSED, Reason.WRONG_NAMES, Reason.WRONG_DTYPE, Reason.WRONG_SHAPE, Reason.SPECIAL_VALUE, Reason.BEYOND_HARD,
    Reason.BEYOND_BAND, Reason.NOT_REPEATABLE, Reason.TIMED_OUT, Reason.KILLED, Reason.UNSUPPORTED, Reason.SETTING_UNPROVEN, Reason.NOT_RUN,
    Reason.REFERENCE_WEAK, Reason.NOTHING_COMPARED, Reason.WITHIN_BAND, Reason.STATISTICS_FIT, Reason.IDENTICAL, Reason.EMPTY_AS_DEFINED,
)  # fmt: skip
"""Most serious first; a case's reason is the most serious of its parts."""
_ENDED = (TimedOut, Killed)
"""Ended by the host: no answer of the library's."""


def judge_case(
    observation: Observation,
    expected: Callable[[], tuple[Expected, ...]],
    criterion: Criterion,
    blob: Callable[[Digest], bytes],
    *,
    required_identical: tuple[str, ...],
) -> CaseJudgement:
    """Judge what was seen of one case.

    1. Every repetition's outcome has a reason; anything but Produced decides at once.
    2. The first repetition's outputs are compared with the expected ones; a repetition with other bits is compared as well.
    3. Repetitions of `required_identical` whose bits differ from the first that answered make the case NOT_REPEATABLE. One that the
       host ended, for its time or memory, gave no answer that could differ: it makes the case indeterminate.

    Args:
        expected: true outputs, computed only when something was produced.
        blob: bytes of an output by digest.
    """
    reasons: list[tuple[Reason, str]] = []
    measured: dict[tuple[OutputRef, ...], tuple[Measurement, ...]] = {}
    differing: list[str] = []
    if not observation.repetitions:
        return CaseJudgement(case=observation.case, reason=Reason.NOT_RUN, detail="no repetition was executed")
    first = next((r.outcome for r in observation.repetitions if not isinstance(r.outcome, _ENDED)), observation.repetitions[0].outcome)
    for repetition in observation.repetitions:
        outcome = repetition.outcome
        if not isinstance(outcome, Produced):
            reasons.append(_without_values(repetition))
        elif outcome.outputs not in measured:
            found, reason, detail = _measure(outcome, expected(), criterion, blob)
            measured[outcome.outputs] = found
            reasons.append((reason, detail))
        if not isinstance(outcome, _ENDED) and not same_values(first, outcome):
            differing.append(repetition.kind)
    if violated := [k for k in differing if k in required_identical]:
        reasons.append((Reason.NOT_REPEATABLE, f"other bits than the first run: {', '.join(violated)}"))
    reason, detail = min(reasons, key=lambda r: SEVERITY.index(r[0]))
    shown = measured.get(first.outputs, ()) if isinstance(first, Produced) else ()
    if VERDICT[reason] is Verdict.FAILED and measured:
        shown = max(measured.values(), key=lambda ms: max((m.ratio for m in ms), default=0.0))
    return CaseJudgement(case=observation.case, reason=reason, detail=detail, measurements=shown, differing=tuple(differing))


def same_values(a: Outcome, b: Outcome) -> bool:
    """Whether two outcomes are the same: bits for values, type and text for exceptions."""
    return a == b


def _without_values(repetition: Repetition) -> tuple[Reason, str]:
    match repetition.outcome:
        case Raised(type=kind, message=message):
            return Reason.REFUSED, f"{repetition.kind}: {kind}: {message[:300]}"
        case Crashed(exit_code=code, signal=signal):
            return Reason.CRASHED, f"{repetition.kind}: {signal or f'exit code {code}'}"
        case TimedOut(limit_s=limit):
            return Reason.TIMED_OUT, f"{repetition.kind}: no answer in {limit:g} s"
        case Killed(why=why):
            return Reason.KILLED, f"{repetition.kind}: {why}"
        case Unsupported(message=message):
            return Reason.UNSUPPORTED, f"{repetition.kind}: {message[:300]}"
        case Produced():
            raise ValueError("a produced outcome has values")


def _measure(
    outcome: Produced, expected: tuple[Expected, ...], criterion: Criterion, blob: Callable[[Digest], bytes]
) -> tuple[tuple[Measurement, ...], Reason, str]:
    names, wanted = tuple(o.name for o in outcome.outputs), tuple(e.name for e in expected)
    if names != wanted:
        return (), Reason.WRONG_NAMES, f"outputs {list(names)} instead of {list(wanted)}"
    if not expected:
        return (), Reason.NOTHING_COMPARED, "the function defines no output"
    if isinstance(criterion, Joint) and not any(map(_mismatched, outcome.outputs, expected)):
        found = criterion.measure_jointly(tuple(_array(o, blob(o.blob)) for o in outcome.outputs), expected)
    else:
        found = tuple(_measure_output(o, e, criterion, blob) for o, e in zip(outcome.outputs, expected, strict=True))
    worst = min(found, key=lambda m: (SEVERITY.index(m.reason), -m.ratio))
    return found, worst.reason, detail_of(worst)


def _measure_output(ref: OutputRef, expected: Expected, criterion: Criterion, blob: Callable[[Digest], bytes]) -> Measurement:
    return _mismatched(ref, expected) or criterion.measure(_array(ref, blob(ref.blob)), expected)


def _mismatched(ref: OutputRef, expected: Expected) -> Measurement | None:
    if ref.dtype != expected.dtype:
        return _mismatch(expected, Reason.WRONG_DTYPE, expected.dtype, ref.dtype)
    if ref.shape != expected.shape:
        return _mismatch(expected, Reason.WRONG_SHAPE, str(list(expected.shape)), str(list(ref.shape)))
    return None


def _array(ref: OutputRef, data: bytes) -> Array:
    return np.frombuffer(data, dtype=DTYPES[ref.dtype]).reshape(ref.shape)


def _mismatch(expected: Expected, reason: Reason, wanted: str, got: str) -> Measurement:
    return Measurement(output=expected.name, reason=reason, compared=0, error=float("inf"), ratio=float("inf"), expected=wanted, actual=got)


def detail_of(m: Measurement) -> str:
    """One sentence about a measurement."""
    if m.reason in (Reason.WRONG_DTYPE, Reason.WRONG_SHAPE):
        return f"{m.output}: expected {m.expected}, got {m.actual}"
    if m.reason in (Reason.IDENTICAL, Reason.EMPTY_AS_DEFINED):
        return f"{m.output}: {m.reason.value}"
    where = f" at {list(m.worst_index)}" if m.worst_index else ""
    return (
        f"{m.output}: error {m.error:.3g} against {m.limit:.3g} (ratio {m.ratio:.3g}){where}: expected {m.expected}, got {m.actual};"
        f" {m.offenders} of {m.compared} past the limit"
    )

"""The checker checked: every seeded fault of a function must be rejected, and the true result accepted, on real samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np

from csvkit_ml.criteria import round_to
from csvkit_ml.criteria.joint import measured
from csvkit_ml.model.function import VERDICT, Criterion, Expected, Function, Measurement, Reason, Results, Sample, Verdict
from csvkit_ml.model.judgement import FaultDetection

ENOUGH = 2
"""Samples of one dtype that reject a fault: on further ones of that dtype it is not tried."""


def _judge(results: Results, expected: tuple[Expected, ...], criterion: Criterion) -> tuple[Measurement, ...]:
    """Shape and dtype first, as for a library's own outputs."""
    wrong = [e for r, e in zip(results, expected, strict=True) if tuple(r.shape) != e.shape]
    if wrong:
        return tuple(Measurement(output=e.name, reason=Reason.WRONG_SHAPE, compared=0, ratio=float("inf")) for e in wrong)
    return measured(criterion, results, expected)


def _accepted(found: tuple[Measurement, ...]) -> bool:
    return bool(found) and all(VERDICT[m.reason] is Verdict.PASSED for m in found)


def _rejected(found: tuple[Measurement, ...]) -> bool:
    return any(VERDICT[m.reason] is Verdict.FAILED for m in found)


def detect(function: Function, notify: Callable[[str], None] = lambda text: None) -> tuple[FaultDetection, ...]:
    """Apply each seeded fault to the true results of samples, in their order, until enough of each dtype have rejected it.

    A fault counts as detected when at least one sample rejects it and the unchanged result is accepted on every sample.
    """
    tried = Counter[str]()
    rejected = Counter[tuple[str, str]]()
    accepted = True
    for sample in function.samples():
        notify(sample.name)
        expected = function.reference(sample)
        criterion = function.criterion_for(sample)
        true = true_results(function, sample, expected)
        accepted &= _accepted(_judge(true, expected, criterion))
        for fault in function.faults:
            if rejected[fault.id, sample.dtype] == ENOUGH:
                continue
            with np.errstate(all="ignore"):
                wrong = fault.apply(function, sample, true)
            if wrong is None:
                continue
            tried[fault.id] += 1
            rejected[fault.id, sample.dtype] += _rejected(_judge(wrong, expected, criterion))
    by = Counter[str]()
    for (id, _), count in rejected.items():
        by[id] += count
    return tuple(
        FaultDetection(function=function.id, fault=f.id, sentence=f.sentence, tried=tried[f.id], rejected=by[f.id], accepted_true=accepted)
        for f in function.faults
    )


def true_results(function: Function, sample: Sample, expected: tuple[Expected, ...]) -> Results:
    """What a perfect library answers: the true values correctly rounded."""
    return tuple(round_to(e.dtype, e.value, e.low) for e in expected)

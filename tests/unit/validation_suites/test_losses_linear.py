"""The loss of a last layer in 50 digits, term by term."""

from __future__ import annotations

import mpmath
import pytest

from csvkit_ml.model.function import Sample
from validation_suites.training import losses_linear

(FUNCTION,) = losses_linear.FUNCTIONS


@pytest.mark.parametrize("sample", [s for s in FUNCTION.samples() if s.inputs[0].shape[0]], ids=lambda s: s.name)
def test_by_logarithms_of_exponentials(sample: Sample) -> None:
    x, target, w, b, share = sample.arrays()
    with mpmath.workdps(50):
        losses, total = [], mpmath.mpf(0)
        for row, t in zip(x, target.tolist(), strict=True):
            scores = [mpmath.fdot(map(float, row), map(float, c)) + (float(v) if sample.param("biased") else 0) for c, v in zip(w, b, strict=True)]
            weight = (float(share[t]) if sample.param("weighted") else 1) * (t != sample.param("ignore_index"))
            losses.append(weight * (mpmath.log(mpmath.fsum(map(mpmath.exp, scores))) - scores[t]))
            total += weight
        whole = mpmath.fsum(losses)
        true = {"none": losses, "sum": [whole], "mean": [whole / total if total else mpmath.nan]}[sample.param("reduction")]
        (made,) = FUNCTION.reference(sample)
        assert made.low is not None
        for value, low, want in zip(made.value.ravel().tolist(), made.low.ravel().tolist(), true, strict=True):
            assert mpmath.isnan(want) == mpmath.isnan(value)
            assert mpmath.isnan(want) or abs(mpmath.mpf(value) + low - want) <= 1e-15 * (1 + abs(want))

"""Random outputs: goodness of fit against the declared distribution at a level fixed in the plan."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from csvkit_ml.criteria.distributions import DISTRIBUTIONS, SHORTEST
from csvkit_ml.model.function import Expected, Measurement, Reason
from csvkit_ml.model.tensor import Array

ALPHA = 1e-6
"""Family-wise probability of a false alarm, over all statistical tests of one run."""
FAMILY = 10_000
"""Upper bound of the number of statistical tests of one run (Bonferroni, which rejects no more than Holm's procedure)."""
LIMIT = -math.log10(ALPHA / FAMILY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Goodness:
    """Every p-value of the distribution's tests is at least alpha / family."""

    distribution: str
    """Key of DISTRIBUTIONS."""
    arguments: tuple[float, ...]
    rationale: str = "A correct generator is rejected with probability at most 1e-6 over the whole run; the seeds are fixed in the plan."
    literature: str = "Holm 1979; Kolmogorov-Smirnov, Pearson chi-square, exact binomial; Box and Pierce 1970"
    kind: str = "goodness of fit"

    @property
    def formula(self) -> str:
        args = ", ".join(f"{a:g}" for a in self.arguments)
        return f"-log10 p <= -log10({ALPHA:g} / {FAMILY}) for every test of {self.distribution}({args})"

    def measure(self, actual: Array, expected: Expected) -> Measurement:
        """Judge values drawn by the library; too few to tell prove nothing."""
        y = actual.astype(np.float64).ravel()
        if y.size < SHORTEST:
            return Measurement(output=expected.name, reason=Reason.NOTHING_COMPARED, compared=0)
        if not np.isfinite(y).all():
            return Measurement(
                output=expected.name, reason=Reason.SPECIAL_VALUE, compared=int(y.size), offenders=int((~np.isfinite(y)).sum()),
                ratio=float("inf"), expected=self.distribution, actual="not finite",
            )  # fmt: skip
        p_values = DISTRIBUTIONS[self.distribution](y, expected.extra, *self.arguments)
        return told(p_values, output=expected.name, compared=int(y.size), expected=f"{self.distribution}{self.arguments}")


def told(p_values: Mapping[str, float], *, output: str, compared: int, expected: str) -> Measurement:
    """The finding of several tests: the least probable outcome decides, in -log10 p against LIMIT."""
    surprises = {name: -math.log10(max(p, 1e-300)) for name, p in p_values.items()}
    name, worst = max(surprises.items(), key=lambda kv: kv[1])
    return Measurement(
        output=output,
        reason=Reason.STATISTICS_FIT if worst <= LIMIT else Reason.BEYOND_BAND,
        compared=compared,
        offenders=sum(s > LIMIT for s in surprises.values()),
        error=worst,
        limit=LIMIT,
        hard_limit=LIMIT,
        ratio=worst / LIMIT,
        rms_ratio=math.sqrt(sum(s * s for s in surprises.values()) / len(surprises)) / LIMIT,
        expected=expected,
        actual=", ".join(f"p({k}) = {v:.3g}" for k, v in p_values.items()) + f"; smallest: {name}",
    )

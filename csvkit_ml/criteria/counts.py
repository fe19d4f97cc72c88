"""How often a random output fell into each of the cells of a partition: a few numbers judge millions of draws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from csvkit_ml.criteria.p_values import chi_square, score
from csvkit_ml.criteria.statistical import ALPHA, FAMILY, told
from csvkit_ml.model.function import Expected, Measurement, Reason
from csvkit_ml.model.tensor import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Every p-value of the counts is at least alpha / family: chi-square, location, spread, and each cell by itself.

    Expected.extra: `probability` [cells]. The sum of the counts is the number of draws that the plan asks, and a cell of
    probability 0 is empty.
    """

    draws: int
    rationale: str = (
        "A correct generator is rejected with probability at most 1e-6 over the whole run. The location test sees a shift of 0.5 % of a "
        "standard deviation in four million draws with ten standard errors."
    )
    literature: str = "Holm 1979; Pearson 1900 (chi-square); Rao 1948 (score tests)"
    kind: str = "counts"

    @property
    def formula(self) -> str:
        return f"-log10 p <= -log10({ALPHA:g} / {FAMILY}) for chi-square, location, spread and each cell of {self.draws} draws"

    def measure(self, actual: Array, expected: Expected) -> Measurement:
        """Judge counts [cells]."""
        probability = expected.extra["probability"]
        k = actual.astype(np.int64).ravel()
        if int(k.sum()) != self.draws or bool((k < 0).any()) or bool((k[probability == 0] != 0).any()):
            return Measurement(
                output=expected.name,
                reason=Reason.BEYOND_HARD,
                compared=int(k.size),
                offenders=1,
                ratio=float("inf"),
                expected=f"{self.draws} draws",
                actual=f"{int(k.sum())} draws, {int(k[probability == 0].sum())} of them impossible",
            )
        return told(self._p_values(k, probability), output=expected.name, compared=int(k.size), expected=f"{self.draws} draws")

    def _p_values(self, k: Array, probability: Array) -> dict[str, float]:
        from scipy import stats

        rank = np.cumsum(probability) - probability / 2
        single = 2 * np.minimum(stats.binom.cdf(k, self.draws, probability), stats.binom.sf(k - 1, self.draws, probability))
        return {
            "chi-square": chi_square(k, probability),
            "location": score(k, probability, rank),
            "spread": score(k, probability, (rank - 0.5) ** 2),
            "cell": min(1.0, float(single.min()) * k.size),
        }

"""Solves: a relation that the answer must satisfy, as a dimensionless residual."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from csvkit_ml.criteria.formats import FORMATS
from csvkit_ml.criteria.residuals import Residual, measurement, over, widest
from csvkit_ml.model.function import Expected, Measurement, Reason
from csvkit_ml.model.tensor import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class BackwardError:
    """||b - A x|| / (||A|| ||x|| + ||b||) <= p(n) u, infinity norms, per right-hand side (Rigal and Gaches 1967).

    Expected.extra: `a` [..., n, n] and `b` [..., n, m], broadcast over the leading axes; the output is x [..., n, m], or the same elements
    without the last axis where m = 1. p(n) = factor * n. Residuals are formed in extended precision. `right`: the output solves X A = B and is
    transposed first; `a` and `b` are those of the transposed system A' X' = B'.
    """

    right: bool = False
    factor: float = 4.0
    hard_factor: float = 30.0
    rationale: str = "A backward stable solver solves a problem perturbed by p(n) u exactly; its forward error may be kappa times larger."
    literature: str = "Rigal and Gaches 1967; Higham 2002, ch. 7 and 9; LAPACK test ratios (< 30)"
    kind: str = "backward error"

    @property
    def formula(self) -> str:
        side = "X A = B by rows: " if self.right else ""
        return f"{side}||b - A x|| / (||A|| ||x|| + ||b||) <= {self.factor:g} n u; hard: {self.hard_factor:g} n u"

    def measure(self, actual: Array, expected: Expected) -> Measurement:
        """Judge solutions x [..., n, m]."""
        if actual.size == 0:
            return Measurement(output=expected.name, reason=Reason.EMPTY_AS_DEFINED, compared=0)
        a, b = widest(expected.extra["a"]), widest(expected.extra["b"])
        lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        x = widest(np.swapaxes(actual, -1, -2) if self.right else actual).reshape(*lead, a.shape[-1], b.shape[-1])
        with np.errstate(all="ignore"):
            r = np.abs(b - a @ x).max(-2)
            found = over(r, np.abs(a).sum(-1).max(-1)[..., None] * np.abs(x).max(-2) + np.abs(b).max(-2))
        n, u = a.shape[-1], FORMATS[expected.dtype].u
        residual = Residual(name=expected.name, values=found, limit=self.factor * n * u, hard=self.hard_factor * n * u)
        return measurement(residual, int(actual.size))

"""Solves and factorisations: a relation that the answer must satisfy, as a dimensionless residual."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from csvkit_ml.criteria.comparison import text
from csvkit_ml.criteria.formats import FORMATS
from csvkit_ml.model.function import Expected, Measurement, Reason
from csvkit_ml.model.tensor import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class BackwardError:
    """||b - A x|| / (||A|| ||x|| + ||b||) <= p(n) u, infinity norms, per right-hand side (Rigal and Gaches 1967).

    Expected.extra: `a` [..., n, n] and `b` [..., n, m]; for least squares (`normal` = True) the residual is that of the
    normal equations, ||A'(b - A x)|| / (||A||_F (||A||_F ||x|| + ||b||)). p(n) = factor * n. Residuals are formed in extended precision.
    """

    factor: float = 4.0
    hard_factor: float = 30.0
    normal: bool = False
    rationale: str = "A backward stable solver solves a problem perturbed by p(n) u exactly; its forward error may be kappa times larger."
    literature: str = "Rigal and Gaches 1967; Higham 2002, ch. 7 and 20; LAPACK test ratios (< 30)"
    kind: str = "backward error"

    @property
    def formula(self) -> str:
        what = "||A'(b - A x)|| / (||A|| (||A|| ||x|| + ||b||))" if self.normal else "||b - A x|| / (||A|| ||x|| + ||b||)"
        return f"{what} <= {self.factor:g} n u; hard: {self.hard_factor:g} n u"

    def measure(self, actual: Array, expected: Expected) -> Measurement:
        """Judge a solution x [..., n, m]."""
        a = expected.extra["a"].astype(np.longdouble)
        b = expected.extra["b"].astype(np.longdouble)
        x = actual.astype(np.longdouble)
        with np.errstate(all="ignore"):
            ratio = self._residual(a, b, x)
        n = max(a.shape[-2:])
        u = FORMATS[expected.dtype].u
        worst = float(np.max(np.where(np.isnan(ratio), np.inf, ratio)))
        band, hard = self.factor * n * u, self.hard_factor * n * u
        reason = Reason.WITHIN_BAND if worst <= band else Reason.BEYOND_BAND if worst <= hard else Reason.BEYOND_HARD
        return Measurement(
            output=expected.name,
            reason=reason,
            compared=int(actual.size),
            offenders=int(np.count_nonzero(~(ratio <= band))),
            error=worst,
            limit=band,
            hard_limit=hard,
            ratio=worst / band,
            rms_ratio=float(np.sqrt(np.mean(np.square(np.where(np.isfinite(ratio), ratio, 0.0) / band)))),
            expected=f"backward error 0 (reference solution {text(expected.value.flat[0]) if expected.value.size else ''} ...)",
            actual=f"backward error {worst:.3g}",
        )

    def _residual(self, a: Array, b: Array, x: Array) -> Array:
        if self.normal:
            norm_a = np.sqrt((a * a).sum((-2, -1)))[..., None]
            size = norm_a * np.sqrt((x * x).sum(-2)) + np.sqrt((b * b).sum(-2))
            r = np.swapaxes(a, -1, -2) @ (b - a @ x)
            return np.asarray(np.sqrt((r * r).sum(-2)) / np.maximum(norm_a * size, np.finfo(np.float64).tiny))
        norm_a = np.abs(a).sum(-1).max(-1)[..., None]
        r = np.abs(b - a @ x).max(-2)
        return np.asarray(r / np.maximum(norm_a * np.abs(x).max(-2) + np.abs(b).max(-2), np.finfo(np.float64).tiny))

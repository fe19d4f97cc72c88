"""Strongly convex training: the gradient at the returned parameters certifies their distance to the optimum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from csvkit_ml.criteria.formats import FORMATS
from csvkit_ml.criteria.residuals import Residual, measurement
from csvkit_ml.model.function import Expected, Measurement, Reason, Results
from csvkit_ml.model.tensor import Array


def _norm(x: Array) -> float:
    return float(np.sqrt((x * x).sum()))


def probable(n: int) -> float:
    """Growth of the rounding error of a sum of n terms, in u, exceeded with negligible probability."""
    return float(min(n, 6 * np.sqrt(n)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """f(w) = mean_i loss(x_i' w, t_i) + sum_j p_j w_j^2 / 2 in extended precision.

    loss(z, t) = (z - t)^2 / 2 (link `identity`) or log(1 + e^z) - t z (link `logistic`).
    """

    link: str
    """`identity` or `logistic`."""
    design: Array
    """Rows x_i [N, d]; the last column is ones where there is a bias."""
    targets: Array
    """t [N]."""
    penalty: Array
    """p [d] >= 0; 0 for the bias."""

    @classmethod
    def of(cls, link: str, arrays: Mapping[str, Array]) -> Risk:
        """From `design`, `targets` and `penalty`, stored in any real dtype."""
        wide = {n: arrays[n].astype(np.longdouble) for n in ("design", "targets", "penalty")}
        return cls(link=link, **wide)

    def outputs(self, w: Array) -> Array:
        """Derivative-ready predictions: z, or the probability."""
        z = self.design @ w
        return np.asarray(z if self.link == "identity" else 1 / (1 + np.exp(-z)))

    def loss(self, w: Array) -> np.longdouble:
        """f(w)."""
        z = self.design @ w
        terms = np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))) - self.targets * z if self.link == "logistic" else (z - self.targets) ** 2 / 2
        return np.longdouble(terms.mean() + (self.penalty * w * w).sum() / 2)

    def gradient(self, w: Array) -> Array:
        """f'(w) [d]."""
        return np.asarray(self.design.T @ (self.outputs(w) - self.targets) / len(self.design) + self.penalty * w)

    def hessian(self, w: Array) -> Array:
        """f''(w) [d, d]."""
        p = self.outputs(w)
        curvature = np.ones_like(p) if self.link == "identity" else p * (1 - p)
        return np.asarray((self.design.T * curvature) @ self.design / len(self.design) + np.diag(self.penalty))

    def gradient_rounding(self, w: Array, growth: float) -> float:
        """Norm of the error, in u, of a gradient computed at w with sums of N terms growing by `growth`."""
        rows, width = abs(self.design), self.design.shape[1]
        z = rows @ abs(w)
        slope, own = (1.0, abs(self.targets)) if self.link == "identity" else (0.25, np.full(len(rows), 6.0))
        error = (width + 3) * slope * z + own + (growth + 3) * abs(self.outputs(w) - self.targets)
        return _norm(rows.T @ error / len(rows) + 3 * self.penalty * abs(w))

    def loss_rounding(self, w: Array, growth: float) -> float:
        """Error, in u, of a loss computed at w."""
        rows, width = abs(self.design), self.design.shape[1]
        z = rows @ abs(w)
        slope = abs(self.outputs(w) - self.targets) if self.link == "identity" else np.ones(len(rows))
        return float((slope * ((width + 3) * z + abs(self.targets))).mean() + (growth + 8) * (self.loss(w) + (self.targets * z).mean()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimum:
    """||f'(w)|| <= G; then ||w - w*|| <= ||f'(w)|| / mu; and the reported loss is f(w) to rounding.

    The two outputs are the parameters w [d] and the loss []. Expected.extra of the first: `design`, `targets`, `penalty` (see Risk); its value
    is the certified optimum w*, radius its error. The gradient is evaluated in extended precision.
    """

    link: str
    """See Risk."""
    modulus: float
    """mu: least eigenvalue of the Hessian between w and w*, a lower bound."""
    limit: float
    """G: what the prescribed steps reach by the method's rate, plus its rounding floor at the probable growth of sums."""
    hard: float
    """The same at the worst growth of sums."""
    rate: str
    """Derivation of G, for the report."""
    rationale: str = "In a strongly convex problem the gradient bounds the distance to the only optimum, whatever the road there."
    literature: str = "Boyd and Vandenberghe 2004, 9.1.2; Nesterov 2004, theorems 2.1.15 and 2.2.3; Higham 2002, ch. 3"
    kind: str = "distance to the optimum"

    @property
    def formula(self) -> str:
        return (
            f"||f'(w)|| <= G = {self.limit:.3g} ({self.rate}); hard: {self.hard:.3g}; ||w - w*|| <= ||f'(w)|| / mu + rad, mu = {self.modulus:.3g};"
            " |loss - f(w)| <= rounding of one evaluation"
        )

    def measure(self, actual: Array, expected: Expected) -> Measurement:
        """Judge parameters alone: the gradient, then the certificate."""
        risk, w = Risk.of(self.link, expected.extra), actual.astype(np.longdouble)
        with np.errstate(all="ignore"):
            slope = _norm(risk.gradient(w))
            low = 0.0 if expected.low is None else expected.low
            away = _norm((w - expected.value) - low) - float(np.max(expected.radius)) * np.sqrt(w.size)
        found = measurement(Residual(name="gradient at the answer", values=np.asarray(slope), limit=self.limit, hard=self.hard), w.size)
        if found.reason is Reason.WITHIN_BAND and away > slope / self.modulus * (1 + 1e-6):
            return measurement_of_weakness(found)
        return found

    def measure_jointly(self, actual: Results, expected: tuple[Expected, ...]) -> tuple[Measurement, ...]:
        """Judge parameters and loss."""
        risk, w = Risk.of(self.link, expected[0].extra), actual[0].astype(np.longdouble)
        with np.errstate(all="ignore"):
            error = abs(float(actual[1].astype(np.longdouble) - risk.loss(w)))
            u, n = FORMATS[expected[0].dtype].u, len(risk.design)
            limit, hard = (u * risk.loss_rounding(w, growth) for growth in (probable(n), float(n)))
        scaled = Residual(name="loss at the answer", values=np.asarray(error / limit), limit=1.0, hard=hard / limit)
        return self.measure(actual[0], expected[0]), measurement(scaled, 1)


def measurement_of_weakness(found: Measurement) -> Measurement:
    """The certificate contradicts the reference: the reference is wrong, not the answer."""
    return Measurement(
        output=found.output, reason=Reason.REFERENCE_WEAK, compared=found.compared, error=found.error, limit=found.limit,
        hard_limit=found.hard_limit, ratio=float("inf"), expected=found.expected, actual=found.actual,
    )  # fmt: skip

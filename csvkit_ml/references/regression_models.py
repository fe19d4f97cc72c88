"""Models of nonlinear regression by name, and their sensitivities at a point. Inputs are real; derivatives by complex steps are exact to rounding."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from csvkit_ml.model.tensor import Array

Model = Callable[[Array, Array], Array]
"""(predictors [k, n], parameters [p]) -> responses [n]."""
_TURN = 2 * np.pi


def _fraction(top: int, bottom: int) -> Model:
    """(b1 + b2 x + ...) / (1 + b_ x + ...), polynomials of these degrees."""

    def model(x: Array, b: Array) -> Array:
        above = sum(b[i] * x[0] ** i for i in range(top + 1))
        return np.asarray(above / (1 + sum(b[top + i] * x[0] ** i for i in range(1, bottom + 1))))

    return model


def _decays(x: Array, b: Array) -> Array:
    return np.asarray(sum(b[i] * np.exp(-b[i + 1] * x[0]) for i in (0, 2, 4)))


def _waves(x: Array, b: Array) -> Array:
    found = b[0] + b[1] * np.cos(_TURN * x[0] / 12) + b[2] * np.sin(_TURN * x[0] / 12)
    for i in (3, 6):
        found = found + b[i + 1] * np.cos(_TURN * x[0] / b[i]) + b[i + 2] * np.sin(_TURN * x[0] / b[i])
    return np.asarray(found)


def _peaks(x: Array, b: Array) -> Array:
    peaks = sum(b[i] * np.exp(-((x[0] - b[i + 1]) ** 2) / b[i + 2] ** 2) for i in (2, 5))
    return np.asarray(b[0] * np.exp(-b[1] * x[0]) + peaks)


MODELS: Mapping[str, Model] = {
    "Bennett5": lambda x, b: b[0] * (b[1] + x[0]) ** (-1 / b[2]),
    "BoxBOD": lambda x, b: b[0] * (1 - np.exp(-b[1] * x[0])),
    "Chwirut": lambda x, b: np.exp(-b[0] * x[0]) / (b[1] + b[2] * x[0]),
    "DanWood": lambda x, b: b[0] * x[0] ** b[1],
    "ENSO": _waves,
    "Eckerle4": lambda x, b: b[0] / b[1] * np.exp(-(((x[0] - b[2]) / b[1]) ** 2) / 2),
    "Gauss": _peaks,
    "Hahn1": _fraction(3, 3),
    "Kirby2": _fraction(2, 2),
    "Lanczos": _decays,
    "MGH09": lambda x, b: b[0] * (x[0] ** 2 + x[0] * b[1]) / (x[0] ** 2 + x[0] * b[2] + b[3]),
    "MGH10": lambda x, b: b[0] * np.exp(b[1] / (x[0] + b[2])),
    "MGH17": lambda x, b: b[0] + b[1] * np.exp(-x[0] * b[3]) + b[2] * np.exp(-x[0] * b[4]),
    "Misra1b": lambda x, b: b[0] * (1 - (1 + b[1] * x[0] / 2) ** -2),
    "Misra1c": lambda x, b: b[0] * (1 - (1 + 2 * b[1] * x[0]) ** -0.5),
    "Misra1d": lambda x, b: b[0] * b[1] * x[0] / (1 + b[1] * x[0]),
    "Nelson": lambda x, b: b[0] - b[1] * x[0] * np.exp(-b[2] * x[1]),
    "Rat42": lambda x, b: b[0] / (1 + np.exp(b[1] - b[2] * x[0])),
    "Rat43": lambda x, b: b[0] / (1 + np.exp(b[1] - b[2] * x[0])) ** (1 / b[3]),
    "Roszman1": lambda x, b: b[0] - b[1] * x[0] - np.arctan(b[2] / (x[0] - b[3])) / np.pi,
}
"""The models of NIST's Statistical Reference Datasets for nonlinear regression; Nelson's response is the logarithm."""


def jacobian(model: Model, x: Array, b: Array) -> Array:
    """df/db [n, p] in double precision."""
    step, columns = 1e-100, []
    for j in range(len(b)):
        moved = b.astype(np.complex128)
        moved[j] += 1j * step
        columns.append(np.broadcast_to(model(x, moved).imag / step, x.shape[1:]))
    return np.stack(columns, axis=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """How a least-squares solution answers to errors in its problem, to first order."""

    rows: Array
    """Norms of the rows of the pseudo-inverse J+ [p]: answer to an error of norm 1 in the responses."""
    inverse: Array
    """|(J'J)^-1| [p, p]."""
    columns: Array
    """Norms of the columns of J [p]."""

    def solution(self, b: Array, responses: float, residual: float) -> Array:
        """Error of the solution b [p] in units of the relative backward error of every column of J and of the responses.

        Wedin's bound with column-wise perturbations: ||J+_i|| (sum_j ||J_j|| |b_j| + ||y||) + sum_j |(J'J)^-1_ij| ||J_j|| ||r||.
        """
        return np.asarray(self.rows * (self.columns @ np.abs(b) + responses) + self.inverse @ self.columns * residual)


def sensitivity(j: Array) -> Sensitivity:
    """Of a Jacobian or design [n, p] of full column rank, by its singular values with columns scaled to norm 1."""
    columns = np.linalg.norm(j, axis=0)
    _, values, turned = np.linalg.svd(j / columns, full_matrices=False)
    inverse = (turned.T / values**2) @ turned / np.outer(columns, columns)
    return Sensitivity(rows=np.sqrt(np.diag(inverse)), inverse=np.abs(inverse), columns=columns)

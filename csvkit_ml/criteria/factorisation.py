"""Factorisations: the product of the factors gives the matrix back, and every factor has its form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from csvkit_ml.criteria.formats import FORMATS
from csvkit_ml.criteria.residuals import Residual, measurement, over, widest
from csvkit_ml.model.function import Expected, Measurement, Reason
from csvkit_ml.model.tensor import Array


def adjoint(a: Array) -> Array:
    """Conjugate transpose of the last two axes."""
    return np.asarray(np.swapaxes(a, -1, -2).conj())


def violated(values: Array, wrong: Array) -> Array:
    """Residuals, infinite in matrices [..., m, n] where `wrong` holds anywhere."""
    return np.asarray(np.where(wrong.any((-2, -1)), np.inf, values.astype(np.float64)))


@dataclass(frozen=True, slots=True, kw_only=True)
class CholeskyFactor:
    """|A - L L'|_ij <= factor n u sqrt(a_ii a_jj); L triangular with a positive diagonal, zeros elsewhere.

    Expected.extra: `a` [..., n, n], Hermitian positive definite. The output is L, or U = L' with `upper`.
    """

    upper: bool = False
    factor: float = 4.0
    hard_factor: float = 30.0
    rationale: str = "The computed factor is that of a matrix whose elements differ by at most gamma_(n+1) sqrt(a_ii a_jj), whatever its condition."
    literature: str = "Demmel 1989; Higham 2002, theorems 10.3 and 10.5; LAPACK test ratios (< 30)"
    kind: str = "cholesky factor"

    @property
    def formula(self) -> str:
        product, form = ("U' U", "upper") if self.upper else ("L L'", "lower")
        return (
            f"max |A - {product}|_ij / sqrt(a_ii a_jj) <= {self.factor:g} n u; hard: {self.hard_factor:g} n u; {form} triangular, zeros elsewhere,"
            " diagonal real and positive"
        )

    def measure(self, actual: Array, expected: Expected) -> Measurement:
        """Judge a factor [..., n, n]."""
        if actual.size == 0:
            return Measurement(output=expected.name, reason=Reason.EMPTY_AS_DEFINED, compared=0)
        a = widest(expected.extra["a"])
        low = adjoint(widest(actual)) if self.upper else widest(actual)
        with np.errstate(all="ignore"):
            size = np.sqrt(np.diagonal(a, axis1=-2, axis2=-1).real)
            ratio = over(np.abs(a - low @ adjoint(low)), size[..., :, None] * size[..., None, :]).max((-2, -1))
            diagonal = np.diagonal(low, axis1=-2, axis2=-1)
            wrong = (np.triu(low, 1) != 0) | ~((diagonal.real > 0) & (diagonal.imag == 0))[..., None]
        n, u = a.shape[-1], FORMATS[expected.dtype].u
        residual = Residual(name=expected.name, values=violated(ratio, wrong), limit=self.factor * n * u, hard=self.hard_factor * n * u)
        return measurement(residual, int(actual.size))

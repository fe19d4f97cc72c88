"""Least squares: the smallest perturbation of the data whose exact solution is the answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from csvkit_ml.criteria.formats import FORMATS
from csvkit_ml.criteria.residuals import Residual, measurement, over, widest
from csvkit_ml.model.function import Expected, Measurement, Reason
from csvkit_ml.model.tensor import Array


def _orthonormal(a: Array) -> Array:
    """Columns orthonormalised by Gram-Schmidt, three passes."""
    q = np.zeros_like(a)
    for j in range(a.shape[1]):
        v = a[:, j]
        for _ in range(3):
            v = v - q[:, :j] @ (q[:, :j].conj().T @ v)
            size = np.sqrt((np.abs(v) ** 2).sum())
            v = v / size if size else v
        q[:, j] = v
    return q


def perturbation(a: Array, b: Array, x: Array) -> float:
    """Size of the smallest [E, f ||A|| / ||b||] with x the least-squares solution of (A + E, b + f), over ||A||; Frobenius norms.

    The estimate ||Q1' r|| / s of Walden, Karlson and Sun with K = [s A; ||r|| I] = Q R and s^2 = ||x||^2 + (||b|| / ||A||)^2: within a small
    constant of the minimum. Unlike the residual of the normal equations it also rejects solutions that those equations spoil.

    Args:
        a: [m, n], extended precision.
        b: [m].
        x: [n].
    """
    r = b - a @ x
    size_a, size_b = np.sqrt((np.abs(a) ** 2).sum()), np.sqrt((np.abs(b) ** 2).sum())
    size_r, size_x = np.sqrt((np.abs(r) ** 2).sum()), np.sqrt((np.abs(x) ** 2).sum())
    if size_r == 0 or size_a == 0:
        return 0.0
    s = np.hypot(size_x, size_b / size_a)
    if not np.isfinite(size_r) or s == 0:
        return float("inf")
    q = _orthonormal(np.vstack([s * a, size_r * np.eye(a.shape[1], dtype=a.dtype)]))
    inner = q[: len(a)].conj().T @ r
    return float(over(np.sqrt((np.abs(inner) ** 2).sum()), s * size_a))


@dataclass(frozen=True, slots=True, kw_only=True)
class LeastSquares:
    """Normwise backward error <= factor max(m, n) u for every right-hand side.

    Expected.extra: `a` [..., m, n] of full column rank and `b` [..., m, k]; the output is x [..., n, k].
    """

    factor: float = 4.0
    hard_factor: float = 30.0
    rationale: str = "Orthogonal factorisations give the exact solution of data perturbed by p(m, n) u; the residual is formed in extended precision."
    literature: str = "Walden, Karlson and Sun 1995; Grcar, Saunders and Su 2007; Higham 2002, theorem 20.3; LAPACK test ratios (< 30)"
    kind: str = "least squares backward error"

    @property
    def formula(self) -> str:
        what = "min ||[E, f ||A||/||b||]||_F / ||A||_F with x the exact solution of (A + E, b + f)"
        return f"{what} <= {self.factor:g} max(m, n) u; hard: {self.hard_factor:g} max(m, n) u"

    def measure(self, actual: Array, expected: Expected) -> Measurement:
        """Judge solutions x [..., n, k]."""
        if actual.size == 0:
            return Measurement(output=expected.name, reason=Reason.EMPTY_AS_DEFINED, compared=0)
        a, b = widest(expected.extra["a"]), widest(expected.extra["b"])
        lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        a, b, x = (np.broadcast_to(v, (*lead, *v.shape[-2:])) for v in (a, b, widest(actual).reshape(*lead, a.shape[-1], b.shape[-1])))
        found = np.zeros((*lead, b.shape[-1]))
        with np.errstate(all="ignore"):
            for i in np.ndindex(*found.shape):
                found[i] = perturbation(a[i[:-1]], b[(*i[:-1], slice(None), i[-1])], x[(*i[:-1], slice(None), i[-1])])
        n, u = max(a.shape[-2:]), FORMATS[expected.dtype].u
        residual = Residual(name=expected.name, values=found, limit=self.factor * n * u, hard=self.hard_factor * n * u)
        return measurement(residual, int(actual.size))

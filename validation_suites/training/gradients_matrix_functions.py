"""Gradients of powers, norms, condition numbers, chained and Kronecker products of matrices, and of products of Householder reflections."""

from __future__ import annotations

from typing import Any

import numpy as np

from csvkit_ml.model.function import Function, Json, Sample
from csvkit_ml.references.factorisations import singular
from validation_suites import faults
from validation_suites.training.gradients_algebra import Maker, Matrices, inverse, judged
from validation_suites.training.gradients_factors import Cases


def _power(a: Any, n: int) -> Any:
    made = np.eye(len(a), dtype=a.dtype)
    for _ in range(n):
        made = made @ a
    return made


def _matrix_power(sample: Sample, a: Any, g: Any) -> tuple[Any, ...]:
    """Of A^n the sum of A'^i g A'^(n - 1 - i); a negative power is one of the inverse."""
    n = sample.param("n")
    t = (inverse(a) if n < 0 else a).T
    at = sum(_power(t, i) @ g @ _power(t, abs(n) - 1 - i) for i in range(abs(n)))
    return (-t @ at @ t if n < 0 else at,)


def _matrix_norm(sample: Sample, a: Any, g: Any) -> tuple[Any, ...]:
    """By singular vectors (nuclear, spectral), or the signs of the column or row whose sum of magnitudes is asked for."""
    order = sample.param("ord")
    if order == "fro":
        return (g[0, 0] * a / np.sqrt((a**2).sum()),)
    if order in ("nuc", "2", "-2"):
        u, s, v = singular(a)
        which = {"nuc": slice(len(s)), "2": slice(1), "-2": slice(len(s) - 1, len(s))}[order]
        return (g[0, 0] * u[:, : len(s)][:, which] @ v[: len(s)][which],)
    axis = 0 if order in ("1", "-1") else 1
    sums = np.abs(a).sum(axis=axis, keepdims=True)
    taken = sums == (sums.min() if order[0] == "-" else sums.max())
    return (g[0, 0] * np.sign(a) * taken,)


def _cond(sample: Sample, a: Any, g: Any) -> tuple[Any, ...]:
    """Largest singular value over the least."""
    u, s, v = singular(a)
    first, last = np.outer(u[:, 0], v[0]), np.outer(u[:, len(s) - 1], v[len(s) - 1])
    return (g[0, 0] * (first / s[-1] - s[0] / s[-1] ** 2 * last),)


def _multi_dot(sample: Sample, a: Any, b: Any, c: Any, g: Any) -> tuple[Any, ...]:
    return g @ (b @ c).T, a.T @ g @ c.T, (a @ b).T @ g


def _kron(sample: Sample, a: Any, b: Any, g: Any) -> tuple[Any, ...]:
    """The result's block (i, j) is a_ij B."""
    blocks = g.reshape(a.shape[0], b.shape[0], a.shape[1], b.shape[1])
    return np.einsum("ikjl,kl->ij", blocks, b), np.einsum("ikjl,ij->kl", blocks, a)


def _householder_product(sample: Sample, a: Any, tau: Any, g: Any) -> tuple[Any, ...]:
    """Of the first columns of H_1 H_2 ..., H_i = I - tau_i v v' with v = (0, .., 1, the rest of column i); what lies above is not read."""
    m, n = a.shape
    columns = np.tril(a, -1) + np.eye(m, n)
    steps = [np.eye(m) - tau[0, i] * np.outer(columns[:, i], columns[:, i]) for i in range(n)]
    at_a, at_tau = np.zeros_like(a), np.zeros_like(tau)
    for i, v in enumerate(columns.T):
        before, after = np.eye(m), np.eye(m, n)
        for h in steps[:i]:
            before = before @ h
        for h in reversed(steps[i + 1 :]):
            after = h @ after
        at = before.T @ g @ after.T
        at_tau[0, i], at_a[:, i] = -v @ at @ v, -tau[0, i] * (at + at.T) @ v
    return np.tril(at_a, -1), at_tau


def _plain(*shape: int) -> Maker:
    return lambda random: random.standard_normal(shape)


def _regular(*shape: int) -> Maker:
    return lambda random: random.standard_normal(shape) / 2 + 2 * np.eye(shape[-2], shape[-1])


def _apart(m: int, n: int) -> Maker:
    """Singular values 1, 2, 3, ..., vectors at random."""

    def made(random: np.random.Generator) -> Any:
        u, v = (np.linalg.qr(random.standard_normal((k, k)))[0] for k in (m, n))
        size = np.arange(1.0, min(m, n) + 1)
        return (u[:, : len(size)] * size) @ v[:, : len(size)].T

    return made


def _reflectors(m: int, n: int) -> Maker:
    """Columns whose part below the diagonal has length 1; what lies above is there and not read."""

    def made(random: np.random.Generator) -> Any:
        a = random.standard_normal((m, n))
        below = np.tril(a, -1)
        return np.triu(a) + below / np.maximum(np.sqrt((below**2).sum(axis=0)), 1e-300)

    return made


def _factors(m: int, n: int) -> Maker:
    """2 / |v|^2, which makes each step a reflection."""
    return lambda random: np.where(np.arange(n) < m - 1, 1.0, 2.0)[None]


def _named(*rows: tuple[Maker, ...]) -> Cases:
    return tuple((str(i), makers) for i, makers in enumerate(rows))


_NUMBER = _plain(1, 1)
_POWERS: tuple[dict[str, Json], ...] = tuple({"n": n} for n in (3, 1, -2, -1))
_ORDERS: tuple[dict[str, Json], ...] = tuple({"ord": order} for order in ("fro", "nuc", "2", "-2", "1", "-1", "inf", "-inf"))
_TURNED = faults.transposed()
OTHER_POWER = faults.other_params("other-power", "One more factor is taken.", n=lambda n: n + (1 if n > 0 else -1))
OTHER_NORM = faults.other_params("other-norm", "Columns are taken for rows, the largest for the least.",
                                 ord=lambda v: {"1": "inf", "inf": "1", "2": "fro", "fro": "2", "-1": "1"}.get(v, "nuc"))  # fmt: skip

ALL: tuple[tuple[Any, ...], ...] = (
    (Matrices(id="matrix_power", of="the power of a matrix", formula=_matrix_power, settings=_POWERS,
              cases=(("4x4", (_regular(4, 4), _plain(4, 4))), ("2x3x3", (_regular(2, 3, 3), _plain(2, 3, 3))))), _TURNED, OTHER_POWER),
    (Matrices(id="matrix_norm", of="the norm of a matrix", formula=_matrix_norm, settings=_ORDERS,
              cases=(("4x3", (_apart(4, 3), _NUMBER)), ("3x3", (_apart(3, 3), _NUMBER)))), OTHER_NORM),
    (Matrices(id="cond", of="the condition number of a matrix", formula=_cond, cases=(("4x3", (_apart(4, 3), _NUMBER)), ("3x3", (_apart(3, 3), _NUMBER)))), ),
    (Matrices(id="multi_dot", of="the product of three matrices, for all", formula=_multi_dot,
              cases=_named((_plain(4, 2), _plain(2, 5), _plain(5, 3), _plain(4, 3)), (_plain(1, 6), _plain(6, 4), _plain(4, 1), _plain(1, 1)))), ),
    (Matrices(id="kron", of="the Kronecker product of two matrices, for both", formula=_kron,
              cases=_named((_plain(2, 3), _plain(4, 2), _plain(8, 6)), (_plain(3, 3), _plain(1, 2), _plain(3, 6)))), ),
    (Matrices(id="householder_product", of="the product of Householder reflections, for their vectors and factors", formula=_householder_product,
              cases=_named((_reflectors(4, 3), _factors(4, 3), _plain(4, 3)), (_reflectors(3, 3), _factors(3, 3), _plain(3, 3)))), ),
)  # fmt: skip

FUNCTIONS: tuple[Function, ...] = tuple(judged(m, *more, iterated=("matrix_norm", "cond")) for m, *more in ALL)

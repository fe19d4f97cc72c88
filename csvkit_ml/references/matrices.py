"""Certified matrix functions: solutions, inverses, determinants and exponentials of stored matrices, in Arb balls."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import flint
import numpy as np

from csvkit_ml.model.function import Expected
from csvkit_ml.model.tensor import Array
from csvkit_ml.references.balls import ball

PRECISION = 512
"""Working bits: leaves 2^-106 relative to every matrix whose condition number is below 2^300."""
_TINY = 5e-324

Balls = Any
"""A flint.arb_mat, or flint.acb_mat for complex data."""


def balls(a: Array) -> Balls:
    """The exact matrix [m, n] of finite stored numbers."""
    if a.dtype.kind == "c":
        return flint.acb_mat([[flint.acb(ball(float(v.real)), ball(float(v.imag))) for v in row] for row in a.astype(np.complex128)])
    return flint.arb_mat([[ball(float(v)) for v in row] for row in a.astype(np.float64)])


def _parts(value: Any) -> tuple[float, float, float]:
    """(hi, lo, radius) of a real ball."""
    mid, rad = value.mid(), value.rad()
    hi = float(mid)
    if not math.isfinite(hi):
        return hi, 0.0, math.inf
    rest = mid - ball(hi)
    lo = float(rest)
    left = rest - ball(lo)
    return hi, lo, 0.0 if left == 0 and rad == 0 else (float(rad) + abs(float(left.mid()))) * 1.0000001 + _TINY


def numbers(made: Balls, shape: tuple[int, int]) -> tuple[Array, Array, Array]:
    """(hi, lo, radius) of a matrix of balls, as float64 or complex128 arrays (the radius always real)."""
    kind = np.complex128 if isinstance(made, flint.acb_mat) else np.float64
    hi, lo, rad = np.zeros(shape, kind), np.zeros(shape, kind), np.zeros(shape)
    for i, j in np.ndindex(*shape):
        value = made[i, j]
        if kind is np.float64:
            hi[i, j], lo[i, j], rad[i, j] = _parts(value)
        else:
            real, imaginary = _parts(value.real), _parts(value.imag)
            hi[i, j], lo[i, j], rad[i, j] = complex(real[0], imaginary[0]), complex(real[1], imaginary[1]), math.hypot(real[2], imaginary[2])
    return hi, lo, rad


def certified(fn: Callable[..., Balls], *operands: Array, shape: tuple[int, int], dtype: str, name: str = "y", precision: int = PRECISION) -> Expected:
    """fn of every matrix of a batch.

    Args:
        fn: works on matrices of balls, one for each operand.
        operands: [..., m, n]; leading axes broadcast.
        shape: of one result matrix.
        dtype: of the output.
        precision: working bits.
    """
    lead = np.broadcast_shapes(*(a.shape[:-2] for a in operands))
    wide = [np.broadcast_to(a, (*lead, *a.shape[-2:])) for a in operands]
    kind = np.complex128 if any(a.dtype.kind == "c" for a in operands) else np.float64
    hi, lo, rad = np.zeros((*lead, *shape), kind), np.zeros((*lead, *shape), kind), np.zeros((*lead, *shape))
    if hi.size and all(a.size for a in wide):
        with flint.ctx.workprec(precision):
            for i in np.ndindex(*lead):
                hi[i], lo[i], rad[i] = numbers(fn(*(balls(a[i]) for a in wide)), shape)
    return Expected(name=name, dtype=dtype, value=hi, low=lo, radius=rad, any_sign_of_zero=True)


def adjoint(a: Balls) -> Balls:
    """The conjugate transpose."""
    turned = a.transpose()
    return turned.conjugate() if isinstance(a, flint.acb_mat) else turned


def minimum_norm(a: Balls, b: Balls) -> Balls:
    """The solution of least norm of a x = b, for a matrix of full row rank: a' (a a')^-1 b."""
    return adjoint(a) * (a * adjoint(a)).solve(b)


def least_squares(a: Balls, b: Balls) -> Balls:
    """The minimiser of ||b - a x||, for a matrix of full column rank: (a' a)^-1 a' b."""
    return (adjoint(a) * a).solve(adjoint(a) * b)

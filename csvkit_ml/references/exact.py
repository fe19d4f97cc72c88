"""Exact references: integer, indexing and data-movement results, and exact products of doubles by scaled integers."""

from __future__ import annotations

import flint
import numpy as np

from csvkit_ml.model.function import Expected, FloatArray
from csvkit_ml.model.tensor import Array


def exactly(value: Array, *, dtype: str, name: str = "y", any_sign_of_zero: bool = False) -> Expected:
    """A result that is known exactly in the output's own values (integers stay integers, narrow floats widen exactly)."""
    with np.errstate(invalid="ignore"):
        wide = value.astype(np.float64) if value.dtype.kind in "fV" else value
    return Expected(name=name, dtype=dtype, value=np.asarray(wide), any_sign_of_zero=any_sign_of_zero)


def _scaled_integers(a: FloatArray) -> tuple[list[list[int]], int]:
    mantissa, exponent = np.frexp(a)
    used = a != 0
    low = int(exponent[used].min()) if used.any() else 0
    whole = (mantissa * 2.0**53).astype(np.int64)
    shift = np.where(used, exponent - low, 0)
    return [[int(w) << int(s) for w, s in zip(wr, sr, strict=True)] for wr, sr in zip(whole, shift, strict=True)], low - 53


def exact_matmul(a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Exact product of two finite matrices of doubles, as (hi, lo, radius <= 2^-106 |value|).

    Each matrix is scaled to integers by one power of two; the integer product is exact (FLINT).
    """
    (ia, ea), (ib, eb) = _scaled_integers(a), _scaled_integers(b)
    m, n = a.shape[0], b.shape[1]
    hi, lo, rad = np.zeros((m, n)), np.zeros((m, n)), np.zeros((m, n))
    if a.shape[1] == 0 or m == 0 or n == 0:
        return hi, lo, rad
    product = flint.fmpz_mat(ia) * flint.fmpz_mat(ib)
    with flint.ctx.workprec(4096):
        unit = flint.arb(2) ** (ea + eb)
        for i in range(m):
            for j in range(n):
                value = flint.arb(product[i, j]) * unit
                hi[i, j] = float(value)
                rest = value - flint.arb(hi[i, j])
                lo[i, j] = float(rest)
                rad[i, j] = abs(float(rest - flint.arb(lo[i, j])))
    return hi, lo, rad

"""log softmax and log sum exp in extended precision with the error that a working precision must be allowed."""

from __future__ import annotations

from typing import Any

import numpy as np

LOG_SOFTMAX_RATIONALE = (
    "The shifted algorithm's error is (|x_i - max| + log s + c) u, plus that of the sum of exponentials: each term's argument carries"
    " |x_j - max| u, weighted with its share p_j, and the sum itself sqrt(C) u."
)


def log_softmax(x: Any, *, axis: int, sums: float = 1.0) -> tuple[Any, Any]:
    """log p and its allowed error in units of u, both of x's shape (Blanchard, Higham, Higham 2021, sec. 4).

    Minus infinity has p = 0. A slice that holds a NaN or plus infinity, or nothing but minus infinity, is NaN.

    Args:
        x: long double.
        sums: unit roundoff in which sums are accumulated, in units of u.
    """
    if x.shape[axis] == 0:
        return x, np.zeros_like(x)
    with np.errstate(all="ignore"):
        shifted, log_sum, error = _shifted(x, (axis,), sums)
        return shifted - log_sum, np.abs(shifted) + error


def log_sum_exp(x: Any, *, axes: tuple[int, ...], sums: float = 1.0) -> tuple[Any, Any]:
    """log of the sum of exponentials over axes, kept with extent 1, and its allowed error in units of u besides its own rounding.

    The sum of nothing and of only minus infinity is minus infinity; plus infinity prevails over everything but NaN.
    """
    if any(x.shape[a] == 0 for a in axes):
        shape = tuple(1 if a in axes else n for a, n in enumerate(x.shape))
        return np.full(shape, -np.inf, dtype=x.dtype), np.zeros(shape, dtype=x.dtype)
    with np.errstate(all="ignore"):
        top = x.max(axis=axes, keepdims=True)
        _, log_sum, error = _shifted(x, axes, sums)
        return np.where(np.isinf(top), top, top + log_sum), np.where(np.isinf(top), 0, error)


def _shifted(x: Any, axes: tuple[int, ...], sums: float) -> tuple[Any, Any, Any]:
    """(x - max, log of the sum of their exponentials, its error in u)."""
    shifted = x - x.max(axis=axes, keepdims=True)
    weights = np.exp(shifted)
    s = weights.sum(axis=axes, keepdims=True)
    drawn = np.where(weights > 0, weights * np.abs(shifted), 0)
    count = int(np.prod([x.shape[a] for a in axes]))
    return shifted, np.log(s), np.log(s) + drawn.sum(axis=axes, keepdims=True) / s + sums * min(count, 6 * np.sqrt(count)) + 4

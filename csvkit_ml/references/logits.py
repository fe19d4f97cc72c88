"""log softmax in extended precision with the error that a working precision must be allowed."""

from __future__ import annotations

from typing import Any

import numpy as np

LOG_SOFTMAX_RATIONALE = (
    "The shifted algorithm's error is (|x_i - max| + log s + c) u, plus that of the sum of exponentials: each term's argument carries"
    " |x_j - max| u, weighted with its share p_j, and the sum itself sqrt(C) u."
)


def log_softmax(x: Any, *, axis: int) -> tuple[Any, Any]:
    """log p and its allowed error in units of u, both of x's shape (Blanchard, Higham, Higham 2021, sec. 4).

    Args:
        x: long double, finite.
    """
    shifted = x - x.max(axis=axis, keepdims=True)
    weights = np.exp(shifted)
    s = weights.sum(axis=axis, keepdims=True)
    mean_shift = (weights * np.abs(shifted)).sum(axis=axis, keepdims=True) / s
    count = x.shape[axis]
    error = np.abs(shifted) + np.log(s) + mean_shift + min(count, 6 * np.sqrt(count)) + 4
    return shifted - np.log(s), error

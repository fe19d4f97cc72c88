"""Relations as numbers: named residuals in units of their own limit, turned into measurements."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from csvkit_ml.model.function import Expected, Measurement, Reason
from csvkit_ml.model.tensor import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Residual:
    """One relation that the outputs must satisfy."""

    name: str
    """The relation, e.g. `A - Q R`."""
    values: Array
    """Dimensionless residuals, real, any shape; NaN counts as infinite."""
    limit: float
    """Band limit of every value."""
    hard: float
    """A-priori bound."""


def widest(a: Array) -> Array:
    """To extended precision, real or complex."""
    return np.asarray(a.astype(np.clongdouble if a.dtype.kind == "c" else np.longdouble))


def frobenius(a: Array) -> Array:
    """Frobenius norm over the last two axes."""
    return np.asarray(np.sqrt((np.abs(a) ** 2).sum((-2, -1))))


def over(a: Array, b: Array) -> Array:
    """a / b for norms, 0 where both vanish."""
    return np.asarray(np.where(a == 0, 0.0, a / np.maximum(b, np.finfo(np.float64).tiny)))


def measurement(residual: Residual, compared: int) -> Measurement:
    """The worst value decides.

    Args:
        residual: a relation with its values and limits.
        compared: elements of the outputs that the relation binds.
    """
    values = np.where(np.isnan(residual.values), np.inf, residual.values).astype(np.float64)
    if values.size == 0:
        return Measurement(output=residual.name, reason=Reason.EMPTY_AS_DEFINED, compared=0)
    index = np.unravel_index(int(np.argmax(values)), values.shape) if values.ndim else ()
    worst = float(values[index])
    reason = Reason.WITHIN_BAND if worst <= residual.limit else Reason.BEYOND_BAND if worst <= residual.hard else Reason.BEYOND_HARD
    finite = np.minimum(values[np.isfinite(values)], 1e100) / residual.limit
    return Measurement(
        output=residual.name, reason=reason, compared=compared, offenders=int(np.count_nonzero(values > residual.limit)), error=worst,
        limit=residual.limit, hard_limit=residual.hard, ratio=worst / residual.limit,
        rms_ratio=float(np.sqrt(np.mean(finite**2))) if finite.size else 0.0,
        worst_index=tuple(int(i) for i in index), expected="0", actual=f"{worst:.3g}",
    )  # fmt: skip


def empty_outputs(expected: tuple[Expected, ...]) -> tuple[Measurement, ...] | None:
    """Measurements where every output is empty by definition, else None."""
    if any(e.value.size for e in expected):
        return None
    return tuple(Measurement(output=e.name, reason=Reason.EMPTY_AS_DEFINED, compared=0) for e in expected)

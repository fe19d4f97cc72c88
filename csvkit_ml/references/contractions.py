"""Contractions of several operands in extended precision: value, sum of magnitudes, error radius and number of rounded terms."""

from __future__ import annotations

import numpy as np

from csvkit_ml.model.function import Expected
from csvkit_ml.model.tensor import Array
from csvkit_ml.references.extended import U
from csvkit_ml.references.factorisations import wide_matrix


def contraction(equation: str, *operands: Array, dtype: str, plus: Array | None = None) -> Expected:
    """An Einstein sum, plus an array that broadcasts to it.

    1. Summed in extended precision, real or complex.
    2. scale = the same sum of magnitudes.
    3. terms = product of the summed extents, times the operands (four times as many for complex numbers: Higham 2002, 3.6).

    Args:
        equation: with explicit output, e.g. `ij,jk->ik`; an ellipsis stands for axes that are not summed.
        operands: in the equation's order.
        dtype: of the output.
        plus: added to the sum.
    """
    wide = [wide_matrix(a) for a in operands]
    left, right = equation.split("->")
    extents = {c: n for part, a in zip(left.split(","), operands, strict=True) if "..." not in part for c, n in zip(part, a.shape, strict=True)}
    for part, a in zip(left.split(","), operands, strict=True):
        tail = part.rpartition("...")[2] if "..." in part else ""
        extents.update(dict(zip(tail, a.shape[a.ndim - len(tail) :], strict=True)))
    summed = int(np.prod([n for c, n in extents.items() if c not in right]))
    with np.errstate(all="ignore"):
        value = np.asarray(np.einsum(equation, *wide))
        scale = np.asarray(np.einsum(equation, *(np.abs(a) for a in wide)))
        if plus is not None:
            value, scale = value + wide_matrix(plus), scale + np.abs(plus)
    terms = max(1, summed) * (len(operands) - 1 or 1) * (4 if value.dtype.kind == "c" else 1) + (plus is not None)
    return summed_up(value, np.asarray(scale), terms, dtype)


def summed_up(value: Array, scale: Array, terms: int, dtype: str) -> Expected:
    """An Expected from an extended-precision sum of `terms` products whose magnitudes add up to `scale`."""
    hi = np.asarray(value.astype(np.complex128 if value.dtype.kind == "c" else np.float64))
    low = np.asarray((value - hi).astype(hi.dtype))
    size = np.asarray(scale.astype(np.float64))
    return Expected(
        name="y", dtype=dtype, value=hi, low=low, radius=(terms + 4) * U * size, scale=size, terms=terms, any_sign_of_zero=True
    )  # fmt: skip

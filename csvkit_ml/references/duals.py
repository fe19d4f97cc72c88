"""Forward-mode differentiation of formulas written with numpy's functions: a value, its derivative by one operand, and that derivative's size.

The size is the sum of the magnitudes of the terms that the derivative is made of, through every operation: where they cancel, an error is judged
against it (Griewank and Walther 2008, ch. 3; Higham 2002, 3.3).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from csvkit_ml.references.extended import extended

Partials = tuple[Any, ...]
"""Derivatives of an operation's result by its operands."""


@dataclass(frozen=True, slots=True, eq=False)
class Dual(NDArrayOperatorsMixin):
    """Numbers in extended precision beside their derivatives; numpy's functions propagate all three."""

    value: Any
    slope: Any
    size: Any

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *operands: Any, **more: Any) -> Any:
        values = [x.value if isinstance(x, Dual) else x for x in operands]
        if ufunc in _FLAT and method == "__call__":
            return ufunc(*values)
        rule = _RULES.get(ufunc)
        if rule is None or method != "__call__" or more:
            return NotImplemented
        out = ufunc(*values)
        slope, size = np.zeros_like(out), np.zeros_like(out)
        for x, partial in zip(operands, rule(out, *values), strict=True):
            if isinstance(x, Dual):
                slope, size = slope + partial * x.slope, size + np.abs(partial) * x.size
        return Dual(out, slope, size)

    def __array_function__(self, function: Any, types: Any, args: Any, more: Any) -> Any:
        if function is not np.where or len(args) != 3 or more:
            return NotImplemented
        mask, *sides = args
        a, b = (x if isinstance(x, Dual) else constant(x) for x in sides)
        return Dual(*(np.where(mask, getattr(a, k), getattr(b, k)) for k in ("value", "slope", "size")))


_FLAT = frozenset({np.sign, np.greater, np.less, np.equal, np.isnan})
"""Constant between jumps: the result has no derivative."""
_RULES: dict[Any, Callable[..., Partials]] = {
    np.add: lambda y, a, b: (1, 1),
    np.subtract: lambda y, a, b: (1, -1),
    np.multiply: lambda y, a, b: (b, a),
    np.divide: lambda y, a, b: (1 / b, -y / b),
    np.negative: lambda y, a: (-1,),
    np.positive: lambda y, a: (1,),
    np.sqrt: lambda y, a: (1 / (2 * y),),
    np.absolute: lambda y, a: (np.sign(a),),
    np.maximum: lambda y, a, b: (np.where(a >= b, 1, 0), np.where(a >= b, 0, 1)),
    np.minimum: lambda y, a, b: (np.where(a <= b, 1, 0), np.where(a <= b, 0, 1)),
}
"""Derivatives by each operand, from the result and the operands; ties of two operands go to the first."""


def variable(array: Any) -> Dual:
    """The operand that is differentiated by."""
    a = extended(array)
    return Dual(a, np.ones_like(a), np.ones_like(a))


def constant(array: Any) -> Dual:
    """Any other operand."""
    a = extended(array)
    return Dual(a, np.zeros_like(a), np.zeros_like(a))

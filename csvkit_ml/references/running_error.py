"""Running error analysis: numbers that carry a bound of the rounding error which a computation in a given format has committed.

A formula written with numpy's functions is evaluated once in extended precision; beside each value goes the bound that the standard model
fl(x op y) = (x op y)(1 + d) + e, |d| <= u, |e| <= tiny, gives for the same formula in the judged format, errors of the operands included
(Higham 2002, 2.2 and 3.3). Cancellation, division by small numbers and underflow so enter a limit by themselves, before anything runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from csvkit_ml.errors import SuiteError
from csvkit_ml.model.function import Expected
from csvkit_ml.model.tensor import DTYPES
from csvkit_ml.references.extended import Long, U, expected_extended, extended


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """The format that a computation is carried out in."""

    dtype: str
    u: float
    """Unit roundoff."""
    tiny: float
    """Absolute error of a result below the normal range."""
    sums: float
    """Unit roundoff of the format that sums are carried out in; what they come to is rounded once more where that is a wider one."""

    def holds(self, value: Any) -> bool:
        """Whether every number is one of the format's."""
        single = np.asarray(value).astype(np.float32)
        return bool(np.all(value == single) and np.all(single == single.astype(DTYPES[self.dtype]).astype(np.float32)))

    def of_sum(self, terms: int, size: Any, value: Any) -> Any:
        """Error of a sum in any order: probabilistic growth min(n, 6 sqrt(n)) u of the sum of magnitudes `size` (Higham and Mary 2019)."""
        return min(terms, 6 * np.sqrt(terms)) * self.sums * size + (self.u * np.abs(value) if self.sums < self.u else 0.0)


ARITHMETIC = {
    "float32": Arithmetic("float32", 2.0**-24, 2.0**-149, 2.0**-24), "float64": Arithmetic("float64", 2.0**-53, 2.0**-1074, 2.0**-53),
    "bfloat16": Arithmetic("bfloat16", 2.0**-8, 2.0**-133, 2.0**-24), "float16": Arithmetic("float16", 2.0**-11, 2.0**-24, 2.0**-24),
}  # fmt: skip
"""16-bit formats: what is stored is rounded to them, sums are carried out in float32 (Blanchard, Higham, Lopez, Mary and Pranesh 2020)."""
DOUBLE = ARITHMETIC["float64"]
OWN = U / DOUBLE.u
"""The reference's own error is at most this multiple of the bound: it was formed in extended precision instead of double or single."""


@dataclass(frozen=True, slots=True, eq=False)
class Rounded(NDArrayOperatorsMixin):
    """value, |computed - value| <= error, the format; numpy's functions propagate all three. Numbers beside it count as doubles."""

    value: Any
    """Extended-precision array or scalar."""
    error: Any
    """Absolute bound, same shape."""
    by: Arithmetic

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *operands: Any, **more: Any) -> Any:
        rule = _RULES.get(ufunc)
        if rule is None or method != "__call__" or more:
            return NotImplemented
        by = _widest(operands)
        value, error, rounds = rule(*[part for x in operands for part in _cast(x, by)])
        if rounds:
            error = error + rounds * by.u * (np.where(np.isinf(value), 0, np.abs(value)) + error)
        if ufunc in _UNDERFLOW:
            error = error + by.tiny * ((value != 0) | (error != 0))
        return Rounded(value, error, by)

    def __array_function__(self, function: Any, types: Any, args: Any, more: Any) -> Any:
        if function is not np.where or len(args) != 3 or more:
            return NotImplemented
        mask, a, b = args
        by = _widest((a, b))
        (va, ea), (vb, eb) = _cast(a, by), _cast(b, by)
        return Rounded(np.where(mask, va, vb), np.where(mask, ea, eb), by)

    def __getitem__(self, index: Any) -> Rounded:
        return Rounded(self.value[index], self.error[index], self.by)

    def reshape(self, *shape: Any) -> Rounded:
        return Rounded(self.value.reshape(*shape), self.error.reshape(*shape), self.by)

    def max(self, axis: int, keepdims: bool = False) -> Rounded:
        """Largest value; its error is at most the largest error."""
        return Rounded(self.value.max(axis=axis, keepdims=keepdims), self.error.max(axis=axis, keepdims=keepdims), self.by)

    def sum(self, axis: int | None = None, keepdims: bool = False) -> Rounded:
        """Sum in any order."""
        n = self.value.size if axis is None else self.value.shape[axis]
        size = np.abs(self.value).sum(axis=axis, keepdims=keepdims)
        error = self.error.sum(axis=axis, keepdims=keepdims)
        value = self.value.sum(axis=axis, keepdims=keepdims)
        return Rounded(value, error + self.by.of_sum(n, size + error, value), self.by)


def rounded(array: Any, dtype: str) -> Rounded:
    """Data of a dtype, exact as given."""
    value = extended(array)
    return Rounded(value, np.zeros_like(value), ARITHMETIC[dtype])


def hyperparameter(number: float) -> Rounded:
    """A Python number: a double until it meets data of a narrower format."""
    return rounded(np.float64(number), "float64")


def in_format(number: float, dtype: str) -> Rounded:
    """A Python number after conversion to a dtype."""
    value = extended(np.float64(number))
    return Rounded(value, ARITHMETIC[dtype].u * np.abs(value) if dtype != "float64" else np.zeros_like(value), ARITHMETIC[dtype])


def expected_rounded(number: Rounded, *, dtype: str, name: str = "y", any_sign_of_zero: bool = True) -> Expected:
    """An Expected whose scale is the bound in u of the dtype.

    Raises:
        SuiteError: nothing can be said about a finite value: the sample is too ill-conditioned.
    """
    finite = np.isfinite(number.value)
    if not np.isfinite(number.error[finite]).all():
        raise SuiteError("rounding errors of a sample are not bounded", "choose data at which the formula is better conditioned")
    error = np.where(finite, number.error, 0.0)
    scale = error / ARITHMETIC[dtype].u
    return expected_extended(number.value, dtype=dtype, name=name, radius=OWN * error, scale=scale, any_sign_of_zero=any_sign_of_zero)


def _widest(operands: Iterable[Any]) -> Arithmetic:
    """Format of an operation: that of the operand with the largest u."""
    return max((x.by for x in operands if isinstance(x, Rounded)), key=lambda a: a.u)


def _cast(x: Any, by: Arithmetic) -> tuple[Long, Long]:
    """Value and error of an operand in the operation's format; a number that the format holds is not rounded."""
    if isinstance(x, Rounded):
        if x.by is by:
            return x.value, x.error
        value, error = x.value, x.error
    else:
        value, error = extended(x), np.zeros((), dtype=np.longdouble)
    if by is DOUBLE or (not error.any() and by.holds(value)):
        return value, error
    return value, error + by.u * (np.abs(value) + error)


Outcome = tuple[Any, Any, float]
"""Value, error inherited from the operands, roundings of the operation itself in u of the value."""


def _divide(a: Any, ea: Any, b: Any, eb: Any) -> Outcome:
    z = a / b
    away = np.abs(b) - eb
    inherited = np.where(((ea == 0) & (eb == 0)) | np.isinf(b), 0.0, np.where(away > 0, (ea + np.abs(z) * eb) / away, np.inf))
    return z, inherited, 1


def _square_root(a: Any, ea: Any) -> Outcome:
    z = np.sqrt(a)
    return z, np.where(ea == 0, 0.0, z - np.sqrt(np.maximum(a - ea, 0)) + np.where(ea >= a, np.sqrt(ea), 0)), 1


def _logarithm(a: Any, ea: Any) -> Outcome:
    return np.log(a), np.where(ea == 0, 0.0, np.where(a > ea, -np.log1p(-ea / a), np.inf)), 2


def _logarithm_of_one_more(a: Any, ea: Any) -> Outcome:
    away = 1 + a
    return np.log1p(a), np.where(ea == 0, 0.0, np.where(away > ea, -np.log1p(-ea / away), np.inf)), 2


def _power(a: Any, ea: Any, b: Any, eb: Any) -> Outcome:
    z = a**b
    inherited = np.where(ea == 0, 0.0, np.abs(b * z / a) * ea) + np.where(eb == 0, 0.0, np.abs(z * np.log(a)) * eb)
    return z, inherited, 2


_RULES: dict[np.ufunc, Callable[..., Outcome]] = {
    np.add: lambda a, ea, b, eb: (a + b, ea + eb, 1),
    np.subtract: lambda a, ea, b, eb: (a - b, ea + eb, 1),
    np.multiply: lambda a, ea, b, eb: (a * b, np.abs(a) * eb + np.abs(b) * ea + ea * eb, 1),
    np.true_divide: _divide,
    np.sqrt: _square_root,
    np.power: _power,
    np.maximum: lambda a, ea, b, eb: (np.maximum(a, b), np.maximum(ea, eb), 0),
    np.minimum: lambda a, ea, b, eb: (np.minimum(a, b), np.maximum(ea, eb), 0),
    np.absolute: lambda a, ea: (np.abs(a), ea, 0),
    np.negative: lambda a, ea: (-a, ea, 0),
    np.sign: lambda a, ea: (np.sign(a), np.where((np.abs(a) > ea) | (ea == 0), 0.0, 2.0), 0),
    np.cos: lambda a, ea: (np.cos(a), ea, 2),
    np.exp: lambda a, ea: (np.exp(a), np.exp(a) * np.expm1(ea), 2),
    np.log: _logarithm,
    np.log1p: _logarithm_of_one_more,
}

_UNDERFLOW = (np.multiply, np.true_divide, np.power, np.exp)
"""Operations whose result may be inexact for being small; sums and differences of such numbers are exact."""

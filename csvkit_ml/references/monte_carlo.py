"""Monte Carlo arithmetic: a formula evaluated many times with a random relative error in every operation tells how far rounding moves it.

Where blocks are composed, worst-case bounds add up errors that cannot occur together; the spread of such evaluations is the error that
arithmetic of that precision has, whatever the order of its operations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from csvkit_ml.model.function import Expected, seed_for
from csvkit_ml.references.extended import U, expected_extended, extended
from csvkit_ml.references.rounding import ROUNDINGS

RUNS = 16
EXACT = (np.maximum, np.minimum, np.negative, np.absolute, np.greater, np.less)
"""Operations that do not round."""


@dataclass(frozen=True, slots=True, eq=False)
class Noisy(NDArrayOperatorsMixin):
    """An extended-precision array whose operations have a relative error up to u; numpy's functions propagate it."""

    value: Any
    u: float
    rng: np.random.Generator

    def _with(self, value: Any, size: Any = None) -> Noisy:
        """A result with an error up to u times its size."""
        if self.u:
            value = value + self.u * self.rng.uniform(-1, 1, np.shape(value)) * (value if size is None else size)
        return Noisy(value, self.u, self.rng)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *operands: Any, **more: Any) -> Any:
        if method != "__call__" or more:
            return NotImplemented
        value = ufunc(*(x.value if isinstance(x, Noisy) else x for x in operands))
        return Noisy(value, self.u, self.rng) if ufunc in EXACT else self._with(value)

    def __array_function__(self, function: Any, types: Any, args: Any, more: Any) -> Any:
        if function is not np.where or more:
            return NotImplemented
        return Noisy(np.where(*(x.value if isinstance(x, Noisy) else x for x in args)), self.u, self.rng)

    def __getitem__(self, index: Any) -> Noisy:
        return Noisy(self.value[index], self.u, self.rng)

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.value.shape)

    def reshape(self, *shape: int) -> Noisy:
        return Noisy(self.value.reshape(*shape), self.u, self.rng)

    def transpose(self, *axes: int) -> Noisy:
        return Noisy(self.value.transpose(*axes), self.u, self.rng)

    def max(self, axis: int, keepdims: bool = False) -> Noisy:
        return Noisy(self.value.max(axis=axis, keepdims=keepdims), self.u, self.rng)

    def sum(self, axis: int, keepdims: bool = False) -> Noisy:
        """n roundings of partial sums: an error of sqrt(n) u on the scale of the terms' 2-norm."""
        n = self.value.shape[axis]
        size = np.sqrt(n * (self.value**2).sum(axis=axis, keepdims=keepdims))
        return self._with(self.value.sum(axis=axis, keepdims=keepdims), size)


def value_of(fn: Callable[..., Any], *arrays: Any) -> Any:
    """fn without errors, in extended precision."""
    with np.errstate(all="ignore"):
        return fn(*(Noisy(extended(a), 0.0, seed_for("exact")) for a in arrays)).value


def spread(fn: Callable[..., Any], *arrays: Any, dtype: str, names: tuple[str, ...]) -> Expected:
    """fn of the data, a single output, as `spreads` gives it."""
    (made,) = spreads(lambda *a: (fn(*a),), *arrays, dtype=dtype, names=names)
    return made


def spreads(fn: Callable[..., Any], *arrays: Any, dtype: str, names: tuple[str, ...]) -> tuple[Expected, ...]:
    """Outputs of the data with, as scale, their root mean square errors over RUNS evaluations in the arithmetic of a dtype, in u.

    Args:
        fn: works on Noisy arrays; returns a tuple of them.
        arrays: data, exact as given.
        names: of the stream of errors.
    """
    u = ROUNDINGS[dtype].store

    def run(k: str, u: float) -> list[Any]:
        rng = seed_for("monte carlo", *names, k) if u else seed_for("exact")
        return [y.value for y in fn(*(Noisy(extended(a), u, rng) for a in arrays))]

    with np.errstate(all="ignore"):
        values = run("", 0.0)
        squares: list[Any] = [np.zeros(()) for _ in values]
        for k in range(RUNS):
            squares = [s + (y - value) ** 2 for s, y, value in zip(squares, run(str(k), u), values, strict=True)]
        return tuple(_expected(value, s, u, dtype) for value, s in zip(values, squares, strict=True))


def _expected(value: Any, squares: Any, u: float, dtype: str) -> Expected:
    """Elements of a row have at least the row's typical error."""
    size = np.sqrt(np.asarray(squares, dtype=np.float64) / RUNS) / u
    scale = np.maximum(size, np.sqrt((size**2).mean(axis=-1, keepdims=True)))
    return expected_extended(value, dtype=dtype, radius=16 * U * scale, scale=scale, any_sign_of_zero=True)

"""Reverse-mode differentiation of formulas: every operation leaves the product of a vector with its Jacobian on a tape (Griewank and Walther 2008).

Numbers on the tape are those of Monte Carlo arithmetic, so that forward pass and gradient are evaluated without errors in extended precision, or
with a random relative error in every operation: the spread of such evaluations is what rounding in a format does to the result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from csvkit_ml.model.function import Expected, seed_for
from csvkit_ml.references.extended import U, expected_extended, extended
from csvkit_ml.references.monte_carlo import Noisy
from csvkit_ml.references.rounding import ROUNDINGS

Pull = Callable[[Noisy], Any]
"""From the gradient of a result to that of one operand, not yet summed over axes that were broadcast."""
RUNS = 16


def product(a: Noisy, b: Noisy, fast: bool = False) -> Noisy:
    """Matrix product of the last two axes: n products and partial sums, each rounded.

    Args:
        fast: the products of a convolution, which libraries form by fast algorithms (Winograd) as well: the standard deviation of their errors is
            that of the accuracy class of convolutions, sqrt(n) u of the sum of magnitudes.
    """
    n = a.value.shape[-1]
    x, y = (np.asarray(v.value, dtype=np.float64) for v in (a, b))
    if not a.u:
        return a._with(a.value @ b.value)
    return a._with(a.value @ b.value, np.sqrt(3 * n) * (np.abs(x) @ np.abs(y)) if fast else np.sqrt((n + 1) * ((x * x) @ (y * y))))


def _turned(a: Noisy) -> Noisy:
    return Noisy(np.swapaxes(a.value, -1, -2), a.u, a.rng)


def _like(g: Noisy, value: Any) -> Noisy:
    return Noisy(value, g.u, g.rng)


def _unbroadcast(g: Noisy, shape: tuple[int, ...]) -> Noisy:
    while len(g.shape) > len(shape):
        g = g.sum(axis=0)
    for axis, n in enumerate(shape):
        if n == 1 and g.shape[axis] != 1:
            g = g.sum(axis=axis, keepdims=True)
    return g


@dataclass(slots=True, eq=False)
class Var(NDArrayOperatorsMixin):
    """A number on the tape: its value, and how its gradient reaches the operands that it was made of."""

    value: Noisy
    made_of: tuple[tuple[Var, Pull], ...] = ()
    gradient: Noisy | None = field(default=None, repr=False)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *operands: Any, **more: Any) -> Any:
        rule = _RULES.get(ufunc)
        if rule is None or method != "__call__" or more:
            return NotImplemented
        values = [x.value if isinstance(x, Var) else x for x in operands]
        out: Noisy = ufunc(*values)
        pulls = rule(out, *values)
        return Var(out, tuple((x, p) for x, p in zip(operands, pulls, strict=True) if isinstance(x, Var)))

    def __array_function__(self, function: Any, types: Any, args: Any, more: Any) -> Any:
        if function is not np.where or more or isinstance(args[0], Var):
            return NotImplemented
        mask, *sides = args
        values = [x.value.value if isinstance(x, Var) else x for x in sides]
        pulls = (lambda g: _like(g, np.where(mask, g.value, 0)), lambda g: _like(g, np.where(mask, 0, g.value)))
        return Var(_like(self.value, np.where(mask, *values)), tuple((x, p) for x, p in zip(sides, pulls, strict=True) if isinstance(x, Var)))

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape

    def _moved(self, value: Any, back: Callable[[Any], Any]) -> Var:
        """A rearrangement, which rounds nothing."""
        return Var(_like(self.value, value), ((self, lambda g: _like(g, back(g.value))),))

    def reshape(self, *shape: int) -> Var:
        return self._moved(self.value.value.reshape(*shape), lambda g: g.reshape(self.shape))

    def transpose(self, *axes: int) -> Var:
        return self._moved(self.value.value.transpose(*axes), lambda g: g.transpose(*np.argsort(axes)))

    def __getitem__(self, index: Any) -> Var:
        """Places that are taken twice get the sum."""

        plain = all(isinstance(i, slice | int) or i is Ellipsis for i in (index if isinstance(index, tuple) else (index,)))

        def back(g: Any) -> Any:
            out = np.zeros(self.shape, dtype=g.dtype)
            if plain:
                out[index] = g
            else:
                np.add.at(out, index, g)
            return out

        return self._moved(self.value.value[index], back)

    def sum(self, axis: int, keepdims: bool = False) -> Var:
        def pull(g: Noisy) -> Noisy:
            value = g.value if keepdims else np.expand_dims(g.value, axis)
            return _like(g, np.broadcast_to(value, self.shape))

        return Var(self.value.sum(axis=axis, keepdims=keepdims), ((self, pull),))

    def max(self, axis: int, keepdims: bool = False) -> Any:
        """To the first of the largest. With `keepdims` it is the shift of a softmax, which has no influence: a constant."""
        if keepdims:
            return self.value.max(axis=axis, keepdims=True)
        best = np.expand_dims(self.value.value.argmax(axis=axis), axis)

        def pull(g: Noisy) -> Noisy:
            out = np.zeros(self.shape, dtype=g.value.dtype)
            np.put_along_axis(out, best, np.expand_dims(g.value, axis), axis)
            return _like(g, out)

        return Var(self.value.max(axis=axis), ((self, pull),))


def dot(a: Var, b: Var, fast: bool = False) -> Var:
    """Matrix product of the last two axes."""
    pulls = ((a, lambda g: product(g, _turned(b.value), fast)), (b, lambda g: product(_turned(a.value), g, fast)))
    return Var(product(a.value, b.value, fast), pulls)


def affine(x: Var, w: Var, b: Var, fast: bool = False) -> Any:
    """x W^T + b."""
    return dot(x, w.transpose(1, 0), fast) + b


def joined(parts: list[Var], axis: int) -> Var:
    """Stacked along a new axis."""
    value = np.stack([p.value.value for p in parts], axis=axis)
    pulls = ((p, lambda g, k=k: _like(g, np.take(g.value, k, axis=axis))) for k, p in enumerate(parts))
    return Var(_like(parts[0].value, value), tuple(pulls))


def sigmoid(x: Var) -> Var:
    """Its derivative is formed as s (1 - s), as libraries do: to within rounding of the largest derivative."""
    z = 1 / (1 + np.exp(-x.value))
    return Var(z, ((x, lambda g: g * ((1 - z) * z)),))


_RULES: dict[np.ufunc, Callable[..., tuple[Pull, ...]]] = {
    np.add: lambda z, a, b: (lambda g: g, lambda g: g),
    np.subtract: lambda z, a, b: (lambda g: g, lambda g: -g),
    np.multiply: lambda z, a, b: (lambda g: g * b, lambda g: g * a),
    np.true_divide: lambda z, a, b: (lambda g: g / b, lambda g: -(g * (z / b))),
    np.negative: lambda z, a: (lambda g: -g,),
    np.exp: lambda z, a: (lambda g: g * z,),
    np.log: lambda z, a: (lambda g: g / a,),
    np.sqrt: lambda z, a: (lambda g: g / (2.0 * z),),
    np.tanh: lambda z, a: (lambda g: g * (1 - z * z),),
    np.maximum: lambda z, a, b: (lambda g: _like(g, np.where(_raw(a) > _raw(b), g.value, 0)), lambda g: _like(g, np.where(_raw(a) > _raw(b), 0, g.value))),
}
"""Ufunc -> (result, *operands) -> pulls."""


def _raw(x: Any) -> Any:
    return x.value if isinstance(x, Noisy) else x


def _order(of: Var) -> list[Var]:
    """Every number that `of` was made of, after all that were made of it."""
    found: list[Var] = []
    seen: set[int] = set()
    stack = [(of, False)]
    while stack:
        v, done = stack.pop()
        if done:
            found.append(v)
        elif id(v) not in seen:
            seen.add(id(v))
            stack.append((v, True))
            stack.extend((operand, False) for operand, _ in v.made_of)
    return found[::-1]


def gradients(of: Var, leaves: Iterable[Var], upstream: Noisy | None = None) -> list[Noisy]:
    """Gradient of <upstream, of> for each leaf; upstream None = one. Leaves that `of` does not depend on get zeros."""
    order = _order(of)
    for v in order:
        v.gradient = None
    of.gradient = _like(of.value, np.ones(of.shape, dtype=of.value.value.dtype)) if upstream is None else upstream
    for v in order:
        assert v.gradient is not None
        for operand, pull in v.made_of:
            part = _unbroadcast(pull(v.gradient), operand.shape)
            operand.gradient = part if operand.gradient is None else operand.gradient + part
    return [v.gradient if v.gradient is not None else _like(v.value, np.zeros(v.shape, dtype=v.value.value.dtype)) for v in leaves]


Many = Callable[..., tuple[Any, ...]]
"""Works on Noisy arrays, returns several."""


def values_of(fn: Many, *arrays: Any) -> tuple[Any, ...]:
    """fn without errors, in extended precision."""
    with np.errstate(all="ignore"):
        return tuple(y.value for y in fn(*(Noisy(extended(a), 0.0, seed_for("exact")) for a in arrays)))


def spreads(fn: Many, *arrays: Any, dtype: str, names: tuple[str, ...], runs: int = RUNS) -> tuple[Expected, ...]:
    """Every output of fn with, as scale, its root mean square error over `runs` evaluations in the arithmetic of a dtype, in u.

    An element's scale is not smaller than what is typical for its output's last axis. Errors of single precision are told in double precision.
    """
    u = ROUNDINGS[dtype].store
    kind = np.float64 if dtype == "float32" else np.longdouble

    def run(k: int) -> tuple[Any, ...]:
        rng = seed_for("tape", *names, str(k))
        return tuple(y.value for y in fn(*(Noisy(np.asarray(a).astype(kind), u, rng) for a in arrays)))

    with np.errstate(all="ignore"):
        values = values_of(fn, *arrays)
        squares = [np.zeros(v.shape) for v in values]
        for k in range(runs):
            squares = [s + np.asarray((y - v) ** 2, dtype=np.float64) for s, y, v in zip(squares, run(k), values, strict=True)]
    return tuple(_expected(v, np.sqrt(s / runs) / u, dtype, f"y{i}" if i else "y") for i, (v, s) in enumerate(zip(values, squares, strict=True)))


def _expected(value: Any, size: Any, dtype: str, name: str) -> Expected:
    scale = np.maximum(size, np.sqrt((size**2).mean(axis=-1, keepdims=True))) if size.ndim else size
    return expected_extended(value, dtype=dtype, name=name, radius=16 * U * scale, scale=scale, any_sign_of_zero=True)

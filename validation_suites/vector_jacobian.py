"""Vector-Jacobian products of functions that combine elements: their samples, and the arithmetic that they are written in.

Inputs are the differentiable operands, constants, and last the upstream gradient g (losses have none). Each product is written in numbers
that carry their rounding errors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from csvkit_ml.model.function import Criterion, Expected, Fault, Function, Json, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import Tensor
from csvkit_ml.references.running_error import Rounded, expected_rounded, rounded
from validation_suites import faults
from validation_suites.sampling import normal
from validation_suites.training.losses_pointwise import RUNNING

DTYPES = ("float32", "float64")
SOURCE = "PyTorch documentation, torch.autograd; derivative by hand"


COMMON = (
    faults.relative(1e-4, "gradient-off"), faults.one_element(), faults.stale(), faults.TF32_INPUTS,
    faults.changed("wrong-sign", "The sign is wrong.", lambda a: -a.astype(np.float64)),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Operands of one sample: shapes of normal data, or a maker of an array from a generator."""

    name: str
    operands: tuple[Any, ...]
    """Shapes, or functions (generator) -> array."""
    how: tuple[tuple[str, Json], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A vector-Jacobian product."""

    id: str
    of: str
    product: Callable[..., tuple[Any, ...]]
    """(sample, *operands) -> gradients; integer operands as arrays."""
    cases: tuple[Case, ...]
    faults: tuple[Fault, ...] = ()
    dtypes: tuple[str, ...] = DTYPES
    common: tuple[Fault, ...] = COMMON
    criterion: Criterion = RUNNING

    def samples(self) -> Iterable[Sample]:
        for i, (dtype, case) in enumerate((d, c) for c in self.cases for d in self.dtypes):
            why = SampleClass.COVERING if i else SampleClass.ORDINARY
            inputs = tuple(self._operand(dtype, case, j, o) for j, o in enumerate(case.operands))
            yield Sample(name=f"{dtype}-{case.name}", dtype=dtype, inputs=inputs, params=params(**dict(case.how)), why=why)

    def _operand(self, dtype: str, case: Case, place: int, operand: Any) -> Tensor:
        if isinstance(operand, tuple):
            return normal(dtype, operand, self.id, case.name, str(place))
        made = operand(seed_for(self.id, case.name, str(place)))
        return Tensor.of(made, "int64" if made.dtype.kind == "i" else dtype)

    def reference(self, sample: Sample) -> tuple[Expected, ...]:
        with np.errstate(all="ignore"):
            made = self.product(sample, *(a if a.dtype.kind == "i" else rounded(a, sample.dtype) for a in sample.arrays()))
            return tuple(expected_rounded(m, dtype=sample.dtype, name=f"y{i}" if i else "y") for i, m in enumerate(made))

    def function(self) -> Function:
        return Function(
            id=self.id, side=Side.TRAINING, area="gradients", requirement=f"The library shall return the vector-Jacobian product of {self.of}.",
            source=SOURCE, oracle="analytic derivative in extended precision (2^-64) with running error bounds", samples=self.samples,
            reference=self.reference, criterion=self.criterion, faults=(*self.common, *self.faults),
        )  # fmt: skip


def indices(high: int, shape: tuple[int, ...]) -> Callable[[np.random.Generator], Any]:
    """Integers below `high`, with duplicates."""
    return lambda random: random.integers(0, high, shape)


def away(shape: tuple[int, ...], low: float = 0.25, high: float = 2.0) -> Callable[[np.random.Generator], Any]:
    """Numbers of either sign whose magnitude is not small."""
    return lambda random: random.uniform(low, high, shape) * np.where(random.random(shape) < 0.5, -1, 1)


def tied(shape: tuple[int, ...], values: int) -> Callable[[np.random.Generator], Any]:
    """Few distinct values: ties everywhere."""
    return lambda random: random.integers(0, values, shape).astype(np.float64)


def distinct(shape: tuple[int, ...]) -> Callable[[np.random.Generator], Any]:
    """No two values equal, in every format."""
    return lambda random: (random.permutation(int(np.prod(shape))).reshape(shape) - 7.0) / 16


def plain(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Normal data."""
    return shape


def near(shift: float) -> Callable[[np.random.Generator], Any]:
    """The same data every time, moved by a relative +-shift: differences that coarser inputs lose."""
    return lambda random: seed_for("near").standard_normal((4, 17)) * (1 + shift * np.where(random.random((4, 17)) < 0.5, -1, 1))


def like(x: Rounded, value: Any, error: Any) -> Rounded:
    return Rounded(value, error, x.by)


def moved(x: Rounded, of: Callable[[Any], Any]) -> Rounded:
    """A rearrangement, which rounds nothing."""
    return like(x, of(x.value), of(x.error))


def dot(a: Rounded, b: Rounded) -> Rounded:
    """Matrix product of the last two axes."""
    n = a.value.shape[-1]
    size = (np.abs(a.value) + a.error) @ (np.abs(b.value) + b.error)
    inherited = np.abs(a.value) @ b.error + a.error @ (np.abs(b.value) + b.error)
    value = a.value @ b.value
    return like(a, value, inherited + a.by.of_sum(n, size, value) + a.by.sums * size)


def turned(x: Rounded) -> Rounded:
    return moved(x, lambda v: np.swapaxes(v, -1, -2))


def scattered(g: Rounded, at: Any, size: int) -> Rounded:
    """Rows of g [n, ...] added into `size` rows at indices [n]; a row's own sum has as many terms as meet there."""
    value, error, magnitude = (np.zeros((size, *g.value.shape[1:]), dtype=np.longdouble) for _ in range(3))
    for total, part in ((value, g.value), (error, g.error), (magnitude, np.abs(g.value))):
        np.add.at(total, at, part)
    meet = np.bincount(at, minlength=size).astype(np.float64).reshape(-1, *[1] * (value.ndim - 1))
    return like(g, value, error + np.where(meet > 1, np.minimum(meet, 6 * np.sqrt(meet)), 0) * g.by.u * (magnitude + error))


def unbroadcast(g: Rounded, shape: tuple[int, ...]) -> Rounded:
    """Summed over the axes that were broadcast."""
    while g.value.ndim > len(shape):
        g = g.sum(axis=0)
    for axis, n in enumerate(shape):
        if n == 1 and g.value.shape[axis] != 1:
            g = g.sum(axis=axis, keepdims=True)
    return g


def spread(g: Rounded, axis: int) -> Rounded:
    return moved(g, lambda v: np.expand_dims(v, axis))


def wide(g: Rounded, shape: tuple[int, ...]) -> Rounded:
    return moved(g, lambda v: np.broadcast_to(v, shape))


def softmax(x: Rounded) -> Any:
    """Over the last axis."""
    e: Any = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)

"""Elementwise arithmetic of two operands that broadcast: correctly rounded, integers modulo 2^n.

Integers: the sources fix no error for overflow; two's complement is what NumPy, which both libraries follow, defines.
Division of integers is not asked: the libraries mean different functions by it.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from csvkit_ml.criteria import FORMATS, Exact, Ulp
from csvkit_ml.model.function import Expected, Fault, Function, Results, Sample, SampleClass, Side
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import arithmetic, exactly, nearest, wrapped
from validation_suites import faults
from validation_suites.rounding_faults import finite_overflow, flushed, ties_away, toward_zero, zeros_unsigned
from validation_suites.sampling import normal, special, tensor
from validation_suites.sampling.operands import FLOATS, INTEGERS, NARROW, binary

BITS = {"int32": 32, "int64": 64}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One arithmetic operation, written out three times: on rationals, on special values, on integers."""

    rational: Callable[[int, int, int, int], tuple[int, int]]
    special: Callable[[float, float], float]
    defined: Callable[[float, float], bool]
    integer: Callable[[int, int], int] | None
    wide: Callable[[Array, Array], Array]
    """The same in the host's double precision; only for faults."""

    def of(self, sample: Sample) -> Array:
        """The exact result rounded once to the sample's dtype."""
        x, y = sample.arrays()
        if self.integer is not None and sample.dtype in BITS:
            return wrapped(x, y, BITS[sample.dtype], self.integer)
        return arithmetic(x, y, sample.dtype, exact=self.rational, special=self.special, defined=self.defined)


def _always(a: float, b: float) -> bool:
    return True


def _sum_special(a: float, b: float) -> float:
    """Infinities and NaN; an exact zero is +0 unless both operands are -0 (IEEE 754-2019, 6.3)."""
    if a == 0 and b == 0:
        return -0.0 if math.copysign(1, a) + math.copysign(1, b) == -2 else 0.0
    return 0.0 if math.isfinite(a) and math.isfinite(b) else a + b


def _product_sign(a: float, b: float) -> float:
    return math.copysign(1, a) * math.copysign(1, b)


def _product_special(a: float, b: float) -> float:
    """Infinity by zero is NaN; otherwise the signs multiply."""
    if math.isnan(a) or math.isnan(b) or {0.0, math.inf} == {abs(a), abs(b)}:
        return math.nan
    return math.copysign(math.inf if math.inf in (abs(a), abs(b)) else 0.0, _product_sign(a, b))


def _quotient_special(a: float, b: float) -> float:
    """0/0 and inf/inf are NaN; division by zero gives an infinity, by an infinity a zero, of the product of the signs."""
    if math.isnan(a) or math.isnan(b) or (a == 0 and b == 0) or (math.isinf(a) and math.isinf(b)):
        return math.nan
    return math.copysign(math.inf if math.isinf(a) or b == 0 else 0.0, _product_sign(a, b))


ADD = Operation(
    rational=lambda n, d, m, e: (n * e + m * d, d * e), special=_sum_special, defined=_always, integer=operator.add, wide=np.add
)
SUB = Operation(
    rational=lambda n, d, m, e: (n * e - m * d, d * e),
    special=lambda a, b: _sum_special(a, -b),
    defined=_always,
    integer=operator.sub,
    wide=np.subtract,
)
MUL = Operation(
    rational=lambda n, d, m, e: (n * m, d * e), special=_product_special, defined=_always, integer=operator.mul, wide=np.multiply
)
DIV = Operation(
    rational=lambda n, d, m, e: (n * e, d * m), special=_quotient_special, defined=lambda a, b: b != 0, integer=None, wide=np.divide
)


def _double(operation: Operation, sample: Sample) -> Array:
    x, y = sample.arrays()
    with np.errstate(all="ignore"):
        return np.asarray(operation.wide(x.astype(np.float64), y.astype(np.float64)))


def _unrounded(operation: Operation) -> Callable[[Sample], Array | None]:
    """Results in double precision, for formats whose results it holds exactly or nearly."""
    return lambda s: _double(operation, s) if s.dtype in ("float32", *NARROW) else None


def saturating(operation: Operation) -> Fault:
    """Integer results stop at the ends of the range."""

    def apply(_: Function, sample: Sample, results: Results) -> Results | None:
        if sample.dtype not in BITS:
            return None
        info = np.iinfo(sample.dtype)
        clipped = np.clip(_double(operation, sample), float(info.min), float(info.max))
        past = (clipped <= info.min) | (clipped >= float(info.max))
        return (np.where(past, np.where(clipped < 0, info.min, info.max), results[0]).astype(sample.dtype),)

    return Fault(id="saturating", sentence="Integers saturate instead of wrapping.", apply=apply)


def exchanged(operation: Operation) -> Fault:
    return faults.computed("exchanged", "The operands are exchanged.", lambda s: _reversed(operation, s))


def _reversed(operation: Operation, sample: Sample) -> Array | None:
    x, y = sample.arrays()
    return operation.wide(y.astype(np.float64), x.astype(np.float64)) if sample.dtype in FORMATS else None


def by_reciprocal(sample: Sample) -> Array | None:
    """x (1 / y), each step rounded."""
    if sample.dtype not in ("float32", "float64"):
        return None
    x, y = sample.arrays()
    return np.asarray(x * (np.ones_like(y) / y))


RECIPROCAL = faults.computed("by-reciprocal", "The dividend is multiplied by a rounded reciprocal.", by_reciprocal)
SHARED = (
    faults.one_element(), faults.stale(), faults.rolled(), faults.nan_lost(), faults.TF32_INPUTS, faults.BF16_INPUTS, flushed(),
    zeros_unsigned(),
    finite_overflow(),
)  # fmt: skip


def correctly_rounded(id: str, noun: str, operation: Operation, clause: str, *extra: Fault) -> Function:
    """A function of two operands judged bit for bit."""
    dtypes = FLOATS if operation.integer is None else (*FLOATS, *INTEGERS)

    def reference(sample: Sample) -> tuple[Expected, ...]:
        return (exactly(operation.of(sample), dtype=sample.dtype),)

    return Function(
        id=id,
        side=Side.INFERENCE,
        area="elementwise",
        requirement=f"The library shall return the correctly rounded {noun} of broadcast operands; integers modulo 2^n.",
        source=f"IEEE 754-2019, 5.4.1, 6 and 7; ONNX operator specification, {clause}; broadcasting: ONNX, multidirectional",
        oracle="exact: rational arithmetic on integers, rounded once",
        samples=lambda: binary(id, dtypes),
        reference=reference,
        criterion=Exact(),
        faults=(*SHARED, toward_zero(_unrounded(operation)), ties_away(_unrounded(operation)), *extra),
    )


def _number_samples() -> Iterable[Sample]:
    """A number divided by every element: ordinary numbers and data, powers of two, tiny and huge divisors with quotients in range."""
    for dtype in FLOATS:
        form = FORMATS[dtype]
        for name, number in (("one", 1.0), ("three", 3.0), ("minus-half", -0.5), ("seventh", nearest(1, 7, dtype))):
            y = normal(dtype, (5, 129), "number_div", name, dtype)
            yield Sample(name=f"{dtype}-{name}", dtype=dtype, inputs=(tensor(np.array(number), dtype), y))
        tiny = form.eta * np.linspace(0.03125, 1.0, 63)
        for name, number, data in (
            ("special", 1.0, special(dtype)),
            ("zero", 0.0, special(dtype)),
            ("tiny-by-tiny", form.eta * 0.25, tiny),
            ("huge-by-huge", form.largest, form.largest * np.linspace(0.25, 1.0, 63)),
        ):
            x, y = tensor(np.array(number), dtype), tensor(np.asarray(data), dtype)
            yield Sample(name=f"{dtype}-{name}", dtype=dtype, inputs=(x, y), why=SampleClass.SPECIAL)
    for shape in ((), (0,), (1,), (40_000,)):
        y = normal("float32", shape, "number_div", str(shape), offset=3.0)
        name = "x".join(map(str, shape)) or "scalar"
        yield Sample(name=f"float32-shape-{name}", dtype="float32", inputs=(Tensor.of(np.float32(7.0)), y), why=SampleClass.EDGE)


def _number_div(sample: Sample) -> tuple[Expected, ...]:
    return (exactly(DIV.of(sample), dtype=sample.dtype),)


NUMBER_DIV = Function(
    id="number_div",
    side=Side.INFERENCE,
    area="elementwise",
    requirement="The library shall return the quotient of a number and every element within 2 ulp, in the whole range of the dtype.",
    source="IEEE 754-2019, 5.4.1; ONNX operator specification, Div; Python operator / with a number on the left",
    oracle="exact: rational arithmetic on integers, rounded once",
    samples=_number_samples,
    reference=_number_div,
    criterion=Ulp(
        k=2.0,
        k_hard=4.0,
        rationale="Correct rounding is not claimed with a number as operand: two roundings, at most 2 ulp, wherever the quotient is in range.",
        literature="IEEE 754-2019, 5.4.1; Higham 2002, 2.2",
    ),
    faults=(
        faults.one_element(), faults.stale(), faults.rolled(), faults.nan_lost(), faults.BF16_INPUTS, faults.TF32_INPUTS,
        exchanged(DIV), RECIPROCAL, flushed(),
    ),
)  # fmt: skip

FUNCTIONS: tuple[Function, ...] = (
    correctly_rounded("add", "sum", ADD, "Add", saturating(ADD)),
    correctly_rounded("sub", "difference", SUB, "Sub", saturating(SUB), exchanged(SUB)),
    correctly_rounded("mul", "product", MUL, "Mul", saturating(MUL)),
    correctly_rounded("div", "quotient", DIV, "Div", exchanged(DIV), RECIPROCAL),
    NUMBER_DIV,
)

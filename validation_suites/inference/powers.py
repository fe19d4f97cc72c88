"""Powers, reciprocals and reciprocal roots."""

from __future__ import annotations

import math
from collections.abc import Iterable

import flint
import numpy as np

from csvkit_ml.criteria import Exact, Ulp, round_to
from csvkit_ml.model.function import Expected, Function, Sample, SampleClass, Side
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import arithmetic, exactly
from validation_suites import faults
from validation_suites.pointwise import INF, OPENCL, Ball, classed, pointwise
from validation_suites.rounding_faults import finite_overflow, flushed, zeros_unsigned
from validation_suites.sampling.operands import INTEGERS, extremes, whole
from validation_suites.sampling.pointwise import WIDE, Box, one

arb = flint.arb
NUMBERS = (2.0, 3.0, 0.5, -0.5, -1.0, -2.0, 1.0, 0.0, 2.5, -3.0)
"""Exponents given as a number: libraries have a way of its own for most of them."""
POW = "IEEE 754-2019, 9.2.1, pow; ONNX operator specification, Pow"


def _pow(x: Ball, y: Ball) -> Ball:
    """x^y for finite x other than 0; a negative x has a power only for whole y."""
    if x > 0:
        return (y * x.log()).exp()
    if not y.is_integer():
        return arb.nan()
    size = (y * (-x).log()).exp()
    return size if (y / 2).is_integer() else -size


def _pow_special(x: float, y: float) -> float:
    """Zeros, infinities, NaN, and negative numbers without a power (IEEE 754-2019, 9.2.1)."""
    if y == 0 or x == 1 or (x == -1 and math.isinf(y)):
        return 1.0
    if math.isnan(x) or math.isnan(y):
        return math.nan
    if math.isinf(y):
        return INF if (abs(x) > 1) == (y > 0) else 0.0
    if x == 0 or math.isinf(x):
        size = 0.0 if (x == 0) == (y > 0) else INF
        return math.copysign(size, x) if abs(y) % 2 == 1 else size
    return math.nan


def _by_logarithm(sample: Sample) -> Array | None:
    x, y = sample.arrays()
    return np.asarray(np.exp(y * np.log(np.abs(x)))) if sample.dtype in WIDE else None


def _number(x: Ball, exponent: float) -> Ball:
    return _pow(x, arb(exponent))


def _negated(sample: Sample) -> Array:
    x, y = (a.astype(np.float64) for a in sample.arrays())
    return np.asarray(np.power(x, -y))


def _single(sample: Sample) -> Array | None:
    x, y = (a.astype(np.float32) for a in sample.arrays())
    return np.asarray(np.power(x, y)) if sample.dtype != "float64" else None


def _square(sample: Sample) -> tuple[Expected, ...]:
    (x,) = sample.arrays()
    if sample.dtype in INTEGERS:
        with np.errstate(over="ignore"):
            return (exactly(x * x, dtype=sample.dtype),)
    if sample.dtype == "float64":
        made = arithmetic(x, x, "float64", exact=lambda n, d, m, e: (n * m, d * e), special=lambda a, b: a * b, defined=lambda a, b: True)
        return (exactly(made, dtype="float64"),)
    with np.errstate(all="ignore"):
        wide = x.astype(np.float64)
        return (exactly(round_to(sample.dtype, wide * wide), dtype=sample.dtype),)


def _squares() -> Iterable[Sample]:
    yield from one("square", Box(low=(-20.0,), high=(20.0,)))
    for dtype in INTEGERS:
        yield Sample(name=f"{dtype}-ordinary", dtype=dtype, inputs=(whole(dtype, (4, 33), "square", dtype),))
        yield Sample(name=f"{dtype}-extremes", dtype=dtype, inputs=(Tensor.of(extremes(dtype)),), why=SampleClass.SPECIAL)


def _integer_powers() -> Iterable[Sample]:
    """Whole numbers to powers that stay in range; the sources say nothing of overflow."""
    for dtype in INTEGERS:
        base, exponent = whole(dtype, (5, 33), "base", dtype, limit=9), np.arange(33, dtype=dtype) % 9
        wide = np.arange(-15, 16, dtype=dtype)[:, None]
        most = 7 if dtype == "int32" else 15
        yield Sample(name=f"{dtype}-ordinary", dtype=dtype, inputs=(base, Tensor.of(exponent)))
        yield Sample(name=f"{dtype}-wide", dtype=dtype, inputs=(Tensor.of(wide), Tensor.of(np.arange(most + 1, dtype=dtype))),
            why=SampleClass.SPECIAL)
        small = Tensor.of(np.arange(-3, 4), dtype)
        yield Sample(name=f"{dtype}-n7", dtype=dtype, inputs=(small, Tensor.of(np.arange(7)[::-1], dtype)), why=SampleClass.EDGE)


def _integer_power(sample: Sample) -> tuple[Expected, ...]:
    x, y = np.broadcast_arrays(*sample.arrays())
    made = [pow(int(a), int(b)) for a, b in zip(x.ravel().tolist(), y.ravel().tolist(), strict=True)]
    return (exactly(np.array(made, dtype=x.dtype).reshape(x.shape), dtype=sample.dtype),)


def _through_floats(sample: Sample) -> Array:
    """Powers computed in float32: whole numbers beyond 2^24 are rounded."""
    x, y = (a.astype(np.float32) for a in sample.arrays())
    return np.asarray(np.nan_to_num(np.power(x, y), posinf=0.0, neginf=0.0)).astype(np.float64)


def _rsqrt_special(x: float) -> float:
    return math.copysign(INF, x) if x == 0 else 0.0 if x == INF else math.nan


def _reciprocal_special(x: float) -> float:
    return x if math.isnan(x) else math.copysign(INF, x) if x == 0 else math.copysign(0.0, x)


SQUARE = Function(
    id="square",
    side=Side.INFERENCE,
    area="elementwise",
    requirement="The library shall return the correctly rounded square of every element; integers modulo 2^n.",
    source="IEEE 754-2019, 5.4.1 (multiplication)",
    oracle="exact: products of doubles, rational numbers for float64; rounded once",
    samples=_squares,
    reference=_square,
    criterion=Exact(),
    faults=(faults.relative(1e-4), faults.one_element(), faults.stale(), faults.nan_lost(), faults.TF32_INPUTS, flushed(),
    finite_overflow()),
)
INTEGER_POW = Function(
    id="integer_pow",
    side=Side.INFERENCE,
    area="elementwise",
    requirement="The library shall return whole powers of integers exactly, where they are in range.",
    source="PyTorch reference, torch.pow; ONNX operator specification, Pow",
    oracle="exact: Python integers",
    samples=_integer_powers,
    reference=_integer_power,
    criterion=Exact(),
    faults=(
        faults.one_element(), faults.stale(), faults.rolled(),
        faults.computed("through-float32", "Integers are raised in float32.", _through_floats),
    ),
)  # fmt: skip
BASES = Box(low=(0.0, -5.0), high=(20.0, 5.0))
_SHARED = (faults.computed("negated", "The exponent is negated.", _negated),)

FUNCTIONS: tuple[Function, ...] = (
    SQUARE,
    pointwise("rsqrt", "1 / sqrt(x)", lambda x: x.rsqrt(), _rsqrt_special, (0.0, 40.0), source=f"IEEE 754-2019, 9.2.1, rSqrt; {OPENCL}",
              criterion=classed(2.0), extra_faults=(faults.relative(2.0**-11, "estimate-only"),)),
    pointwise("reciprocal", "1 / x, faithfully rounded,", lambda x: 1 / x, _reciprocal_special, (-20.0, 20.0),
              source="IEEE 754-2019, 5.4.1 (vector math does not claim correct rounding: 1 ulp); ONNX operator specification, Reciprocal",
              criterion=Ulp(k=1.0, k_hard=3.0), extra_faults=(zeros_unsigned(), faults.relative(2.0**-11, "estimate-only"))),
    pointwise("pow", "x^y", _pow, _pow_special, BASES, source=f"{POW}; {OPENCL}", criterion=classed(16.0), narrowed=True, signed_zeros=True,
              extra_faults=(faults.computed("sign-lost", "Computed as exp(y log|x|).", _by_logarithm), *_SHARED)),
    pointwise("pow_number", "x^y with y a number", _number, lambda x, exponent: _pow_special(x, exponent), (-20.0, 20.0),
              source=f"{POW}; {OPENCL}", criterion=classed(16.0), signed_zeros=True,
              settings=tuple({"exponent": e} for e in NUMBERS),
              extra_faults=(faults.other_params("one-more", "The exponent is one larger.", exponent=lambda e: e + 1),)),
    pointwise("float_power", "x^y in double precision", _pow, _pow_special, BASES, source=f"PyTorch reference, torch.float_power; {POW}",
              criterion=classed(16.0), result="float64", signed_zeros=True, dtypes=(*WIDE, "float16"),
              extra_faults=(faults.computed("in-single-precision", "Computed in float32.", _single), *_SHARED)),
    INTEGER_POW,
)  # fmt: skip

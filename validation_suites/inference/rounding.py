"""Rounding to whole numbers, parts and signs, remainders and quotients, neighbours and scalings: exact or correctly rounded."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from csvkit_ml.criteria import FORMATS, Exact, Ulp
from csvkit_ml.model.function import Criterion, Expected, Fault, Function, Sample, SampleClass, Side, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import arithmetic, exactly
from validation_suites import faults
from validation_suites.rounding_faults import zeros_unsigned
from validation_suites.sampling.operands import patterns
from validation_suites.sampling.pointwise import FLOATS, WIDE, Box, one, several

SIGNED = ("int8", "int16", "int32", "int64")
INTEGERS = (*SIGNED, "uint8")
IEEE = "IEEE 754-2019"
EXACT = "exact: the operation moves, cuts or compares bits"
RATIONAL = "exact: rational numbers, rounded once"


def _wide(sample: Sample) -> list[Array]:
    with np.errstate(invalid="ignore"):
        return [a.astype(np.float64) if a.dtype.name in FORMATS else a for a in np.broadcast_arrays(*sample.arrays())]


def whole_samples(id: str, dtypes: tuple[str, ...], count: int) -> Iterable[Sample]:
    """Integers over their whole range but for the smallest (its absolute value is none of them), small ones, and lengths."""
    for dtype in dtypes:
        info, rng = np.iinfo(dtype), seed_for("whole", id, dtype)
        for name, shape, top in (("ordinary", (4, 65), 100), ("range", (257,), info.max), ("n17", (17,), 9), ("n33", (33,), 9)):
            low = max(-top, info.min + 1)
            drawn = [rng.integers(low, top, shape, endpoint=True).astype(dtype) for _ in range(count)]
            yield Sample(name=f"{dtype}-{name}", dtype=dtype, inputs=tuple(map(Tensor.of, drawn)), why=SampleClass.ORDINARY)


def without_zero(samples: Iterable[Sample]) -> Iterable[Sample]:
    """Integer divisors of zero replaced by three: the sources call that an error."""
    for s in samples:
        if s.dtype in INTEGERS:
            y = s.inputs[1].array()
            s = Sample(name=s.name, dtype=s.dtype, inputs=(s.inputs[0], Tensor.of(np.where(y == 0, 3, y).astype(y.dtype))), why=s.why)
        yield s


def exact_function(
    id: str,
    says: str,
    of: Callable[..., Array],
    source: str,
    *,
    samples: Callable[[], Iterable[Sample]],
    wrong: tuple[Fault, ...] = (),
    any_sign_of_zero: bool = False,
    result: str = "",
    oracle: str = EXACT,
    nan: bool = True,
    criterion: Criterion | Callable[[Sample], Criterion] = Exact(),  # noqa: B008 - frozen
) -> Function:
    """A function whose value is a number of the result's dtype, known exactly.

    Args:
        of: the result of a sample.
        nan: NaN is asked, so losing it must show.
    """

    def reference(sample: Sample) -> tuple[Expected, ...]:
        with np.errstate(all="ignore"):
            made = of(sample)
        return (exactly(np.asarray(made), dtype=result or sample.dtype, any_sign_of_zero=any_sign_of_zero),)

    return Function(
        id=id, side=Side.INFERENCE, area="elementwise", requirement=f"The library shall return {says} of every element.", source=source,
        oracle=oracle, samples=samples, reference=reference, criterion=criterion,
        faults=(faults.one_element(), faults.stale(), faults.rolled(), *((faults.nan_lost(),) if nan and not result else ()), *wrong),
    )  # fmt: skip


def lifted(fn: Callable[..., Any]) -> Callable[[Sample], Array]:
    """A numpy function applied to the operands."""
    return lambda sample: np.asarray(fn(*_wide(sample)))


def wrong(id: str, sentence: str, fn: Callable[..., Any]) -> Fault:
    """Another function of the same operands."""
    return faults.computed(id, sentence, lambda s: np.asarray(fn(*_wide(s))))


def _floats(id: str, low: float = -20.0, high: float = 20.0, asked: Any = None) -> Callable[[], Iterable[Sample]]:
    box = Box(low=(low,), high=(high,)) if asked is None else Box(low=(low,), high=(high,), asked=asked)
    return lambda: one(id, box)


def _numbers(id: str, dtypes: tuple[str, ...] = INTEGERS, asked: Any = None) -> Callable[[], Iterable[Sample]]:
    floats = _floats(id, asked=asked)

    def samples() -> Iterable[Sample]:
        yield from floats()
        yield from whole_samples(id, dtypes, 1)

    return samples


def _pairs(id: str, whole: tuple[str, ...] = (), asked: Any = None, floats: tuple[str, ...] = FLOATS) -> Callable[[], Iterable[Sample]]:
    box = Box(low=(-20.0, -5.0), high=(20.0, 5.0)) if asked is None else Box(low=(-20.0, -5.0), high=(20.0, 5.0), asked=asked)

    def samples() -> Iterable[Sample]:
        yield from several(id, box, floats)
        yield from without_zero(whole_samples(id, whole, 2))

    return samples


def _frac(x: Array) -> Array:
    return x - np.trunc(x)


def _remainder(sample: Sample) -> Array:
    """x - y floor(x / y), correctly rounded; the sign of y (Python's %)."""
    x, y = _wide(sample)
    if sample.dtype in INTEGERS:
        return np.asarray(np.remainder(x, y))
    rest = np.array(np.fmod(x, y))
    other = (rest != 0) & (np.signbit(rest) != np.signbit(y))
    moved = arithmetic(
        rest[other], y[other], sample.dtype, exact=lambda n, d, m, e: (n * e + m * d, d * e), special=lambda a, b: a + b,
        defined=lambda a, b: True,
    )  # fmt: skip
    rest[other] = moved
    return rest


def _floored(sample: Sample) -> Array:
    """The exact quotient rounded down to a whole number, then to the dtype; IEEE's quotient where there is no finite one."""
    x, y = _wide(sample)
    if sample.dtype in INTEGERS:
        return np.asarray(x // y)
    return arithmetic(
        x, y, sample.dtype, exact=lambda n, d, m, e: (n * e // (d * m), 1), special=_divided, defined=lambda a, b: b != 0
    )


def _divided(a: float, b: float) -> float:
    return float(np.float64(a) / np.float64(b)) if b == 0 or not math.isfinite(a) or math.isnan(b) else 0.0


def _truncated(sample: Sample) -> Array:
    """The quotient, correctly rounded, cut toward zero; integers cut the exact one."""
    x, y = _wide(sample)
    if sample.dtype in INTEGERS:
        return np.array(np.sign(x) * np.sign(y) * (np.abs(x) // np.abs(y)), dtype=x.dtype)
    return np.trunc(
        arithmetic(x, y, sample.dtype, exact=lambda n, d, m, e: (n * e, d * m), special=_divided, defined=lambda a, b: b != 0)
    )


def _finite_pair(x: Array, y: Array) -> Array:
    """Quotients of infinities, or by them, have a limit but no whole part that the sources fix."""
    return np.asarray(np.isfinite(x) & np.isfinite(y))


def _quotient_limit(sample: Sample) -> Criterion:
    """Whole quotients are exact while they have few bits; larger ones are rounded: the remainder is subtracted, then the rest divided."""
    return Exact() if sample.dtype in INTEGERS else Ulp(
        k=1.0, k_hard=2.0, rationale="The rest x - r is rounded, then its quotient: at most 1 ulp where the whole part has more bits than the format.",
        literature="IEEE 754-2019, 5.4.1; Higham 2002, 2.2",
    )  # fmt: skip


def _decimal_samples() -> Iterable[Sample]:
    """Values that are not within few units of a tie, where the rounded product decides; exact ties are kept."""
    settings = tuple({"decimals": d} for d in (1, 0, 2, 3, -1, -2))

    def asked(x: Array, decimals: int) -> Array:
        scaled = x * 10.0**decimals
        beside = np.abs(np.abs(scaled - np.trunc(scaled)) - 0.5)
        exact = (beside == 0) & (decimals <= 0)
        return np.asarray((np.abs(scaled) < 2.0**15) & ((beside > 2.0**-8) | exact))

    return one("round_decimals", Box(low=(-200.0,), high=(200.0,), asked=asked), WIDE, settings)


def _decimals(sample: Sample) -> Array:
    (x,), d = _wide(sample), int(sample.param("decimals"))
    return np.asarray(np.rint(x * 10.0**d) / 10.0**d)


def _neighbour(sample: Sample) -> Array:
    x, y = (np.broadcast_to(a, np.broadcast_shapes(*(t.shape for t in sample.inputs))) for a in sample.arrays())
    return np.asarray(np.where(x.astype(np.float64) == y.astype(np.float64), y, np.nextafter(x, y)))


def _scalings() -> Iterable[Sample]:
    """Every exponent, scaled up and down across the whole range: by far, so that 2^n alone is no number of the dtype, and by little."""
    for dtype in FLOATS:
        form, rng = FORMATS[dtype], seed_for("ldexp", dtype)
        span = form.emax - form.emin + form.precision
        for name, n, reach in (("ordinary", 1028, 6), ("whole-range", 600, span), ("n1", 1, 3), ("n7", 7, 3), ("n17", 17, 3),
        ("n65", 65, 3)):
            x = patterns(dtype, n, "ldexp", name, dtype) if name == "whole-range" else Tensor.of(rng.standard_normal(n), dtype)
            shift = Tensor.of(rng.integers(-reach, reach + 1, n), "int32")
            yield Sample(name=f"{dtype}-{name}", dtype=dtype, inputs=(x, shift))


def _ldexp(sample: Sample) -> Array:
    x, n = sample.arrays()
    return arithmetic(
        x, n.astype(np.float64), sample.dtype, exact=lambda a, d, m, _: (a << max(m, 0), d << max(-m, 0)), special=lambda a, b: a,
        defined=lambda a, b: True,
    )  # fmt: skip


def _frexp(sample: Sample) -> tuple[Expected, ...]:
    (x,) = _wide(sample)
    mantissa, exponent = np.frexp(x)
    return (exactly(mantissa, dtype=sample.dtype), exactly(exponent.astype(np.int32), dtype="int32", name="y1"))


def _unnormalised(sample: Sample) -> tuple[Array, Array]:
    mantissa, exponent = np.frexp(_wide(sample)[0])
    return 2 * mantissa, exponent - 1


FREXP = Function(
    id="frexp",
    side=Side.INFERENCE,
    area="elementwise",
    requirement="The library shall split every finite element into a fraction in [1/2, 1) and a power of two.",
    source="ISO C, 7.12, frexp; PyTorch reference, torch.frexp",
    oracle=EXACT,
    samples=_floats("frexp", asked=lambda x: np.isfinite(x)),
    reference=_frexp,
    criterion=Exact(),
    faults=(faults.one_element(), faults.stale(), faults.rolled(),
            faults.computed("from-one", "The fraction lies in [1, 2).", _unnormalised)),
)  # fmt: skip
ROUND_DECIMALS = Function(
    id="round_decimals",
    side=Side.INFERENCE,
    area="elementwise",
    requirement="The library shall round every element to the given number of decimal places.",
    source="PyTorch reference, torch.round",
    oracle="double precision, one rounding; elements beside ties are not asked",
    samples=_decimal_samples,
    reference=lambda s: (exactly(_decimals(s), dtype=s.dtype),),
    criterion=Ulp(k=1.5, k_hard=3.0, rationale="The scaled value is rounded to a whole number, then scaled back by a rounded power of ten.",
                  literature="Higham 2002, 2.2"),
    faults=(faults.one_element(), faults.stale(), faults.rolled(),
    faults.other_params("one-more", "One more decimal.", decimals=lambda d: d + 1)),
)  # fmt: skip
HALF_UP = wrong("half-up", "Halves are rounded up.", lambda x: np.floor(x + 0.5))
AWAY = wrong("half-away", "Halves are rounded away from zero.", lambda x: np.copysign(np.floor(np.abs(x) + 0.5), x))
FLOORED = wrong("floored", "Rounded down.", np.floor)
RINT = wrong("nearest", "Rounded to nearest.", np.rint)


def no_nan(x: Array) -> Array:
    """NaN has no sign that the sources fix."""
    return np.asarray(~np.isnan(x))


FUNCTIONS: tuple[Function, ...] = (
    exact_function("ceil", "the smallest whole number not below it,", lifted(np.ceil), f"{IEEE}, 5.3.1; ONNX operator specification, Ceil",
                   samples=_floats("ceil"), wrong=(FLOORED, RINT, zeros_unsigned())),
    exact_function("floor", "the largest whole number not above it,", lifted(np.floor),
        f"{IEEE}, 5.3.1; ONNX operator specification, Floor",
                   samples=_floats("floor"), wrong=(wrong("truncated", "Rounded toward zero.", np.trunc), RINT)),
    exact_function("trunc", "the whole part,", lifted(np.trunc), f"{IEEE}, 5.3.1", samples=_floats("trunc"),
                   wrong=(FLOORED, RINT, zeros_unsigned())),
    exact_function("round", "the nearest whole number, halves to even,", lifted(np.rint),
        f"{IEEE}, 5.3.1; ONNX operator specification, Round",
                   samples=_floats("round"), wrong=(HALF_UP, AWAY, FLOORED, zeros_unsigned())),
    ROUND_DECIMALS,
    exact_function("frac", "x less its whole part,", lifted(_frac), "PyTorch reference, torch.frac", samples=_floats("frac"),
                   any_sign_of_zero=True, wrong=(wrong("from-floor", "x less its floor.", lambda x: x - np.floor(x)),)),
    exact_function("sign", "-1, 0 or 1, its sign,", lifted(np.sign),
        "ONNX operator specification, Sign; PyTorch reference, torch.sign (NaN is not asked)",
                   samples=_numbers("sign", asked=no_nan), nan=False, any_sign_of_zero=True,
                   wrong=(wrong("one-at-zero", "The sign of zero is one.", lambda x: np.where(x == 0, 1, np.sign(x))),)),
    exact_function("signbit", "whether its sign bit is set", lifted(np.signbit),
        f"{IEEE}, 5.7.2, isSignMinus; PyTorch reference, torch.signbit",
                   samples=_numbers("signbit", asked=no_nan), result="bool",
                   wrong=(wrong("negative-only", "False at -0.", lambda x: x < 0),)),
    exact_function("abs", "the absolute value", lifted(np.abs), f"{IEEE}, 5.5.1; ONNX operator specification, Abs", samples=_numbers("abs"),
                   wrong=(wrong("signed-zero", "The sign of zero is kept.", lambda x: np.where(x == 0, x, np.abs(x))),)),
    exact_function("neg", "the negated value", lifted(np.negative), f"{IEEE}, 5.5.1; ONNX operator specification, Neg",
                   samples=_numbers("neg", SIGNED), wrong=(wrong("from-zero", "Subtracted from zero.", lambda x: 0 - x),)),
    exact_function("positive", "the value itself", lifted(np.positive), "PyTorch reference, torch.positive", samples=_numbers("positive"),
                   wrong=(zeros_unsigned(),)),
    exact_function("fmod", "the remainder of the quotient cut toward zero,", lifted(np.fmod),
        "ISO C, 7.12.10.1, fmod; ONNX operator specification, Mod fmod=1",
                   samples=_pairs("fmod", INTEGERS), oracle="exact: the result is a number of the format",
                   wrong=(wrong("sign-of-divisor", "The sign follows the divisor.", np.remainder),
                          wrong("by-quotient", "Computed as x - y trunc(x / y).", lambda x,
                              y: x - y * np.trunc(x / np.where(y == 0, 1, y))))),
    exact_function("remainder", "the remainder of the quotient rounded down,", _remainder,
        "PyTorch reference, torch.remainder (Python's modulus); ONNX operator specification, Mod",
                   samples=_pairs("remainder", INTEGERS), oracle=RATIONAL, any_sign_of_zero=True,
                   criterion=lambda s: Ulp(k=1.0, k_hard=2.0) if s.dtype in FORMATS else Exact(),
                   wrong=(wrong("sign-of-dividend", "The sign follows the dividend.", np.fmod),)),
    exact_function("floor_divide", "the quotient rounded down", _floored, "PyTorch reference, torch.floor_divide (Python's //)",
                   samples=_pairs("floor_divide", INTEGERS, asked=_finite_pair), oracle=RATIONAL, any_sign_of_zero=True,
                   criterion=_quotient_limit,
                   wrong=(wrong("truncated", "Cut toward zero.", lambda x, y: np.trunc(x / np.where(y == 0, 1, y))),)),
    exact_function("trunc_divide", "the rounded quotient cut toward zero", _truncated,
                   "PyTorch reference, torch.div rounding_mode=trunc; ONNX operator specification, Div of integers",
                   samples=_pairs("trunc_divide", INTEGERS, asked=_finite_pair, floats=WIDE), oracle=RATIONAL, any_sign_of_zero=True,
                   wrong=(wrong("floored", "Rounded down.", lambda x, y: np.floor(x / np.where(y == 0, 1, y))),)),
    exact_function("copysign", "its magnitude with the sign of the second operand", lifted(np.copysign), f"{IEEE}, 5.5.1",
                   samples=_pairs("copysign"), wrong=(wrong("product", "Multiplied by the sign: zero's is lost.", lambda x,
                   y: np.abs(x) * np.sign(y)),)),
    exact_function("nextafter", "the neighbour towards the second operand", _neighbour, "ISO C, 7.12.11.3, nextafter",
                   samples=_pairs("nextafter"), wrong=(wrong("unmoved", "Not moved.", lambda x, y: x),)),
    exact_function("ldexp", "x 2^n, correctly rounded,", _ldexp, "ISO C, 7.12.6.6, ldexp; PyTorch reference, torch.ldexp",
        samples=_scalings,
                   oracle=RATIONAL, wrong=(wrong("negated", "Scaled by 2^-n.", lambda x, n: np.ldexp(x, -n)),)),
    FREXP,
)  # fmt: skip

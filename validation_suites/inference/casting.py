"""Conversion of elements from one dtype to another, and to a narrower format and back.

Not asked, because the sources call it undefined: NaN, infinities and numbers out of the target's range converted to integers.
bfloat16 has functions of its own because not every library can hand over such tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from csvkit_ml.criteria import FORMATS, Exact
from csvkit_ml.model.function import Expected, Fault, Function, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import converted, exactly, extended
from validation_suites import faults
from validation_suites.rounding_faults import finite_overflow, flushed, ties_away, toward_zero, zeros_unsigned
from validation_suites.sampling.conversions import INTEGERS, WHOLE_RANGE, beside, ties, values

PLAIN = ("float32", "float64", "float16", "int64", "int32", "int16", "int8", "uint8", "bool")
BFLOAT = tuple((s, "bfloat16") for s in PLAIN) + tuple(("bfloat16", t) for t in (*PLAIN, "bfloat16"))
TRIPS = (("float32", "bfloat16"), ("float32", "float16"), ("float64", "float32"), ("float64", "bfloat16"), ("float64", "float16"))
SOURCE = (
    "IEEE 754-2019, 5.4.1 (conversions, rounded to nearest, ties to even); ONNX operator specification, Cast (table of ranges: floats to "
    "infinity, integers keep the low bits, +-0 to false and all else to true); floats to integers: the fraction is discarded"
)


def _pair(source: str, target: str) -> Iterable[Sample]:
    """All classes of values of one pair; ties, and values beside ties where a wrong intermediate format shows, apart."""
    p = params(to=target)
    why = SampleClass.EXHAUSTIVE if source in WHOLE_RANGE else SampleClass.ORDINARY
    name = f"{source}-to-{target}"
    yield Sample(name=name, dtype=source, inputs=(values(source, target),), params=p, why=why)
    middle = None if source in WHOLE_RANGE else ties(source, target)
    if middle is not None:
        near = beside(source, middle)
        yield Sample(name=f"{name}-ties", dtype=source, inputs=(Tensor.of(middle),), params=p, why=SampleClass.SPECIAL)
        yield Sample(name=f"{name}-beside-ties", dtype=source, inputs=(Tensor.of(near),), params=p, why=SampleClass.SPECIAL)


def _shapes(pairs: Iterable[tuple[str, str]]) -> Iterable[Sample]:
    """Scalars, empty tensors, lengths around vector edges and long ones."""
    for source, target in pairs:
        for shape in ((), (0,), (2, 0, 3), (1,), (7, 9), (3, 5, 11), (257,), (40_003,)):
            x = seed_for("cast", source, target, str(shape)).uniform(-100, 100, shape)
            x = np.abs(x) if target == "uint8" or source == "uint8" else x
            name = f"{source}-to-{target}-shape-{'x'.join(map(str, shape)) or 'scalar'}"
            given = Tensor.of(x, source)
            yield Sample(name=name, dtype=source, inputs=(given,), params=params(to=target), why=SampleClass.EDGE)


def _samples(pairs: tuple[tuple[str, str], ...], shaped: tuple[tuple[str, str], ...]) -> Callable[[], Iterable[Sample]]:
    def samples() -> Iterable[Sample]:
        for pair in pairs:
            yield from _pair(*pair)
        yield from _shapes(shaped)

    return samples


def convert(x: Array, target: str) -> Array:
    """The definition, as floats in float64 that are values of the target, integers and booleans as themselves.

    1. To floats: correctly rounded.
    2. To bool: false for zeros, true for all else, NaN included.
    3. Floats to integers: fraction discarded (exact by Python integers).
    4. Integers to integers: the low bits, in two's complement.
    """
    if target in FORMATS:
        return converted(x, target)
    with np.errstate(invalid="ignore"):
        wide = x.astype(np.float64) if x.dtype.name in FORMATS else x
    if target == "bool":
        return np.asarray(~(wide == 0))
    info = np.iinfo(target)
    kept = [(int(v) - info.min) % 2**info.bits + info.min for v in wide.ravel().tolist()]
    return np.array(kept, dtype=target).reshape(x.shape)


def _reference(sample: Sample) -> tuple[Expected, ...]:
    (x,), target = sample.arrays(), str(sample.param("to"))
    return (exactly(convert(x, target), dtype=target),)


def _trip(sample: Sample) -> tuple[Expected, ...]:
    (x,) = sample.arrays()
    there = convert(x, str(sample.param("to")))
    return (exactly(convert(there, sample.dtype), dtype=sample.dtype),)


def _unrounded(sample: Sample) -> Array | None:
    (x,) = sample.arrays()
    return np.asarray(extended(x)) if sample.param("to") in FORMATS and x.dtype.kind != "b" else None


def _through_float32(sample: Sample) -> Array | None:
    (x,), target = sample.arrays(), str(sample.param("to"))
    if target not in ("float16", "bfloat16") or sample.dtype not in ("float64", "int64", "int32"):
        return None
    return converted(x.astype(np.float32), target)


def _to_integer(rounding: Callable[[Array], Array]) -> Callable[[Sample], Array | None]:
    def compute(sample: Sample) -> Array | None:
        (x,), target = sample.arrays(), str(sample.param("to"))
        return rounding(x.astype(np.float64)) if sample.dtype in FORMATS and target in INTEGERS else None

    return compute


def _saturated(sample: Sample) -> Array | None:
    (x,), target = sample.arrays(), str(sample.param("to"))
    if sample.dtype not in INTEGERS or target not in INTEGERS:
        return None
    info = np.iinfo(target)
    return np.asarray(np.clip(x.astype(object), info.min, info.max).astype(target))


def _truth_by_integer(sample: Sample) -> Array | None:
    """Booleans after truncation to an integer: 0.5 becomes false."""
    (x,) = sample.arrays()
    if sample.param("to") != "bool" or sample.dtype not in FORMATS:
        return None
    return np.asarray(np.nan_to_num(np.trunc(x.astype(np.float64))) != 0)


def _narrower(sample: Sample) -> Array | None:
    """Through a narrower format than asked."""
    (x,), target = sample.arrays(), str(sample.param("to"))
    if target not in ("float32", "float64") or sample.dtype not in ("float32", "float64"):
        return None
    return converted(converted(x, "float16" if target == "float32" else "float32"), target)


def _not_narrowed(sample: Sample) -> Array:
    return sample.arrays()[0]


def _chopped(sample: Sample) -> Array:
    """Low bits of the significand cut off on the way (bfloat16 by taking the upper half of a float32)."""
    x = sample.arrays()[0].astype(np.float32)
    mask = {"bfloat16": 0xFFFF0000, "float16": 0xFFFFE000}.get(str(sample.param("to")), 0xFFFFFFFF)
    return (x.view(np.uint32) & np.uint32(mask)).view(np.float32)


ROUNDING = (
    faults.one_element(), faults.stale(), faults.rolled(), faults.nan_lost(), toward_zero(_unrounded), ties_away(_unrounded), flushed(),
    zeros_unsigned(), finite_overflow(),
    faults.computed("through-float32", "Rounded to float32 first, then to 16 bits: twice.", _through_float32),
    faults.computed("rounded-to-integer", "Floats are rounded to the nearest integer instead of truncated.", _to_integer(np.rint)),
    faults.computed("floored", "Floats are rounded down to an integer instead of toward zero.", _to_integer(np.floor)),
    faults.computed("truth-by-integer", "Numbers below one count as false.", _truth_by_integer),
)  # fmt: skip


def _cast(id: str, pairs: tuple[tuple[str, str], ...], shaped: tuple[tuple[str, str], ...], *extra: Fault) -> Function:
    return Function(
        id=id,
        side=Side.INFERENCE,
        area="elementwise",
        requirement="The library shall convert elements: correctly rounded to floats, truncated to integers, modulo 2^n between integers.",
        source=SOURCE,
        oracle="exact: integers and rational numbers, rounded once",
        samples=_samples(pairs, shaped),
        reference=_reference,
        criterion=Exact(),
        faults=(*ROUNDING, *extra),
    )


FUNCTIONS: tuple[Function, ...] = (
    _cast(
        "cast",
        tuple((s, t) for s in PLAIN for t in PLAIN),
        (("float32", "float16"), ("float32", "int64"), ("int64", "float32"), ("float32", "bool"), ("uint8", "float32")),
        faults.computed("saturating", "Integers stop at the ends of the target's range.", _saturated),
        faults.computed("narrower", "The values pass through a narrower format.", _narrower),
    ),
    _cast("cast_bfloat16", BFLOAT, (("float32", "bfloat16"), ("bfloat16", "float32"))),
    Function(
        id="narrow_round_trip",
        side=Side.INFERENCE,
        area="elementwise",
        requirement="The library shall convert elements to a narrower format and back with one correct rounding, and not leave the pair out.",
        source=SOURCE,
        oracle="exact: rational numbers, rounded once",
        samples=_samples(TRIPS, (("float32", "bfloat16"), ("float32", "float16"))),
        reference=_trip,
        criterion=Exact(),
        faults=(
            faults.one_element(), faults.stale(), faults.nan_lost(), zeros_unsigned(),
            faults.computed("left-out", "Both conversions are optimised away.", _not_narrowed),
            faults.computed("chopped", "Low bits are cut off instead of rounded.", _chopped),
        ),
    ),
)  # fmt: skip

"""Quantisation and its inverse: per tensor, per axis, in blocks; integers of 4, 8 and 16 bits; fake quantisation."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from csvkit_ml.criteria import Exact, OneOf, Scaled, Ulp
from csvkit_ml.criteria.joint import Each
from csvkit_ml.model.function import Expected, Fault, Function, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references.quantised import SIZES, along, dequantised, doubt, expected_steps, quantised, quotients, steps
from validation_suites import faults

ONNX = "ONNX operator specification, "
Samples = Callable[[], Iterable[Sample]]
CASES: tuple[tuple[tuple[int, ...], int | None], ...] = (
    ((3, 4, 33), None),
    ((2, 5, 7), 1),
    ((6, 9), 0),
    ((4, 3, 17), -1),
    ((257,), None),
    ((1,), 0),
    ((), None),
    ((0, 4), 1),
    ((2, 16, 3, 3), 1),
    ((3, 500), None),
)
"""Shape, and the axis of the scales, None = one scale."""
BLOCKS = (((4, 32), 1, 16), ((12, 5), 0, 4), ((2, 9, 3), 1, 4), ((3, 8), -1, 2))
"""Shape, axis, elements of a block."""


def _scales(dtype: str, shape: tuple[int, ...], even: bool, *names: str) -> Array:
    """Over four octaves; powers of two where `even`, so that quotients are exact and ties are ties."""
    rng = seed_for("scales", dtype, *names)
    octave = 2.0 ** rng.integers(-7, -2, shape)
    return np.asarray((octave if even else octave * rng.uniform(1, 2, shape)).astype(np.float32))


def _zeros(dtype: str, shape: tuple[int, ...], *names: str) -> Array:
    """Over the middle half of the range."""
    low, high = SIZES[dtype]
    quarter = (high - low + 1) // 4
    return np.asarray(seed_for("zero points", dtype, *names).integers(low + quarter, high - quarter + 1, shape))


def _data(dtype: str, scale: Array, name: str) -> Array:
    """Spread over the range and an eighth beyond, every fifth exactly half-way between steps where the scale is a power of two."""
    low, high = SIZES[dtype]
    rng = seed_for("quantised data", dtype, name)
    q = rng.uniform(-0.6, 0.6, scale.shape) * (high - low)
    flat = q.reshape(-1)
    flat[::5] = np.floor(flat[::5]) + 0.5
    return np.asarray((q * scale).astype(np.float32))


def _sample(name: str, dtype: str, inputs: Iterable[Array], why: SampleClass, **given: Any) -> Sample:
    return Sample(name=name, dtype=dtype, inputs=tuple(Tensor.of(a) for a in inputs), params=params(**given), why=why)


def _why(i: int, shape: tuple[int, ...]) -> SampleClass:
    return (
        SampleClass.ORDINARY if i == 0 else SampleClass.EDGE if np.prod(shape) in (0, 1) or np.prod(shape) > 5000 else SampleClass.COVERING
    )


def _floats(dtypes: tuple[str, ...], held: str = "") -> Samples:
    """Data, scales, zero points; `held` is the dtype in which four-bit zero points travel."""

    def samples() -> Iterable[Sample]:
        for dtype in dtypes:
            travels = held or dtype
            for i, (shape, axis) in enumerate(CASES):
                for even in (False, True):
                    name = f"{dtype}-{'x'.join(map(str, shape)) or 'scalar'}-axis{axis}{'-even' if even else ''}".lower()
                    per = () if axis is None else (shape[axis],)
                    scale, zero = _scales(dtype, per, even, name), _zeros(dtype, per, name).astype(travels)
                    x = _data(dtype, along(scale, shape, axis or 0), name)
                    yield _sample(name, travels, (x, scale, zero), _why(i, shape), axis=axis, block=0, to=dtype)
            yield _special(dtype, travels)

    return samples


def _special(dtype: str, travels: str) -> Sample:
    """Infinities, signed zeros, subnormal and huge numbers, every tie around the zero point and around both ends."""
    low, high = SIZES[dtype]
    ties = np.arange(-9, 10) / 2
    ends = [v for e in (low, high) for v in (e + ties)]
    x = np.array([np.inf, -np.inf, 0.0, -0.0, 1e-45, -1e-45, 3e38, -3e38, 1e20, -1e20, 2.0**31, -(2.0**31), *ties, *ends], dtype=np.float32)
    zero = np.asarray(3 if low == 0 else -2, dtype=travels)
    return _sample(f"{dtype}-special", travels, (x, np.ones((), np.float32), zero), SampleClass.SPECIAL, axis=None, block=0, to=dtype)


def _blocked(dtypes: tuple[str, ...], from_steps: bool) -> Samples:
    def samples() -> Iterable[Sample]:
        for dtype in dtypes:
            for i, (shape, axis, block) in enumerate(BLOCKS):
                for even in (False, True):
                    name = f"{dtype}-{'x'.join(map(str, shape))}-axis{axis}-block{block}{'-even' if even else ''}"
                    per = tuple(-(-n // block) if a == axis % len(shape) else n for a, n in enumerate(shape))
                    scale, zero = _scales(dtype, per, even, name), _zeros(dtype, per, name).astype(dtype)
                    x = _steps(dtype, shape, name) if from_steps else _data(dtype, along(scale, shape, axis, block), name)
                    yield _sample(name, dtype, (x, scale, zero), _why(i, shape), axis=axis, block=block, to=dtype)

    return samples


def _steps(dtype: str, shape: tuple[int, ...], name: str, held: str = "") -> Array:
    """Integers over the whole range, both ends included."""
    low, high = SIZES[dtype]
    q = seed_for("steps", dtype, name).integers(low, high + 1, shape)
    if q.size > 1:
        q.reshape(-1)[:2] = low, high
    return np.asarray(q.astype(held or dtype))


def _integers(dtypes: tuple[str, ...], held: str = "") -> Samples:
    def samples() -> Iterable[Sample]:
        for dtype in dtypes:
            for i, (shape, axis) in enumerate(CASES):
                name = f"{dtype}-{'x'.join(map(str, shape)) or 'scalar'}-axis{axis}".lower()
                per = () if axis is None else (shape[axis],)
                scale, zero = _scales(dtype, per, False, name), _zeros(dtype, per, name).astype(held or dtype)
                q = _steps(dtype, shape, name, held)
                yield _sample(name, held or dtype, (q, scale, zero), _why(i, shape), axis=axis, block=0, to=dtype)

    return samples


def _given(s: Sample) -> tuple[tuple[Array, ...], dict[str, Any]]:
    return s.arrays(), {"axis": s.param("axis") or 0, "block": s.param("block")}


def _quantise(s: Sample) -> tuple[Expected, ...]:
    (x, scale, zero), where = _given(s)
    return (expected_steps(*quantised(x, scale, zero, to=s.param("to"), **where), dtype=s.dtype),)


def _quantise_moved(s: Sample) -> tuple[Expected, ...]:
    (x, scale, zero), where = _given(s)
    return (expected_steps(*quantised(x, scale, zero, to=s.param("to"), moved=True, **where), dtype=s.dtype),)


def _dequantise(s: Sample) -> tuple[Expected, ...]:
    (q, scale, zero), where = _given(s)
    value = dequantised(q, scale, zero, **where)
    return (Expected(name="y", dtype="float32", value=value, any_sign_of_zero=True),)


def _fake(s: Sample) -> tuple[Expected, ...]:
    """The value and, next to a tie, that of the other step, both as float32."""
    (x, scale, zero), where = _given(s)
    made = [
        dequantised(q, scale, zero, **where).astype(np.float32).astype(np.float64)
        for q in quantised(x, scale, zero, to=s.param("to"), **where)
    ]
    return (replace(expected_steps(*made, dtype="float32"), any_sign_of_zero=True),)


def _restored(s: Sample) -> tuple[Expected, ...]:
    """scale of the criterion = (|q| + |zero|) step, which bounds both terms of q step - zero step."""
    (q, scale, zero), where = _given(s)
    size = np.abs(dequantised(np.abs(q.astype(np.int64)), scale, -np.abs(zero.astype(np.int64)), **where))
    return (Expected(name="y", dtype="float32", value=dequantised(q, scale, zero, **where), scale=size, any_sign_of_zero=True),)


def _with(s: Sample, i: int, change: Callable[[Array], Array]) -> Sample | None:
    """Operand i changed; None where that changes nothing."""
    made = change(s.arrays()[i])
    if made.tobytes() == s.inputs[i].data:
        return None
    return replace(s, inputs=(*s.inputs[:i], Tensor.of(made), *s.inputs[i + 1 :]))


def _rounding(id: str, sentence: str, rounded: Callable[[Array], Array]) -> Fault:
    """Quotients rounded another way, then as it should be."""

    def compute(s: Sample) -> Array:
        (x, scale, zero), where = _given(s)
        q = rounded(np.clip(x.astype(np.float64) / along(scale, x.shape, **where), -1e6, 1e6))
        return np.asarray(np.clip(q + along(zero.astype(np.int64), x.shape, **where), *SIZES[s.param("to")]))

    return faults.computed(id, sentence, compute)


def _wrapped(s: Sample) -> Array:
    (x, scale, zero), where = _given(s)
    low, high = SIZES[s.param("to")]
    q = np.rint(np.clip(x.astype(np.float64) / along(scale, x.shape, **where), -1e6, 1e6)).astype(np.int64)
    return np.asarray((q + along(zero.astype(np.int64), x.shape, **where) - low) % (high - low + 1) + low)


def _rounded_first(s: Sample) -> Array:
    """Half to even before the zero point is added."""
    (x, scale, zero), where = _given(s)
    return quantised(x, scale, zero, to=s.param("to"), **where)[0]


AWAY = _rounding("ties-away", "Ties are rounded away from zero.", lambda q: np.copysign(np.floor(np.abs(q) + 0.5), q))
UP = _rounding("ties-up", "Ties are rounded up.", lambda q: np.floor(q + 0.5))
CUT = _rounding("cut", "Quotients are cut instead of rounded.", np.trunc)
WRAPPED = faults.computed("wrapped", "Steps past the ends wrap instead of saturating.", _wrapped)
NO_ZERO = faults.other_sample("zero-point-ignored", "The zero point is taken for 0.", lambda s: _with(s, 2, np.zeros_like))
FIRST_SCALE = faults.other_sample("first-scale", "The first scale is used everywhere.", lambda s: _with(s, 1, _first))
NEXT_SCALE = faults.other_sample("next-scale", "Scales are those of the next position.", lambda s: _with(s, 1, lambda a: np.roll(a, 1)))


NARROW_SCALE = faults.other_sample(
    "narrow-scale", "Scales are rounded to bfloat16.", lambda s: _with(s, 1, lambda a: faults.keep_bits(a, 8))
)


def _first(a: Array) -> Array:
    return a if a.size == 0 else np.full_like(a, a.reshape(-1)[0])


PLAIN = (faults.one_element(), faults.stale(), faults.rolled())
STEPS = OneOf(
    rationale="The definition rounds x / scale half to even and saturates. Two float32 roundings of the quotient (a reciprocal, a product) "
    "decide only where it lies within 2 u of a tie; after division by a power of two they decide nothing.",
    literature="ONNX operator specification, QuantizeLinear; IEEE 754-2019, 4.3; Jacob et al. 2018",
)
RATIONAL = "exact: quotients as fractions, rounded half to even"
DIFFERENCE = "exact: integer difference times scale, in double"
ONE_ROUNDING = Exact(
    rationale="The integer difference is exact, its product with the scale is one rounding.", literature="IEEE 754-2019, 5.4.1"
)
FUSED = Scaled(
    c=1.5,
    c_hard=3.0,
    scale="(|q| + |zero|) scale",
    literature="Higham 2002, 2.2; Jacob et al. 2018",
    rationale="scale q - scale zero: each product and the difference are rounded once.",
)


def _function(
    id: str, says: str, source: str, samples: Samples, reference: Any, criterion: Any, oracle: str, *own: Fault, side: Side = Side.INFERENCE
) -> Function:
    return Function(
        id=id,
        side=side,
        area="quantised",
        requirement=f"The library shall {says}.",
        source=source,
        oracle=oracle,
        samples=samples,
        reference=reference,
        criterion=criterion,
        faults=(*PLAIN, *own),
    )


def _to_steps(id: str, what: str, samples: Samples, *own: Fault, source: str = "QuantizeLinear") -> Function:
    says = f"round x / scale half to even, add the zero point and saturate to {what}"
    return _function(id, says, ONNX + source, samples, _quantise, STEPS, RATIONAL, AWAY, UP, CUT, WRAPPED, NO_ZERO, *own)


def _from_steps(id: str, what: str, samples: Samples) -> Function:
    says = f"return (q - zero point) scale for q of {what}"
    return _function(
        id,
        says,
        ONNX + "DequantizeLinear",
        samples,
        _dequantise,
        ONE_ROUNDING,
        DIFFERENCE,
        NO_ZERO,
        FIRST_SCALE,
        NEXT_SCALE,
        faults.relative(1e-6),
        NARROW_SCALE,
    )


def _dynamic_samples() -> Iterable[Sample]:
    """Data of both signs and of one, so that 0 is an end of the range."""
    shapes = ((3, 4, 33), (2, 5, 7), (257,), (9, 1), (33, 70))
    for i, shape in enumerate(shapes):
        for kind, (low, high) in {"both": (-3.0, 2.0), "positive": (0.5, 4.0), "negative": (-5.0, -0.25), "tiny": (-1e-6, 2e-6)}.items():
            name = f"float32-{'x'.join(map(str, shape))}-{kind}"
            x = seed_for("dynamic", name).uniform(low, high, shape).astype(np.float32)
            yield _sample(name, "float32", (x,), SampleClass.ORDINARY if i == 0 else SampleClass.COVERING)
    x = np.array([-127.0, 128.0, 0.5, 1.5, 2.5, -0.5, -1.5, 0.0, -0.0], dtype=np.float32)
    yield _sample("float32-ties", "float32", (x,), SampleClass.SPECIAL)


def _dynamic(s: Sample) -> tuple[Expected, ...]:
    """Range with 0 in it over 255 steps; the range, its 255th part, the quotient and the zero point each round once."""
    (x,) = s.arrays()
    wide = x.astype(np.longdouble)
    low, high = min(wide.min(), np.longdouble(0)), max(wide.max(), np.longdouble(0))
    scale = np.asarray((high - low) / 255)
    single = np.asarray(scale, dtype=np.float32)
    first = quotients(np.asarray(-low, dtype=np.float64), single)
    zero, other = steps(first, np.zeros((), np.int64), "uint8", *doubt(first, single, 4.0))
    everywhere = np.broadcast_to(single, x.shape)
    q = quotients(x, everywhere)
    found = [steps(q, np.broadcast_to(z, x.shape), "uint8", *doubt(q, everywhere, 4.0)) for z in (zero, other)]
    also = np.stack([found[0][1], *found[1]])
    value = found[0][0]
    return (
        Expected(name="y", dtype="uint8", value=value, extra={"also": also} if (also != value).any() else {}),
        Expected(name="y1", dtype="float32", value=scale.astype(np.float64), radius=2.0**-62 * float(scale)),
        replace(expected_steps(zero, other, dtype="uint8"), name="y2"),
    )


def _dynamic_by(low: Callable[[Array], Any], high: Callable[[Array], Any], steps_: int) -> Callable[[Sample], Any]:
    def compute(s: Sample) -> Any:
        (x,) = s.arrays()
        a, b = low(x), high(x)
        scale = (b - a) / steps_
        zero = np.clip(np.rint(-a / scale), 0, 255)
        return np.clip(np.rint(x / scale) + zero, 0, 255), scale, zero

    return compute


DYNAMIC = Each(
    criteria=(
        STEPS,
        Ulp(k=1.5, k_hard=3.0, rationale="A difference and a division, each rounded once.", literature="IEEE 754-2019, 5.4.1"),
        STEPS,
    )
)
EIGHT, SIXTEEN, FOUR = ("uint8", "int8"), ("uint16", "int16"), ("int4", "uint4")
FUNCTIONS: tuple[Function, ...] = (
    _to_steps("quantize_linear", "8 bits, with one scale or one for each position of an axis", _floats(EIGHT), FIRST_SCALE, NEXT_SCALE),
    _function(
        "quantize_affine",
        "round x / scale + zero point half to even and saturate to 8 bits, with one scale or one for each channel",
        "PyTorch documentation, quantisation: Q(x) = round(x / scale + zero point)",
        _floats(EIGHT),
        _quantise_moved,
        STEPS,
        RATIONAL,
        faults.computed("rounded-before-moved", "The quotient is rounded before the zero point is added.", _rounded_first),
        CUT,
        WRAPPED,
        NO_ZERO,
        FIRST_SCALE,
        NEXT_SCALE,
    ),
    _to_steps(
        "quantize_linear_16", "16 bits, with one scale or one for each position of an axis", _floats(SIXTEEN), FIRST_SCALE, NEXT_SCALE
    ),
    _to_steps("quantize_linear_4", "4 bits, with one scale or one for each position of an axis", _floats(FOUR, "int8"), FIRST_SCALE),
    _to_steps(
        "quantize_linear_blocked",
        "8 and 16 bits, with a scale for each block along an axis",
        _blocked((*EIGHT, "int16"), False),
        FIRST_SCALE,
        NEXT_SCALE,
    ),
    _from_steps("dequantize_linear", "8 bits, with one scale or one for each position of an axis", _integers(EIGHT)),
    _from_steps("dequantize_linear_16", "16 bits, with one scale or one for each position of an axis", _integers(SIXTEEN)),
    _from_steps("dequantize_linear_4", "4 bits, with one scale or one for each position of an axis", _integers(FOUR, "int8")),
    _from_steps("dequantize_linear_blocked", "8 and 16 bits, with a scale for each block along an axis", _blocked((*EIGHT, "int16"), True)),
    _function(
        "dequantize_fused",
        "return scale q - scale zero for the steps q of a quantised tensor",
        "torch.Tensor.dequantize",
        _integers(EIGHT),
        _restored,
        FUSED,
        DIFFERENCE,
        NO_ZERO,
        FIRST_SCALE,
        faults.relative(1e-5),
        NARROW_SCALE,
    ),
    _function(
        "fake_quantize",
        "quantise to 8 bits and return the value of the step",
        "ONNX operator specification, QuantizeLinear and DequantizeLinear; torch.fake_quantize_per_tensor_affine",
        _floats(EIGHT),
        _fake,
        STEPS,
        RATIONAL,
        NO_ZERO,
        FIRST_SCALE,
        faults.changed("not-quantised", "The value itself is returned, a little rounded.", lambda a: a * (1 + 2.0**-9)),
        side=Side.BOTH,
    ),
    _function(
        "dynamic_quantize_linear",
        "quantise to 8 bits over the range of the data and 0, and return steps, scale and zero point",
        ONNX + "DynamicQuantizeLinear",
        _dynamic_samples,
        _dynamic,
        DYNAMIC,
        RATIONAL,
        faults.computed("range-without-zero", "0 is not put into the range.", _dynamic_by(np.min, np.max, 255)),
        faults.computed("steps-256", "The range has 256 steps.", _dynamic_by(lambda x: min(x.min(), 0), lambda x: max(x.max(), 0), 256)),
        faults.computed("symmetric", "The range is symmetric.", _dynamic_by(lambda x: -np.abs(x).max(), lambda x: np.abs(x).max(), 255)),
    ),
)

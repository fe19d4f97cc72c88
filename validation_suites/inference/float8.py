"""Eight-bit floats: conversion to them and back, with and without saturation; their codes; quantisation with a scale.

They cross no boundary themselves: what is judged is the value that comes back in the wider format, or the code as a byte.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from csvkit_ml.criteria import Exact, OneOf
from csvkit_ml.model.function import Expected, Fault, Function, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import DTYPES, Array, Tensor
from csvkit_ml.references import exactly
from csvkit_ml.references.float8 import FLOAT8, Float8, decoded, finished, nearest, to_float8
from validation_suites import faults

SOURCE = (
    "OCP 8-bit floating point specification (OFP8) 1.0, formats and conversion; Noune et al. 2022 (formats without infinities and with one zero); "
    "ONNX operator specification, Cast (tables for float 8), QuantizeLinear and DequantizeLinear 19"
)
_EXACT = Exact(
    rationale="A conversion has one correct result: the nearest value, of two the one whose last digit is even; what is out of range is told by a "
    "table. Every value of the format, every midpoint and its neighbours are asked, and all values of the 16-bit formats.",
    literature="OCP OFP8 specification; IEEE 754-2019, 4.3.1",
)


def _finite(form: Float8) -> Array:
    every = np.unique(decoded(form))
    return np.asarray(every[np.isfinite(every)])


def ties(form: Float8) -> Array:
    """Midpoints of neighbours, below the smallest and beyond the largest too."""
    v = _finite(form)
    step = v[-1] - v[-2]
    return np.concatenate([(v[:-1] + v[1:]) / 2, [v[-1] + step / 2, -v[-1] - step / 2, v[-1] + step, 4 * v[-1], -4 * v[-1]]])


def _beside(x: Array, dtype: str) -> Array:
    """Values and their neighbours in a dtype."""
    own = x.astype(dtype)
    return np.concatenate([own, np.nextafter(own, DTYPES[dtype].type(np.inf)), np.nextafter(own, DTYPES[dtype].type(-np.inf))])


def _wide(form: Float8, dtype: str) -> Iterable[tuple[str, Array, SampleClass]]:
    v = _finite(form)
    low, high = np.log2(v[v > 0][0]) - 4, np.log2(form.largest) + 2
    rng = seed_for("float8", form.name, dtype)
    drawn = np.exp2(rng.uniform(low, high, 2000)) * rng.choice([-1.0, 1.0], 2000)
    yield "ordinary", drawn.astype(dtype), SampleClass.ORDINARY
    yield "ties", _beside(ties(form), dtype), SampleClass.SPECIAL
    special = [0.0, -0.0, np.inf, -np.inf, np.nan, -np.nan, 1e-30, -1e-30, np.finfo(dtype).max, np.finfo(dtype).min, np.finfo(dtype).tiny]
    yield "special", np.array(special, dtype=dtype), SampleClass.SPECIAL
    for n in (0, 1, 17, 4099):
        yield f"n{n}", rng.normal(scale=8, size=n).astype(dtype), SampleClass.EDGE


def _samples() -> Iterable[Sample]:
    for form in FLOAT8.values():
        for dtype in ("float32", "float64"):
            for name, x, why in _wide(form, dtype):
                yield _sample(f"{dtype}-to-{form.name}-{name}", dtype, Tensor.of(x), form, why)
        for dtype in ("float16", "bfloat16"):
            every = Tensor(dtype=dtype, shape=(1 << 16,), data=np.arange(1 << 16, dtype=np.uint16).tobytes())
            yield _sample(f"{dtype}-to-{form.name}", dtype, every, form, SampleClass.EXHAUSTIVE)


def _sample(name: str, dtype: str, x: Tensor, form: Float8, why: SampleClass) -> Sample:
    return Sample(name=name.replace("_", "-"), dtype=dtype, inputs=(x,), params=params(to=form.name), why=why)


def _form(sample: Sample) -> Float8:
    return FLOAT8[str(sample.param("to"))]


def _reference(saturate: bool) -> Callable[[Sample], tuple[Expected, ...]]:
    return lambda s: (exactly(to_float8(s.arrays()[0], _form(s), saturate=saturate), dtype=s.dtype),)


def _either(s: Sample) -> tuple[Expected, ...]:
    """Out of range, both rules of the OCP specification hold."""
    (x,) = s.arrays()
    made = exactly(to_float8(x, _form(s)), dtype=s.dtype)
    return (replace(made, extra={"also": to_float8(x, _form(s), saturate=True)[None]}),)


def _chopped(x: Array, form: Float8) -> Array:
    """Toward zero in place of to nearest."""
    r = nearest(x, form)
    wide = x.astype(np.float64)
    step = np.ldexp(1.0, np.maximum(np.frexp(np.where(np.isfinite(wide), wide, 0.0))[1] - 1, 1 - form.bias) - form.fraction)
    with np.errstate(invalid="ignore"):
        return np.where(np.abs(r) > np.abs(wide), np.trunc(wide / step) * step, r)


def _away(x: Array, form: Float8) -> Array:
    """Ties away from zero: a hair is added."""
    with np.errstate(over="ignore"):
        return nearest(x.astype(np.float64) * (1 + 2.0**-40), form)


def _flushed(x: Array, form: Float8) -> Array:
    r = nearest(x, form)
    return np.where(np.abs(r) < 2.0 ** (1 - form.bias), np.copysign(0.0, r), r)


def _wrong(id: str, sentence: str, rounding: Callable[[Array, Float8], Array], saturate: bool, *, other: bool = False) -> Fault:
    def compute(s: Sample) -> Array:
        return finished(rounding(s.arrays()[0], _form(s)), _form(s), saturate=saturate is not other)

    return faults.computed(id, sentence, compute)


def _faults(saturate: bool, *overflow: Fault) -> tuple[Fault, ...]:
    return (
        faults.one_element(), faults.stale(), faults.nan_lost(),
        _wrong("toward-zero", "The fraction is cut off instead of rounded.", _chopped, saturate),
        _wrong("ties-away", "Ties are rounded away from zero instead of to even.", _away, saturate),
        _wrong("flushed", "Subnormal numbers become zero.", _flushed, saturate),
        *overflow,
        faults.computed("other-bias", "The exponent of the format is taken for that of its sibling.", lambda s: _sibling(s, saturate)),
    )  # fmt: skip


def _sibling(s: Sample, saturate: bool) -> Array:
    return to_float8(s.arrays()[0], FLOAT8[_SIBLINGS[_form(s).name]], saturate=saturate)


_SIBLINGS = {
    "float8_e4m3fn": "float8_e4m3fnuz", "float8_e4m3fnuz": "float8_e4m3fn", "float8_e5m2": "float8_e5m2fnuz", "float8_e5m2fnuz": "float8_e5m2",
}  # fmt: skip


def _cast(id: str, saturate: bool) -> Function:
    rule = "the largest number" if saturate else "infinity, or NaN where the format has none"
    overflow = _wrong("overflow", "What is out of range follows the other of the two rules.", nearest, saturate, other=True)
    return Function(
        id=id, side=Side.INFERENCE, area="elementwise",
        requirement=f"The library shall round to 8-bit floats correctly and back without change; what is out of range becomes {rule}.",
        source=SOURCE, oracle="exact: every value is a multiple of a power of two that float64 holds", samples=_samples,
        reference=_reference(saturate), criterion=_EXACT, faults=_faults(saturate, overflow),
    )  # fmt: skip


def _codes() -> Iterable[Sample]:
    """Codes 0 ... 255, and again with those of NaN left out, in an order of its own."""
    for form in FLOAT8.values():
        every = np.arange(256, dtype=np.uint8)
        known = seed_for("float8 codes", form.name).permutation(every[~np.isnan(decoded(form))])
        yield _sample(f"uint8-{form.name}", "uint8", Tensor.of(every), form, SampleClass.EXHAUSTIVE)
        yield _sample(f"uint8-{form.name}-mixed", "uint8", Tensor.of(known), form, SampleClass.ORDINARY)


def _values(s: Sample) -> Array:
    return np.asarray(decoded(_form(s))[s.arrays()[0]])


def _by_code(change: Callable[[Array, Float8], Array]) -> Callable[[Sample], Array]:
    return lambda s: np.asarray(decoded(_form(s))[change(s.arrays()[0], _form(s))])


def _exchanged(code: Array, _: Float8) -> Array:
    return np.asarray((code & 0xFC) | ((code & 1) << 1) | ((code >> 1) & 1))


def _scaled() -> Iterable[Sample]:
    """(x, scale): quotients that are exact (every value, midpoints), and others that are no closer to a midpoint than rounding reaches."""
    for form in FLOAT8.values():
        middle = ties(form)
        exact = np.concatenate([_finite(form), middle[np.abs(middle) < 2 * form.largest]])
        for name, scale in (("half", 0.5), ("eight", 8.0)):
            yield _quantised(f"float32-{form.name}-{name}", exact * scale, np.float32(scale), form, SampleClass.SPECIAL)
        rng = seed_for("float8 scaled", form.name)
        scales = rng.uniform(0.01, 3, 5).astype(np.float32)
        x = (rng.normal(size=(5, 211)) * scales[:, None] * form.largest / 6).astype(np.float32)
        far = _far_from_ties(x.astype(np.float64) / scales[:, None].astype(np.float64), form)
        yield _quantised(f"float32-{form.name}-by-row", np.where(far, x, 0.0), scales, form, SampleClass.ORDINARY, axis=0)


def _far_from_ties(t: Array, form: Float8) -> Array:
    away = np.abs(t[..., None] - ties(form)).min(axis=-1)
    return np.asarray(away > 1e-6 * np.abs(t))


def _quantised(name: str, x: Array, scale: Array | np.float32, form: Float8, why: SampleClass, axis: int = 1) -> Sample:
    inputs = (Tensor.of(x, "float32"), Tensor.of(np.asarray(scale, dtype=np.float32)))
    return Sample(name=name.replace("_", "-"), dtype="float32", inputs=inputs, params=params(to=form.name, axis=axis), why=why)


def _quantised_value(s: Sample, rounding: Callable[[Array, Float8], Array] = nearest) -> Array:
    """The step times the scale, rounded once to float32; quotients in float64 lie on the same side of every midpoint."""
    x, scale = (a.astype(np.float64) for a in s.arrays())
    scale = scale.reshape(-1, 1) if scale.ndim else scale
    step = finished(rounding(x / scale, _form(s)), _form(s), saturate=True)
    return np.asarray((step * scale).astype(np.float32).astype(np.float64))


FUNCTIONS: tuple[Function, ...] = (
    Function(
        id="float8_cast", side=Side.INFERENCE, area="elementwise",
        requirement="The library shall round to 8-bit floats correctly and back without change; what is out of range becomes the largest number, "
        "or infinity, or NaN where the format has none.",
        source=SOURCE, oracle="exact: every value is a multiple of a power of two that float64 holds", samples=_samples, reference=_either,
        criterion=OneOf(
            rationale=f"{_EXACT.rationale} The specification leaves to the library whether a conversion saturates.", literature=_EXACT.literature
        ),
        faults=_faults(
            False, faults.computed("not-clipped", "What is out of range keeps its value.", lambda s: nearest(s.arrays()[0], _form(s)))
        ),
    ),
    _cast("float8_cast_unsaturated", False),
    _cast("float8_cast_saturating", True),
    Function(
        id="float8_codes", side=Side.INFERENCE, area="elementwise",
        requirement="The library shall read every code of the 8-bit float formats as the value that the format defines.",
        source=SOURCE, oracle="exact: sign, exponent and fraction of all 256 codes", samples=_codes,
        reference=lambda s: (exactly(_values(s), dtype="float32"),), criterion=_EXACT,
        faults=(
            faults.one_element(), faults.nan_lost(),
            faults.computed("sign-lost", "The sign is not read.", _by_code(lambda c, _: c & 0x7F)),
            faults.computed("reversed", "Codes are read with the last two bits exchanged.", _by_code(_exchanged)),
        ),
    ),
    Function(
        id="float8_quantised", side=Side.INFERENCE, area="quantised",
        requirement="The library shall quantise to 8-bit floats with a scale, saturating, and dequantise, each with one correct rounding.",
        source=SOURCE, oracle="exact: quotients away from midpoints, rounded once; one product in float32", samples=_scaled,
        reference=lambda s: (exactly(_quantised_value(s), dtype="float32"),), criterion=_EXACT,
        faults=(
            faults.one_element(), faults.stale(),
            faults.computed("toward-zero", "Steps are cut off instead of rounded.", lambda s: _quantised_value(s, _chopped)),
            faults.computed("flushed", "Subnormal steps become zero.", lambda s: _quantised_value(s, _flushed)),
            faults.computed("not-scaled-back", "The scale is left out on the way back.", lambda s: to_float8(s.arrays()[0], _form(s), saturate=True)),
        ),
    ),
)  # fmt: skip

"""Smaller and larger, limits, choice by condition, replacement of NaN, and interpolation: values taken over, or few roundings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import flint
import numpy as np

from csvkit_ml.criteria import FORMATS
from csvkit_ml.model.function import Fault, Function, Sample, SampleClass, params, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from validation_suites import faults
from validation_suites.inference.comparison import integers
from validation_suites.inference.rounding import exact_function, lifted, wrong
from validation_suites.pointwise import Ball, classed, pointwise
from validation_suites.sampling.pointwise import FLOATS, WIDE, Box, one, several

arb = flint.arb
WIDTHS = ("int8", "int16", "int32", "int64", "uint8", "uint32", "uint64")
Samples = Callable[[], Iterable[Sample]]
TWO = Box(low=(-20.0, -20.0), high=(20.0, 20.0))
THREE = Box(low=(-20.0, -10.0, 2.0), high=(20.0, 1.0, 15.0))


def _extremes(id: str, dtypes: tuple[str, ...] = WIDTHS) -> Samples:
    def samples() -> Iterable[Sample]:
        yield from several(id, TWO)
        yield from integers(id, dtypes, 2)

    return samples


def _clamped(sample: Sample) -> Array:
    """min(max(x, low), high): NaN passes through, the upper limit wins where the limits cross; None = no limit."""
    x = sample.arrays()[0]
    wide = x.astype(np.float64) if x.dtype.name in FORMATS else x
    low, high = sample.param("low"), sample.param("high")
    made = wide if low is None else np.maximum(wide, np.asarray(low, dtype=wide.dtype))
    return np.asarray(made if high is None else np.minimum(made, np.asarray(high, dtype=wide.dtype)))


def _clamps() -> Iterable[Sample]:
    settings = ({"low": -2.0, "high": 3.5}, {"low": None, "high": 1.5}, {"low": -0.5, "high": None}, {"low": 2.0, "high": -1.0})

    def asked(x: Array, low: float | None, high: float | None) -> Array:
        """Without a limit, ONNX names the largest number, other sources infinity."""
        return np.asarray(~((np.isposinf(x) & (high is None)) | (np.isneginf(x) & (low is None))))

    yield from one("clamp", Box(low=(-8.0,), high=(8.0,), asked=asked), FLOATS, settings)
    for i, (low, high) in enumerate(((-3, 4), (None, 2), (1, None))):
        for s in integers("clamp", ("int8", "int32", "int64", "uint8"), 1):
            bounds = params(low=None if low is None else max(low, 0) if s.dtype == "uint8" else low, high=high)
            yield Sample(name=f"{s.name}-{i}", dtype=s.dtype, inputs=s.inputs, params=bounds, why=s.why)


def _within(x: Array, low: Array, high: Array) -> Array:
    return np.asarray(np.minimum(np.maximum(x, low), high))


def _choices() -> Iterable[Sample]:
    """A condition, and two operands of every dtype that broadcast with it."""
    dtypes = (*FLOATS, "int8", "int16", "int32", "int64", "uint8", "bool")
    for dtype in dtypes:
        rng = seed_for("where", dtype)
        for name, shapes in {
            "ordinary": ((4, 65), (4, 65), (4, 65)), "broadcast": ((3, 1, 5), (4, 1), (5,)), "scalars": ((7,), (), ()), "n17": ((17,),) * 3,
            "n33": ((33,),) * 3, "nothing": ((0, 3), (1, 3), (3,)),
        }.items():  # fmt: skip
            x, y = (Tensor.of(rng.integers(0, 100, s) / (4 if dtype in FLOATS else 1), dtype) for s in shapes[1:])
            yield Sample(name=f"{dtype}-{name}", dtype=dtype, inputs=(Tensor.of(rng.integers(0, 2, shapes[0]).astype(bool)), x, y))
        if dtype in FLOATS:
            values = np.array([0.0, -0.0, 1.0, np.inf, -np.inf, np.nan])
            inputs = (Tensor.of(np.array([[[True]], [[False]]])), Tensor.of(values[:, None], dtype), Tensor.of(values, dtype))
            yield Sample(name=f"{dtype}-special", dtype=dtype, inputs=inputs, why=SampleClass.SPECIAL)


def _chosen(sample: Sample) -> Array:
    condition, x, y = sample.arrays()
    return np.asarray(np.where(condition, x, y))


def _replaced(sample: Sample) -> Array:
    (x,) = (a.astype(np.float64) for a in sample.arrays())
    form = FORMATS[sample.dtype]
    nan, top, bottom = (sample.param(n) for n in ("nan", "posinf", "neginf"))
    out = np.where(np.isnan(x), 0.0 if nan is None else nan, x)
    out = np.where(x == np.inf, form.largest if top is None else top, out)
    return np.asarray(np.where(x == -np.inf, -form.largest if bottom is None else bottom, out))


def _replacements() -> Iterable[Sample]:
    none = {"nan": None, "posinf": None, "neginf": None}
    return one("nan_to_num", Box(low=(-20.0,), high=(20.0,)), FLOATS,
        (none, {"nan": 1.5, "posinf": 8.0, "neginf": -4.0}, {**none, "nan": -2.0}))


def _many(id: str) -> Samples:
    """One to four operands that broadcast."""

    def samples() -> Iterable[Sample]:
        for dtype in ("float32", "float64", "int32", "int64"):
            for name, shapes in {
                "three": ((4, 65),) * 3, "one": ((17,),), "four-broadcast": ((3, 1, 5), (4, 1), (5,), ()), "two": ((33,), (33,)),
            }.items():  # fmt: skip
                rng = seed_for(id, dtype, name)
                given = tuple(Tensor.of(rng.integers(-50, 50, s) / (8 if dtype in FLOATS else 1), dtype) for s in shapes)
                yield Sample(name=f"{dtype}-{name}", dtype=dtype, inputs=given)
        for dtype in WIDE:
            values = np.array([1.0, -2.0, np.inf, -np.inf, np.nan])
            given = tuple(Tensor.of(values.reshape([-1 if i == j else 1 for j in range(3)]), dtype) for i in range(3))
            yield Sample(name=f"{dtype}-special", dtype=dtype, inputs=given, why=SampleClass.SPECIAL)

    return samples


def _folded(fn: Callable[[Array, Array], Array]) -> Callable[[Sample], Array]:
    def fold(sample: Sample) -> Array:
        first, *more = np.broadcast_arrays(*sample.arrays())
        for x in more:
            first = fn(first, x)
        return np.asarray(first)

    return fold


def _first_two(fn: Callable[[Array, Array], Array]) -> Fault:
    def compute(sample: Sample) -> Array | None:
        operands = np.broadcast_arrays(*sample.arrays())
        return fn(operands[0], operands[1]) if len(operands) > 2 else None

    return faults.computed("first-two", "Operands after the second are forgotten.", compute)


def _lerp(x: Ball, y: Ball, w: Ball) -> Ball:
    return x + w * (y - x)


def _size_lerp(x: Array, y: Array, w: Array) -> Array:
    return np.asarray(np.abs(x) + np.abs(w) * (np.abs(x) + np.abs(y)) + np.abs(1 - w) * np.abs(y))


def _cmul(x: Ball, y: Ball, z: Ball, value: float) -> Ball:
    return x + arb(value) * y * z


def _cdiv(x: Ball, y: Ball, z: Ball, value: float) -> Ball:
    return x + arb(value) * y / z


def _in_doubles(formula: Callable[..., Any]) -> Callable[..., float]:
    """IEEE arithmetic on infinities, NaN and zeros."""

    def special(*operands: float, **given: Any) -> float:
        with np.errstate(all="ignore"):
            return float(formula(*map(np.float64, operands), **given))

    return special


def _small(*operands: Array, **_: Any) -> Array:
    """Numbers whose products, quotients and differences stay in every format's range."""
    sizes = [np.abs(x) for x in operands]
    return np.asarray(np.all([(s < 100) & ((s > 2.0**-6) | (s == 0)) | ~np.isfinite(x) for s, x in zip(sizes, operands, strict=True)],
        axis=0))


def _finite_or_nan(*operands: Array, **_: Any) -> Array:
    """Interpolation between infinities has several formulas; NaN and finite numbers one value."""
    return np.asarray(_small(*operands) & np.all([~np.isinf(x) for x in operands], axis=0))


def _divisible(x: Array, y: Array, z: Array, **given: Any) -> Array:
    return np.asarray(_small(x, y, z) * (z != 0))


STEPS = "No class is published: three roundings, each of the size of the largest part."


def _composed(
    id: str, says: str, fn: Callable[..., Ball], special: Callable[..., float], scale: Callable[..., Array], box: Box, **more: Any
) -> Function:  # fmt: skip
    return pointwise(id, says, fn, special, box, source=f"PyTorch reference, torch.{id}",
        criterion=classed(4.0, c=4.0, steps=3, rationale=STEPS),
                     scale=scale, any_sign_of_zero=True, narrowed=True, **more)  # fmt: skip


VALUES = ({"value": 1.0}, {"value": -0.5})
FUNCTIONS: tuple[Function, ...] = (
    exact_function("minimum", "the smaller operand, NaN if either is,", lifted(np.minimum),
        "IEEE 754-2019, 9.6, minimum; ONNX operator specification, Min",
                   samples=_extremes("minimum"), any_sign_of_zero=True,
                   wrong=(wrong("larger", "The larger is taken.", np.maximum), wrong("nan-skipped", "NaN is skipped.", np.fmin))),
    exact_function("maximum", "the larger operand, NaN if either is,", lifted(np.maximum),
        "IEEE 754-2019, 9.6, maximum; ONNX operator specification, Max",
                   samples=_extremes("maximum"), any_sign_of_zero=True,
                   wrong=(wrong("smaller", "The smaller is taken.", np.minimum), wrong("nan-skipped", "NaN is skipped.", np.fmax))),
    exact_function("fmin", "the smaller operand that is a number", lifted(np.fmin), "IEEE 754-2019, 9.6, minimumNumber",
        samples=_extremes("fmin"),
                   any_sign_of_zero=True, wrong=(wrong("larger", "The larger is taken.", np.fmax), wrong("nan-kept", "NaN wins.",
                   np.minimum))),
    exact_function("fmax", "the larger operand that is a number", lifted(np.fmax), "IEEE 754-2019, 9.6, maximumNumber",
        samples=_extremes("fmax"),
                   any_sign_of_zero=True, wrong=(wrong("smaller", "The smaller is taken.", np.fmin), wrong("nan-kept", "NaN wins.",
                   np.maximum))),
    exact_function("min_of_many", "the smallest of several operands", _folded(np.minimum), "ONNX operator specification, Min",
        samples=_many("min_of_many"),
                   any_sign_of_zero=True, wrong=(_first_two(np.minimum),)),
    exact_function("max_of_many", "the largest of several operands", _folded(np.maximum), "ONNX operator specification, Max",
        samples=_many("max_of_many"),
                   any_sign_of_zero=True, wrong=(_first_two(np.maximum),)),
    exact_function("clamp", "the value held within limits, the upper one winning,", _clamped,
        "ONNX operator specification, Clip; PyTorch reference, torch.clamp",
                   samples=_clamps, any_sign_of_zero=True,
                   wrong=(faults.other_params("no-upper", "The upper limit is ignored.", high=None),
                   faults.other_params("no-lower", "The lower limit is ignored.", low=None))),
    exact_function("clamp_tensors", "the value held within limits of its own", lifted(_within), "PyTorch reference, torch.clamp",
                   samples=lambda: several("clamp_tensors", THREE), any_sign_of_zero=True,
                   wrong=(wrong("upper-only", "The lower limit is ignored.", lambda x, low, high: np.minimum(x, high)),)),
    exact_function("where", "the second operand where the first is true, else the third,", _chosen, "ONNX operator specification, Where",
        samples=_choices,
                   wrong=(faults.computed("exchanged", "The choice is inverted.", lambda s: np.where(*(s.arrays()[i] for i in (0, 2, 1)))),
                   )),
    exact_function("nan_to_num", "the value, NaN and infinities replaced,", _replaced, "PyTorch reference, torch.nan_to_num",
        samples=_replacements, nan=False,
                   wrong=(faults.other_params("nan-by-zero", "NaN becomes zero.", nan=None),
                   faults.other_params("largest", "The given number is ignored.", posinf=None))),
    _composed("lerp", "x + w (y - x)", _lerp, _in_doubles(lambda x, y, w: x + w * (y - x)), _size_lerp,
              Box(low=(-5.0, -5.0, 0.0), high=(5.0, 5.0, 1.0), asked=_finite_or_nan),
              extra_faults=(wrong("exchanged", "The ends are exchanged.", lambda x, y, w: y + w * (x - y)),)),
    _composed("addcmul", "x + value y z", _cmul, _in_doubles(lambda x, y, z, value: x + value * y * z), lambda x, y, z,
        value: np.abs(x) + np.abs(value * y * z),
              Box(low=(-5.0, -5.0, -5.0), high=(5.0, 5.0, 5.0), asked=_small), settings=VALUES,
              extra_faults=(faults.other_params("value-ignored", "value is taken as one.", value=1.0),)),
    _composed("addcdiv", "x + value y / z", _cdiv, _in_doubles(lambda x, y, z, value: x + value * y / z), lambda x, y, z,
        value: np.abs(x) + np.abs(value * y / z),
              Box(low=(-5.0, -5.0, 0.5), high=(5.0, 5.0, 5.0), asked=_divisible), settings=VALUES,
              extra_faults=(faults.other_params("value-ignored", "value is taken as one.", value=1.0),)),
)  # fmt: skip

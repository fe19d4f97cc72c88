"""Products of quantised matrices and convolutions: integers to 32-bit integers, and steps to steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from csvkit_ml.criteria import Exact
from csvkit_ml.model.function import Expected, Fault, Function, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import exactly, pad, windows
from csvkit_ml.references.quantised import SIZES, UNIT, expected_steps, magnitude, power_of_two, steps
from validation_suites import faults
from validation_suites.inference.quantised import ONNX, PLAIN, RATIONAL, STEPS

PAIRS = (("uint8", "uint8"), ("uint8", "int8"), ("int8", "int8"))
SHAPES: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((3, 7), (7, 5)),
    ((31, 64), (64, 33)),
    ((1, 1), (1, 1)),
    ((2, 3, 33), (33, 17)),
    ((2, 2, 9, 16), (2, 1, 16, 8)),
    ((5, 257), (257, 16)),
    ((0, 4), (4, 3)),
)
FLAT = tuple(s for s in SHAPES if len(s[0]) == 2)


def _any(dtype: str, shape: tuple[int, ...], *names: str) -> Array:
    """Integers over the whole range."""
    low, high = SIZES[dtype]
    return np.asarray(seed_for("integers", dtype, *names).integers(low, high + 1, shape, dtype=np.int64).astype(dtype))


def _ends(dtype: str, shape: tuple[int, ...], high: bool) -> Array:
    return np.full(shape, SIZES[dtype][high], dtype=dtype)


def _sample(name: str, dtype: str, inputs: Iterable[Any], i: int, **given: Any) -> Sample:
    made = tuple(Tensor.of(a) for a in inputs)
    why = SampleClass.ORDINARY if i == 0 else SampleClass.EDGE if any(0 in t.shape for t in made[:2]) else SampleClass.COVERING
    return Sample(name=name, dtype=dtype, inputs=made, params=params(**given), why=why)


def _label(a: tuple[int, ...], b: tuple[int, ...]) -> str:
    return f"{'x'.join(map(str, a))}-by-{'x'.join(map(str, b))}"


def _matmul_samples() -> Iterable[Sample]:
    """Every pair of types: no zero points, one each, one a column of b; then the ends of the ranges: the largest sums of two products."""
    for a, b in PAIRS:
        for i, (left, right) in enumerate(SHAPES):
            for zeros in ("none", "one", "columns") if len(right) == 2 else ("none", "one"):
                name = f"{a}-{b}-{_label(left, right)}-zeros-{zeros}"
                given = [_any(a, left, name, "a"), _any(b, right, name, "b")]
                if zeros != "none":
                    given += [_any(a, (), name, "za"), _any(b, () if zeros == "one" else right[-1:], name, "zb")]
                yield _sample(name, a, given, i, zeros=zeros)
        for high in (False, True):
            given = [_ends(a, (4, 65), True), _ends(b, (65, 18), high)]
            yield replace(_sample(f"{a}-{b}-ends-{'high' if high else 'low'}", a, given, 1, zeros="none"), why=SampleClass.SPECIAL)


def _wide(x: Array, zero: Array | int = 0) -> Array:
    return np.asarray(x.astype(np.int64) - np.asarray(zero).astype(np.int64))


def _matmul(s: Sample) -> tuple[Expected, ...]:
    a, b, *zeros = s.arrays()
    za, zb = zeros or (0, 0)
    return (exactly(np.matmul(_wide(a, za), _wide(b, zb)), dtype="int32"),)


def _paired(s: Sample) -> Array | None:
    """Sums of two neighbouring products saturate at 16 bits, as one instruction set's multiply-and-add does."""
    a, b = (_wide(x) for x in s.arrays()[:2])
    if s.param("zeros") != "none" or a.ndim != 2 or a.shape[1] < 2:
        return None
    products = a[:, :, None] * b[None]
    even = products[:, : products.shape[1] // 2 * 2]
    pairs = np.clip(even[:, ::2] + even[:, 1::2], -32768, 32767).sum(axis=1)
    return np.asarray(pairs + products[:, even.shape[1] :].sum(axis=1))


def _other_sign(i: int) -> Callable[[Sample], Sample | None]:
    """Operand i's bytes read with the other signedness."""

    def change(s: Sample) -> Sample | None:
        t = s.inputs[i]
        other = Tensor(dtype={"int8": "uint8", "uint8": "int8"}[t.dtype], shape=t.shape, data=t.data)
        return replace(s, inputs=(*s.inputs[:i], other, *s.inputs[i + 1 :]))

    return change


def _zeroed(i: int) -> Callable[[Sample], Sample | None]:
    """Operand i is taken for 0."""

    def change(s: Sample) -> Sample | None:
        if len(s.inputs) <= i or not s.inputs[i].array().any():
            return None
        return replace(s, inputs=(*s.inputs[:i], Tensor.of(np.zeros_like(s.inputs[i].array())), *s.inputs[i + 1 :]))

    return change


def _zero_fault(i: int, what: str) -> Fault:
    return faults.other_sample(f"zero-point-of-{what}-ignored", f"The zero point of {what} is taken for 0.", _zeroed(i))


def _sign_fault(i: int, what: str) -> Fault:
    return faults.other_sample(f"sign-of-{what}", f"Bytes of {what} are read with the other signedness.", _other_sign(i))


CONVOLUTIONS: tuple[dict[str, Any], ...] = (
    {"x": (1, 3, 7, 8), "w": (4, 3, 3, 3), "padding": (1, 1, 1, 1), "stride": (1, 1), "dilation": (1, 1), "groups": 1},
    {"x": (2, 4, 9, 6), "w": (6, 2, 3, 2), "padding": (0, 1, 2, 0), "stride": (2, 1), "dilation": (1, 2), "groups": 2},
    {"x": (1, 8, 5, 5), "w": (8, 1, 3, 3), "padding": (1, 1, 1, 1), "stride": (1, 1), "dilation": (1, 1), "groups": 8},
    {"x": (2, 17, 3, 3), "w": (17, 17, 1, 1), "padding": (0, 0, 0, 0), "stride": (1, 1), "dilation": (1, 1), "groups": 1},
    {"x": (2, 3, 19), "w": (5, 3, 4), "padding": (2, 1), "stride": (3,), "dilation": (1,), "groups": 1},
    {"x": (1, 16, 6, 6), "w": (16, 16, 3, 3), "padding": (1, 1, 1, 1), "stride": (1, 1), "dilation": (1, 1), "groups": 1},
)


def _summed(x: Array, w: Array, p: dict[str, Any]) -> Array:
    """Cross-correlation of integers, (N, O, *out)."""
    dims = w.ndim - 2
    padded = pad(x, p["padding"][:dims], p["padding"][dims:])
    patches = windows(padded, w.shape[2:], p["stride"], p["dilation"])
    parts = [
        np.einsum("nc...k,ock->no...", part.reshape(*part.shape[: 2 + dims], -1), taps.reshape(*taps.shape[:2], -1))
        for part, taps in zip(np.split(patches, p["groups"], axis=1), np.split(w, p["groups"]), strict=True)
    ]
    return np.concatenate(parts, axis=1)


def _convolution_samples() -> Iterable[Sample]:
    for i, case in enumerate(CONVOLUTIONS):
        kept = {k: v for k, v in case.items() if k not in ("x", "w")}
        for zeros in (True, False):
            name = f"uint8-{_label(case['x'], case['w'])}{'-zeros' if zeros else ''}"
            given = [_any("uint8", case["x"], name, "x"), _any("uint8", case["w"], name, "w")]
            given += [_any("uint8", (), name, "zx"), _any("uint8", (), name, "zw")] if zeros else []
            yield _sample(name, "uint8", given, i, **kept)


def _convolved(s: Sample) -> tuple[Expected, ...]:
    x, w, *zeros = s.arrays()
    zx, zw = zeros or (0, 0)
    return (exactly(_summed(_wide(x, zx), _wide(w, zw), dict(s.params)), dtype="int32"),)


def _pad_with_zero(s: Sample) -> Array | None:
    """The border is the integer 0 instead of the zero point."""
    x, w, *zeros = s.arrays()
    dims = w.ndim - 2
    if not zeros or not any(s.param("padding")):
        return None
    p: dict[str, Any] = dict(s.params)
    padded = pad(_wide(x), p["padding"][:dims], p["padding"][dims:]) - int(zeros[0])
    return _summed(padded, _wide(w, zeros[1]), {**p, "padding": (0,) * 2 * dims})


def _scale(name: str, shape: tuple[int, ...], even: bool, at: float) -> Array:
    """Around 2^at; a power of two where `even`."""
    rng = seed_for("scales of products", name)
    octave = 2.0 ** (at + rng.integers(-1, 2, shape))
    return np.asarray((octave if even else octave * rng.uniform(1, 2, shape)).astype(np.float32))


def _scaled_matmul_samples() -> Iterable[Sample]:
    """Steps times steps to steps; the scale of y spreads the results over its range."""
    for a, b in PAIRS:
        for i, (left, right) in enumerate(FLAT):
            for columns in (False, True):
                for even in (True, False):
                    name = f"{a}-{b}-{_label(left, right)}{'-columns' if columns else ''}{'-even' if even else ''}"
                    per = right[-1:] if columns else ()
                    out = -8 + np.log2(left[1]) / 2 + 5
                    given = [
                        _any(a, left, name, "a"),
                        _scale(name + "a", (), even, -5),
                        _any(a, (), name, "za"),
                        _any(b, right, name, "b"),
                        _scale(name + "b", per, even, -3),
                        _any(b, per, name, "zb"),
                        _scale(name + "y", (), even, np.floor(out)),
                        _any(a, (), name, "zy"),
                    ]
                    yield _sample(name, a, given, i)


def _rescaled(total: Array, a_scale: Array, b_scale: Array, y_scale: Array, zero: Array, dtype: str) -> tuple[Expected, ...]:
    """total a_scale b_scale / y_scale in fractions; scales broadcast. Up to four float32 roundings may decide next to a tie."""
    scales = np.broadcast_to(b_scale.astype(np.float64), total.shape).reshape(-1).tolist()
    common = Fraction(float(a_scale)) / Fraction(float(y_scale))
    made = np.empty(total.size, dtype=object)
    made[:] = [int(t) * common * Fraction(s) for t, s in zip(total.reshape(-1).tolist(), scales, strict=True)]
    q = made.reshape(total.shape)
    outer = power_of_two(float(a_scale)) and power_of_two(float(y_scale))
    exact = np.array([outer and power_of_two(s) for s in scales], dtype=bool).reshape(total.shape)
    slack = np.where(exact, 0.0, 4 * (1 + 2.0**-20) * UNIT * magnitude(q))
    zeros = np.broadcast_to(zero.astype(np.int64), total.shape)
    return (expected_steps(*steps(q, zeros, dtype, slack, exact), dtype=dtype),)


def _scaled_matmul(s: Sample) -> tuple[Expected, ...]:
    a, a_scale, za, b, b_scale, zb, y_scale, zy = s.arrays()
    return _rescaled(_wide(a, za) @ _wide(b, zb), a_scale, b_scale, y_scale, zy, s.dtype)


def _scaled_convolution_samples() -> Iterable[Sample]:
    for x, w in PAIRS:
        for i, case in enumerate(CONVOLUTIONS):
            kept = {k: v for k, v in case.items() if k not in ("x", "w")}
            for even, channels, bias in ((True, False, True), (False, True, False), (False, False, True)):
                marks = [m for m, on in (("even", even), ("channels", channels), ("bias", bias)) if on]
                name = "-".join((x, w, _label(case["x"], case["w"]), *marks))
                per, taps = case["w"][:1] if channels else (), int(np.prod(case["w"][1:]))
                zero_w = np.zeros(per, dtype=w) if channels else _any(w, (), name, "zw")
                given = [
                    _any(x, case["x"], name, "x"),
                    _scale(name + "x", (), even, -5),
                    _any(x, (), name, "zx"),
                    _any(w, case["w"], name, "w"),
                    _scale(name + "w", per, even, -3),
                    zero_w,
                    _scale(name + "y", (), even, np.floor(np.log2(taps) / 2 - 3)),
                    _any(x, (), name, "zy"),
                ]
                given += [seed_for("bias", name).integers(-20000, 20001, case["w"][0]).astype(np.int32)] if bias else []
                yield _sample(name, x, given, i, **kept)


def _scaled_convolution(s: Sample) -> tuple[Expected, ...]:
    x, x_scale, zx, w, w_scale, zw, y_scale, zy, *bias = s.arrays()
    places = (1, -1, *[1] * (w.ndim - 2))
    total = _summed(_wide(x, zx), _wide(w, zw.reshape(-1, *[1] * (w.ndim - 1)) if zw.ndim else zw), dict(s.params))
    total = total + (bias[0].astype(np.int64).reshape(places) if bias else 0)
    return _rescaled(total, x_scale, w_scale.reshape(places) if w_scale.ndim else w_scale, y_scale, zy, s.dtype)


def _nudged(i: int) -> Callable[[Sample], Sample | None]:
    """Operand i, a scale, is off by one part in 64."""

    def change(s: Sample) -> Sample | None:
        return replace(s, inputs=(*s.inputs[:i], Tensor.of(s.inputs[i].array() * np.float32(65 / 64)), *s.inputs[i + 1 :]))

    return change


def _first_scale(s: Sample) -> Sample | None:
    scale = s.inputs[4].array()
    return None if scale.size < 2 else replace(s, inputs=(*s.inputs[:4], Tensor.of(np.full_like(scale, scale[0])), *s.inputs[5:]))


WHOLE = Exact(rationale="Sums of products of integers of 8 bits are exact in 32 bits.", literature="ONNX operator specification")
INTEGER = "exact: integers of 64 bits"
SCALED = (
    _zero_fault(2, "a"),
    _zero_fault(5, "b"),
    _zero_fault(7, "y"),
    faults.other_sample("first-scale", "The first scale of b is used everywhere.", _first_scale),
    faults.other_sample("scale-nudged", "The scale of y is off by one part in 64.", _nudged(6)),
)


def _function(id: str, says: str, source: str, samples: Any, reference: Any, criterion: Any, oracle: str, *own: Fault) -> Function:
    return Function(
        id=id,
        side=Side.INFERENCE,
        area="quantised",
        requirement=f"The library shall return {says}.",
        source=ONNX + source,
        oracle=oracle,
        samples=samples,
        reference=reference,
        criterion=criterion,
        faults=(*PLAIN, *own),
    )


FUNCTIONS: tuple[Function, ...] = (
    _function(
        "matmul_integer",
        "the product of two matrices of 8-bit integers less their zero points, in 32 bits",
        "MatMulInteger",
        _matmul_samples,
        _matmul,
        WHOLE,
        INTEGER,
        _zero_fault(2, "a"),
        _zero_fault(3, "b"),
        _sign_fault(0, "a"),
        _sign_fault(1, "b"),
        faults.computed("pairs-saturate", "Sums of two products saturate at 16 bits.", _paired),
    ),
    _function(
        "conv_integer",
        "the convolution of 8-bit integers less their zero points, in 32 bits",
        "ConvInteger",
        _convolution_samples,
        _convolved,
        WHOLE,
        INTEGER,
        _zero_fault(2, "x"),
        _zero_fault(3, "w"),
        faults.computed("border-is-zero", "The border is the integer 0 instead of the zero point.", _pad_with_zero),
    ),
    _function(
        "qlinear_matmul",
        "the product of two quantised matrices, quantised",
        "QLinearMatMul",
        _scaled_matmul_samples,
        _scaled_matmul,
        STEPS,
        RATIONAL,
        *SCALED,
    ),
    _function(
        "qlinear_conv",
        "the convolution of quantised data with quantised weights, quantised",
        "QLinearConv",
        _scaled_convolution_samples,
        _scaled_convolution,
        STEPS,
        RATIONAL,
        *SCALED,
        faults.other_sample("bias-dropped", "The bias is not added.", _zeroed(8)),
    ),
)

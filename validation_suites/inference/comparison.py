"""Comparisons, tests of single elements, logical and bitwise operations, shifts: results without rounding, every integer width."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from csvkit_ml.model.function import Function, Json, Sample, SampleClass, params, seed_for
from csvkit_ml.model.tensor import Tensor
from validation_suites.inference.rounding import exact_function, lifted, wrong
from validation_suites.sampling.operands import patterns
from validation_suites.sampling.pointwise import FLOATS, Box, one, several

WIDTHS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
SHAPES: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (((3, 4, 5), (4, 1)), ((9, 1), (1, 11)), ((3, 4), ()), ((), ()), ((0,), (1,)))
Samples = Callable[[], Iterable[Sample]]


def integers(id: str, dtypes: tuple[str, ...], count: int, *, whole_range: bool = True) -> Iterable[Sample]:
    """Small integers (equal ones among them), ones of the whole range, ends of the range, lengths, and shapes that broadcast."""
    for dtype in dtypes:
        rng, info = seed_for("integers", id, dtype), np.iinfo(dtype)
        small = max(-9, info.min)

        def drawn(shape: tuple[int, ...], rng: np.random.Generator = rng, dtype: str = dtype, low: int = small) -> Tensor:
            return Tensor.of(rng.integers(low, 10, shape).astype(dtype))

        yield _made(f"{dtype}-ordinary", dtype, [drawn((4, 65)) for _ in range(count)])
        if whole_range:
            random = [patterns(dtype, 257, id, str(i), dtype) for i in range(count)]
            ends = np.array([info.min, info.min + 1, 0, 1, 2, info.max // 2, info.max - 1, info.max], dtype=dtype)
            yield _made(f"{dtype}-range", dtype, random, SampleClass.SPECIAL)
            grid = [Tensor.of(ends[:, None]), Tensor.of(ends[None, :])] if count == 2 else [Tensor.of(ends)]
            yield _made(f"{dtype}-ends", dtype, grid, SampleClass.SPECIAL)
        for n in (7, 17, 33, 65):
            yield _made(f"{dtype}-n{n}", dtype, [drawn((n,)) for _ in range(count)], SampleClass.EDGE)
    if count == 2:
        yield from _shapes(id, dtypes)


def _shapes(id: str, dtypes: tuple[str, ...]) -> Iterable[Sample]:
    for i, shapes in enumerate(SHAPES):
        dtype, rng = dtypes[i % len(dtypes)], seed_for("integers", id, str(i))
        label = "-with-".join("x".join(map(str, s)) or "scalar" for s in shapes)
        made = [Tensor.of(rng.integers(0, 4, s).astype(dtype)) for s in shapes]
        yield _made(f"{dtype}-{label}", dtype, made, SampleClass.COVERING)


def booleans(id: str, count: int) -> Iterable[Sample]:
    """Every pair, lengths around vector edges, many."""
    for n in (4, 1, 7, 17, 33, 65, 40_000):
        rng = seed_for("booleans", id, str(n))
        made = [Tensor.of(rng.integers(0, 2, n).astype(bool)) for _ in range(count)]
        if n == 4:
            made = [Tensor.of(np.array(v, dtype=bool)) for v in ([0, 0, 1, 1], [0, 1, 0, 1])[:count]]
        yield _made(f"bool-n{n}", "bool", made, SampleClass.ORDINARY if n == 4 else SampleClass.EDGE)
    if count == 2:
        yield from _shapes(id, ("bool",))


def _made(name: str, dtype: str, inputs: list[Tensor], why: SampleClass = SampleClass.ORDINARY, **given: Json) -> Sample:
    return Sample(name=name, dtype=dtype, inputs=tuple(inputs), params=params(**given), why=why)


def _compared(id: str) -> Samples:
    box = Box(low=(-3.0, -3.0), high=(3.0, 3.0), whole=(0, 1))

    def samples() -> Iterable[Sample]:
        yield from several(id, box)
        yield from (s for s in several(id + "-real", Box(low=(-1.0, -1.0), high=(1.0, 1.0))) if s.name.endswith("patterns"))
        yield from integers(id, WIDTHS, 2)
        yield from booleans(id, 2)

    return samples


def _tested(id: str) -> Samples:
    return lambda: one(id, Box(low=(-20.0,), high=(20.0,)))


def _truths(id: str, count: int) -> Samples:
    """Numbers as truth values: zero of either sign is false, all else, NaN too, is true."""
    box = Box(low=(-1.4,) * count, high=(1.4,) * count, whole=tuple(range(count)))

    def samples() -> Iterable[Sample]:
        yield from booleans(id, count)
        yield from one(id, box) if count == 1 else several(id, box)
        yield from integers(id, WIDTHS, count)

    return samples


def _bits(id: str, count: int = 2) -> Samples:
    def samples() -> Iterable[Sample]:
        yield from integers(id, WIDTHS, count)
        yield from booleans(id, count)

    return samples


def _shifts(id: str) -> Samples:
    """Every distance that the width allows; the sources leave larger and negative ones open."""

    def samples() -> Iterable[Sample]:
        for s in integers(id, WIDTHS, 2):
            x, y = s.arrays()
            bits = 8 * x.dtype.itemsize
            yield Sample(name=s.name, dtype=s.dtype, inputs=(s.inputs[0], Tensor.of(np.asarray(y % x.dtype.type(bits), dtype=x.dtype))),
                why=s.why)

    return samples


def _shifted(of: Callable[[Any, Any], Any]) -> Callable[[Sample], Any]:
    """By Python integers, modulo 2^n."""

    def shift(sample: Sample) -> Any:
        x, y = np.broadcast_arrays(*sample.arrays())
        info = np.iinfo(x.dtype)
        made = [(of(a, b) - int(info.min)) % 2**info.bits + int(info.min) for a,
            b in zip(x.ravel().tolist(), y.ravel().tolist(), strict=True)]
        return np.array(made, dtype=x.dtype).reshape(x.shape)

    return shift


def _close_samples() -> Iterable[Sample]:
    """Pairs clearly nearer than the limit, and clearly farther; equal and different special values."""
    for equal_nan in (False, True):
        for dtype in FLOATS:
            rng = seed_for("isclose", dtype, str(equal_nan))
            y = rng.integers(-64, 65, (5, 65)) / 8.0
            off = (2.0**-4 + 2.0**-3 * np.abs(y)) * rng.choice([0.0, 0.5, 0.75, 1.5, 2.0, -0.5, -1.5], y.shape)
            special = np.array([0.0, -0.0, 1.0, np.inf, -np.inf, np.nan])
            pairs = {"ordinary": (y + off, y), "special-pairs": (special[:, None], special[None, :])}
            for name, (a, b) in pairs.items():
                given = [Tensor.of(a, dtype), Tensor.of(b, dtype)]
                yield _made(f"{dtype}-{name}-equal_nan={equal_nan}".lower(), dtype, given, equal_nan=equal_nan, rtol=2.0**-3, atol=2.0**-4)


def _close(sample: Sample) -> Any:
    x, y = (a.astype(np.float64) for a in np.broadcast_arrays(*sample.arrays()))
    near = np.isfinite(x) & np.isfinite(y) & (np.abs(x - y) <= sample.param("atol") + sample.param("rtol") * np.abs(y))
    both = np.isnan(x) & np.isnan(y) & bool(sample.param("equal_nan"))
    return near | (x == y) | both


def _comparison(
    id: str, says: str, fn: Callable[..., Any], op: str, other: str, another: Callable[..., Any], also: Callable[..., Any]
) -> Function:  # fmt: skip
    return exact_function(
        id, says, lifted(fn), f"IEEE 754-2019, 5.6.1 and 5.11 (NaN is unordered, zeros are equal); ONNX operator specification, {op}",
        samples=_compared(id), result="bool",
        wrong=(wrong(other, f"Computed as {other}.", another), wrong("by-sign", "The operands are exchanged.", also)),
    )  # fmt: skip


def _logical(id: str, says: str, fn: Callable[..., Any], op: str, another: Callable[..., Any], count: int = 2) -> Function:
    return exact_function(
        id, says, lifted(fn), f"ONNX operator specification, {op}; PyTorch reference, torch.{id} (numbers other than zero are true)",
        samples=_truths(id, count), result="bool", wrong=(wrong("other-table", "Another truth table.", another),),
    )  # fmt: skip


def _bitwise(id: str, says: str, fn: Callable[..., Any], op: str, another: Callable[..., Any], count: int = 2) -> Function:
    return exact_function(id, says, lifted(fn), f"ONNX operator specification, {op}", samples=_bits(id, count), nan=False,
                          wrong=(wrong("other-table", "Another table of bits.", another),))  # fmt: skip


SEEN = "IEEE 754-2019, 5.7.2"
FUNCTIONS: tuple[Function, ...] = (
    _comparison("eq", "whether it equals the second operand", np.equal, "Equal", "not-equal", np.not_equal, lambda x,
        y: (x == y) | ((x != x) & (y != y))),
    _comparison("ne", "whether it differs from the second operand", np.not_equal, "Equal, Not", "equal", np.equal,
                lambda x, y: (x != y) & ~((x != x) & (y != y))),
    _comparison("lt", "whether it is less than the second operand", np.less, "Less", "less-or-equal", np.less_equal, lambda x, y: y < x),
    _comparison("le", "whether it is at most the second operand", np.less_equal, "LessOrEqual", "not-greater", lambda x, y: ~(x > y),
        lambda x, y: y <= x),
    _comparison("gt", "whether it is greater than the second operand", np.greater, "Greater", "greater-or-equal", np.greater_equal,
        lambda x, y: y > x),
    _comparison("ge", "whether it is at least the second operand", np.greater_equal, "GreaterOrEqual", "not-less", lambda x, y: ~(x < y),
        lambda x, y: y >= x),
    exact_function("isnan", "whether it is NaN", lifted(np.isnan), f"{SEEN}, isNaN; ONNX operator specification, IsNaN",
        samples=_tested("isnan"),
                   result="bool", wrong=(wrong("not-finite", "True of infinities too.", lambda x: ~np.isfinite(x)),)),
    exact_function("isinf", "whether it is infinite", lifted(np.isinf), f"{SEEN}, isInfinite; ONNX operator specification, IsInf",
                   samples=_tested("isinf"), result="bool", wrong=(wrong("not-finite", "True of NaN too.", lambda x: ~np.isfinite(x)),)),
    exact_function("isposinf", "whether it is +inf", lifted(lambda x: x == np.inf),
        f"{SEEN}; ONNX operator specification, IsInf detect_negative=0",
                   samples=_tested("isposinf"), result="bool", wrong=(wrong("either", "True of -inf too.", np.isinf),)),
    exact_function("isneginf", "whether it is -inf", lifted(lambda x: x == -np.inf),
        f"{SEEN}; ONNX operator specification, IsInf detect_positive=0",
                   samples=_tested("isneginf"), result="bool", wrong=(wrong("either", "True of +inf too.", np.isinf),)),
    exact_function("isfinite", "whether it is finite", lifted(np.isfinite), f"{SEEN}, isFinite", samples=_tested("isfinite"), result="bool",
                   wrong=(wrong("not-nan", "True of infinities too.", lambda x: ~np.isnan(x)),)),
    exact_function("isclose", "whether |x - y| <= atol + rtol |y|", _close, "PyTorch reference, torch.isclose", samples=_close_samples,
        result="bool",
                   wrong=(wrong("equal", "Compared for equality.", np.equal),
                   wrong("absolute-only", "rtol is ignored.", lambda x, y: np.abs(x - y) <= 2.0**-4))),
    _logical("logical_and", "whether both are true", np.logical_and, "And", np.logical_or),
    _logical("logical_or", "whether either is true", np.logical_or, "Or", np.logical_xor),
    _logical("logical_xor", "whether exactly one is true", np.logical_xor, "Xor", np.logical_or),
    _logical("logical_not", "whether it is false", np.logical_not, "Not", lambda x: x != 0, 1),
    _bitwise("bitwise_and", "the bits set in both", np.bitwise_and, "BitwiseAnd", np.bitwise_or),
    _bitwise("bitwise_or", "the bits set in either", np.bitwise_or, "BitwiseOr", np.bitwise_xor),
    _bitwise("bitwise_xor", "the bits set in exactly one", np.bitwise_xor, "BitwiseXor", np.bitwise_or),
    _bitwise("bitwise_not", "the bits not set", np.invert, "BitwiseNot", lambda x: -x if x.dtype.kind != "b" else x, 1),
    exact_function("left_shift", "its bits moved up by the second operand, modulo 2^n,", _shifted(lambda a, b: a << b),
        "ONNX operator specification, BitShift LEFT",
                   samples=_shifts("left_shift"), nan=False, wrong=(wrong("right", "Moved down.", np.right_shift),)),
    exact_function("right_shift", "its bits moved down by the second operand, the sign kept,", _shifted(lambda a, b: a >> b),
                   "ONNX operator specification, BitShift RIGHT; PyTorch reference, torch.bitwise_right_shift (arithmetic)",
                   samples=_shifts("right_shift"), nan=False, wrong=(wrong("left", "Moved up.", np.left_shift),)),
)  # fmt: skip

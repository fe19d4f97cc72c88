"""Conversion to and from unsigned integers, through integers of four bits, and between numbers and text.

Not asked, because the sources leave it open: numbers out of an integer's range from floats or text, text that is no number, the digits in which
floats are written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

import numpy as np

from csvkit_ml.criteria import FORMATS, Exact
from csvkit_ml.model.function import Expected, Fault, Function, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import DTYPES, Array, Tensor
from csvkit_ml.references import exactly, nearest
from validation_suites import faults
from validation_suites.inference.casting import PLAIN, SOURCE, convert
from validation_suites.moving import PLAIN as MOVES
from validation_suites.moving import moving
from validation_suites.sampling.text import packed, unpacked

UNSIGNED = ("uint16", "uint32", "uint64")
PAIRS = (*((s, t) for s in UNSIGNED for t in (*UNSIGNED, *PLAIN)), *((s, t) for s in PLAIN for t in UNSIGNED))
FOUR_BITS = {"int4": (-8, 7), "uint4": (0, 15)}
SOURCES = ("int8", "uint8", "int32", "int64", "float32", "float16")
THROUGH = tuple((s, f, t) for s in SOURCES for f in FOUR_BITS for t in dict.fromkeys((s, "float32")))
"""Source, four bits, target."""
NUMBERS = (
    "0", "100.5", "3.14", "1e-5", "1E8", "1000", "-1", "-0.25", "+INF", "INF", "-INF", "NaN", "-inf", "+Inf", "nan", "0.1", "2.5e4", "-6.1e-3",
    "2049", "0.333333333333333333333", "007", "16777217", "9007199254740993", "-0", ".5", "5.",
)  # fmt: skip
"""Plain and scientific notation, the names of what is not finite in any case, ties of three formats."""
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


def _whole(source: str, *names: str) -> list[int]:
    """Ends, powers of two with their neighbours, odd numbers between neighbours of every float format, random lengths."""
    info = np.iinfo(source)
    marks = [info.min, info.max, info.max - 1, 0, 1, *(2**k + d for k in (7, 8, 15, 16, 31, 32, 63) for d in (-1, 0, 1))]
    marks += [2**k + 2 ** (k - p) * odd for k in (15, 31, 40, 63) for p in (11, 24, 53) for odd in (1, 3) if k >= p]
    rng = seed_for("cast wider", source, *names)
    marks += [int(v) >> int(s) for v, s in zip(rng.integers(0, info.max, 24, dtype=source), rng.integers(0, info.bits, 24), strict=True)]
    marks += [-v for v in marks[5:]] if info.min < 0 else []
    return [v for v in marks if info.min <= v <= info.max]


def _values(source: str, target: str) -> Array:
    """Of the source; floats only within the target's range."""
    if source == "bool":
        return np.array([True, False, True, True, False, False, True])
    if source not in FORMATS:
        return np.array(_whole(source, target), dtype=source)
    top = min(float(np.iinfo(target).max), FORMATS[source].largest)
    spread = seed_for("cast wider", source, target).uniform(0, 1, 40) ** 6 * top * 0.99
    marks = np.array([0.0, -0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.5, 254.75, 255.5, 32767.5, 65280.0, 2.0**31, 2.0**32 - 512, 2.0**63])
    found = np.concatenate([marks[marks <= top], spread]).astype(source)
    return found[found.astype(np.float64) < top]


def _casts() -> Iterable[Sample]:
    for i, (source, target) in enumerate(PAIRS):
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        given = Tensor.of(_values(source, target))
        yield Sample(name=f"{source}-to-{target}", dtype=source, inputs=(given,), params=params(to=target), why=why)


def _cast(sample: Sample) -> tuple[Expected, ...]:
    target = str(sample.param("to"))
    return (exactly(convert(sample.arrays()[0], target), dtype=target),)


def _four() -> Iterable[Sample]:
    """Integers of every length; floats within the range, in quarters."""
    for i, (source, four, target) in enumerate(THROUGH):
        low, high = FOUR_BITS[four]
        floats = np.arange(low * 4, high * 4 + 1) / 4
        x = np.array(_whole(source, four)) if source not in FORMATS else floats
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        given = Tensor.of(x, source)
        yield Sample(name=f"{source}-by-{four}-to-{target}", dtype=source, inputs=(given,), params=params(by=four, to=target), why=why)


def kept(x: Array, low: int) -> Array:
    """The four low bits of every number, floats rounded to the nearest and ties to even, read as from `low` on."""
    return np.array([(round(v) - low) % 16 + low for v in x.ravel().tolist()], dtype=np.int64).reshape(x.shape)


def _by_four(sample: Sample) -> tuple[Expected, ...]:
    target = str(sample.param("to"))
    return (exactly(kept(sample.arrays()[0], FOUR_BITS[sample.param("by")][0]).astype(target), dtype=target),)


def _four_fault(id: str, sentence: str, change: Callable[[Array, int, int], Array]) -> Fault:
    """Another number between the two conversions."""

    def compute(sample: Sample) -> Array | None:
        x = sample.arrays()[0]
        made = np.asarray(change(x.astype(np.float64), *FOUR_BITS[sample.param("by")])).astype(np.int64)
        return None if np.array_equal(made, kept(x, FOUR_BITS[sample.param("by")][0])) else made

    return faults.computed(id, sentence, compute)


def _signed(sample: Sample) -> Array | None:
    """The upper half of the range read as negative numbers, or the other way around."""
    x = sample.arrays()[0]
    if x.dtype.kind != "u" or sample.param("to") not in ("float32", "float64", "int64"):
        return None
    made = x.astype(np.dtype(f"i{x.itemsize}"))
    return None if (made == x).all() else made


def _saturated(sample: Sample) -> Array | None:
    x, target = sample.arrays()[0], str(sample.param("to"))
    if x.dtype.kind not in "iu" or target in FORMATS or target == "bool":
        return None
    info = np.iinfo(target)
    made = np.array([min(max(int(v), info.min), info.max) for v in x.tolist()], dtype=target)
    return None if np.array_equal(made, convert(x, target)) else made


def _by_float32(sample: Sample) -> Array | None:
    x, target = sample.arrays()[0], str(sample.param("to"))
    if x.dtype.name not in ("uint32", "uint64") or target not in ("float64", "int64", "uint64"):
        return None
    return np.minimum(x.astype(np.float32).astype(np.float64), 2.0**62)


def _number(text: str, target: str) -> float | int:
    """By rational arithmetic, rounded once. Raises ValueError."""
    name = text.lower().lstrip("+-")
    if name in ("inf", "nan"):
        return -np.inf if text.startswith("-") else np.inf if name == "inf" else np.nan
    if target in INTEGERS:
        return int(text)
    exact = Fraction(text)
    return nearest(exact.numerator, exact.denominator, target) if exact else -0.0 if text.startswith("-") else 0.0


def _texts() -> Iterable[Sample]:
    for i, target in enumerate(("float32", "float64", "float16", *INTEGERS)):
        info = None if target in FORMATS else np.iinfo(target)
        words = NUMBERS if info is None else tuple(map(str, (0, 7, 100, info.max, info.min, info.max // 3, info.min // 5)))
        for shape in ((len(words),), (2, 3), (1,), (0,)):
            some = np.array(words[: int(np.prod(shape))], dtype=object).reshape(shape)
            name = f"to-{target}-{'x'.join(map(str, shape))}"
            why = SampleClass.COVERING if i else SampleClass.ORDINARY
            yield Sample(name=name, dtype="uint8", inputs=(Tensor.of(packed(some)),), params=params(to=target), why=why)


def _read(sample: Sample) -> tuple[Expected, ...]:
    texts, target = unpacked(sample.arrays()[0]), str(sample.param("to"))
    made = [_number(t, target) for t in texts.reshape(-1)]
    kind = np.float64 if target in FORMATS else DTYPES[target]
    return (exactly(np.array(made, dtype=kind).reshape(texts.shape), dtype=target),)


def _wrongly(id: str, sentence: str, change: Callable[[str], str]) -> Fault:
    """As if another text stood there."""

    def other(sample: Sample) -> Sample | None:
        texts = unpacked(sample.arrays()[0])
        made = np.array([change(t) for t in texts.reshape(-1)], dtype=object).reshape(texts.shape)
        return Sample(name=sample.name, dtype=sample.dtype, inputs=(Tensor.of(packed(made)),), params=sample.params)

    return faults.other_sample(id, sentence, other)


def _written() -> Iterable[Sample]:
    for i, source in enumerate(INTEGERS):
        for shape in ((len(_whole(source)),), (2, 3), (1,)):
            given = Tensor.of(np.array(_whole(source), dtype=source)[: int(np.prod(shape))].reshape(shape))
            why = SampleClass.COVERING if i else SampleClass.ORDINARY
            yield Sample(name=f"{source}-{'x'.join(map(str, shape))}", dtype=source, inputs=(given,), why=why)


def _as_text(change: Callable[[int], Any]) -> Callable[[Any, Array], Array]:
    return lambda p, x: packed(np.array([str(change(int(v))) for v in x.ravel().tolist()], dtype=object).reshape(x.shape))


def _function(id: str, says: str, samples: Any, reference: Any, *own: Fault, general: tuple[Fault, ...] = (), more: str = "") -> Function:
    return Function(
        id=id, side=Side.INFERENCE, area="elementwise", requirement=f"The library shall convert elements {says}.", source=SOURCE + more,
        oracle="exact: integers and rational numbers, rounded once", samples=samples, reference=reference, criterion=Exact(),
        faults=(faults.one_element(), faults.stale(), faults.rolled(), *general, *own),
    )  # fmt: skip


def _before_point(text: str) -> str:
    digits = text.lstrip("+-").replace(".", "").isdigit()
    return (text.split(".")[0] or "0") if digits and "." in text else text


FUNCTIONS: tuple[Function, ...] = (
    _function(
        "cast_unsigned", "to and from unsigned integers of 16, 32 and 64 bits: modulo 2^n between integers, correctly rounded to floats",
        _casts, _cast, faults.computed("saturating", "Integers stop at the ends of the target's range.", _saturated),
        faults.computed("read-as-signed", "The upper half of the range counts as negative.", _signed),
        faults.computed("through-float32", "The values pass through float32.", _by_float32),
    ),
    _function(
        "cast_four_bits", "to integers of four bits, floats rounded to the nearest and integers by their low bits, and on from there", _four, _by_four,
        _four_fault("saturating", "Numbers stop at the ends of the range.", lambda x, low, high: np.clip(np.rint(x), low, high)),
        _four_fault("left-out", "Both conversions are left out.", lambda x, low, high: np.rint(x)),
        _four_fault("other-sign", "Four bits are read with the other sign.", lambda x, low, high: kept(x, 0 if low else -8)),
        _four_fault("truncated", "Fractions are cut off.", lambda x, low, high: kept(np.trunc(x), low)),
        _four_fault("ties-up", "Ties go up.", lambda x, low, high: kept(np.floor(x + 0.5), low)),
        more="; ONNX technical notes, 4 bit integer types (floats to four bits: to the nearest, ties to even)",
    ),
    _function(
        "cast_from_text", "from text in plain and scientific notation to numbers, correctly rounded", _texts, _read,
        _wrongly("sign-lost", "The sign is not read.", lambda t: t.lstrip("-")),
        _wrongly("fraction-lost", "Reading ends at the point.", _before_point),
        _wrongly("exponent-lost", "Reading ends at the exponent.", lambda t: t.lower().split("e")[0]), general=(faults.nan_lost(),),
    ),
    moving(
        "cast_to_text", "write integers as decimal text", SOURCE, _written, _as_text(lambda v: v),
        ("sign-lost", "The sign is not written.", _as_text(abs)),
        ("as-float", "A fraction of zero is written.", _as_text(float)),
        ("seven-digits", "Digits after the seventh are zero.", _as_text(lambda v: f"{v:.7g}")),
        outputs=("uint8",), general=tuple(f for f in MOVES if f.id != "nan-lost"), area="elementwise",
    ),
)  # fmt: skip

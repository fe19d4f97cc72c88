"""Values to convert from one dtype to another: every class of value for which the definition fixes the result."""

from __future__ import annotations

import numpy as np

from csvkit_ml.criteria import FORMATS
from csvkit_ml.model.function import seed_for
from csvkit_ml.model.tensor import DTYPES, Array, Tensor
from validation_suites.sampling.data import special

INTEGERS = ("int8", "uint8", "int16", "int32", "int64")
WHOLE_RANGE = ("int8", "uint8", "int16", "float16", "bfloat16")
"""Formats whose every value can be asked."""


def values(source: str, target: str) -> Tensor:
    """Data of `source` to be converted to `target`.

    Small formats: every value. Floats: special values, magnitudes across the range of the target, random bit patterns. Integers:
    both ends, powers of two and their neighbours, random values of every length. Floats that a conversion to an integer would take out
    of its range (NaN and infinities too) are replaced by one: the sources call that undefined.
    """
    if source == "bool":
        return Tensor.of(seed_for("cast", target).integers(0, 2, 257).astype(bool))
    if source in WHOLE_RANGE:
        return _inside(_every(source), target)
    return _inside(_whole(source, target) if source in INTEGERS else _real(source, target), target)


def ties(source: str, target: str) -> Array | None:
    """Values exactly halfway between neighbours of a narrower float `target`, its subnormals and overflow included; None = there are none."""
    precision = 63 if source == "int64" else 31 if source == "int32" else FORMATS[source].precision if source in FORMATS else 0
    if target not in FORMATS or precision <= FORMATS[target].precision:
        return None
    form = FORMATS[target]
    if source in INTEGERS:
        made = _whole_ties(form.precision, precision, target)
        return np.concatenate([made, -made]).astype(source)
    low = _positive_patterns(target)
    with np.errstate(over="ignore"):
        high = np.nextafter(low, np.array(np.inf, dtype=low.dtype)).astype(np.float64)
    wide = low.astype(np.float64)
    high = np.where(np.isinf(high), 2.0 ** (form.emax + 1), high)
    middle = wide + (high - wide) / 2
    return np.concatenate([middle, -middle]).astype(DTYPES[source])


def beside(source: str, at: Array) -> Array:
    """The nearest neighbours of `at` in the source's own format, on both sides."""
    if source in INTEGERS:
        return np.concatenate([at - 1, at + 1]).astype(source)
    return np.concatenate([np.nextafter(at, np.inf), np.nextafter(at, -np.inf)]).astype(source)


def _every(source: str) -> Array:
    dtype = DTYPES[source]
    return np.arange(256**dtype.itemsize, dtype=f"uint{8 * dtype.itemsize}").view(dtype)


def _positive_patterns(dtype: str) -> Array:
    """Values >= 0 of a format: the ends of subnormals, normals and range, and others at random."""
    kind = f"uint{8 * DTYPES[dtype].itemsize}"
    form = FORMATS[dtype]
    marks = np.array([0.0, form.tiny, 2 * form.tiny, form.eta - form.tiny, form.eta, 1.0, 1 + 2 * form.u, form.largest])
    past = int(np.array(np.inf, dtype=DTYPES[dtype]).view(kind))
    random = seed_for("ties", dtype).integers(0, past, 240).astype(kind).view(DTYPES[dtype])
    return np.concatenate([marks.astype(DTYPES[dtype]), random])


def _whole_ties(precision: int, bits: int, target: str) -> Array:
    """Odd integers of precision + 1 bits shifted to every length that fits, within the range of the target."""
    rng = seed_for("ties", target, str(bits))
    made = []
    for shift in range(bits - precision - 1):
        odd = 2 * rng.integers(2 ** (precision - 1), 2**precision, 6) + 1
        made.append(odd << shift)
    found = np.concatenate(made)
    return found[found < FORMATS[target].largest * 2] if target == "float16" else found


def _whole(source: str, target: str) -> Array:
    info = np.iinfo(source)
    rng = seed_for("cast", source, target)
    powers = [2**k + d for k in range(1, info.bits - 1) for d in (-1, 0, 1)]
    marks = np.array([info.min, info.min + 1, info.max, info.max - 1, 0, 1, -1, *powers, *(-p for p in powers)], dtype=np.int64)
    random = rng.integers(info.min, info.max, 900, dtype=np.int64) >> rng.integers(0, info.bits - 1, 900)
    overflow = np.array([65503, 65504, 65505, 65519, 65520, 65521], dtype=np.int64)
    return np.concatenate([marks, random, overflow, -overflow]).astype(source)


def _real(source: str, target: str) -> Array:
    rng = seed_for("cast", source, target)
    bits = np.frombuffer(rng.bytes(400 * DTYPES[source].itemsize), dtype=DTYPES[source])
    sign = rng.choice((-1.0, 1.0), 600)
    if target in FORMATS:
        form = FORMATS[target if FORMATS[target].emax < FORMATS[source].emax else source]
        exponent = rng.uniform(form.emin - form.precision - 3, min(form.emax + 2, 1023), 600)
        spread = sign * rng.uniform(0.5, 1.0, 600) * 2.0**exponent
        edge = [form.tiny, form.largest, form.eta]
    else:
        info = None if target == "bool" else np.iinfo(target)
        spread = sign * 2.0 ** rng.uniform(-3, info.bits if info else 8, 600)
        edge = [k + f for k in range(-4, 5) for f in (0.0, 0.25, 0.5, 0.75)] + ([float(info.min), float(info.max)] if info else [])
        if info:
            top = np.array(2.0 ** (info.bits - (info.min < 0)), dtype=DTYPES[source])
            edge += [float(np.nextafter(top, np.array(0, dtype=top.dtype))), float(top) - 1.5]
    with np.errstate(over="ignore"):
        return np.concatenate([special(source), spread.astype(source), bits, np.array(edge).astype(source)])


def _inside(x: Array, target: str) -> Tensor:
    """Floats outside the range of an integer target replaced by one."""
    if x.dtype.name not in FORMATS or target not in INTEGERS:
        return Tensor.of(x)
    info = np.iinfo(target)
    with np.errstate(invalid="ignore"):
        wide = x.astype(np.float64)
        inside = (wide >= info.min) & (wide < float(info.max) + 1 if info.bits == 64 else wide <= info.max)
    return Tensor.of(np.where(inside, x, np.ones_like(x)))

"""Special values of the elementary functions as ISO C (annex F.10) and IEEE 754-2019 (9.2.1) fix them: every row is asked, with that answer.

Only rows that have one value are here; where the sources leave a choice (quiet against signalling, the sign of a NaN) there is none to assert.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest

from csvkit_ml import registry
from csvkit_ml.model.tensor import Array

PI, INF, NAN = math.pi, math.inf, math.nan
ODD, EVEN, HALF = 3.0, 2.0, 0.5
Row = tuple[tuple[float, ...], float]


def odd_(*rows: Row) -> tuple[Row, ...]:
    """Rows of an odd function, and their negatives."""
    return tuple(r for args, y in rows for r in ((args, y), (tuple(-a for a in args), -y)))


def even_(*rows: Row) -> tuple[Row, ...]:
    return tuple(r for args, y in rows for r in ((args, y), (tuple(-a for a in args), y)))


NAN_IN: tuple[Row, ...] = (((NAN,), NAN),)
TABLE: dict[str, tuple[Row, ...]] = {
    "acos": (((1.0,), 0.0), ((INF,), NAN), ((-INF,), NAN), ((2.0,), NAN), ((-2.0,), NAN), *NAN_IN),
    "asin": (*odd_(((0.0,), 0.0)), ((INF,), NAN), ((-INF,), NAN), ((2.0,), NAN), ((-2.0,), NAN), *NAN_IN),
    "atan": (*odd_(((0.0,), 0.0), ((INF,), PI / 2)), *NAN_IN),
    "cos": (*even_(((0.0,), 1.0), ((INF,), NAN)), *NAN_IN),
    "sin": (*odd_(((0.0,), 0.0)), ((INF,), NAN), ((-INF,), NAN), *NAN_IN),
    "tan": (*odd_(((0.0,), 0.0)), ((INF,), NAN), ((-INF,), NAN), *NAN_IN),
    "acosh": (((1.0,), 0.0), ((0.5,), NAN), ((INF,), INF), ((-INF,), NAN), *NAN_IN),
    "asinh": (*odd_(((0.0,), 0.0), ((INF,), INF)), *NAN_IN),
    "atanh": (*odd_(((0.0,), 0.0), ((1.0,), INF)), ((2.0,), NAN), ((-2.0,), NAN), ((INF,), NAN), ((-INF,), NAN), *NAN_IN),
    "cosh": (*even_(((0.0,), 1.0), ((INF,), INF)), *NAN_IN),
    "sinh": (*odd_(((0.0,), 0.0), ((INF,), INF)), *NAN_IN),
    "tanh": (*odd_(((0.0,), 0.0), ((INF,), 1.0)), *NAN_IN),
    "exp": (((0.0,), 1.0), ((-0.0,), 1.0), ((-INF,), 0.0), ((INF,), INF), *NAN_IN),
    "exp2": (((0.0,), 1.0), ((-0.0,), 1.0), ((-INF,), 0.0), ((INF,), INF), *NAN_IN),
    "expm1": (*odd_(((0.0,), 0.0)), ((-INF,), -1.0), ((INF,), INF), *NAN_IN),
    **dict.fromkeys(("log", "log2", "log10"), (((0.0,), -INF), ((-0.0,), -INF), ((1.0,), 0.0), ((-1.0,), NAN), ((INF,), INF), ((-INF,), NAN), *NAN_IN)),
    "log1p": (*odd_(((0.0,), 0.0)), ((-1.0,), -INF), ((-2.0,), NAN), ((INF,), INF), ((-INF,), NAN), *NAN_IN),
    "sqrt": (*odd_(((0.0,), 0.0)), ((-1.0,), NAN), ((INF,), INF), ((-INF,), NAN), *NAN_IN),
    "abs": (*even_(((0.0,), 0.0), ((INF,), INF)), *NAN_IN),
    "rsqrt": (((0.0,), INF), ((-0.0,), -INF), ((-1.0,), NAN), ((INF,), 0.0), ((-INF,), NAN), *NAN_IN),
    "reciprocal": (*odd_(((0.0,), INF), ((INF,), 0.0)), *NAN_IN),
    **{f: (*odd_(((0.0,), 0.0), ((INF,), INF)), *NAN_IN) for f in ("ceil", "floor", "round", "trunc")},
    "erf": (*odd_(((0.0,), 0.0), ((INF,), 1.0)), *NAN_IN),
    "erfc": (((-INF,), 2.0), ((INF,), 0.0), *NAN_IN),
    "lgamma": (((1.0,), 0.0), ((2.0,), 0.0), ((0.0,), INF), ((-0.0,), INF), ((-1.0,), INF), ((INF,), INF), ((-INF,), INF), *NAN_IN),
    "atan2": (
        *(((y, x), math.atan2(y, x)) for y in (0.0, -0.0) for x in (0.0, -0.0, -1.0, 1.0, -INF, INF)),
        *(((y, x), math.atan2(y, x)) for y in (1.0, -1.0) for x in (0.0, -0.0, -INF, INF)),
        *(((y, x), math.atan2(y, x)) for y in (INF, -INF) for x in (1.0, -1.0, 0.0, -INF, INF)),
        ((NAN, 1.0), NAN), ((1.0, NAN), NAN),
    ),
    "hypot": (
        ((0.0, -0.0), 0.0), ((-1.0, 0.0), 1.0), ((1.0, -0.0), 1.0), ((INF, 1.0), INF), ((-INF, 1.0), INF), ((1.0, -INF), INF), ((INF, NAN), INF),
        ((-INF, NAN), INF), ((NAN, INF), INF), ((NAN, -INF), INF), ((NAN, 1.0), NAN), ((1.0, NAN), NAN),
    ),
    "pow": (
        *(((z, -ODD), 1 / z if z else math.copysign(INF, z)) for z in (0.0, -0.0)),
        *(((z, y), INF) for z in (0.0, -0.0) for y in (-EVEN, -HALF, -INF)),
        *(((z, ODD), z) for z in (0.0, -0.0)), *(((z, y), 0.0) for z in (0.0, -0.0) for y in (EVEN, HALF)),
        ((-1.0, INF), 1.0), ((-1.0, -INF), 1.0), ((1.0, NAN), 1.0), ((1.0, INF), 1.0), *(((x, z), 1.0) for x in (NAN, INF, -INF, 2.0) for z in (0.0, -0.0)),
        ((-2.0, HALF), NAN), ((HALF, -INF), INF), ((2.0, -INF), 0.0), ((HALF, INF), 0.0), ((2.0, INF), INF), ((-INF, -ODD), -0.0), ((-INF, -EVEN), 0.0),
        ((-INF, ODD), -INF), ((-INF, EVEN), INF), ((INF, -HALF), 0.0), ((INF, HALF), INF), ((NAN, 1.0), NAN), ((2.0, NAN), NAN),
    ),
    "fmod": (
        *(((z, 1.0), z) for z in (0.0, -0.0)), ((INF, 1.0), NAN), ((-INF, 1.0), NAN), ((1.0, 0.0), NAN), ((1.0, -0.0), NAN), ((1.0, INF), 1.0),
        ((-1.0, INF), -1.0), ((1.0, -INF), 1.0), ((NAN, 1.0), NAN), ((1.0, NAN), NAN),
    ),
    **dict.fromkeys(("fmax", "fmin"), (((NAN, 1.0), 1.0), ((1.0, NAN), 1.0), ((NAN, NAN), NAN))),
    **dict.fromkeys(("maximum", "minimum"), (((NAN, 1.0), NAN), ((1.0, NAN), NAN), ((NAN, NAN), NAN))),
    "copysign": (((1.0, -0.0), -1.0), ((-1.0, 0.0), 1.0), ((INF, -1.0), -INF), ((0.0, -1.0), -0.0)),
    "nextafter": (((0.0, -0.0), -0.0), ((-0.0, 0.0), 0.0), ((1.0, 1.0), 1.0), ((NAN, 1.0), NAN), ((1.0, NAN), NAN)),
}  # fmt: skip


@cache
def _asked(function: str, dtype: str) -> tuple[tuple[tuple[Array, ...], Array, Array, bool], ...]:
    """(operands, true value, low part, whether the sign of a zero is open) of every sample that has special values in it."""
    f = registry.functions()[function]
    return tuple(_taken(f, s) for s in f.samples() if s.dtype == dtype and ("special" in s.name or "sweep" in s.name))


def _taken(f: object, sample: object) -> tuple[tuple[Array, ...], Array, Array, bool]:
    (e,) = f.reference(sample)  # type: ignore[attr-defined]
    operands = tuple(np.broadcast_to(a.astype(np.float64), e.shape).ravel() for a in sample.arrays())  # type: ignore[attr-defined]
    return operands, e.value.ravel(), np.zeros(e.value.size) if e.low is None else e.low.ravel(), e.any_sign_of_zero


def _same(a: Array, value: float) -> Array:
    if math.isnan(value):
        return np.isnan(a)
    return (a == value) & (np.signbit(a) == (math.copysign(1.0, value) < 0))


def _answers(function: str, dtype: str, args: tuple[float, ...]) -> Iterator[tuple[float, bool]]:
    for operands, value, low, open_ in _asked(function, dtype):
        here = np.logical_and.reduce([_same(o, a) for o, a in zip(operands, args, strict=True)])
        for i in np.flatnonzero(here)[:1]:
            yield float(value[i] + low[i] if low[i] else value[i]), open_


@pytest.mark.parametrize("dtype", ("float32", "float64"))
@pytest.mark.parametrize("function", TABLE)
def test_every_row_of_the_table_is_asked_with_its_value(function: str, dtype: str) -> None:
    missing, other = [], []
    for args, want in TABLE[function]:
        found = list(_answers(function, dtype, args))
        missing += [] if found else [args]
        for value, open_ in found:
            exact = _same(np.array(value), want).item() or (open_ and value == want == 0) or (want not in (0.0, INF, -INF) and math.isclose(value, want))
            other += [] if exact else [(args, want, value)]
    assert (missing, other) == ([], [])

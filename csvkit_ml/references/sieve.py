"""A sieve before certified references: float64 values of claimed accuracy settle what is clearly inside its limit, the reference the rest.

The claim is checked: where a reference, asked at special values and at random, contradicts it, the sample is REFERENCE_WEAK.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy import special as sp

from csvkit_ml.model.function import Criterion, Expected, Measurement, Reason, seed_for
from csvkit_ml.model.tensor import Array

CLAIM = 2.0**-40
"""Relative error that the approximations stay within: float64 libraries claim a few 2^-52, conditioning of inner roundings takes the rest."""
FLOOR = 1e-60
"""Absolute error beside it: far below the smallest float32."""
CHECKED = 32
"""Elements of a sample at which the claim is checked, besides the special ones."""
BLOCK = 1 << 16
"""Elements that are settled at a time; a block that is not is halved down to PIECE, and the pieces go to the reference."""
PIECE = 1 << 8
MOST = 1 << 17
"""Elements of a sample that the reference decides; what is then still undecided is indeterminate."""
CERTAIN = 4
"""Pieces that the reference must find failed before the rest of a failed sample is counted by the approximation."""
KIND = "sieved"
Authority = Callable[[Array], Expected]
"""The reference at given float32 values."""


def _one(x: Array) -> Array | float:
    return 1.0


def _none(x: Array) -> Array | float:
    return 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Approximation:
    """A function in float64."""

    of: Callable[[Array], Array]
    scale: Callable[[Array], Array | float] = _none
    """Not more than the scale of the function's reference, which checks it."""
    exact: bool = False
    """Whether the claim is no error at all."""


def _gelu(x: Array) -> Array:
    return np.asarray(x * 0.5 * sp.erfc(-x * np.sqrt(0.5)))


def _relu(x: Array) -> Array:
    return np.where(np.isnan(x), x, np.maximum(x, 0.0))


def _exactly(of: Callable[[Array], Array]) -> Approximation:
    return Approximation(of=of, exact=True)


TABLE: Mapping[str, Approximation] = {
    **{n: Approximation(of=getattr(np, n)) for n in (
        "sqrt", "exp", "log", "exp2", "expm1", "log2", "log10", "log1p", "sinh", "cosh", "sin", "cos", "tan", "reciprocal",
    )},
    **{n: Approximation(of=getattr(np, "arc" + n[1:])) for n in ("asin", "acos", "atan", "asinh", "acosh", "atanh")},
    **{n: Approximation(of=getattr(sp, n)) for n in ("erfc", "i0e", "i1e", "i0", "i1")},
    "tanh": Approximation(of=np.tanh, scale=_one),
    "sigmoid": Approximation(of=sp.expit, scale=_one),
    "erf": Approximation(of=sp.erf, scale=_one),
    "gelu": Approximation(of=_gelu, scale=np.abs),
    "silu": Approximation(of=lambda x: x * sp.expit(x)),
    "rsqrt": Approximation(of=lambda x: 1 / np.sqrt(x)),
    "relu": _exactly(_relu),
    **{n: _exactly(getattr(np, n)) for n in ("ceil", "floor", "trunc", "abs")},
    "neg": _exactly(np.negative), "round": _exactly(np.rint),
}  # fmt: skip
"""By function; none has parameters."""


def approximated(name: str, x: Array, approximation: Approximation, authority: Authority) -> Expected:
    """Values of one sample: the reference at special and random elements, the approximation elsewhere.

    Args:
        name: of function and sample; draws the random elements.
        x: float32[n].
    """
    asked = _asked(name, x)
    sure = authority(x[asked])
    with np.errstate(all="ignore"):
        wide = x.astype(np.float64)
        value = np.asarray(approximation.of(wide), dtype=np.float64)
        finite = np.isfinite(value)
        radius = np.where(finite & (not approximation.exact), np.abs(value) * CLAIM + FLOOR, 0.0)
        scale = np.array(np.broadcast_to(np.nan_to_num(approximation.scale(wide), nan=0.0, posinf=0.0), x.shape))
        wrong = _contradicted(value[asked], radius[asked], scale[asked], sure)
    value[asked], radius[asked], scale[asked] = sure.value, _radius(sure), sure.scale
    return replace(sure, value=value, low=None, radius=radius, scale=scale, extra={"x": x, "contradicted": asked[wrong]})


def _asked(name: str, x: Array) -> Array:
    """Ends, zeros, infinities, one NaN, the values around one and the smallest normal, and some at random; sorted."""
    marks = np.isin(x, np.array([0, 1, -1, 2, -2, 0.5, -0.5, np.inf, -np.inf, 2.0**-126, -(2.0**-126)], np.float32))
    near = (np.flatnonzero(marks)[:, None] + np.array([-1, 0, 1])).ravel()
    drawn = seed_for("sieve", name).integers(0, x.size, CHECKED)
    return np.unique(np.clip([0, x.size - 1, *near, *np.flatnonzero(np.isnan(x))[:1], *drawn], 0, x.size - 1))


def _radius(e: Expected) -> Array:
    return np.asarray(e.radius) + (0.0 if e.low is None else np.abs(e.low))


def _contradicted(value: Array, radius: Array, scale: Array, sure: Expected) -> Array:
    """Where approximation and reference, each with its error, do not meet (float64 may overflow first), or the scale is too large."""
    apart = ~(np.abs(value - sure.value) <= radius + _radius(sure))
    same = (np.isnan(value) & np.isnan(sure.value)) | (value == sure.value)
    return np.asarray((apart & ~same) | (scale > np.asarray(sure.scale) * (1 + CLAIM)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sieved:
    """A function's own criterion, asked block by block: first with approximations, then, where that does not pass, with the reference."""

    inner: Criterion
    authority: Authority
    exact: bool = False
    """Whether the approximation claims no error."""
    kind: str = KIND

    @property
    def formula(self) -> str:
        return self.inner.formula

    @property
    def rationale(self) -> str:
        return f"{self.inner.rationale} {procedure(self.exact)}"

    @property
    def literature(self) -> str:
        return self.inner.literature

    def measure(self, actual: Array, expected: Expected) -> Measurement:
        """Judge the values of an `approximated` sample.

        1. A block that passes with the approximations, whose claimed error counts against it, has passed.
        2. Another is halved until PIECE elements are left, which the reference decides.
        3. Once CERTAIN pieces have failed so, the sample has failed: the rest is counted by the approximations, and only its worst element is
           asked again.
        """
        found: list[Measurement] = []
        proven: list[Measurement] = []
        asked = 0
        pending = [slice(start, min(start + BLOCK, actual.size)) for start in range(0, actual.size, BLOCK)][::-1]
        while pending:
            here = pending.pop()
            m = self.inner.measure(actual[here], _cut(expected, here))
            if not _clearly(m) and len(proven) < CERTAIN:
                if here.stop - here.start > PIECE:
                    middle = (here.start + here.stop) // 2
                    pending += [slice(middle, here.stop), slice(here.start, middle)]
                    continue
                m = self._sure(actual, expected, here) if asked < MOST else replace(m, reason=Reason.REFERENCE_WEAK)
                asked += here.stop - here.start
                if m.reason in _FAILED:
                    proven.append(_at(m, here.start))
            found.append(_at(m, here.start))
        return self._told(actual, expected, found, proven)

    def _sure(self, actual: Array, expected: Expected, here: slice) -> Measurement:
        return self.inner.measure(actual[here], self.authority(expected.extra["x"][here]))

    def _told(self, actual: Array, expected: Expected, found: list[Measurement], proven: list[Measurement]) -> Measurement:
        """Failures are told by the reference; without one, a contradicted claim proves nothing."""
        wrong, told = expected.extra["contradicted"], _together(found)
        if not proven:
            return replace(told, reason=Reason.REFERENCE_WEAK, worst_index=(int(wrong[0]),), offenders=int(wrong.size)) if wrong.size else told
        (at,) = told.worst_index
        again = _at(self._sure(actual, expected, slice(at, at + 1)), at)
        worst = min((again, *proven), key=_order)
        return replace(worst, compared=told.compared, offenders=told.offenders, rms_ratio=told.rms_ratio)


_FAILED = (Reason.SPECIAL_VALUE, Reason.BEYOND_HARD, Reason.BEYOND_BAND)
_SERIOUS = (*_FAILED, Reason.REFERENCE_WEAK, Reason.WITHIN_BAND, Reason.IDENTICAL)


def procedure(exact: bool) -> str:
    """How swept values are judged, in words: part of the plan."""
    claim = "no error" if exact else f"an error of at most 2^-40 |r| + {FLOOR:g}"
    return (
        f"Sweep: a float64 approximation (numpy, scipy) that claims {claim} settles what is inside the limit with that error added. All others, to "
        f"pieces of {PIECE} elements, go to the certified reference, which decides. The claim is checked there too, in each chunk: 0, 1/2, 1, 2, the "
        f"smallest normal, infinity (both signs) and their neighbours, both ends, a NaN, and {CHECKED} elements drawn by a fixed seed. A chunk where it "
        f"is contradicted, or where more than {MOST} elements are undecided, is indeterminate (REFERENCE_WEAK) unless the reference itself found a "
        f"failure; after {CERTAIN} failed pieces the further offenders of a chunk are counted by the approximation."
    )


def _at(m: Measurement, start: int) -> Measurement:
    return replace(m, worst_index=tuple(i + start for i in m.worst_index))


def _order(m: Measurement) -> tuple[int, float]:
    """Most serious first."""
    return _SERIOUS.index(m.reason), -m.ratio


def _clearly(m: Measurement) -> bool:
    return m.reason in (Reason.WITHIN_BAND, Reason.IDENTICAL)


def _cut(e: Expected, here: slice) -> Expected:
    assert isinstance(e.radius, np.ndarray) and isinstance(e.scale, np.ndarray)
    exact = not e.radius[here].any()
    return replace(e, value=e.value[here], radius=0.0 if exact else e.radius[here], scale=e.scale[here], extra={})


def _together(found: list[Measurement]) -> Measurement:
    """One measurement of all blocks: the worst of them, with the sums of all."""
    worst = min(found, key=_order)
    compared = sum(m.compared for m in found)
    squares = sum(m.rms_ratio**2 * m.compared for m in found)
    return replace(worst, compared=compared, offenders=sum(m.offenders for m in found), rms_ratio=float(np.sqrt(squares / compared)))

"""References of pooling by windows: (N, C, *spatial), any number of axes.

Parameters of a sample: `kernel`, `stride`, `padding` (of both ends) and, where there is one, `dilation`, a number for each axis;
`ceil_mode`; `count_include_pad` (mean), `p` (power).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from csvkit_ml.model.function import Expected, Sample
from csvkit_ml.model.tensor import Array
from csvkit_ml.references.exact import exactly
from csvkit_ml.references.extended import U, expected_extended, extended
from csvkit_ml.references.products import windows


def extent(n: int, kernel: int, stride: int, padding: int, dilation: int, ceil: bool) -> tuple[int, int]:
    """(outputs, overhang past the padded axis); in ceil mode a window must start within the data or the padding before it."""
    span = dilation * (kernel - 1) + 1
    room = n + 2 * padding - span
    out = (-(-room // stride) if ceil else room // stride) + 1
    if ceil and (out - 1) * stride >= n + padding:
        out -= 1
    return out, max(0, (out - 1) * stride + span - n - 2 * padding)


def spatial(p: Mapping[str, Any]) -> tuple[int, ...]:
    """Axes of a window's elements in what `pooled` returns."""
    return tuple(range(-len(p["kernel"]), 0))


def pooled(x: Array, p: Mapping[str, Any], fill: float, overhang_fill: float | None = None) -> Array:
    """(N, C, *out, *kernel) of the padded data; the overhang of ceil mode is filled apart."""
    dilation = p.get("dilation", (1,) * len(p["kernel"]))
    per_axis = zip(x.shape[2:], p["kernel"], p["stride"], p["padding"], dilation, strict=True)
    ends = [extent(*axis, bool(p["ceil_mode"])) for axis in per_axis]
    inner = np.pad(x, ((0, 0), (0, 0), *((a, a) for a in p["padding"])), constant_values=fill)
    outer = fill if overhang_fill is None else overhang_fill
    full = np.pad(inner, ((0, 0), (0, 0), *((0, over) for _, over in ends)), constant_values=outer)
    taken = (slice(None), slice(None), *(slice(n) for n, _ in ends))
    return np.asarray(windows(full, p["kernel"], p["stride"], dilation)[taken])


def maxima(sample: Sample) -> tuple[Expected, ...]:
    """Maximum of every window, NaN passed on."""
    p: dict[str, Any] = dict(sample.params)
    taken = pooled(sample.arrays()[0].astype(np.float64), p, -np.inf)
    return (exactly(np.asarray(taken.max(axis=spatial(p))), dtype=sample.dtype, any_sign_of_zero=True),)


def _divisor(x: Array, p: Mapping[str, Any]) -> Array:
    """Elements that a window's mean counts: of the data, or of data and padding; never of the overhang."""
    one = np.ones((1, 1, *x.shape[2:]))
    return np.asarray(pooled(one, p, 1.0 if p["count_include_pad"] else 0.0, 0.0).sum(axis=spatial(p)))


def means(sample: Sample) -> tuple[Expected, ...]:
    """Mean of every window."""
    p: dict[str, Any] = dict(sample.params)
    x = extended(sample.arrays()[0])
    taken, count = pooled(x, p, 0.0), _divisor(x, p)
    with np.errstate(all="ignore"):
        value = taken.sum(axis=spatial(p)) / count
        scale = np.nan_to_num((np.abs(taken).sum(axis=spatial(p)) / count).astype(np.float64), nan=0.0, posinf=0.0)
    terms = int(np.prod(p["kernel"])) + 1
    radius = (terms + 1) * U * scale
    return (expected_extended(value, dtype=sample.dtype, radius=radius, scale=scale, terms=terms, any_sign_of_zero=True),)


def powers(sample: Sample) -> tuple[Expected, ...]:
    """(sum of |x|^p)^(1/p) over the data of every window."""
    p: dict[str, Any] = dict(sample.params)
    total = (np.abs(pooled(extended(sample.arrays()[0]), p, 0.0)) ** p["p"]).sum(axis=spatial(p))
    value = np.sqrt(total) if p["p"] == 2 else np.cbrt(total) if p["p"] == 3 else total ** (1 / np.longdouble(p["p"]))
    steps = int(np.prod(p["kernel"])) + p["p"] + 3
    return (expected_extended(value, dtype=sample.dtype, radius=(steps + 4) * U * value, scale=value * (steps / 4)),)

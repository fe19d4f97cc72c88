"""References of regions of interest: RoiAlign, and the choice of boxes that overlap little (NonMaxSuppression)."""

from __future__ import annotations

from typing import Any

import numpy as np

from csvkit_ml.model.function import Expected, Sample
from csvkit_ml.model.tensor import Array
from csvkit_ml.references.exact import exactly
from csvkit_ml.references.extended import U, expected_extended, extended
from csvkit_ml.references.rounding import ROUNDINGS

ROUNDINGS_OF_A_PLACE = 8
"""Most operations, each rounded once, from the corners of a region to the coordinate of a sampling point."""


def places(low: Any, high: Any, bins: int, sample: Sample) -> tuple[Array, Any, int]:
    """(coordinates of all sampling points of an axis, magnitude of their terms, points of each bin)."""
    p: dict[str, Any] = dict(sample.params)
    half = p["coordinates"] == "half_pixel"
    scale = np.longdouble(p["scale"])
    start, length = low * scale - (np.longdouble(0.5) if half else 0), (high - low) * scale
    if not half:
        length = max(length, np.longdouble(1))
    points = int(p["ratio"]) or max(1, int(np.ceil(length / bins)))
    at = start + (np.arange(bins * points) + np.longdouble(0.5)) * (length / (bins * points))
    return at, (abs(low) + abs(high)) * scale + 1, points


def _matrices(at: Array, n: int, slack: Any) -> tuple[Array, Array, Array]:
    """(weights, derivative just below, just above), [points, n]; a point more than one element outside counts nothing."""

    def row(x: Any) -> tuple[Array, Array]:
        value, slope = np.zeros(n, dtype=np.longdouble), np.zeros(n, dtype=np.longdouble)
        if -1 <= x <= n:
            inside = min(max(x, np.longdouble(0)), np.longdouble(n - 1))
            j = min(int(np.floor(inside)), max(n - 2, 0))
            part = inside - j
            value[j] += 1 - part
            value[min(j + 1, n - 1)] += part
            if inside == x:
                slope[j] -= 1
                slope[min(j + 1, n - 1)] += 1
        return value, slope

    return np.stack([row(x)[0] for x in at]), np.stack([row(x - slack)[1] for x in at]), np.stack([row(x + slack)[1] for x in at])


def aligned(sample: Sample) -> tuple[Expected, ...]:
    """Bilinear samples on a regular lattice in every bin, their mean or their maximum."""
    p: dict[str, Any] = dict(sample.params)
    images, regions, index = sample.arrays()
    made = [_region(extended(images[i]), extended(r), sample) for r, i in zip(regions, index, strict=True)]
    value, scale = (np.stack([m[k] for m in made]) for k in range(2))
    points = max(m[2] for m in made) if p["mode"] == "avg" else 1
    limit = scale * (1 + points / 16)
    return (expected_extended(value, dtype=sample.dtype, radius=(32 + points) * U * limit, scale=limit, any_sign_of_zero=True),)


def _region(image: Array, region: Array, sample: Sample) -> tuple[Array, Array, int]:
    """(values [C, bins, bins], scale, points of a bin) of one region (x1, y1, x2, y2)."""
    p: dict[str, Any] = dict(sample.params)
    u = ROUNDINGS[sample.dtype].accumulate
    axes = [(region[1], region[3], p["bins"][0], image.shape[1]), (region[0], region[2], p["bins"][1], image.shape[2])]
    found = [places(low, high, bins, sample) for low, high, bins, _ in axes]
    (y, y0, y1), (x, x0, x1) = (
        _matrices(at, a[3], ROUNDINGS_OF_A_PLACE * u * size) for (at, size, _), a in zip(found, axes, strict=True)
    )

    def put(rows: Array, columns: Array, data: Array) -> Array:
        return np.asarray(np.einsum("yh,chw,xw->cyx", rows, data, columns))

    moved = np.maximum(abs(put(y0, x, image)), abs(put(y1, x, image))) * found[0][1]
    moved += np.maximum(abs(put(y, x0, image)), abs(put(y, x1, image))) * found[1][1]
    value, scale = put(y, x, image), moved + put(y, x, abs(image))
    blocks = (image.shape[0], p["bins"][0], found[0][2], p["bins"][1], found[1][2])
    reduce = np.mean if p["mode"] == "avg" else np.max
    return reduce(value.reshape(blocks), axis=(2, 4)), reduce(scale.reshape(blocks), axis=(2, 4)), found[0][2] * found[1][2]


def corners(boxes: Array, centred: bool) -> Array:
    """(y1, x1, y2, x2) with the smaller first, from two opposite corners in any order or from (x, y, width, height)."""
    b = boxes.astype(np.float64)
    if centred:
        x, y, w, h = (b[..., k] for k in range(4))
        return np.stack([y - h / 2, x - w / 2, y + h / 2, x + w / 2], axis=-1)
    return np.concatenate([np.minimum(b[..., :2], b[..., 2:]), np.maximum(b[..., :2], b[..., 2:])], axis=-1)


def overlap(a: Array, b: Array) -> Array:
    """Intersection over union of boxes, broadcast."""
    sides = np.maximum(0.0, np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]))
    shared = sides.prod(axis=-1)
    return np.asarray(shared / ((a[..., 2:] - a[..., :2]).prod(axis=-1) + (b[..., 2:] - b[..., :2]).prod(axis=-1) - shared))


def kept(boxes: Array, scores: Array, p: dict[str, Any]) -> list[int]:
    """Boxes of one class, best first, each unless it overlaps a better one kept by more than the threshold."""
    order = [int(i) for i in np.argsort(-scores, kind="stable") if p["score"] is None or scores[i] > p["score"]]
    chosen: list[int] = []
    for i in order:
        if len(chosen) < p["most"] and all(overlap(boxes[i], boxes[j]) <= p["iou"] for j in chosen):
            chosen.append(i)
    return chosen


def suppressed(sample: Sample) -> tuple[Expected, ...]:
    """Rows (batch, class, box)."""
    p: dict[str, Any] = dict(sample.params)
    boxes, scores = sample.arrays()
    at = corners(boxes, p["centred"])
    rows = [(b, c, i) for b, c in np.ndindex(scores.shape[:2]) for i in kept(at[b], scores[b, c], p)]
    return (exactly(np.array(rows, dtype=np.int64).reshape(-1, 3), dtype="int64"),)

"""Regions of interest, as object detectors use them: RoiAlign and NonMaxSuppression."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from csvkit_ml.criteria import Exact, Scaled
from csvkit_ml.model.function import Function, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references.regions import aligned, suppressed
from validation_suites import faults
from validation_suites.sampling import normal, pairwise

ROWS: Mapping[str, tuple[Any, ...]] = {
    "bins": ((3, 3), (1, 1), (2, 5)), "ratio": (2, 0, 1, 3), "scale": (1.0, 0.25, 0.0625),
    "coordinates": ("half_pixel", "output_half_pixel"),
}  # fmt: skip


def _regions(scale: float, name: str) -> Array:
    """Boxes (x1, y1, x2, y2) over an image of 14 x 11, three within it, two that leave it, one smaller than an element."""
    made = seed_for("roi_align", "regions", name)
    low = made.uniform(0.4, 5.0, (3, 2))
    inside = np.concatenate([low, low + made.uniform(1.2, 5.0, (3, 2))], axis=1)
    return np.concatenate([inside, [[-2.3, -1.7, 6.1, 4.6], [3.2, 4.1, 3.6, 4.9], [6.3, 8.2, 15.6, 18.9]]]) / scale


def _align_samples(mode: str) -> Callable[[], Iterable[Sample]]:
    def samples() -> Iterable[Sample]:
        for dtype in ("float32", "float64"):
            rows = pairwise(ROWS)
            for i, row in enumerate(rows if dtype == "float32" else rows[:3]):
                bins = "x".join(map(str, row["bins"]))
                name = f"{dtype}-{bins}-r{row['ratio']}-s{row['scale']}-{row['coordinates'].replace('_', '-')}"
                x = normal(dtype, (2, 3, 11, 14), "roi_align", mode, name)
                index = np.array([0, 1, 1, 0, 1, 0], dtype=np.int64)
                inputs = (x, Tensor.of(_regions(row["scale"], name), dtype), Tensor.of(index))
                why = SampleClass.COVERING if i else SampleClass.ORDINARY
                yield Sample(name=name, dtype=dtype, inputs=inputs, params=params(mode=mode, **row), why=why)

    return samples


CHOICES: Mapping[str, tuple[Any, ...]] = {
    "centred": (False, True), "iou": (0.5, 0.3, 0.0), "score": (None, 0.4), "most": (30, 3), "boxes": (40, 7, 1, 130), "classes": (1, 3),
}  # fmt: skip


def _suppression_samples() -> Iterable[Sample]:
    """Boxes around few centres, so that they overlap; corners in any order; no two scores of a class equal."""
    for i, row in enumerate(pairwise(CHOICES)):
        kept = {k: v for k, v in row.items() if k not in ("boxes", "classes")}
        n, classes = row["boxes"], row["classes"]
        name = f"float32-n{n}-c{classes}-iou{row['iou']}-most{row['most']}" + ("-centred" if row["centred"] else "") + (
            "" if row["score"] is None else f"-over{row['score']}"
        )  # fmt: skip
        made = seed_for("non_max_suppression", name)
        centre = made.uniform(0, 10, (max(1, n // 5), 2))[made.integers(0, max(1, n // 5), (2, n))] + made.normal(0, 0.3, (2, n, 2))
        size = made.uniform(0.8, 2.0, (2, n, 2))
        low, high = centre - size / 2, centre + size / 2
        swap = made.random((2, n, 2)) < 0.3
        corners = np.concatenate([np.where(swap, high, low), np.where(swap, low, high)], axis=-1)
        boxes = np.concatenate([centre, size], axis=-1) if row["centred"] else corners
        scores = made.permuted(np.tile((np.arange(n) + 0.5) / n, (2, classes, 1)), axis=-1)
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        yield Sample(
            name=name, dtype="float32", inputs=(Tensor.of(boxes, "float32"), Tensor.of(scores, "float32")), params=params(**kept), why=why
        )  # fmt: skip


def _first_image(sample: Sample) -> Sample:
    return replace(sample, inputs=(*sample.inputs[:2], Tensor.of(np.zeros_like(sample.arrays()[2]))))


def _unscaled(sample: Sample) -> Sample | None:
    return None if sample.param("scale") == 1.0 else replace(sample, params=params(**{**dict(sample.params), "scale": 1.0}))


def _not_suppressed(value: float) -> float:
    return 1.0


REDUCTIONS = {"max": "avg", "avg": "max"}
OTHER = {"half_pixel": "output_half_pixel", "output_half_pixel": "half_pixel"}
ALIGN_FAULTS = (
    faults.one_element(), faults.stale(), faults.rolled(), faults.TF32_INPUTS, faults.BF16_INPUTS,
    faults.other_params("half-pixel-flipped", "The half pixel is taken off, or not, against what was asked.", coordinates=OTHER.get),
    faults.other_params("other-reduction", "The maximum is taken for the mean, or the mean for the maximum.", mode=REDUCTIONS.get),
    faults.other_sample("first-image", "Every region is taken from the first image.", _first_image),
    faults.other_sample("scale-ignored", "Regions are not scaled.", _unscaled),
)  # fmt: skip
CONTINUOUS = Scaled(
    c=4.0, c_hard=8.0, scale="mean or maximum over a bin's points of (((|a| + |b|) scale + 1) |dy/dcoordinate| + |W||x|) (1 + points / 16)",
    rationale="A coordinate takes at most 8 rounded steps from the region's ends a and b and moves the result by its error times the local "
    "slope; a bilinear sum takes at most 8, a mean one a point. The band is half of the bound: signs differ.",
    literature="He et al. 2017 (Mask R-CNN); Higham 2002, ch. 3",
)  # fmt: skip
SUPPRESSION_FAULTS = (
    faults.one_element(), faults.stale(), faults.rolled(),
    faults.other_params("nothing-suppressed", "Boxes that overlap are kept.", iou=_not_suppressed),
    faults.other_params("format-mistaken", "Corners are taken for centres and sizes, or the other way around.", centred=lambda v: not v),
    faults.other_params("score-ignored", "The threshold of scores is ignored.", score=None),
    faults.other_params("one-too-few", "One box fewer than asked is kept.", most=lambda n: n - 1),
)  # fmt: skip


def _align(id: str, what: str, mode: str) -> Function:
    return Function(
        id=id, side=Side.INFERENCE, area="regions",
        requirement=f"The library shall return the {what} of bilinear samples on a regular lattice in every bin of every region.",
        source="ONNX operator specification, RoiAlign (16); He et al. 2017", oracle="80-bit extended precision",
        samples=_align_samples(mode), reference=aligned, criterion=CONTINUOUS, faults=ALIGN_FAULTS,
    )  # fmt: skip


FUNCTIONS: tuple[Function, ...] = (
    _align("roi_align", "mean", "avg"),
    _align("roi_align_max", "maximum", "max"),
    Function(
        id="non_max_suppression", side=Side.INFERENCE, area="regions",
        requirement="The library shall return, for each class, the boxes in order of score that overlap no better box returned by more "
        "than the threshold.",
        source="ONNX operator specification, NonMaxSuppression (11)",
        oracle="exact: indices; overlaps in double, none near the threshold",
        samples=_suppression_samples, reference=suppressed, criterion=Exact(), faults=SUPPRESSION_FAULTS,
    ),
)  # fmt: skip

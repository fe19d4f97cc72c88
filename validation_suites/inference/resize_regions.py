"""Resizing a region of an image, inside and beyond its borders, and resizing to sizes that keep the ratio of the sides."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from math import floor
from typing import Any

import numpy as np

from csvkit_ml.model.function import Fault, Function, Sample, SampleClass, Side, params
from csvkit_ml.references.resized_regions import cropped, kept_aspect
from csvkit_ml.references.resizing import NEAREST
from validation_suites import faults
from validation_suites.inference.resize import CHOICE, CONTINUOUS, FLOAT_ORACLE, SIZES
from validation_suites.sampling import normal, pairwise

SOURCE = "ONNX operator specification, Resize (19)"
REGIONS: Mapping[str, tuple[tuple[float, float], ...]] = {
    "inside": ((0.25, 0.75), (0.125, 0.625), (0.25, 0.5)), "beyond": ((-0.25, 1.25), (0.5, 1.5), (-0.375, 0.5)),
    "uneven": ((0.1, 0.7), (0.3, 0.95), (0.2, 0.6)), "backwards": ((0.9, 0.1), (0.2, 0.85), (0.75, 0.25)),
    "past-the-end": ((0.4, 1.5), (-0.7, 0.8), (0.35, 1.3)), "whole": ((0.0, 1.0), (0.0, 1.0), (0.0, 1.0)),
}  # fmt: skip
"""(start, end) of each axis; rounded to float32, as operands are."""
OUTPUTS: Mapping[str, Mapping[int, tuple[int, ...]]] = {
    "down": {1: (5,), 2: (5, 5), 3: (3, 5, 3)}, "up": {1: (33,), 2: (17, 33), 3: (9, 9, 9)}, "one": {1: (1,), 2: (1, 1), 3: (1, 1, 1)},
    "mixed": {1: (9,), 2: (17, 3), 3: (9, 3, 5)},
}  # fmt: skip
"""By the number of axes; no axis keeps its extent, which is a function of its own."""
SAME_SIZE = (((9,), (9,)), ((9, 13), (9, 5)), ((8, 8), (8, 8)), ((7, 17), (3, 17)))
"""Extents and outputs."""
SHARED: Mapping[str, tuple[Any, ...]] = {
    "region": tuple(REGIONS), "output": tuple(OUTPUTS), "outside": (0.0, 10.5, -3.25), "axes": ("all", "spatial"),
}  # fmt: skip
ROWS: Mapping[str, Mapping[str, tuple[Any, ...]]] = {
    "resize_cropped_nearest": {"dims": (2, 1, 3), **SHARED, "rounding": tuple(NEAREST)},
    "resize_cropped_linear": {"dims": (2, 1, 3), **SHARED},
    "resize_cropped_cubic": {**SHARED, "a": (-0.75, -0.5), "exclude_outside": (False, True)},
}
BY_SCALES = tuple(((n,), r, s) for n, r, s in ((9, "inside", 2.0), (13, "inside", 1.5), (17, "uneven", 2.0), (16, "beyond", 1.25)))
"""Extent, region and scale of one axis."""


def _region(name: str, dims: int) -> tuple[tuple[float, float], ...]:
    return tuple((float(np.float32(a)), float(np.float32(b))) for a, b in REGIONS[name][:dims])


def _sample(id: str, name: str, size: tuple[int, ...], given: Mapping[str, Any], why: SampleClass) -> Sample:
    data = normal("float32", (2, 3, *size), "resize regions", id, name, offset=0.5)
    return Sample(name=f"float32-{name}", dtype="float32", inputs=(data,), params=params(**given), why=why)


def _text(row: Mapping[str, Any]) -> str:
    left = ("exclude_outside",)
    told = [f"{row['dims']}d" if "dims" in row else "2d", *(str(v) for k, v in row.items() if k not in ("dims", *left))]
    return "-".join([*told, *(["excluding"] if row.get("exclude_outside") else [])]).replace("_", "-")


def _crops(id: str) -> Callable[[], Iterable[Sample]]:
    def samples() -> Iterable[Sample]:
        for i, row in enumerate(pairwise(ROWS[id], lambda r: True)):
            size = SIZES[row.get("dims", 2)]
            cut = {"region": _region(row["region"], len(size)), "sizes": OUTPUTS[row["output"]][len(size)], "scales": None}
            rest = {k: v for k, v in row.items() if k not in ("dims", "output", "region")}
            yield _sample(id, _text(row), size, {**rest, **cut}, SampleClass.COVERING if i else SampleClass.ORDINARY)

    return samples


def _by_scales() -> Iterable[Sample]:
    """Sizes are the whole part of extent times the region's length times the scale."""
    for i, (size, name, scale) in enumerate(BY_SCALES):
        region = _region(name, 1)
        sizes = (floor(size[0] * (Fraction(region[0][1]) - Fraction(region[0][0])) * Fraction(scale)),)
        given = {"region": region, "sizes": sizes, "scales": (scale,), "outside": 0.0, "axes": "all"}
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        yield _sample("resize_cropped_by_scales", f"of{size[0]}-{name}-by{scale}", size, given, why)


def _same_size() -> Iterable[Sample]:
    """Some or all axes keep their extent, so that output over input is one although the region is not the whole."""
    for i, (name, (size, sizes)) in enumerate((r, s) for r in ("inside", "uneven", "beyond", "backwards") for s in SAME_SIZE):
        given = {"region": _region(name, len(size)), "sizes": sizes, "scales": None, "outside": 0.0, "axes": "all"}
        told = f"{name}-{'x'.join(map(str, size))}-to-{'x'.join(map(str, sizes))}"
        yield _sample("resize_cropped_same_size", told, size, given, SampleClass.COVERING if i else SampleClass.ORDINARY)


KEPT: Mapping[str, tuple[Any, ...]] = {
    "dims": (2, 3), "policy": ("not_larger", "not_smaller"), "wanted": ("narrow", "wide", "up", "down", "asked-exactly"),
    "coordinates": ("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"), "axes": ("spatial", "swapped"),
}  # fmt: skip
WANTED: Mapping[str, tuple[int, ...]] = {
    "narrow": (18, 6, 13), "wide": (4, 31, 12), "up": (20, 40, 20), "down": (4, 5, 2), "asked-exactly": (18, 26, 14),
}
"""Sizes asked of axes of 9 and 13, and of 5, 6 and 7 elements; none leads to a half."""
KEPT_ROWS: Mapping[str, Mapping[str, tuple[Any, ...]]] = {
    "resize_kept_aspect_nearest": {**KEPT, "rounding": ("round_prefer_floor", "floor", "ceil")},
    "resize_kept_aspect_linear": KEPT,
}


def _kept(id: str) -> Callable[[], Iterable[Sample]]:
    def samples() -> Iterable[Sample]:
        for i, row in enumerate(pairwise(KEPT_ROWS[id], lambda r: True)):
            size = SIZES[row["dims"]]
            given = {**{k: v for k, v in row.items() if k != "dims"}, "wanted": WANTED[row["wanted"]][: len(size)]}
            yield _sample(id, _text(row), size, given, SampleClass.COVERING if i else SampleClass.ORDINARY)

    return samples


def _whole(region: Any) -> Any:
    return tuple((0.0, 1.0) for _ in region)


def _shifted(region: Any) -> Any:
    return tuple((a + 0.05, b + 0.05) for a, b in region)


COMMON = (faults.one_element(), faults.stale(), faults.rolled())
NEAR = (faults.other_params("other-rounding", "The other neighbour is taken.", rounding=lambda v: "ceil" if v == "floor" else "floor"),)
SMOOTH = (faults.TF32_INPUTS, faults.BF16_INPUTS)
CUBIC = (
    *SMOOTH, faults.other_params("other-coefficient", "The cubic coefficient is -0.6.", a=-0.6),
    faults.other_params("outside-flipped", "Taps outside are left out, or counted against what was asked.", exclude_outside=lambda v: not v),
)  # fmt: skip
CROPPED = (
    faults.other_params("region-ignored", "The whole image is resized.", region=_whole),
    faults.other_params("region-shifted", "The region lies a twentieth of the image too late.", region=_shifted),
    faults.other_params("edge-shown-outside", "Another value shows outside.", outside=lambda v: v + 1),
)
ASPECT = (
    faults.other_params(
        "asymmetric", "Coordinates start at the first element's centre, or half an element later.",
        coordinates=lambda v: "half_pixel" if v == "asymmetric" else "asymmetric",
    ),
)  # fmt: skip


def _function(id: str, says: str, samples: Any, reference: Any, own: tuple[Fault, ...]) -> Function:
    near = "nearest" in id
    return Function(
        id=id, side=Side.INFERENCE, area="resize", requirement=f"The library shall {says}.", source=SOURCE,
        oracle="exact: moves values; coordinates as exact fractions" if near else FLOAT_ORACLE, samples=samples, reference=reference,
        criterion=CHOICE if near else CONTINUOUS, faults=(*COMMON, *own),
    )  # fmt: skip


_CUT = "of a region of an image, and the given value outside the image"
_ASPECT = "at one scale for all axes, the least or the largest that the sizes ask"
FUNCTIONS: tuple[Function, ...] = (
    _function(
        "resize_cropped_nearest", f"return the nearest element {_CUT}", _crops("resize_cropped_nearest"), cropped, (*CROPPED, *NEAR),
    ),
    _function(
        "resize_cropped_linear", f"return the linear interpolant {_CUT}", _crops("resize_cropped_linear"), cropped, (*CROPPED, *SMOOTH),
    ),
    _function(
        "resize_cropped_cubic", f"return the bicubic convolution {_CUT}", _crops("resize_cropped_cubic"), cropped, (*CROPPED, *CUBIC),
    ),
    _function(
        "resize_cropped_same_size", f"return the linear interpolant {_CUT}, where axes keep their extent too", _same_size, cropped,
        (*CROPPED, *SMOOTH),
    ),
    _function(
        "resize_cropped_by_scales", f"return the linear interpolant {_CUT}, in the region's length times the scale", _by_scales, cropped,
        (*CROPPED[:2], *SMOOTH),
    ),
    _function(
        "resize_kept_aspect_nearest", f"return the nearest element {_ASPECT}", _kept("resize_kept_aspect_nearest"), kept_aspect,
        (*ASPECT, *NEAR),
    ),
    _function(
        "resize_kept_aspect_linear", f"return the linear interpolant {_ASPECT}", _kept("resize_kept_aspect_linear"), kept_aspect,
        (*ASPECT, *SMOOTH),
    ),
)  # fmt: skip

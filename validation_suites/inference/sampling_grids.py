"""Sampling an image or a volume at the places of a grid, and the grids of affine maps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from csvkit_ml.criteria import OneOf, Scaled
from csvkit_ml.model.function import Criterion, Expected, Fault, Function, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Tensor
from csvkit_ml.references.grid_sampling import affine_places, interpolated, shown
from validation_suites import faults
from validation_suites.sampling import normal, pairwise, tensor, uniform

DTYPES = ("float32", "float64")
SIZES: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "2d": ((7, 9), (6, 11)), "2d-down": ((12, 5), (3, 4)), "3d": ((5, 4, 6), (3, 5, 4)), "2d-one": ((1, 8), (5, 5)),
}  # fmt: skip
"""(extents of the input, of the grid)."""
REACH: Mapping[str, float] = {"inside": 0.98, "beyond": 1.6, "far": 4.3}
"""Largest coordinate of a grid; the input ends at 1."""
ROWS: Mapping[str, tuple[Any, ...]] = {
    "size": tuple(SIZES), "padding": ("zeros", "border", "reflection"), "align_corners": (False, True), "reach": tuple(REACH),
}  # fmt: skip


def _sample(id: str, dtype: str, row: Mapping[str, Any], why: SampleClass, a: float | None, channels: int = 3) -> Sample:
    size, out = SIZES[row["size"]]
    align = "-aligned" if row["align_corners"] else ""
    name = f"{dtype}-{row['size']}-{row['padding']}-{row['reach']}{align}" + (f"-c{channels}" if channels != 3 else "")
    x = normal(dtype, (2, channels, *size), id, name, offset=0.5)
    reach = REACH[row["reach"]]
    grid = uniform(dtype, (2, *out, len(size)), id, "grid", name, low=-reach, high=reach)
    p = params(padding=row["padding"], align_corners=row["align_corners"], a=a)
    return Sample(name=name, dtype=dtype, inputs=(x, grid), params=p, why=why)


def _defined(row: Mapping[str, Any]) -> bool:
    """Between the centres of a single element nothing can be reflected."""
    return row["size"] != "2d-one" or row["padding"] != "reflection" or not row["align_corners"]


def _samples(id: str, rows: Mapping[str, tuple[Any, ...]], a: float | None = None) -> Callable[[], Iterable[Sample]]:
    def samples() -> Iterable[Sample]:
        chosen = pairwise(rows, _defined)
        for dtype in DTYPES:
            for i, row in enumerate(chosen if dtype == "float32" else chosen[:6]):
                yield _sample(id, dtype, row, SampleClass.COVERING if i else SampleClass.ORDINARY, a)
        many = {"size": "2d", "padding": "zeros", "align_corners": False, "reach": "beyond"}
        yield _sample(id, "float32", many, SampleClass.EDGE, a, channels=33)
        yield _own_places(id, a)

    return samples


def _own_places(id: str, a: float | None) -> Sample:
    """The grid that shows the image itself, corners aligned: every place is an element's, and large."""
    x = normal("float32", (1, 2, 129, 65), id, "own")
    y, z = np.meshgrid(np.linspace(-1, 1, 129), np.linspace(-1, 1, 65), indexing="ij")
    grid = tensor(np.stack([z, y], axis=-1)[None], "float32")
    p = params(padding="zeros", align_corners=True, a=a)
    return Sample(name="float32-itself-129x65", dtype="float32", inputs=(x, grid), params=p, why=SampleClass.EDGE)


PLANES = {**ROWS, "size": ("2d", "2d-down", "2d-one")}


def _affine_samples() -> Iterable[Sample]:
    """With corners aligned, the places of a single element are not defined."""
    sizes = ((5, 7), (1, 4), (16, 17), (3, 4, 5), (65, 129), (2, 1, 6))
    for i, (size, align) in enumerate((s, align) for align in (False, True) for s in sizes if not align or 1 not in s):
        for dtype in DTYPES:
            theta = normal(dtype, (2, len(size), len(size) + 1), "affine_grid", str(i), dtype)
            name = f"{dtype}-{'x'.join(map(str, size))}{'-aligned' if align else ''}"
            why = SampleClass.EDGE if i else SampleClass.ORDINARY
            yield Sample(name=name, dtype=dtype, inputs=(theta,), params=params(sizes=size, align_corners=align), why=why)
    for angle in (0, 90, 30):
        c, s = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
        theta = Tensor.of(np.array([[[c, -s, 0.25], [s, c, -0.5]]]), "float32")
        p = params(sizes=(8, 8), align_corners=False)
        yield Sample(name=f"float32-turned-{angle}", dtype="float32", inputs=(theta,), params=p, why=SampleClass.COVERING)


def _axes_swapped(sample: Sample) -> Sample | None:
    x, grid = sample.arrays()
    return _with(sample, x, np.ascontiguousarray(grid[..., ::-1]))


def _scaled_grid(sample: Sample) -> Sample | None:
    """A thousandth too far out."""
    x, grid = sample.arrays()
    return _with(sample, x, grid * grid.dtype.type(1.001))


def _with(sample: Sample, *arrays: np.ndarray[Any, Any]) -> Sample:
    return Sample(
        name=sample.name, dtype=sample.dtype, inputs=tuple(Tensor.of(a) for a in arrays), params=sample.params, why=sample.why
    )  # fmt: skip


ALIGNED = faults.other_params("other-alignment", "Corners are aligned, or not, against what was asked.", align_corners=lambda v: not v)
COMMON: tuple[Fault, ...] = (
    faults.one_element(), faults.stale(), faults.rolled(), ALIGNED,
    faults.other_params("padding-zeros", "Outside counts as zero although the edge was asked.", padding="zeros"),
    faults.other_params("padding-border", "Outside shows the edge although zero or the reflection was asked.", padding="border"),
    faults.other_sample("axes-swapped", "The grid's first coordinate is taken for the first axis.", _axes_swapped),
    faults.other_sample("grid-scaled", "Places lie a thousandth too far out.", _scaled_grid),
)  # fmt: skip
SMOOTH = (*COMMON, faults.TF32_INPUTS, faults.BF16_INPUTS)
COEFFICIENT = faults.other_params("other-coefficient", "The cubic coefficient is -0.5.", a=-0.5)

CHOICE = OneOf(
    rationale="Nearest moves values. A coordinate takes at most 8 rounded steps: where it lies closer than 8 u ((|g| + 1) n + 1) / 2 to "
    "the middle between two elements, either is an answer.",
    literature="ONNX operator specification, GridSample; Higham 2002, ch. 3",
)
CONTINUOUS = Scaled(
    c=4.0, c_hard=8.0,
    scale="sum over axes of (((|g| + 1) n + 1) / 2 |dy/dcoordinate| + M |x| + (taps + 1) / 8 |W||x|), M = |terms of each weight|",
    rationale="A coordinate takes at most 8 rounded steps and moves the result by its error times the local slope; a weight is a "
    "polynomial of at most 6 rounded steps; sums take one step a tap. The band is half of the bound: signs differ.",
    literature="Keys 1981; Jaderberg et al. 2015; Higham 2002, ch. 3 and 5",
)  # fmt: skip
AFFINE = Scaled(
    c=4.0, c_hard=8.0, scale="sum over j of |theta_ij| (|b_j| + 1), b = places of the unmapped grid",
    rationale="A place in -1 .. 1 takes at most 4 rounded steps, the sum of at most 4 products as many.", literature="Higham 2002, ch. 3",
)  # fmt: skip
SOURCE = "ONNX operator specification, GridSample (16 and 20); torch.nn.functional.grid_sample"
ORACLE = "coordinates, weights and sums in 80-bit extended precision, radius gamma_n times the criterion's scale"


def _function(
    id: str, says: str, samples: Callable[[], Iterable[Sample]], reference: Callable[[Sample], tuple[Expected, ...]],
    criterion: Criterion, own: tuple[Fault, ...], source: str = SOURCE, oracle: str = ORACLE,
) -> Function:  # fmt: skip
    return Function(
        id=id, side=Side.INFERENCE, area="sampling grids", requirement=f"The library shall return {says}.", source=source, oracle=oracle,
        samples=samples, reference=reference, criterion=criterion, faults=own,
    )  # fmt: skip


PADDED = "zero, the edge or the reflection standing outside as asked"
FUNCTIONS: tuple[Function, ...] = (
    _function(
        "grid_sample_nearest", f"the element nearest to each place of the grid, {PADDED}", _samples("grid_sample_nearest", ROWS), shown,
        CHOICE, COMMON, oracle="exact: moves values; coordinates in 80-bit extended precision",
    ),
    _function(
        "grid_sample_linear", f"the bilinear or trilinear interpolant at each place of the grid, {PADDED}",
        _samples("grid_sample_linear", ROWS), interpolated, CONTINUOUS, SMOOTH,
    ),
    _function(
        "grid_sample_cubic", f"the bicubic convolution with a = -0.75 at each place of the grid, {PADDED}",
        _samples("grid_sample_cubic", PLANES, -0.75), interpolated, CONTINUOUS, (*SMOOTH, COEFFICIENT),
    ),
    _function(
        "affine_grid", "the places of an output's elements under an affine map", _affine_samples, affine_places, AFFINE,
        (faults.one_element(), faults.stale(), faults.rolled(), ALIGNED, faults.TF32_INPUTS, faults.BF16_INPUTS),
        "ONNX operator specification, AffineGrid (20); torch.nn.functional.affine_grid; Jaderberg et al. 2015",
    ),
)  # fmt: skip

"""Resizing: nearest, linear, cubic and antialiased interpolation over one to three axes; the coordinate transformations of ONNX Resize.

Functions `interpolate_*` are what torch and ONNX share, `resize_*` what ONNX alone defines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from math import floor
from typing import Any

from csvkit_ml.criteria import OneOf, Scaled
from csvkit_ml.model.function import Fault, Function, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Tensor
from csvkit_ml.references.resized import interpolated, shown
from csvkit_ml.references.resizing import COORDINATES, NEAREST
from validation_suites import faults
from validation_suites.sampling import normal, pairwise, uniform

FLOATS = ("float32", "float64", "float16", "bfloat16")
SIZES: Mapping[int, tuple[int, ...]] = {1: (17,), 2: (9, 13), 3: (5, 6, 7)}
SCALES: Mapping[str, tuple[float, ...]] = {
    "x2": (2.0, 2.0, 2.0), "x1.5": (1.5, 1.5, 1.5), "x2.6": (2.625, 2.625, 2.625), "x3": (3.0, 3.0, 3.0), "x0.5": (0.5, 0.5, 0.5),
    "x0.4": (0.4000000059604645,) * 3, "mixed": (0.4375, 2.6875, 1.0), "x4-1": (4.0, 1.0, 0.75),
}  # fmt: skip
"""Of every axis, output over input, values of float32."""
GIVEN = ("scales", "sizes", "recomputed")
"""Scales given and used, sizes given, scales given but recomputed from the sizes that they lead to."""


def _attributes(row: Mapping[str, Any], size: tuple[int, ...]) -> tuple[tuple[str, Any], ...]:
    scales = SCALES[row["resize"]][: len(size)]
    sizes = tuple(floor(n * Fraction(s)) for n, s in zip(size, scales, strict=True))
    left_out = ("resize", "given", "dims")
    kept = {k: v for k, v in row.items() if k not in left_out}
    return params(sizes=sizes, scales=None if row["given"] == "sizes" else scales, recompute=row["given"] == "recomputed", **kept)


def _named(row: Mapping[str, Any]) -> str:
    def part(key: str, value: Any) -> str:
        if isinstance(value, bool | None):
            return key if value else ""
        return f"{value}d" if key == "dims" else f"{key}={value}" if key == "a" else str(value)

    return "-".join(filter(None, (part(k, v) for k, v in row.items()))).replace("_", "-")


def _data(dtype: str, shape: tuple[int, ...], *names: str) -> Tensor:
    if dtype == "uint8":
        return Tensor.of(uniform("float64", shape, "resize", *names, low=0, high=256).array().astype("uint8"))
    return normal(dtype, shape, "resize", *names, offset=0.5)


def _sample(
    id: str, dtype: str, row: Mapping[str, Any], why: SampleClass, size: tuple[int, ...] = (), outer: tuple[int, int] = (2, 3)
) -> Sample:  # fmt: skip
    size = size or SIZES[row.get("dims", 2)]
    shape = (*outer, *size)
    name = f"{dtype}-{_named(row)}" + ("" if size == SIZES[len(size)] and outer == (2, 3) else "-of-" + "x".join(map(str, shape)))
    return Sample(name=name, dtype=dtype, inputs=(_data(dtype, shape, id, name),), params=_attributes(row, size), why=why)


def _allowed(row: Mapping[str, Any]) -> bool:
    """Where the corners are aligned, scales that are given decide nothing but the sizes."""
    return row.get("coordinates") != "align_corners" or row["given"] == "sizes"


def _samples(id: str, rows: Mapping[str, tuple[Any, ...]], dtypes: tuple[str, ...]) -> Callable[[], Iterable[Sample]]:
    """Every pair of parameters in float32, some rows in other dtypes; one element in, one element out, many channels, many outputs."""

    def samples() -> Iterable[Sample]:
        chosen = pairwise(rows, _allowed)
        for dtype in dtypes:
            for i, row in enumerate(chosen if dtype == "float32" else chosen[:5]):
                yield _sample(id, dtype, row, SampleClass.COVERING if i else SampleClass.ORDINARY)
        plain = {k: v[0] for k, v in rows.items() if k != "dims"} | ({"dims": 2} if "dims" in rows else {})
        for size, scale in (((1, 1), "x3"), ((2, 1), "x2.6"), ((3, 4), "x0.4"), ((2, 300), "x0.5"), ((33, 16), "x1.5"), ((7, 8), "x4-1")):
            yield _sample(id, "float32", {**plain, "resize": scale}, SampleClass.EDGE, size)
        yield _sample(id, "float32", {**plain, "resize": "x1.5"}, SampleClass.EDGE, (6, 7), (1, 33))
        yield _sample(id, "float32", {**plain, "resize": "x2.6"}, SampleClass.EDGE, (61, 43), (1, 2))
        yield _not_finite(id, {**plain, "resize": "x2", "given": "scales"})

    return samples


def _not_finite(id: str, row: Mapping[str, Any]) -> Sample:
    """NaN and infinities far apart and from the edges; at twice the size no weight near them is zero."""
    made = _sample(id, "float32", row, SampleClass.SPECIAL, (13, 15))
    x = made.inputs[0].array().copy()
    x[0, 0, 4, 4], x[0, 1, 8, 10], x[1, 0, 6, 7] = float("nan"), float("inf"), float("-inf")
    return Sample(name="float32-not-finite", dtype="float32", inputs=(Tensor.of(x),), params=made.params, why=made.why)


SHARED: Mapping[str, tuple[Any, ...]] = {"resize": tuple(SCALES), "given": GIVEN}
ROWS: Mapping[str, Mapping[str, tuple[Any, ...]]] = {
    "interpolate_nearest": {"dims": (2, 1, 3), **SHARED, "coordinates": ("asymmetric",), "rounding": ("floor",)},
    "interpolate_nearest_exact": {"dims": (2, 1, 3), **SHARED, "coordinates": ("half_pixel",), "rounding": ("round_prefer_ceil",)},
    "interpolate_linear": {"dims": (2, 1, 3), **SHARED, "coordinates": ("half_pixel", "align_corners")},
    "interpolate_cubic": {**SHARED, "coordinates": ("half_pixel", "align_corners"), "a": (-0.75,), "exclude_outside": (False,)},
    "interpolate_antialiased": {
        **SHARED, "coordinates": ("half_pixel",), "a": (None, -0.5), "exclude_outside": (True,), "antialias": (True,),
    },
    "resize_nearest": {"dims": (2, 1, 3), **SHARED, "coordinates": tuple(COORDINATES), "rounding": tuple(NEAREST)},
    "resize_linear": {"dims": (2, 1, 3), **SHARED, "coordinates": tuple(COORDINATES)},
    "resize_cubic": {
        **SHARED, "coordinates": tuple(COORDINATES), "a": (-0.75, -0.5, -1.0), "exclude_outside": (False, True),
    },
}  # fmt: skip
"""Parameters; `a` is the cubic coefficient, None = linear."""


def _other(value: str) -> str:
    return "asymmetric" if value != "asymmetric" else "half_pixel"


def _negated(value: bool) -> bool:
    return not value


def _ceiled(value: str) -> str:
    return {"floor": "ceil", "round_prefer_floor": "floor", "round_prefer_ceil": "floor"}.get(value, "floor")


COMMON: tuple[Fault, ...] = (
    faults.one_element(), faults.stale(), faults.rolled(),
    faults.other_params("other-coordinates", "Coordinates are asymmetric, or half pixel where they must not be.", coordinates=_other),
)  # fmt: skip
NEAREST_FAULTS = (
    *COMMON,
    faults.other_params("other-rounding", "The other neighbour is taken.", rounding=_ceiled),
    faults.other_params("given-scales-ignored", "Coordinates follow from the sizes although scales were given.", recompute=True),
)
SMOOTH_FAULTS = (
    *COMMON, faults.TF32_INPUTS, faults.BF16_INPUTS,
    faults.other_params("given-scales-ignored", "Coordinates follow from the sizes although scales were given.", recompute=True),
)  # fmt: skip
CUBIC_FAULTS = (
    faults.other_params("other-coefficient", "The cubic coefficient is -0.6.", a=lambda a: None if a is None else -0.6),
    faults.other_params("outside-flipped", "Taps outside are left out, or counted against what was asked.", exclude_outside=_negated),
)
ANTIALIAS_LOST = faults.other_params("antialias-ignored", "The filter is not widened when the image shrinks.", antialias=False)
NAN_LOST = faults.nan_lost()

CHOICE = OneOf(
    rationale="Nearest moves values. Coordinates are formed in float32 by at most 6 rounded steps: where the exact coordinate lies closer "
    "than 6 u (|x| + 1) to a breakpoint, either neighbour is an answer; a power of two as scale leaves no choice.",
    literature="ONNX operator specification, Resize; Higham 2002, ch. 3",
)
CONTINUOUS = Scaled(
    c=4.0, c_hard=8.0, wide_accumulation=False,
    scale="sum over axes of (|coordinate's terms| |dy/dcoordinate| + M |x| + (taps + 1) / 8 |W||x|), M = |terms of each weight|",
    rationale="A coordinate takes at most 6 rounded steps (in float32 for narrower data) and moves the result by its error times the local "
    "slope; a weight is a polynomial of at most 6 rounded steps; sums take one step a tap. The band is half of the bound: signs differ.",
    literature="Keys 1981; Higham 2002, ch. 3 and 5 (evaluation of polynomials); ONNX operator specification, Resize",
)  # fmt: skip
NEAREST_SOURCE = "ONNX operator specification, Resize (19)"
FLOAT_ORACLE = "coordinates as exact fractions, weights and sums in 80-bit extended precision, radius gamma_n times the criterion's scale"


def _smooth(id: str, says: str, source: str, own: tuple[Fault, ...], dtypes: tuple[str, ...] = FLOATS) -> Function:
    return Function(
        id=id, side=Side.INFERENCE, area="resize", requirement=f"The library shall return {says}, for sizes and for scales, up and down.",
        source=source, oracle=FLOAT_ORACLE, samples=_samples(id, ROWS[id], dtypes), reference=interpolated, criterion=CONTINUOUS,
        faults=(*SMOOTH_FAULTS, *own, NAN_LOST),
    )  # fmt: skip


def _nearest(id: str, says: str, source: str, dtypes: tuple[str, ...]) -> Function:
    return Function(
        id=id, side=Side.INFERENCE, area="resize", requirement=f"The library shall return {says}, for sizes and for scales, up and down.",
        source=source, oracle="exact: moves values; coordinates as exact fractions", samples=_samples(id, ROWS[id], dtypes),
        reference=shown, criterion=CHOICE, faults=(*NEAREST_FAULTS, NAN_LOST),
    )  # fmt: skip


FUNCTIONS: tuple[Function, ...] = (
    _nearest("interpolate_nearest", "the element at or before i / scale", f"{NEAREST_SOURCE}; torch.nn.Upsample", (*FLOATS, "uint8")),
    _nearest(
        "interpolate_nearest_exact", "the element whose centre is nearest to the output's",
        f"{NEAREST_SOURCE}; torch.nn.functional.interpolate", (*FLOATS, "uint8"),
    ),
    _smooth("interpolate_linear", "the linear, bilinear or trilinear interpolant", f"{NEAREST_SOURCE}; torch.nn.Upsample", ()),
    _smooth("interpolate_cubic", "the bicubic convolution with a = -0.75", f"Keys 1981; {NEAREST_SOURCE}; torch.nn.Upsample", CUBIC_FAULTS),
    _smooth(
        "interpolate_antialiased", "the bilinear or bicubic interpolant, its kernel widened where the image shrinks",
        f"{NEAREST_SOURCE}, antialias; torch.nn.functional.interpolate", (*CUBIC_FAULTS, ANTIALIAS_LOST), ("float32", "float64"),
    ),
    _nearest("resize_nearest", "the element nearest to the transformed coordinate", NEAREST_SOURCE, ("float32", "uint8")),
    _smooth("resize_linear", "the linear interpolant at the transformed coordinate", NEAREST_SOURCE, (), ("float32",)),
    _smooth(
        "resize_cubic", "the bicubic convolution at the transformed coordinate", f"Keys 1981; {NEAREST_SOURCE}", CUBIC_FAULTS, ("float32",),
    ),
)  # fmt: skip

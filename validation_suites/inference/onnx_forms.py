"""Operators that only the ONNX family has, by what they do: conversions after a model, borders, sums of several operands, older forms."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from csvkit_ml.criteria import Componentwise, Exact
from csvkit_ml.model.function import Expected, Fault, Function, Sample, Side, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import extended
from csvkit_ml.references.contractions import summed_up
from csvkit_ml.references.running_error import Rounded, expected_rounded, rounded
from validation_suites import faults
from validation_suites.inference.classical import BOUND, RUNNING
from validation_suites.moving import PLAIN, moving
from validation_suites.sampling import normal, positive
from validation_suites.sampling.pieces import moved
from validation_suites.sampling.places import in_turn, sample

ONNX = "ONNX operator specification, "
MOVED = ("float32", "float64", "int64", "int32", "uint8", "bool")
PLAINLY = tuple(f for f in PLAIN if f.id != "nan-lost")
Samples = Callable[[], Iterable[Sample]]


def _likes() -> Iterable[Sample]:
    """Values that every target holds, so that only the type changes."""
    for target in ("float32", "float64", "int64", "int32", "uint8", "float16"):
        for dtype, k, shape in in_turn(("float32", "int64", "int32", "float64"), ((3, 4), (17,), (), (0, 2))):
            name = f"{dtype}-to-{target}-{'x'.join(map(str, shape)) or 'scalar'}"
            x = seed_for("cast like", name).integers(0, 120, shape) + (
                0.75 if dtype.startswith("float") and target.startswith("float") else 0
            )
            yield sample(name, dtype, (Tensor.of(np.asarray(x), dtype), Tensor.of(np.ones(1), target)), k, to=target)


def _like(s: Sample) -> tuple[Expected, ...]:
    x, like = s.arrays()
    value = x.astype(like.dtype)
    return (Expected(name="y", dtype=like.dtype.name, value=value.astype(np.float64) if value.dtype.kind == "f" else value),)


CROPS = (
    ((5, 7), (0, 1), (3, 4)),
    ((5, 7), (0, 1), (8, 9)),
    ((5, 7), (0, 1), (2, 10)),
    ((6, 3, 4), (1,), (7,)),
    ((9,), (0,), (4,)),
    ((4, 6), (-1,), (3,)),
    ((3, 3), (0, 1), (3, 3)),
    ((2, 8, 8), (1, 2), (5, 5)),
)
"""Shape, axes, extents wanted."""


def _crops() -> Iterable[Sample]:
    for dtype, k, (shape, axes, sizes) in in_turn(MOVED, CROPS):
        label = f"{'x'.join(map(str, shape))}-axes{','.join(map(str, axes))}-to{','.join(map(str, sizes))}"
        yield sample(f"{dtype}-{label}", dtype, (moved(dtype, shape, "centre", label),), k, axes=axes, sizes=sizes)


def _centred(p: Any, x: Array, *, late: int = 0) -> Array:
    """Half of what is too much or too little on either side, the odd one at the end (`late`: at the start)."""
    for axis, want in zip(p["axes"], p["sizes"], strict=True):
        extra = want - x.shape[axis]
        before = (abs(extra) + late) // 2
        if extra >= 0:
            width = [(0, 0)] * x.ndim
            width[axis] = (before, extra - before)
            x = np.pad(x, width)
        else:
            x = np.take(x, np.arange(before, before + want), axis)
    return x


def _cornered(p: Any, x: Array) -> Array:
    """From the first corner."""
    for axis, want in zip(p["axes"], p["sizes"], strict=True):
        width = [(0, 0)] * x.ndim
        width[axis] = (0, max(0, want - x.shape[axis]))
        x = np.take(np.pad(x, width), np.arange(want), axis)
    return x


def _plain_samples(id: str, dtypes: tuple[str, ...], shapes: Any, **given: Any) -> Samples:
    def samples() -> Iterable[Sample]:
        for dtype, k, shape in in_turn(dtypes, shapes):
            label = "x".join(map(str, shape)) or "scalar"
            yield sample(f"{dtype}-{label}", dtype, (moved(dtype, shape, id, label),), k, **given)

    return samples


SHAPES = ((3, 4), (17,), (2, 1, 33), (1,), (0, 5), (257,))


def _drops() -> Iterable[Sample]:
    for dtype, k, shape in in_turn(("float32", "float64"), SHAPES):
        for ratio in (0.5, 0.1, 0.0):
            label = f"{'x'.join(map(str, shape))}-ratio{ratio}"
            yield sample(f"{dtype}-{label}", dtype, (moved(dtype, shape, "drop", label),), k, ratio=ratio)


WRITES = (((5, 4), 0, (2, 4)), ((5, 4), 1, (5, 2)), ((3, 6, 2), 1, (3, 4, 2)), ((9,), 0, (4,)))


def _writes() -> Iterable[Sample]:
    """No position twice in a row."""
    for dtype, k, (shape, axis, rows) in in_turn(MOVED, WRITES):
        label = f"{'x'.join(map(str, shape))}-axis{axis}"
        rng = seed_for("scatter", label)
        at = np.moveaxis(np.argsort(rng.random((*np.delete(rows, axis), shape[axis])), axis=-1)[..., : rows[axis]], -1, axis)
        yield sample(
            f"{dtype}-{label}",
            dtype,
            (moved(dtype, shape, "scatter", label), at, moved(dtype, rows, "scatter", label, "new")),
            k,
            axis=axis,
        )


def _written(p: Any, x: Array, at: Array, new: Array) -> Array:
    made = x.copy()
    np.put_along_axis(made, at, new, p["axis"])
    return made


def _added(p: Any, x: Array, at: Array, new: Array) -> Any:
    if x.dtype.kind == "b":
        return None
    made = x.copy()
    np.put_along_axis(made, at, np.take_along_axis(x, at, p["axis"]) + new, p["axis"])
    return made


ZOOMS = (
    ((1, 2, 3, 4), (1, 1, 2, 2)),
    ((2, 1, 5, 3), (1, 1, 3, 2)),
    ((1, 1, 4, 4), (1, 1, 1, 4)),
    ((2, 3, 1, 1), (1, 1, 8, 8)),
    ((3, 5), (2, 2)),
)


def _zooms() -> Iterable[Sample]:
    for dtype, k, (shape, by) in in_turn(("float32", "int32", "uint8"), ZOOMS):
        label = f"{'x'.join(map(str, shape))}-by{','.join(map(str, by))}"
        yield sample(f"{dtype}-{label}", dtype, (moved(dtype, shape, "upsample", label),), k, scales=by)


def _zoomed(p: Any, x: Array) -> Array:
    for axis, n in enumerate(p["scales"]):
        x = np.repeat(x, n, axis)
    return x


def _tiled(p: Any, x: Array) -> Array:
    return np.tile(x, p["scales"])


BOXES = ((0, 0, 7, 7), (2, 1, 5, 6), (4, 4, 4, 4), (1, 3, 9, 9), (0, 5, 3, 8))
"""x1, y1, x2, y2, ends included."""


def _regions() -> Iterable[Sample]:
    for i, (pooled, scale) in enumerate((((2, 2), 1.0), ((1, 1), 1.0), ((4, 2), 1.0), ((2, 4), 0.5), ((1, 4), 0.25))):
        name = f"float32-{pooled[0]}x{pooled[1]}-scale{scale}"
        x = normal("float32", (2, 3, 10, 10), "max roi pool", name)
        rows = np.array([[b, *(v / scale for v in box)] for b, box in zip((0, 1, 1, 0, 1), BOXES, strict=True)])
        yield sample(name, "float32", (x, Tensor.of(rows, "float32")), i, pooled=pooled, scale=scale)


def _pooled(p: Any, x: Array, rows: Array, *, open_end: int = 0) -> Array:
    """Largest value of each bin; bins overlap by up to one element, as floor and ceiling of their ends say."""
    out = np.zeros((len(rows), x.shape[1], *p["pooled"]), dtype=x.dtype)
    for k, (image, *box) in enumerate(rows.tolist()):
        x1, y1, x2, y2 = (round(v * p["scale"]) for v in box)
        high, wide = (max(b - a + 1 - open_end, 1) for a, b in ((y1, y2), (x1, x2)))
        for i, j in np.ndindex(*p["pooled"]):
            (a, b), (c, d) = (
                (min(max(first + m * size // n, 0), limit), min(max(first - (-(m + 1) * size // n), 0), limit))
                for first, m, size, n, limit in ((y1, i, high, p["pooled"][0], x.shape[2]), (x1, j, wide, p["pooled"][1], x.shape[3]))
            )
            if b > a and d > c:
                out[k, :, i, j] = x[int(image), :, a:b, c:d].max(axis=(1, 2))
    return out


def _first_image(p: Any, x: Array, rows: Array) -> Array:
    return _pooled(p, x, np.concatenate([np.zeros_like(rows[:, :1]), rows[:, 1:]], axis=1))


SUMMANDS = (((3, 4),) * 3, ((17,),), ((2, 3, 5), (5,), (3, 1)), ((1, 4), (3, 1)), ((33,),) * 8, ((257,),) * 2, ((0, 3), (1, 3)))


def _summands() -> Iterable[Sample]:
    for dtype, k, shapes in in_turn(("float32", "float64"), SUMMANDS):
        name = f"{dtype}-{'+'.join('x'.join(map(str, s)) for s in shapes)}"
        yield sample(name, dtype, [normal(dtype, s, "sum of", name, str(i)) for i, s in enumerate(shapes)], k)


def _total(s: Sample, mean: bool) -> tuple[Expected, ...]:
    wide = [extended(a) for a in s.arrays()]
    value, size = sum(wide[1:], wide[0]), sum((np.abs(a) for a in wide[1:]), np.abs(wide[0]))
    n = len(wide)
    return (summed_up(value / n, size / n, n + 1, s.dtype) if mean else summed_up(value, size, n, s.dtype),)


def _last_dropped(mean: bool) -> Callable[[Sample], Array | None]:
    def compute(s: Sample) -> Array | None:
        if len(s.inputs) == 1:
            return None
        wide = [a.astype(np.float64) for a in s.arrays()]
        made = sum(wide[1:-1], wide[0]) + 0 * wide[-1]
        return np.asarray(made / len(wide) if mean else made)

    return compute


def _norm_samples() -> Iterable[Sample]:
    for i, shape in enumerate(((2, 3, 8, 8), (1, 1, 1, 1), (2, 5, 17), (1, 4, 3, 5, 7), (3, 2, 33, 2))):
        for p in (2, 1):
            name = f"float32-{'x'.join(map(str, shape))}-p{p}"
            yield sample(name, "float32", (normal("float32", shape, "global lp", name),), i, p=p)


def _norm(s: Sample) -> Any:
    x = rounded(s.arrays()[0], s.dtype)
    flat = x.reshape(*x.value.shape[:2], -1)
    made = np.abs(flat).sum(axis=-1) if s.param("p") == 1 else np.sqrt((flat * flat).sum(axis=-1))
    return made.reshape(*x.value.shape[:2], *[1] * (x.value.ndim - 2))


def _turn_samples() -> Iterable[Sample]:
    """(batch, heads, length, size): whole and partial rotation, halves or neighbours, angles by position."""
    for i, (b, h, n, d, part) in enumerate(((2, 3, 5, 8, 0), (1, 1, 1, 2, 0), (2, 2, 7, 16, 8), (1, 4, 9, 64, 0), (3, 1, 4, 6, 4))):
        for near in (False, True):
            name = f"float32-{b}x{h}x{n}x{d}-part{part}{'-neighbours' if near else ''}"
            half = (part or d) // 2
            angle = np.arange(12)[:, None] / 10000.0 ** (np.arange(half) / half)
            at = seed_for("rotary", name).integers(0, 12, (b, n))
            inputs = (
                normal("float32", (b, h, n, d), "rotary", name),
                Tensor.of(np.cos(angle), "float32"),
                Tensor.of(np.sin(angle), "float32"),
                at,
            )
            yield sample(name, "float32", inputs, i, neighbours=near, part=part)


def _turned(s: Sample, sign: float = 1.0) -> Any:
    """Pairs (a, b) become (a cos - b sin, a sin + b cos)."""
    x, cos, sin, at = s.arrays()
    part = s.param("part") or x.shape[-1]
    near = bool(s.param("neighbours"))
    c, sn = (rounded(t[at][:, None], "float32") for t in (cos, sign * sin))
    first = slice(0, part, 2) if near else slice(0, part // 2)
    second = slice(1, part, 2) if near else slice(part // 2, part)
    a, b = rounded(x[..., first], "float32"), rounded(x[..., second], "float32")
    value, error = extended(x), np.zeros(x.shape, dtype=np.longdouble)
    for place, made in ((first, a * c - b * sn), (second, a * sn + b * c)):
        value[..., place], error[..., place] = made.value, made.error
    return Rounded(value, error, a.by)


def _rms_samples() -> Iterable[Sample]:
    for i, shape in enumerate(((3, 8), (1, 2), (2, 5, 33), (4, 257), (130, 16))):
        for eps in (1e-5, 0.5):
            name = f"float32-{'x'.join(map(str, shape))}-eps{eps}"
            yield sample(name, "float32", (normal("float32", shape, "rms", name), positive("float32", shape[-1:], "rms", name)), i, eps=eps)


def _rms(s: Sample, inside: bool = True) -> Any:
    x, w = (rounded(a, "float32") for a in s.arrays())
    n, eps = x.value.shape[-1], rounded(np.float32(s.param("eps")), "float32")
    square = (x * x).sum(axis=-1, keepdims=True) / n
    return x / (np.sqrt(square + eps) if inside else np.sqrt(square) + eps) * w


def _affine_samples() -> Iterable[Sample]:
    for i, shape in enumerate(((3, 4), (257,), (2, 3, 33), (1,))):
        for alpha, beta in ((1.0, 0.0), (0.75, -2.5), (-3.0, 0.125)):
            name = f"float32-{'x'.join(map(str, shape))}-a{alpha}-b{beta}"
            yield sample(name, "float32", (normal("float32", shape, "affine", name),), i, alpha=alpha, beta=beta)


def _affine(s: Sample) -> Any:
    return rounded(s.arrays()[0], "float32") * rounded(np.float32(s.param("alpha")), "float32") + rounded(
        np.float32(s.param("beta")), "float32"
    )


def _image_samples() -> Iterable[Sample]:
    for i, shape in enumerate(((1, 3, 5, 4), (2, 1, 3, 3), (2, 4, 1, 17))):
        name = f"float32-{'x'.join(map(str, shape))}"
        bias = tuple(float(v) / 8 for v in seed_for("image", name).integers(-16, 17, shape[1]))
        yield sample(name, "float32", (normal("float32", shape, "image", name),), i, scale=(0.5, 1.25, -2.0)[i], bias=bias)


def _image(s: Sample) -> Any:
    bias = np.array(s.param("bias"), dtype=np.float32).reshape(1, -1, 1, 1)
    return rounded(s.arrays()[0], "float32") * rounded(np.float32(s.param("scale")), "float32") + rounded(bias, "float32")


def _formula(formula: Callable[..., Rounded], **how: Any) -> Callable[[Sample], Any]:
    return lambda s: np.asarray(formula(s, **how).value, dtype=np.float64)


def _measured(id: str, says: str, source: str, samples: Samples, formula: Callable[..., Rounded], *own: Fault, area: str) -> Function:
    general = (*PLAINLY[:2], faults.TF32_INPUTS, faults.BF16_INPUTS, faults.relative(1e-4))
    return Function(
        id=id,
        side=Side.INFERENCE,
        area=area,
        requirement=f"The library shall {says}.",
        source=ONNX + source,
        oracle=BOUND,
        samples=samples,
        reference=lambda s: (expected_rounded(formula(s), dtype="float32"),),
        criterion=RUNNING,
        faults=(*general, *own),
    )


def _several(id: str, says: str, op: str, mean: bool) -> Function:
    return Function(
        id=id,
        side=Side.INFERENCE,
        area="elementwise",
        requirement=f"The library shall return the {says} of several operands, with broadcasting.",
        source=ONNX + op,
        oracle="80-bit extended precision",
        samples=_summands,
        reference=lambda s: _total(s, mean),
        criterion=Componentwise(),
        faults=(
            *PLAINLY[:2],
            faults.TF32_INPUTS,
            faults.BF16_INPUTS,
            faults.relative(1e-5),
            faults.computed("last-dropped", "The last operand is not added.", _last_dropped(mean)),
        ),
    )


def _cast_like() -> Function:
    return Function(
        id="cast_like",
        side=Side.INFERENCE,
        area="casting",
        requirement="The library shall convert data to the type of another operand.",
        source=ONNX + "CastLike",
        oracle="exact: values that both types hold",
        samples=_likes,
        reference=_like,
        criterion=Exact(),
        faults=(*PLAINLY, faults.changed("fraction-lost", "Fractions are lost.", lambda a: np.trunc(a.astype(np.float64)))),
    )


FUNCTIONS: tuple[Function, ...] = (
    _cast_like(),
    moving(
        "center_crop_pad",
        "cut or widen axes to the extents asked, evenly on both sides, the odd element at the end",
        f"{ONNX}CenterCropPad",
        _crops,
        _centred,
        ("odd-at-start", "The odd element goes to the start.", lambda p, x: _centred(p, x, late=1)),
        ("from-corner", "The first corner stays in place.", _cornered),
        general=PLAINLY,
    ),
    moving(
        "constant_value",
        "return the constant of a model",
        f"{ONNX}Constant",
        _plain_samples("constant", MOVED, SHAPES),
        lambda p, x, *_: x,
        ("reversed", "Elements come in reverse order.", lambda p, x: np.flip(x)),
        ("first-repeated", "The first element is repeated.", lambda p, x: np.full_like(x, x.reshape(-1)[0]) if x.size else None),
        general=PLAINLY,
    ),
    replace(
        moving(
            "dropout_in_inference",
            "return the data unchanged and a mask that keeps all",
            f"{ONNX}Dropout",
            _drops,
            lambda p, x: (x, np.ones(x.shape, dtype=bool)),
            ("scaled", "Data are scaled by 1 / (1 - ratio).", lambda p, x: (x / (1 - p["ratio"]), np.ones(x.shape, dtype=bool))),
            ("mask-inverted", "The mask drops all.", lambda p, x: (x, np.zeros(x.shape, dtype=bool))),
            outputs=("", "bool"),
            general=PLAINLY,
        ),
        side=Side.BOTH,
    ),
    moving(
        "scatter_older",
        "write values at positions along an axis",
        f"{ONNX}Scatter (9)",
        _writes,
        _written,
        ("nothing-written", "Nothing is written.", lambda p, x, at, new: x),
        ("added", "Values are added.", _added),
        general=PLAINLY,
        area="writing",
    ),
    moving(
        "upsample_nearest",
        "repeat every element by whole factors",
        f"{ONNX}Upsample (9)",
        _zooms,
        _zoomed,
        ("tiled", "The whole is repeated instead.", _tiled),
        (
            "axes-exchanged",
            "Factors of the last two axes are exchanged.",
            lambda p, x: _zoomed({"scales": (*p["scales"][:-2], *p["scales"][:-3:-1])}, x),
        ),
        general=PLAINLY,
        area="resize",
    ),
    moving(
        "max_roi_pool",
        "return the largest value of every bin of every region",
        f"{ONNX}MaxRoiPool; Girshick 2015",
        _regions,
        _pooled,
        ("first-image", "Every region is taken from the first image.", _first_image),
        ("end-open", "The last row and column of a region are left out.", lambda p, x, rows: _pooled(p, x, rows, open_end=1)),
        general=PLAINLY,
        area="regions",
    ),
    moving(
        "crop_border",
        "cut a border off an image",
        "ONNX Runtime, Crop (experimental operator)",
        _plain_samples("crop", ("float32",), ((1, 2, 7, 9), (2, 3, 6, 6), (1, 1, 5, 5)), border=(1, 2, 2, 1)),
        lambda p, x: x[:, :, p["border"][1] : x.shape[2] - p["border"][3], p["border"][0] : x.shape[3] - p["border"][2]],
        ("axes-exchanged", "Left is taken for top.", lambda p, x: x[:, :, 1 : x.shape[2] - 2, 2 : x.shape[3] - 1]),
        general=PLAINLY,
    ),
    moving(
        "dynamic_slice",
        "return what lies between given starts and ends",
        "ONNX Runtime, DynamicSlice (experimental operator)",
        _plain_samples("dynamic_slice", ("float32", "int64", "int32"), ((5, 7), (6, 9), (4, 8, 3)), starts=(1, 2), ends=(4, -1)),
        lambda p, x: x[1:4, 2:-1],
        ("one-late", "Starts are one too large.", lambda p, x: x[2:5, 2:-1]),
        ("end-kept", "Ends are included.", lambda p, x: x[1:5, 2:]),
        general=PLAINLY,
    ),
    _several("sum_of", "sum", "Sum", False),
    _several("mean_of", "mean", "Mean", True),
    _measured(
        "global_lp_pool",
        "return the 1-norm or 2-norm of every channel",
        "GlobalLpPool",
        _norm_samples,
        _norm,
        faults.other_params("other-norm", "Another norm is taken.", p=lambda p: 3 - p),
        area="pooling",
    ),
    _measured(
        "rotary_embedding",
        "turn pairs of features by the angles of their positions",
        "RotaryEmbedding; Su et al. 2021",
        _turn_samples,
        _turned,
        faults.computed("other-way", "Pairs are turned the other way.", _formula(_turned, sign=-1.0)),
        faults.other_params("other-pairs", "Halves are paired instead of neighbours, or the other way around.", neighbours=lambda v: not v),
        area="attention",
    ),
    _measured(
        "rms_normalisation_fused",
        "divide by the root of the mean square plus epsilon, and scale",
        "SimplifiedLayerNormalization (ONNX Runtime)",
        _rms_samples,
        _rms,
        faults.computed("eps-outside", "Epsilon is added outside the root.", _formula(_rms, inside=False)),
        area="normalisation",
    ),
    _measured(
        "affine_all",
        "return alpha x + beta",
        "Affine (experimental operator)",
        _affine_samples,
        _affine,
        faults.other_params("beta-dropped", "beta is not added.", beta=0.0),
        area="elementwise",
    ),
    _measured(
        "image_scaler",
        "scale an image and add a number to every channel",
        "ImageScaler (experimental operator)",
        _image_samples,
        _image,
        faults.other_params("channels-exchanged", "Numbers are those of the next channel.", bias=lambda b: (*b[1:], b[0])),
        area="elementwise",
    ),
)

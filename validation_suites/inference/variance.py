"""Variance and standard deviation with a correction of the divisor, alone and beside the mean."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, TypedDict

import numpy as np

from csvkit_ml.criteria import Scaled
from csvkit_ml.model.function import Expected, Fault, Function, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import U, expected_extended, extended
from csvkit_ml.references.normalisation import LITERATURE, growth
from csvkit_ml.references.rounding import ROUNDINGS
from validation_suites import faults
from validation_suites.sampling import normal, pairwise
from validation_suites.sampling.axes import AXES, FLOATS, SHAPE
from validation_suites.sampling.normalised import LENGTHS, hard_data, named, special_rows

CRITERION = Scaled(
    c=2.0, c_hard=16.0, literature=LITERATURE,
    scale="v (sqrt(n) + 4) + sqrt(n) mean|x| sd + u (sqrt(n) mean|x|)^2 of a variance v; its share of a root; sqrt(n) mean|x| of a mean",
    rationale="The two-pass algorithm carries sqrt(n) (1 + sqrt(n) kappa^2 u) u, the updating one sqrt(n) kappa u, kappa = mean|x| / sd;"
    " E x^2 - (E x)^2 carries kappa^2 u and is not admitted.",
)  # fmt: skip


def _samples(id: str) -> Iterable[Sample]:
    """Covering array over dtype, axes, correction and keepdims; offsets, constants; corrections as large as the number of values."""
    rows = pairwise({"dtype": FLOATS, "axes": AXES, "correction": (1, 0, 2, 0.5), "keepdims": (False, True), "offset": (0.0, 3.0)})
    for i, r in enumerate(rows):
        label = "all" if r["axes"] is None else "axes" + ",".join(map(str, r["axes"]))
        name = f"{r['dtype']}-{label}-correction{r['correction']}{'-keep' * r['keepdims']}-offset{r['offset']:g}"
        x = normal(r["dtype"], SHAPE, id, name, offset=r["offset"])
        p = params(axes=r["axes"], correction=r["correction"], keepdims=r["keepdims"])
        yield Sample(name=name, dtype=r["dtype"], inputs=(x,), params=p, why=SampleClass.COVERING if i else SampleClass.ORDINARY)
    for dtype in FLOATS:
        for how, x in hard_data(id, dtype, (4, 65)):
            yield _row(f"{dtype}-{how}", x, 1, SampleClass.CONDITIONED)
        yield _row(f"{dtype}-special", special_rows(id, dtype, 19), 1, SampleClass.SPECIAL)
    for n in LENGTHS:
        yield _row(f"float32-n{n}", normal("float32", (3, n), id, "length", str(n), offset=0.5), int(n > 1), SampleClass.EDGE)
    for n, correction in ((1, 1), (1, 0), (2, 2), (2, 3), (0, 0), (0, 1)):
        x = normal("float32", (3, n), id, "few", f"{n}")
        yield _row(f"float32-n{n}-correction{correction}", x, correction, SampleClass.EDGE)
    for shape, axis in (((2, 40_000), 1), ((20_000, 2), 0), ((2600, 5, 3), 1)):
        x = normal("float32", shape, id, "long", named(shape), offset=0.5)
        yield _row(f"float32-{named(shape)}-axis{axis}", x, 1, SampleClass.EDGE, axis)


def _row(name: str, x: Tensor, correction: float, why: SampleClass, axis: int = 1) -> Sample:
    p = params(axes=(axis,), correction=correction, keepdims=False)
    return Sample(name=name, dtype=x.dtype, inputs=(x,), params=p, why=why)


class Along(TypedDict):
    """Arguments of a reduction."""

    axis: tuple[int, ...]
    keepdims: bool


def _axes(sample: Sample) -> tuple[int, ...]:
    ndim, axes = len(sample.inputs[0].shape), sample.param("axes")
    return tuple(range(ndim)) if axes is None else tuple(int(a) % ndim for a in axes)


def _count(sample: Sample) -> int:
    return math.prod(sample.inputs[0].shape[a] for a in _axes(sample))


def _moments(sample: Sample) -> tuple[Any, Any, Any]:
    """(mean, mean|x|, sum of squares about the mean), extents of the axes kept as 1."""
    x, where = extended(sample.arrays()[0]), Along(axis=_axes(sample), keepdims=True)
    n = np.longdouble(_count(sample))
    mean = x.sum(**where) / n
    rest = x - mean
    return mean, np.abs(x).sum(**where) / n, (rest * rest).sum(**where)


def _reference(root: bool, mean: bool) -> Callable[[Sample], tuple[Expected, ...]]:
    def reference(sample: Sample) -> tuple[Expected, ...]:
        n, g = _count(sample), growth(_count(sample))
        with np.errstate(all="ignore"):
            centre, size, squares = _moments(sample)
            divisor = np.longdouble(max(0.0, n - float(sample.param("correction"))))
            value, ratio = squares / divisor, n / divisor
            sd, drift = np.sqrt(value), g * size * np.sqrt(ratio)
            scale = value * (g + 4) + drift * sd + ROUNDINGS[sample.dtype].accumulate * drift**2
            if root:
                value, scale = sd, sd * (g + 4) + drift
            made = _known(value, scale, sample, "y")
            return (made, _known(centre, (g + 2) * size, sample, "y1")) if mean else (made,)

    return reference


def _known(value: Any, scale: Any, sample: Sample, name: str) -> Expected:
    """The axes dropped where asked; the reference's own error is the analysis at U, sums counted in full."""
    n = max(1, _count(sample))
    gone = () if sample.param("keepdims") else _axes(sample)
    value, size = (np.squeeze(v, axis=gone) for v in (value, np.nan_to_num(np.asarray(scale, dtype=np.float64), nan=0.0, posinf=0.0)))
    radius = 4 * U * max(1.0, n / growth(n)) * size
    return expected_extended(np.asarray(value), dtype=sample.dtype, name=name, radius=radius, scale=size, any_sign_of_zero=True)


def _textbook(root: bool) -> Callable[[Sample], Array | None]:
    """(sum x^2 - (sum x)^2 / n) / (n - correction) in the data's own format (16 bits: float32), no less than zero."""

    def compute(sample: Sample) -> Array | None:
        n, work = _count(sample), np.float64 if sample.dtype == "float64" else np.float32
        divisor = n - float(sample.param("correction"))
        if n == 0 or divisor <= 0:
            return None
        where = Along(axis=_axes(sample), keepdims=bool(sample.param("keepdims")))
        x: Array = sample.arrays()[0].astype(work)
        total, squares = (np.asarray(v.sum(dtype=work, **where)) for v in (x, x * x))
        made = np.maximum(squares - total**2 / work(n), 0) / work(divisor)
        return np.asarray(np.sqrt(made) if root else made)

    return compute


def _about_zero(root: bool) -> Callable[[Sample], Array | None]:
    def compute(sample: Sample) -> Array | None:
        n = _count(sample)
        divisor = n - float(sample.param("correction"))
        if n == 0 or divisor <= 0:
            return None
        x = sample.arrays()[0].astype(np.float64)
        made = (x * x).sum(axis=_axes(sample), keepdims=bool(sample.param("keepdims"))) / divisor
        return np.asarray(np.sqrt(made) if root else made)

    return compute


def _first_only(compute: Callable[[Sample], Array | None], both: bool) -> Callable[[Sample], Any]:
    """A fault of the spread beside a mean that is right."""
    if not both:
        return compute

    def pair(sample: Sample) -> Any:
        made = compute(sample)
        return None if made is None else (made, _reference(False, True)(sample)[1].value)

    return pair


def _root_forgotten(sample: Sample) -> Array:
    return np.asarray(_reference(False, False)(sample)[0].value)


def _one_less(sample: Sample) -> Sample | None:
    x = sample.arrays()[0]
    axis = _axes(sample)[-1]
    short = np.ascontiguousarray(np.take(x, np.arange(x.shape[axis] - 1), axis=axis)) if x.shape[axis] > 2 else None
    return None if short is None else replace(sample, inputs=(Tensor.of(short),))


def _function(id: str, says: str, root: bool, mean: bool) -> Function:
    extra: tuple[Fault, ...] = (
        faults.computed("textbook-formula", "The sum of squares less the square of the sum cancels.", _first_only(_textbook(root), mean)),
        faults.computed("about-zero", "The mean is not subtracted.", _first_only(_about_zero(root), mean)),
        faults.other_params("correction-ignored", "The divisor is always n - 1.", correction=1),
        faults.other_params("biased", "The divisor is always n.", correction=0),
        faults.other_sample("last-element-unread", "The last element along the last axis is not read.", _one_less),
    )
    if root:
        extra = (*extra, faults.computed("root-forgotten", "The variance instead of its root.", _first_only(_root_forgotten, mean)))
    return Function(
        id=id, side=Side.INFERENCE, area="reductions", requirement=f"The library shall return {says}.",
        source=f"torch.{id}: the divisor is max(0, n - correction)", oracle="two passes in 80-bit extended precision",
        samples=lambda: _samples(id), reference=_reference(root, mean), criterion=CRITERION,
        faults=(faults.one_element(), faults.stale(), faults.TF32_INPUTS, faults.BF16_INPUTS, faults.nan_lost(), *extra),
    )  # fmt: skip


FUNCTIONS: tuple[Function, ...] = (
    _function("var", "the sum of squares about the mean over the given axes, divided by n - correction", False, False),
    _function("std", "the root of the variance over the given axes", True, False),
    _function("var_mean", "the variance and the mean over the given axes", False, True),
    _function("std_mean", "the standard deviation and the mean over the given axes", True, True),
)

"""Clipping of gradients by their total norm and by value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import cast

import numpy as np

from csvkit_ml.criteria import Exact, Scaled
from csvkit_ml.model.function import Expected, Fault, Function, Results, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import exactly
from csvkit_ml.references.running_error import Rounded, expected_rounded, hyperparameter, rounded
from validation_suites import faults
from validation_suites.sampling import normal, pairwise, special

DTYPES = ("float32", "float64")
SHAPES = ((4, 33), (7,), (5, 3, 2))
INF = float("inf")
EPS = 1e-6
"""Added to the norm before the division, as documented."""


def _gradients(dtype: str, name: str, shapes: Sequence[tuple[int, ...]] = SHAPES, scale: float = 1.0) -> tuple[Tensor, ...]:
    return tuple(normal(dtype, shape, "clip", name, str(i), scale=scale * 10.0**-i) for i, shape in enumerate(shapes))


def _norm_samples() -> Iterable[Sample]:
    rows = pairwise({"dtype": DTYPES, "norm_type": (2.0, 1.0, 3.0, INF), "max_norm": (1.0, 0.05, 1e4), "scale": (1.0, 1e-9, 1e6)})
    for i, r in enumerate(rows):
        name = f"{r['dtype']}-norm{r['norm_type']:g}-max{r['max_norm']:g}-scale{r['scale']:g}"
        how = params(norm_type=r["norm_type"], max_norm=r["max_norm"])
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        yield Sample(name=name, dtype=r["dtype"], inputs=_gradients(r["dtype"], name, scale=r["scale"]), params=how, why=why)
    for dtype in DTYPES:
        for norm_type in (1.0, 2.0, INF):
            how = params(norm_type=norm_type, max_norm=1.0)
            zero = tuple(Tensor.of(np.zeros(shape), dtype) for shape in SHAPES)
            yield Sample(name=f"{dtype}-zero-norm{norm_type:g}", dtype=dtype, inputs=zero, params=how, why=SampleClass.SPECIAL)
            for kind, value in (("nan", np.nan), ("inf", -np.inf)):
                first, *more = _gradients(dtype, f"{kind}{norm_type}")
                odd = Tensor.of(np.where(np.arange(33) == 5, value, first.array()), dtype)
                yield Sample(name=f"{dtype}-{kind}-norm{norm_type:g}", dtype=dtype, inputs=(odd, *more), params=how, why=SampleClass.SPECIAL)
    for n in (1, 16, 257, 40_000):
        inputs = _gradients("float32", str(n), ((n,), (1,), (n, 1)))
        yield Sample(name=f"float32-n{n}", dtype="float32", inputs=inputs, params=params(norm_type=2.0, max_norm=1.0), why=SampleClass.EDGE)


def _total(gradients: Rounded, order: float) -> Rounded:
    """Norm of all gradients as one vector."""
    size = cast(Rounded, abs(gradients))
    if order == INF:
        return Rounded(size.value.max(), np.zeros((), dtype=np.longdouble), size.by)
    if order == 1:
        return size.sum()
    if order == 2:
        return cast(Rounded, np.sqrt((size * size).sum()))
    return cast(Rounded, (size**order).sum() ** (1 / hyperparameter(order)))


def _clip_norm(sample: Sample) -> tuple[Expected, ...]:
    """g min(1, max / (norm + 1e-6)), one coefficient for all tensors; last output: the norm before."""
    arrays = sample.arrays()
    whole = rounded(np.concatenate([a.reshape(-1) for a in arrays]), sample.dtype)
    with np.errstate(all="ignore"):
        norm = _total(whole, sample.param("norm_type"))
        limit = hyperparameter(sample.param("max_norm")) if sample.param("max_norm") else 0.0
        clipped = whole * np.minimum(limit / (norm + EPS), 1.0)
    ends = [int(n) for n in np.cumsum([a.size for a in arrays])]
    parts = [clipped[end - a.size : end].reshape(a.shape) for a, end in zip(arrays, ends, strict=True)]
    return tuple(expected_rounded(p, dtype=sample.dtype, name=f"y{i}" if i else "y") for i, p in enumerate([*parts, norm]))


def _value_samples() -> Iterable[Sample]:
    for dtype in DTYPES:
        for i, limit in enumerate((0.1, 1.5, 0.0, 1e30)):
            why = SampleClass.COVERING if i else SampleClass.ORDINARY
            yield Sample(name=f"{dtype}-limit{limit:g}", dtype=dtype, inputs=_gradients(dtype, "value"), params=params(clip_value=limit), why=why)
        odd = tuple(Tensor.of(part, dtype) for part in np.array_split(special(dtype)[::-1], 3))
        yield Sample(name=f"{dtype}-special", dtype=dtype, inputs=odd, params=params(clip_value=2.5), why=SampleClass.SPECIAL)
    for n in (1, 17, 40_000):
        inputs = _gradients("float32", f"value{n}", ((n,), (1,), (n, 1)))
        yield Sample(name=f"float32-n{n}", dtype="float32", inputs=inputs, params=params(clip_value=0.5), why=SampleClass.EDGE)


def _clip_value(sample: Sample) -> tuple[Expected, ...]:
    """Each element to the nearest in [-limit, limit]; NaN stays."""
    limit = sample.param("clip_value")
    outs = [np.clip(a.astype(np.float64), -limit, limit) for a in sample.arrays()]
    return tuple(
        replace(exactly(y, dtype=sample.dtype, name=f"y{i}" if i else "y"), any_sign_of_zero=limit == 0) for i, y in enumerate(outs)
    )


def _each(sample: Sample) -> tuple[Array, ...] | None:
    """Every tensor by its own norm."""
    order, limit = sample.param("norm_type"), sample.param("max_norm")
    with np.errstate(all="ignore"):
        norms = [float(_total(rounded(a.reshape(-1), sample.dtype), order).value) for a in sample.arrays()]
        total = float(_total(rounded(np.concatenate([a.reshape(-1) for a in sample.arrays()]), sample.dtype), order).value)
    if not np.isfinite(total) or total <= limit or total == 0:
        return None
    return (*(a * min(1.0, limit / (n + EPS)) for a, n in zip(sample.arrays(), norms, strict=True)), np.asarray(total))


def _amplified(sample: Sample) -> tuple[Array, ...] | None:
    """Gradients whose norm is below the limit are scaled up to it."""
    *parts, norm = _clip_norm(sample)
    if not 0 < float(norm.value) < sample.param("max_norm"):
        return None
    return (*(a * (sample.param("max_norm") / (float(norm.value) + EPS)) for a in sample.arrays()), norm.value)


def _clipped_norm_told(function: Function, sample: Sample, results: Results) -> Results | None:
    """The norm after clipping is returned instead of the one before."""
    before, limit = float(results[-1]), sample.param("max_norm")
    return None if not limit < before < np.inf else (*results[:-1], np.asarray(limit, dtype=results[-1].dtype))


ONE_SIDED = faults.changed("one-sided", "Only the upper limit is applied.", lambda a: np.where(a < 0, a - 1, a))

FUNCTIONS: tuple[Function, ...] = (
    Function(
        id="clip_grad_norm", side=Side.TRAINING, area="gradient clipping",
        requirement="The library shall scale all gradients by min(1, max / (norm + 1e-6)), norm being that of all of them as one vector, and return the norm.",
        source="Pascanu, Mikolov, Bengio 2013, algorithm 1; PyTorch documentation, torch.nn.utils.clip_grad_norm_",
        oracle="definition in extended precision (2^-64)", samples=_norm_samples, reference=_clip_norm,
        criterion=Scaled(c=2.0, c_hard=8.0, scale="bound of the rounding error of the norm, the quotient and the product, in u",
                         rationale="All terms of the norm are positive: its error is min(n, 6 sqrt(n)) u relative at most, divided by the order of the root; "
                         "the gradients inherit it. c = 2 leaves room for norms of norms.",
                         literature="Higham 2002, 3.3; Higham and Mary 2019"),
        faults=(faults.relative(1e-4, "gradient-off"), faults.one_element(), faults.stale(), faults.TF32_INPUTS, faults.nan_lost(),
                faults.computed("per-tensor", "Every tensor is clipped by its own norm.", _each),
                faults.computed("amplified", "Gradients of a small norm are scaled up to the limit.", _amplified),
                faults.other_params("order-ignored", "The norm is always of order 2.", norm_type=2.0),
                faults.other_params("not-clipped", "The limit is ignored.", max_norm=1e30),
                Fault(id="norm-after", sentence="The norm after clipping is returned.", apply=_clipped_norm_told)),
    ),
    Function(
        id="clip_grad_value", side=Side.TRAINING, area="gradient clipping",
        requirement="The library shall replace every element of the gradients by the nearest value in [-limit, limit].",
        source="PyTorch documentation, torch.nn.utils.clip_grad_value_", oracle="exact", samples=_value_samples, reference=_clip_value,
        criterion=Exact(rationale="Each result is an element or the limit in the gradients' format.", literature="IEEE 754-2019, 5.3.1 and 9.6"),
        faults=(faults.one_element(), faults.stale(), faults.nan_lost(), ONE_SIDED,
                faults.other_params("not-clipped", "The limit is ignored.", clip_value=1e300),
                faults.other_params("limit-off", "The limit is off by 1e-4.", clip_value=lambda v: v * (1 + 1e-4))),
    ),
)  # fmt: skip

"""Pooling over two axes: max_pool2d and avg_pool2d."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from csvkit_ml.criteria import Componentwise, Exact
from csvkit_ml.model.function import Expected, Function, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import U, exactly, expected_extended, extended, windows
from validation_suites import faults
from validation_suites.sampling import normal, pairwise, positive, tensor

DTYPES = ("float32", "float64", "float16", "bfloat16")
SIZE = (12, 15)
WINDOWS: Mapping[str, tuple[Any, ...]] = {
    "kernel": ((2, 2), (3, 3), (3, 2), (5, 4)), "stride": ((2, 2), (1, 1), (3, 2)), "padding": ((0, 0), (1, 1), (0, 1)),
    "ceil_mode": (False, True),
}  # fmt: skip


def _allowed(row: Mapping[str, Any]) -> bool:
    """Padding is at most half a kernel, which torch demands, so no window lies in padding alone."""
    return all(2 * p <= k for p, k in zip(row["padding"], row["kernel"], strict=True))


def _named(row: Mapping[str, Any]) -> str:
    def short(v: tuple[int, ...]) -> str:
        return "".join(map(str, v))

    flags = "".join(f"-{k.split('_')[0]}" for k, v in row.items() if v is True)
    dilation = f"-d{short(row['dilation'])}" if "dilation" in row else ""
    return f"k{short(row['kernel'])}-s{short(row['stride'])}-p{short(row['padding'])}{dilation}{flags}"


def _covering(id: str, extra: Mapping[str, tuple[Any, ...]], offset: float) -> Iterable[Sample]:
    rows = pairwise({**WINDOWS, **extra}, _allowed)
    for dtype in DTYPES:
        for i, row in enumerate(rows if dtype == "float32" else rows[:5]):
            why = SampleClass.COVERING if i else SampleClass.ORDINARY
            x = normal(dtype, (2, 3, *SIZE), id, _named(row), dtype, offset=offset)
            yield Sample(name=f"{dtype}-{_named(row)}", dtype=dtype, inputs=(x,), params=params(**row), why=why)


def _max_samples() -> Iterable[Sample]:
    yield from _covering("max_pool2d", {"dilation": ((1, 1), (2, 2), (1, 3))}, -2.0)
    p = params(kernel=(3, 3), stride=(2, 2), padding=(1, 1), dilation=(1, 1), ceil_mode=False)
    for dtype in DTYPES:
        x = seed_for("max_pool2d", "special", dtype).standard_normal((1, 2, 9, 9))
        x[0, 0, 4, 4], x[0, 0, 0, 0], x[0, 1, 8, 2] = np.nan, np.inf, np.nan
        yield Sample(name=f"{dtype}-nan", dtype=dtype, inputs=(tensor(x, dtype),), params=p, why=SampleClass.SPECIAL)
        y = seed_for("max_pool2d", "infinite", dtype).standard_normal((1, 2, 9, 9))
        y[0, 0, :5, :5], y[0, 1, 0, :] = -np.inf, np.inf
        yield Sample(name=f"{dtype}-infinite", dtype=dtype, inputs=(tensor(y, dtype),), params=p, why=SampleClass.SPECIAL)
    large = normal("float32", (1, 9, 130, 129), "max_pool2d", "large")
    yield Sample(name="float32-n37440", dtype="float32", inputs=(large,), params=p, why=SampleClass.EDGE)


def _avg_samples() -> Iterable[Sample]:
    yield from _covering("avg_pool2d", {"count_include_pad": (True, False)}, 0.25)
    p = params(kernel=(3, 3), stride=(2, 2), padding=(1, 1), ceil_mode=False, count_include_pad=False)
    x = positive("float32", (1, 2, 9, 9), "avg_pool2d", "special").array().copy()
    x[0, 0, 0, 0], x[0, 0, 8, 8], x[0, 1, 4, 4] = np.nan, np.inf, -np.inf
    yield Sample(name="float32-special", dtype="float32", inputs=(Tensor.of(x),), params=p, why=SampleClass.SPECIAL)
    large = positive("float32", (1, 9, 130, 129), "avg_pool2d", "large")
    yield Sample(name="float32-n37440", dtype="float32", inputs=(large,), params=p, why=SampleClass.EDGE)


def _extent(n: int, kernel: int, stride: int, padding: int, dilation: int, ceil: bool) -> tuple[int, int]:
    """(outputs, overhang past the padded axis); in ceil mode a window must start within the data or the padding before it."""
    span = dilation * (kernel - 1) + 1
    room = n + 2 * padding - span
    out = (-(-room // stride) if ceil else room // stride) + 1
    if ceil and (out - 1) * stride >= n + padding:
        out -= 1
    return out, max(0, (out - 1) * stride + span - n - 2 * padding)


def _windows(x: Array, p: Mapping[str, Any], fill: float, overhang_fill: float | None = None) -> Array:
    """(N, C, H', W', k, k) of the padded data; the overhang of ceil mode is filled apart."""
    dilation = p.get("dilation", (1, 1))
    per_axis = zip(x.shape[2:], p["kernel"], p["stride"], p["padding"], dilation, strict=True)
    (h, over_h), (w, over_w) = (_extent(*axis, bool(p["ceil_mode"])) for axis in per_axis)
    ph, pw = p["padding"]
    inner = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)), constant_values=fill)
    outer = fill if overhang_fill is None else overhang_fill
    full = np.pad(inner, ((0, 0), (0, 0), (0, over_h), (0, over_w)), constant_values=outer)
    return windows(full, p["kernel"], p["stride"], dilation)[:, :, :h, :w]


def _max(sample: Sample) -> tuple[Expected, ...]:
    x = sample.arrays()[0].astype(np.float64)
    taken = _windows(x, dict(sample.params), -np.inf)
    return (exactly(np.asarray(taken.max(axis=(-2, -1))), dtype=sample.dtype, any_sign_of_zero=True),)


def _divisor(x: Array, p: Mapping[str, Any]) -> Array:
    """Elements that a window's mean counts: of the data, or of data and padding; never of the overhang."""
    one = np.ones((1, 1, *x.shape[2:]))
    return np.asarray(_windows(one, p, 1.0 if p["count_include_pad"] else 0.0, 0.0).sum(axis=(-2, -1)))


def _avg(sample: Sample) -> tuple[Expected, ...]:
    p: dict[str, Any] = dict(sample.params)
    x = extended(sample.arrays()[0])
    taken, count = _windows(x, p, 0.0), _divisor(x, p)
    with np.errstate(all="ignore"):
        value = taken.sum(axis=(-2, -1)) / count
        scale = np.nan_to_num((np.abs(taken).sum(axis=(-2, -1)) / count).astype(np.float64), nan=0.0, posinf=0.0)
    terms = int(np.prod(p["kernel"])) + 1
    radius = (terms + 1) * U * scale
    return (expected_extended(value, dtype=sample.dtype, radius=radius, scale=scale, terms=terms, any_sign_of_zero=True),)


def _zero_padded(sample: Sample) -> Array | None:
    p: dict[str, Any] = dict(sample.params)
    x = sample.arrays()[0].astype(np.float64)
    return np.asarray(_windows(x, p, 0.0).max(axis=(-2, -1))) if any(p["padding"]) else None


def _nan_skipped(sample: Sample) -> Array | None:
    x = sample.arrays()[0].astype(np.float64)
    if not np.isnan(x).any():
        return None
    return np.asarray(np.fmax.reduce(_windows(x, dict(sample.params), -np.inf), axis=(-2, -1)))


def _overhang_counted(sample: Sample) -> Array | None:
    p: dict[str, Any] = dict(sample.params)
    if not (p["ceil_mode"] and p["count_include_pad"]):
        return None
    x = sample.arrays()[0].astype(np.float64)
    return np.asarray(_windows(x, p, 0.0).mean(axis=(-2, -1)))


def _negated(value: bool) -> bool:
    return not value


OUTPUT_FAULTS = (faults.one_element(), faults.stale(), faults.rolled())
CEIL_FLIPPED = faults.other_params("ceil-mode-flipped", "Ceil mode is taken as floor mode, or the other way around.", ceil_mode=_negated)
FUNCTIONS: tuple[Function, ...] = (
    Function(
        id="max_pool2d",
        side=Side.INFERENCE,
        area="pooling",
        requirement="The library shall return the maximum of every window, padding never counted, NaN passed on.",
        source="ONNX operator specification, MaxPool; torch.nn.MaxPool2d; IEEE 754-2019, 9.6 (maximum)",
        oracle="exact: moves values",
        samples=_max_samples,
        reference=_max,
        criterion=Exact(),
        faults=(
            *OUTPUT_FAULTS, CEIL_FLIPPED, faults.nan_lost(),
            faults.other_params("dilation-ignored", "Dilation is taken as 1.", dilation=(1, 1)),
            faults.computed("zero-padding", "Padding counts as zeros.", _zero_padded),
            faults.computed("nan-skipped", "NaN is skipped as if it were missing.", _nan_skipped),
        ),
    ),
    Function(
        id="avg_pool2d",
        side=Side.INFERENCE,
        area="pooling",
        requirement="The library shall return the mean of every window, over data alone or over data and padding, as asked.",
        source="ONNX operator specification, AveragePool (19 and later); torch.nn.AvgPool2d",
        oracle="sums in 80-bit extended precision, radius gamma_n mean|x|",
        samples=_avg_samples,
        reference=_avg,
        criterion=Componentwise(),
        faults=(
            *OUTPUT_FAULTS, CEIL_FLIPPED, faults.BF16_INPUTS, faults.TF32_INPUTS, faults.nan_lost(),
            faults.other_params("divisor-flipped", "Padding is counted where it must not be, or not where it must.", count_include_pad=_negated),
            faults.computed("overhang-counted", "The overhang of ceil mode is counted in the divisor.", _overhang_counted),
        ),
    ),
)  # fmt: skip

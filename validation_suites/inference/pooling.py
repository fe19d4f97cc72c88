"""Pooling by windows over one to three axes: maximum, mean and power mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from csvkit_ml.criteria import Componentwise, Exact, Scaled
from csvkit_ml.model.function import Criterion, Expected, Fault, Function, Json, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references.pooled import maxima, means, pooled, powers, spatial
from validation_suites import faults
from validation_suites.sampling import normal, pairwise, positive, tensor

DTYPES = ("float32", "float64", "float16", "bfloat16")
SIZES: Mapping[int, tuple[int, ...]] = {1: (29,), 2: (12, 15), 3: (6, 7, 5)}
LARGE: Mapping[int, tuple[int, ...]] = {1: (8210,), 2: (130, 129), 3: (24, 25, 30)}
WINDOWS: Mapping[int, Mapping[str, tuple[Any, ...]]] = {
    1: {"kernel": ((2,), (3,), (5,)), "stride": ((2,), (1,), (3,)), "padding": ((0,), (1,)), "ceil_mode": (False, True)},
    2: {
        "kernel": ((2, 2), (3, 3), (3, 2), (5, 4)), "stride": ((2, 2), (1, 1), (3, 2)), "padding": ((0, 0), (1, 1), (0, 1)),
        "ceil_mode": (False, True),
    },
    3: {
        "kernel": ((2, 2, 2), (3, 2, 3)), "stride": ((2, 2, 2), (1, 2, 3)), "padding": ((0, 0, 0), (1, 1, 1), (0, 1, 0)),
        "ceil_mode": (False, True),
    },
}  # fmt: skip
DILATIONS: Mapping[int, tuple[Any, ...]] = {1: ((1,), (2,)), 2: ((1, 1), (2, 2), (1, 3)), 3: ((1, 1, 1), (2, 1, 2))}


def _allowed(row: Mapping[str, Any]) -> bool:
    """Padding is at most half a kernel, which torch demands, so no window lies in padding alone."""
    return all(2 * p <= k for p, k in zip(row["padding"], row["kernel"], strict=True))


def _named(row: Mapping[str, Any]) -> str:
    def short(v: tuple[int, ...]) -> str:
        return "".join(map(str, v))

    flags = "".join(f"-{k.split('_')[0]}" for k, v in row.items() if v is True)
    dilation = f"-d{short(row['dilation'])}" if "dilation" in row else ""
    return f"k{short(row['kernel'])}-s{short(row['stride'])}-p{short(row['padding'])}{dilation}{flags}"


def _covering(id: str, dims: int, extra: Mapping[str, tuple[Any, ...]], offset: float) -> Iterable[Sample]:
    rows = pairwise({**WINDOWS[dims], **extra}, _allowed)
    for dtype in DTYPES:
        for i, row in enumerate(rows if dtype == "float32" else rows[:5]):
            why = SampleClass.COVERING if i else SampleClass.ORDINARY
            x = normal(dtype, (2, 3, *SIZES[dims]), id, _named(row), dtype, offset=offset)
            yield Sample(name=f"{dtype}-{_named(row)}", dtype=dtype, inputs=(x,), params=params(**row), why=why)


def _plain(dims: int, **more: Json) -> tuple[tuple[str, Json], ...]:
    return params(kernel=(3,) * dims, stride=(2,) * dims, padding=(1,) * dims, ceil_mode=False, **more)


def _max_samples(dims: int) -> Callable[[], Iterable[Sample]]:
    id, p, size = f"max_pool{dims}d", _plain(dims, dilation=(1,) * dims), (9,) * dims
    last, middle = (8,) + (2,) * (dims - 1), (4,) * dims

    def samples() -> Iterable[Sample]:
        yield from _covering(id, dims, {"dilation": DILATIONS[dims]}, -2.0)
        for dtype in DTYPES:
            x = seed_for(id, "special", dtype).standard_normal((1, 2, *size))
            x[(0, 0, *middle)], x[(0, 0, *(0,) * dims)], x[(0, 1, *last)] = np.nan, np.inf, np.nan
            yield Sample(name=f"{dtype}-nan", dtype=dtype, inputs=(tensor(x, dtype),), params=p, why=SampleClass.SPECIAL)
            y = seed_for(id, "infinite", dtype).standard_normal((1, 2, *size))
            low: tuple[Any, ...] = (0, 0, *(slice(5),) * dims)
            y[low], y[0, 1, 0] = -np.inf, np.inf
            yield Sample(name=f"{dtype}-infinite", dtype=dtype, inputs=(tensor(y, dtype),), params=p, why=SampleClass.SPECIAL)
        yield _large(id, dims, normal, p)

    return samples


def _avg_samples(dims: int) -> Callable[[], Iterable[Sample]]:
    id, p, size = f"avg_pool{dims}d", _plain(dims, count_include_pad=False), (9,) * dims

    def samples() -> Iterable[Sample]:
        yield from _covering(id, dims, {"count_include_pad": (True, False)}, 0.25)
        x = positive("float32", (1, 2, *size), id, "special").array().copy()
        x[(0, 0, *(0,) * dims)], x[(0, 0, *(8,) * dims)], x[(0, 1, *(4,) * dims)] = np.nan, np.inf, -np.inf
        yield Sample(name="float32-special", dtype="float32", inputs=(Tensor.of(x),), params=p, why=SampleClass.SPECIAL)
        yield _large(id, dims, positive, p)

    return samples


def _large(id: str, dims: int, made: Callable[..., Tensor], p: tuple[tuple[str, Json], ...]) -> Sample:
    """More than 32,768 outputs."""
    x = made("float32", (1, 9 if dims < 3 else 17, *LARGE[dims]), id, "large")
    outputs = x.shape[1] * int(np.prod([(n - 1) // 2 + 1 for n in LARGE[dims]]))
    return Sample(name=f"float32-n{outputs}", dtype="float32", inputs=(x,), params=p, why=SampleClass.EDGE)


def _lp_samples(dims: int) -> Callable[[], Iterable[Sample]]:
    """Data at least 0: the libraries agree there on what an odd power is."""
    id = f"lp_pool{dims}d"

    def samples() -> Iterable[Sample]:
        rows = pairwise({**WINDOWS[dims], "padding": ((0,) * dims,), "p": (2, 1, 3)})
        for dtype in ("float32", "float64"):
            for i, row in enumerate(rows if dtype == "float32" else rows[:5]):
                x = positive(dtype, (2, 3, *SIZES[dims]), id, _named(row), dtype)
                name = f"{dtype}-{_named(row)}-power{row['p']}"
                why = SampleClass.COVERING if i else SampleClass.ORDINARY
                yield Sample(name=name, dtype=dtype, inputs=(x,), params=params(**row), why=why)

    return samples


def _zero_padded(sample: Sample) -> Array | None:
    p: dict[str, Any] = dict(sample.params)
    taken = pooled(sample.arrays()[0].astype(np.float64), p, 0.0)
    return np.asarray(taken.max(axis=spatial(p))) if any(p["padding"]) else None


def _nan_skipped(sample: Sample) -> Array | None:
    x, p = sample.arrays()[0].astype(np.float64), dict(sample.params)
    if not np.isnan(x).any():
        return None
    return np.asarray(np.fmax.reduce(pooled(x, p, -np.inf), axis=spatial(p)))


def _overhang_counted(sample: Sample) -> Array | None:
    p: dict[str, Any] = dict(sample.params)
    if not (p["ceil_mode"] and p["count_include_pad"]):
        return None
    return np.asarray(pooled(sample.arrays()[0].astype(np.float64), p, 0.0).mean(axis=spatial(p)))


def _mean_instead(sample: Sample) -> Array | None:
    """What an implementation by way of the mean gives where a window overhangs."""
    p: dict[str, Any] = dict(sample.params)
    x = np.abs(sample.arrays()[0].astype(np.float64)) ** p["p"]
    full, ones = pooled(x, p, 0.0), pooled(np.ones_like(x), p, 0.0)
    if ones.all():
        return None
    return np.asarray((full.sum(axis=spatial(p)) / ones.sum(axis=spatial(p)) * np.prod(p["kernel"])) ** (1 / p["p"]))


def _root_lost(sample: Sample) -> Array | None:
    p: dict[str, Any] = dict(sample.params)
    taken = pooled(sample.arrays()[0].astype(np.float64), p, 0.0)
    return np.asarray((np.abs(taken) ** p["p"]).sum(axis=spatial(p))) if p["p"] > 1 else None


def _negated(value: bool) -> bool:
    return not value


OUTPUT_FAULTS = (faults.one_element(), faults.stale(), faults.rolled())
CEIL_FLIPPED = faults.other_params("ceil-mode-flipped", "Ceil mode is taken as floor mode, or the other way around.", ceil_mode=_negated)
MAX_FAULTS = (
    *OUTPUT_FAULTS, CEIL_FLIPPED, faults.nan_lost(),
    faults.other_params("dilation-ignored", "Dilation is taken as 1.", dilation=lambda d: (1,) * len(d)),
    faults.computed("zero-padding", "Padding counts as zeros.", _zero_padded),
    faults.computed("nan-skipped", "NaN is skipped as if it were missing.", _nan_skipped),
)  # fmt: skip
AVG_FAULTS = (
    *OUTPUT_FAULTS, CEIL_FLIPPED, faults.BF16_INPUTS, faults.TF32_INPUTS, faults.nan_lost(),
    faults.other_params("divisor-flipped", "Padding is counted where it must not be, or not where it must.", count_include_pad=_negated),
    faults.computed("overhang-counted", "The overhang of ceil mode is counted in the divisor.", _overhang_counted),
)  # fmt: skip
LP_FAULTS = (
    *OUTPUT_FAULTS, CEIL_FLIPPED, faults.BF16_INPUTS, faults.TF32_INPUTS,
    faults.computed("overhang-by-the-mean", "A window that overhangs is weighted as if it were full.", _mean_instead),
    faults.computed("root-lost", "The root is not taken.", _root_lost),
)  # fmt: skip
POWERS = Scaled(
    c=2.0, c_hard=4.0, scale="(n + p + 3) / 4 |r|",
    rationale="Powers, their sum of n positive terms and the root have relative errors only: n u of the sum, p u of the powers, few u.",
    literature="Higham 2002, ch. 3; ONNX operator specification, LpPool",
)  # fmt: skip


def _pooling(
    dims: int, kind: str, says: str, source: str, oracle: str, samples: Callable[[], Iterable[Sample]],
    reference: Callable[[Sample], tuple[Expected, ...]], criterion: Criterion, own: tuple[Fault, ...],
) -> Function:  # fmt: skip
    return Function(
        id=f"{kind.lower()}_pool{dims}d", side=Side.INFERENCE, area="pooling", requirement=f"The library shall return {says}.",
        source=f"{source}; torch.nn.{kind}Pool{dims}d", oracle=oracle, samples=samples, reference=reference, criterion=criterion,
        faults=own,
    )  # fmt: skip


FUNCTIONS: tuple[Function, ...] = (
    *(
        _pooling(
            d, "Max", "the maximum of every window, padding never counted, NaN passed on",
            "ONNX operator specification, MaxPool; IEEE 754-2019, 9.6 (maximum)", "exact: moves values", _max_samples(d), maxima, Exact(),
            MAX_FAULTS,
        )
        for d in (1, 2, 3)
    ),
    *(
        _pooling(
            d, "Avg", "the mean of every window, over data alone or over data and padding, as asked",
            "ONNX operator specification, AveragePool (19 and later)", "sums in 80-bit extended precision, radius gamma_n mean|x|",
            _avg_samples(d), means, Componentwise(), AVG_FAULTS,
        )
        for d in (1, 2, 3)
    ),
    *(
        _pooling(
            d, "LP", "the p-th root of the sum of p-th powers over every window, whatever part of the window holds data",
            "ONNX operator specification, LpPool (18)", "80-bit extended precision", _lp_samples(d), powers, POWERS, LP_FAULTS,
        )
        for d in (1, 2, 3)
    ),
)  # fmt: skip

"""Windows by less common choices: transposed convolution to a given shape, means of spread windows, means by a given divisor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from csvkit_ml.criteria import Componentwise
from csvkit_ml.model.function import Expected, Fault, Function, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Array
from csvkit_ml.references import U, expected_extended, extended
from csvkit_ml.references.pooled import means, pooled, spatial
from validation_suites import faults
from validation_suites.inference.convolution import FUNCTIONS as CONVOLUTIONS
from validation_suites.inference.pooling import AVG_FAULTS, DILATIONS, SIZES, WINDOWS
from validation_suites.sampling import normal, pairwise

TRANSPOSED = {f.id: f for f in CONVOLUTIONS if "transpose" in f.id}
DIVISORS = (1, 3, 7, 100, -2)


def _shaped() -> Iterable[Sample]:
    """Transposed convolutions whose padding is even and alike at both ends, so that every revision's rule of sharing it out agrees."""
    first = True
    for dims in (2, 1, 3):
        found = [s for s in TRANSPOSED[f"conv_transpose{dims}d"].samples() if s.dtype == "float32" and _plain(s) and "large" not in s.name]
        for s in found[:8]:
            yield replace(s, name=f"{s.name}-{dims}d", why=SampleClass.ORDINARY if first else SampleClass.COVERING)
            first = False


def _plain(s: Sample) -> bool:
    p: dict[str, Any] = dict(s.params)
    half = len(p["padding"]) // 2
    small = all(t.size < 3000 for t in (s.inputs[0].array(),))
    return small and not any(p["output_padding"]) and p["padding"][:half] == p["padding"][half:]


def _windows(id: str, extra: Mapping[str, Any], dtypes: tuple[str, ...], dims: tuple[int, ...]) -> Callable[[], Iterable[Sample]]:
    def made() -> Iterable[Sample]:
        for d in dims:
            own = {k: v[d] if isinstance(v, Mapping) else v for k, v in extra.items()}
            rows = pairwise({**WINDOWS[d], "count_include_pad": (True, False), **own}, _fits)
            for dtype in dtypes:
                for i, row in enumerate(rows if dtype == "float32" else rows[:3]):
                    told = "-".join(f"{k[:2]}{''.join(map(str, v)) if isinstance(v, tuple) else int(v)}" for k, v in row.items())
                    why = SampleClass.COVERING if i or d != dims[0] else SampleClass.ORDINARY
                    x = normal(dtype, (2, 3, *SIZES[d]), id, told, offset=0.25)
                    yield Sample(name=f"{dtype}-{d}d-{told}".lower(), dtype=dtype, inputs=(x,), params=params(**row), why=why)

    return made


def _fits(row: Mapping[str, Any]) -> bool:
    """Padding at most half a kernel; no ceil mode where windows are spread (revisions differ in what overhangs)."""
    return all(2 * p <= k for p, k in zip(row["padding"], row["kernel"], strict=True)) and not ("dilation" in row and row["ceil_mode"])


def _divided(sample: Sample) -> tuple[Expected, ...]:
    """Sum of every window over the divisor that is given, whatever is counted."""
    p: dict[str, Any] = dict(sample.params)
    taken = pooled(extended(sample.arrays()[0]), p, 0.0)
    value, size = taken.sum(axis=spatial(p)) / p["divisor"], np.abs(taken).sum(axis=spatial(p)) / abs(p["divisor"])
    terms = int(np.prod(p["kernel"])) + 1
    scale = size.astype(np.float64)
    return (expected_extended(value, dtype=sample.dtype, radius=(terms + 1) * U * scale, scale=scale, terms=terms, any_sign_of_zero=True),)


def _counted(sample: Sample) -> Array | None:
    """The mean of what the window counts."""
    (made,) = means(sample)
    (own,) = _divided(sample)
    return None if np.allclose(made.value, own.value) else made.value


def _pooling(id: str, says: str, source: str, samples: Callable[[], Iterable[Sample]], reference: Any, *own: Fault) -> Function:
    return Function(
        id=id, side=Side.INFERENCE, area="pooling", requirement=f"The library shall return {says}.", source=source,
        oracle="the definition in 80-bit extended precision", samples=samples, reference=reference, criterion=Componentwise(),
        faults=(faults.one_element(), faults.stale(), faults.rolled(), faults.TF32_INPUTS, faults.BF16_INPUTS, *own),
    )  # fmt: skip


_BASE = TRANSPOSED["conv_transpose2d"]
FUNCTIONS: tuple[Function, ...] = (
    replace(
        _BASE, id="conv_transpose_to_shape", samples=_shaped,
        requirement="The library shall return the transposed convolution whose output has the extents that are given.",
        source="ONNX operator specification, ConvTranspose, output_shape (where its revisions agree)",
    ),
    _pooling(
        "avg_pool_spread", "the mean of every window whose elements lie a dilation apart", "ONNX operator specification, AveragePool (19)",
        _windows("avg_pool_spread", {"dilation": DILATIONS}, ("float32",), (2, 1, 3)), means,
        faults.other_params("dilation-one", "Elements are taken side by side.", dilation=lambda d: (1,) * len(d)),
        next(f for f in AVG_FAULTS if f.id == "divisor-flipped"),
    ),
    _pooling(
        "avg_pool_divided", "the sum of every window over a divisor that is given", "torch.nn.AvgPool2d, divisor_override",
        _windows("avg_pool_divided", {"divisor": DIVISORS}, ("float32", "float64"), (2, 3)), _divided,
        faults.other_params("other-divisor", "The divisor is one more.", divisor=lambda d: d + 1),
        faults.computed("divisor-ignored", "The mean of what a window counts is returned.", _counted),
    ),
)  # fmt: skip

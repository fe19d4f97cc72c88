"""Images to columns of windows and back: unfold and fold (ONNX Col2Im); maximum pooling undone (MaxUnpool)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from csvkit_ml.criteria import Componentwise, Exact
from csvkit_ml.model.function import Criterion, Expected, Fault, Function, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Tensor
from csvkit_ml.references.folded import columns_of, folded, out_sizes, unfolded, unpooled
from validation_suites import faults
from validation_suites.sampling import normal, pairwise

DTYPES = ("float32", "float64", "float16", "bfloat16")
ROWS: Mapping[str, tuple[Any, ...]] = {
    "size": ((6, 7), (5, 5), (9, 4)), "kernel": ((2, 2), (3, 3), (3, 1), (2, 4)), "stride": ((1, 1), (2, 2), (3, 1)),
    "padding": ((0, 0), (1, 1), (2, 0)), "dilation": ((1, 1), (2, 1), (2, 2)),
}  # fmt: skip


def _fits(row: Mapping[str, Any]) -> bool:
    return min(out_sizes(row)) >= 1


def _named(row: Mapping[str, Any]) -> str:
    return "-".join(k[0] + "x".join(map(str, v)) for k, v in row.items())


def _samples(id: str, columns: bool) -> Callable[[], Iterable[Sample]]:
    """Inputs are images, or columns of the shape that an image of `size` has."""

    def samples() -> Iterable[Sample]:
        rows = pairwise(ROWS, _fits)
        for dtype in DTYPES:
            for i, row in enumerate(rows if dtype == "float32" else rows[:5]):
                shape = (3 * int(np.prod(row["kernel"])), int(np.prod(out_sizes(row)))) if columns else (3, *row["size"])
                x = normal(dtype, (2, *shape), id, dtype, _named(row), offset=0.25)
                why = SampleClass.COVERING if i else SampleClass.ORDINARY
                yield Sample(name=f"{dtype}-{_named(row)}", dtype=dtype, inputs=(x,), params=params(**row), why=why)
        large = {"size": (67, 65), "kernel": (3, 3), "stride": (1, 1), "padding": (1, 1), "dilation": (1, 1)}
        x = normal("float32", (1, 9, 67 * 65) if columns else (1, 1, 67, 65), id, "large", offset=0.5)
        yield Sample(name=f"float32-{_named(large)}", dtype="float32", inputs=(x,), params=params(**large), why=SampleClass.EDGE)

    return samples


POOLED = (
    ((2, 2), (2, 2), (6, 8)), ((2, 3), (2, 3), (8, 9)), ((2, 2), (3, 3), (9, 11)), ((1, 2), (1, 2), (5, 6)), ((3, 3), (3, 3), (33, 30)),
)  # fmt: skip
"""(kernel, stride, extents of the plane)."""


def _unpool_samples() -> Iterable[Sample]:
    """Maxima of windows that do not overlap, and where they stood in each plane."""
    for dtype in DTYPES[:2]:
        for i, (kernel, stride, size) in enumerate(POOLED):
            x = normal(dtype, (2, 3, *size), "max_unpool2d", dtype, str(i), offset=0.5)
            value, index = columns_of(x.array(), kernel, stride)
            name = f"{dtype}-k{'x'.join(map(str, kernel))}-s{'x'.join(map(str, stride))}-of-{'x'.join(map(str, size))}"
            p = params(kernel=kernel, stride=stride, sizes=size)
            why = SampleClass.COVERING if i else SampleClass.ORDINARY
            yield Sample(name=name, dtype=dtype, inputs=(Tensor.of(value), Tensor.of(index)), params=p, why=why)


def _kernel_transposed(sample: Sample) -> Sample | None:
    """Rows of the columns in the order of the kernel's columns."""
    kh, kw = sample.param("kernel")
    x = sample.arrays()[0]
    if x.ndim != 3 or kh == 1 or kw == 1:
        return None
    turned = x.reshape(x.shape[0], -1, kh, kw, x.shape[-1]).swapaxes(2, 3).reshape(x.shape)
    return replace(sample, inputs=(Tensor.of(turned),))


def _next_place(sample: Sample) -> Sample | None:
    value, index = sample.arrays()
    most = int(np.prod(sample.param("sizes")))
    return replace(sample, inputs=(Tensor.of(value), Tensor.of((index + 1) % most)))


COMMON: tuple[Fault, ...] = (faults.one_element(), faults.stale(), faults.rolled())
FOLD_FAULTS = (
    *COMMON, faults.TF32_INPUTS, faults.BF16_INPUTS,
    faults.other_sample("kernel-transposed", "The kernel's columns are taken for its rows.", _kernel_transposed),
)  # fmt: skip
REVERSED = faults.changed("columns-reversed", "Columns run the other way.", lambda a: a[..., ::-1].copy())
UNFOLD_FAULTS = (*COMMON, faults.BF16_INPUTS, REVERSED)
UNPOOL_FAULTS = (*COMMON, faults.other_sample("next-place", "Maxima land one place too far.", _next_place), faults.BF16_INPUTS)


def _function(
    id: str, says: str, source: str, samples: Callable[[], Iterable[Sample]], reference: Callable[[Sample], tuple[Expected, ...]],
    own: tuple[Fault, ...], criterion: Criterion | None = None,
) -> Function:  # fmt: skip
    return Function(
        id=id, side=Side.INFERENCE, area="folding", requirement=f"The library shall return {says}.", source=source,
        oracle="sums in 80-bit extended precision, radius gamma_n |x|" if criterion else "exact: moves values", samples=samples,
        reference=reference, criterion=criterion or Exact(), faults=own,
    )  # fmt: skip


KEPT = Componentwise(
    own_format=True, rationale="Overlapping windows are added into a tensor of the data's format, one addition at a time.",
)  # fmt: skip
FUNCTIONS: tuple[Function, ...] = (
    _function(
        "unfold", "every window as a column, padding as zeros", "torch.nn.Unfold", _samples("unfold", False), unfolded, UNFOLD_FAULTS,
    ),
    _function(
        "fold", "the sum of all columns at the places that their windows cover", "ONNX operator specification, Col2Im; torch.nn.Fold",
        _samples("fold", True), folded, FOLD_FAULTS, KEPT,
    ),
    _function(
        "max_unpool2d", "every maximum at its place, zero elsewhere", "ONNX operator specification, MaxUnpool; torch.nn.MaxUnpool2d",
        _unpool_samples, unpooled, UNPOOL_FAULTS,
    ),
)  # fmt: skip

"""Pooling to a size: adaptive mean and maximum over one to three axes, and over everything (global)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from csvkit_ml.criteria import Componentwise, Exact
from csvkit_ml.model.function import Criterion, Expected, Fault, Function, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references.adaptive import maxima, means
from validation_suites import faults
from validation_suites.sampling import normal, positive

DTYPES = ("float32", "float64", "float16", "bfloat16")
SIZES: Mapping[int, tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]] = {
    1: (((12,), (4,)), ((17,), (5,)), ((5,), (9,)), ((7,), (1,)), ((1,), (3,)), ((6,), (6,))),
    2: (((12, 15), (4, 5)), ((11, 13), (3, 7)), ((5, 4), (7, 9)), ((9, 7), (1, 1)), ((1, 8), (3, 3)), ((8, 8), (8, 3)), ((7, 7), (1, 7))),
    3: (((6, 8, 4), (3, 4, 2)), ((5, 7, 6), (2, 3, 5)), ((3, 2, 4), (4, 5, 3)), ((4, 3, 5), (1, 1, 1))),
}
"""(extents of the input, of the output)."""
GLOBAL = ((7, 9), (1, 1), (23,), (4, 3, 5), (33, 16))


def _named(size: tuple[int, ...], out: tuple[int, ...]) -> str:
    return f"{'x'.join(map(str, size))}-to-{'x'.join(map(str, out))}"


def _adaptive_samples(id: str, dims: int) -> Callable[[], Iterable[Sample]]:
    def samples() -> Iterable[Sample]:
        for dtype in DTYPES:
            for i, (size, out) in enumerate(SIZES[dims]):
                x = normal(dtype, (2, 3, *size), id, dtype, _named(size, out), offset=-0.5)
                why = SampleClass.COVERING if i else SampleClass.ORDINARY
                yield Sample(name=f"{dtype}-{_named(size, out)}", dtype=dtype, inputs=(x,), params=params(sizes=out), why=why)
        size, out = ((40,) * dims, (13,) * dims) if dims < 3 else ((13,) * 3, (5,) * 3)
        large = positive("float32", (1, 33, *size), id, "channels")
        name, p = f"float32-c33-{_named(size, out)}", params(sizes=out)
        yield Sample(name=name, dtype="float32", inputs=(large,), params=p, why=SampleClass.EDGE)
        yield _not_finite(id, dims)

    return samples


def _not_finite(id: str, dims: int) -> Sample:
    x = positive("float32", (1, 3, *(9,) * dims), id, "special").array().copy()
    x[(0, 0, *(4,) * dims)], x[(0, 1, *(0,) * dims)], x[(0, 2, *(8,) * dims)] = np.nan, np.inf, -np.inf
    p = params(sizes=(4,) * dims)
    return Sample(name="float32-not-finite", dtype="float32", inputs=(Tensor.of(x),), params=p, why=SampleClass.SPECIAL)


def _global_samples(id: str) -> Callable[[], Iterable[Sample]]:
    def samples() -> Iterable[Sample]:
        for dtype in DTYPES:
            for i, size in enumerate(GLOBAL):
                x = normal(dtype, (2, 3, *size), id, dtype, str(size), offset=-0.5)
                why = SampleClass.COVERING if i else SampleClass.ORDINARY
                p = params(sizes=(1,) * len(size))
                yield Sample(name=f"{dtype}-{'x'.join(map(str, size))}", dtype=dtype, inputs=(x,), params=p, why=why)
        x = positive("float32", (1, 17, 56, 56), id, "large")
        p = params(sizes=(1, 1))
        yield Sample(name="float32-c17-56x56", dtype="float32", inputs=(x,), params=p, why=SampleClass.EDGE)
        y = positive("float32", (1, 3, 6, 6), id, "special").array().copy()
        y[0, 0, 3, 3], y[0, 1, 5, 5], y[0, 2] = np.nan, np.inf, -np.inf
        yield Sample(name="float32-not-finite", dtype="float32", inputs=(Tensor.of(y),), params=p, why=SampleClass.SPECIAL)

    return samples


def _equal_windows(sample: Sample) -> Array | None:
    """Windows of n // m elements, side by side."""
    x, out = sample.arrays()[0].astype(np.float64), sample.param("sizes")
    if all(n % m == 0 for n, m in zip(x.shape[2:], out, strict=True)):
        return None
    for k, (n, m) in enumerate(zip(x.shape[2:], out, strict=True)):
        x = np.take(x, np.minimum(np.arange(m) * max(1, n // m), n - 1), axis=k + 2)
    return x


def _last_left_out(sample: Sample) -> Sample | None:
    """The last element of the last axis is not looked at."""
    x = sample.arrays()[0]
    if x.shape[-1] < 2 or sample.param("sizes")[-1] != 1:
        return None
    return Sample(name=sample.name, dtype=sample.dtype, inputs=(Tensor.of(x[..., :-1]),), params=sample.params, why=sample.why)


OUTPUT = (faults.one_element(), faults.stale(), faults.nan_lost())
ADAPTIVE = (*OUTPUT, faults.rolled(), faults.computed("equal-windows", "Windows of equal length are taken side by side.", _equal_windows))
WHOLE = (*OUTPUT, faults.other_sample("tail-left-out", "The last element of every row is not looked at.", _last_left_out))
NARROW = (faults.TF32_INPUTS, faults.BF16_INPUTS)
SUMS = "sums in 80-bit extended precision, radius gamma_n mean|x|"


def _function(
    id: str, says: str, source: str, samples: Callable[[], Iterable[Sample]], own: tuple[Fault, ...], *, mean: bool
) -> Function:  # fmt: skip
    reference: Callable[[Sample], tuple[Expected, ...]] = means if mean else maxima
    criterion: Criterion = Componentwise() if mean else Exact()
    return Function(
        id=id, side=Side.INFERENCE, area="pooling", requirement=f"The library shall return {says}.", source=source,
        oracle=SUMS if mean else "exact: moves values", samples=samples, reference=reference, criterion=criterion,
        faults=(*own, *NARROW) if mean else own,
    )  # fmt: skip


WINDOW = "of the elements floor(i n / m) to ceil((i + 1) n / m) - 1 of every axis"
Kind = tuple[str, str, bool]
KINDS: tuple[Kind, ...] = (("avg", "the mean", True), ("max", "the maximum, NaN passed on,", False))
FUNCTIONS: tuple[Function, ...] = (
    *(
        _function(
            f"adaptive_{kind}_pool{d}d", f"{what} {WINDOW}", f"torch.nn.Adaptive{kind.title()}Pool{d}d",
            _adaptive_samples(f"adaptive_{kind}_pool{d}d", d), ADAPTIVE, mean=mean,
        )
        for kind, what, mean in KINDS
        for d in (1, 2, 3)
    ),
    _function(
        "global_avg_pool", "the mean of every channel", "ONNX operator specification, GlobalAveragePool",
        _global_samples("global_avg_pool"), WHOLE, mean=True,
    ),
    _function(
        "global_max_pool", "the maximum of every channel, NaN passed on", "ONNX operator specification, GlobalMaxPool",
        _global_samples("global_max_pool"), WHOLE, mean=False,
    ),
)  # fmt: skip

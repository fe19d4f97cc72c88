"""Maxima put back at their places, over one axis and three."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from csvkit_ml.criteria import Exact
from csvkit_ml.model.function import Expected, Function, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import exactly
from validation_suites import faults
from validation_suites.sampling import normal

CASES: dict[int, tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]] = {
    1: (((2,), (12,)), ((3,), (17,)), ((1,), (5,)), ((4,), (128,))),
    3: (((2, 2, 2), (4, 6, 4)), ((1, 2, 3), (3, 5, 7)), ((2, 3, 1), (5, 6, 2))),
}
"""(kernel = stride, extents)."""


def _windows(x: Array, kernel: tuple[int, ...]) -> tuple[Array, Array]:
    """(largest value of every window, its place among all)."""
    size = x.shape[2:]
    whole = tuple(n // k for n, k in zip(size, kernel, strict=True))
    places = np.arange(int(np.prod(size))).reshape(size)
    value, index = np.empty((*x.shape[:2], *whole), x.dtype), np.empty((*x.shape[:2], *whole), np.int64)
    for at in np.ndindex(*whole):
        cut = tuple(slice(a * k, a * k + k) for a, k in zip(at, kernel, strict=True))
        flat = x[(slice(None), slice(None), *cut)].reshape(*x.shape[:2], -1)
        best = flat.argmax(-1)
        value[(..., *at)] = np.take_along_axis(flat, best[..., None], -1)[..., 0]
        index[(..., *at)] = places[cut].ravel()[best]
    return value, index


def _samples(dims: int) -> Callable[[], Iterable[Sample]]:
    def made() -> Iterable[Sample]:
        for dtype in ("float32", "float64"):
            for i, (kernel, size) in enumerate(CASES[dims]):
                x = normal(dtype, (2, 3, *size), f"max_unpool{dims}d", dtype, str(i), offset=0.5)
                value, index = _windows(x.array(), kernel)
                name = f"{dtype}-k{'x'.join(map(str, kernel))}-of-{'x'.join(map(str, size))}"
                why = SampleClass.COVERING if i else SampleClass.ORDINARY
                given = params(kernel=kernel, stride=kernel, sizes=size)
                yield Sample(name=name, dtype=dtype, inputs=(Tensor.of(value), Tensor.of(index)), params=given, why=why)

    return made


def _put(value: Array, index: Array, size: tuple[int, ...]) -> Array:
    lead = value.shape[:2]
    out = np.zeros((*lead, int(np.prod(size))))
    np.put_along_axis(out, index.reshape(*lead, -1), value.reshape(*lead, -1).astype(np.float64), -1)
    return out.reshape(*lead, *size)


def _reference(sample: Sample) -> tuple[Expected, ...]:
    value, index = sample.arrays()
    return (exactly(_put(value, index, sample.param("sizes")), dtype=sample.dtype),)


def _next_place(sample: Sample) -> Array:
    value, index = sample.arrays()
    size = sample.param("sizes")
    return _put(value, (index + 1) % int(np.prod(size)), size)


def _function(dims: int) -> Function:
    return Function(
        id=f"max_unpool{dims}d", side=Side.INFERENCE, area="folding",
        requirement="The library shall return every maximum at its place, zero elsewhere.",
        source=f"PyTorch reference, torch.nn.MaxUnpool{dims}d", oracle="exact: moves values", samples=_samples(dims), reference=_reference,
        criterion=Exact(),
        faults=(
            faults.one_element(), faults.stale(), faults.rolled(), faults.BF16_INPUTS,
            faults.computed("next-place", "Maxima land one place too far.", _next_place),
        ),
    )  # fmt: skip


FUNCTIONS: tuple[Function, ...] = (_function(1), _function(3))

"""Attention where some queries have no key at all: the others are answered as ever, those with NaN or with zero.

The softmax of nothing is NaN by its formula and zero by later texts; both are readings. A finite number other than zero, as the mean of
all values, is none. Values are small whole numbers and every other query has exactly one key, so that its answer is that key's value.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from csvkit_ml.criteria.exact import Exact
from csvkit_ml.model.function import Expected, Fault, Function, Measurement, Results, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import exactly
from validation_suites import faults
from validation_suites.sampling import normal

ID = "attention_masked_rows"
DTYPES = ("float32", "float64", "float16", "bfloat16")
SIZES = ((2, 3, 9, 17, 16), (1, 2, 64, 33, 8), (1, 1, 1, 5, 4), (2, 2, 33, 130, 16))
"""Batch, heads, queries, keys, size of a head."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingOr:
    """Exact agreement, but where the true value is NaN, zero is as right."""

    rationale: str = "One key has weight 1 and its value is returned unchanged; of no key, the formula gives NaN and later texts zero."
    literature: str = "ONNX operator specification, Attention; PyTorch reference, scaled_dot_product_attention"
    kind: str = "exact, NaN or zero"

    @property
    def formula(self) -> str:
        return "y = r; y is NaN or 0 where r is NaN"

    def measure(self, actual: Array, expected: Expected) -> Measurement:
        """As Exact, zeros taken for the NaN that stands for nothing."""
        wide = actual.astype(np.float64)
        taken = np.where(np.isnan(expected.value) & (wide == 0), np.nan, wide)
        return Exact().measure(taken, replace(expected, any_sign_of_zero=True))


def _mask(shape: tuple[int, ...], kind: str, dtype: str, name: str) -> Tensor:
    """One key of every query, none of every third."""
    rng, (queries, keys) = seed_for(ID, "mask", name), shape[-2:]
    one = rng.integers(0, keys, (*shape[:-1], 1)) == np.arange(keys)
    none = np.arange(queries) % 3 == (1 if queries > 1 else 0)
    keep = one & ~none[:, None]
    return Tensor.of(keep) if kind == "bool" else Tensor.of(np.where(keep, 0.0, -np.inf), dtype)


def _samples() -> Iterable[Sample]:
    for i, (batch, heads, queries, keys, d) in enumerate(SIZES):
        for dtype in DTYPES if i < 2 else ("float32",):
            for kind in ("bool", "additive"):
                for per_head in (False, True):
                    name = f"{dtype}-{kind}-b{batch}-h{heads}-l{queries}-s{keys}-d{d}{'-heads' if per_head else ''}"
                    q, k = (normal(dtype, (batch, heads, n, d), ID, name, x) for n, x in ((queries, "q"), (keys, "k")))
                    v = Tensor.of(seed_for(ID, name, "v").integers(-8, 9, (batch, heads, keys, d)), dtype)
                    mask = _mask((batch, heads, queries, keys) if per_head else (queries, keys), kind, dtype, name)
                    why = SampleClass.COVERING if i or kind != "bool" or per_head else SampleClass.ORDINARY
                    p = params(causal=False, scale=None)
                    yield Sample(name=name, dtype=dtype, inputs=(q, k, v, mask), params=p, why=why)


def _kept(sample: Sample) -> Array:
    q, _, _, mask = sample.arrays()
    keep = mask if mask.dtype.kind == "b" else ~np.isneginf(mask.astype(np.float64))
    return np.broadcast_to(keep, (*q.shape[:-1], mask.shape[-1]))


def _reference(sample: Sample) -> tuple[Expected, ...]:
    """The value of the one key."""
    keep, v = _kept(sample), sample.arrays()[2].astype(np.float64)
    with np.errstate(invalid="ignore"):
        value = np.where(keep.any(axis=-1, keepdims=True), np.matmul(keep.astype(np.float64), v), np.nan)
    return (exactly(value, dtype=sample.dtype, any_sign_of_zero=True),)


def _mean(sample: Sample) -> Array:
    """Masked logits are the lowest finite number: the mean of all values where there is no key."""
    keep, v = _kept(sample), sample.arrays()[2].astype(np.float64)
    weights = np.where(keep.any(axis=-1, keepdims=True), keep, 1.0 / keep.shape[-1])
    return np.asarray(np.matmul(weights, v))


def _spread(_: Function, sample: Sample, true: Results) -> Results:
    """NaN of one row reaches its neighbour."""
    wide = true[0].astype(np.float64)
    return (np.where(np.isnan(np.roll(wide, 1, axis=-2)), np.nan, wide).astype(true[0].dtype),)


def _unmasked(sample: Sample) -> Any:
    return np.broadcast_to(sample.arrays()[2].astype(np.float64).mean(axis=-2, keepdims=True), (*sample.inputs[0].shape[:-1],
        sample.inputs[2].shape[-1]))


FUNCTIONS: tuple[Function, ...] = (
    Function(
        id=ID, side=Side.INFERENCE, area="attention",
        requirement="The library shall answer queries that have no key with NaN or zero, and all others undisturbed.",
        source="ONNX operator specification, Attention-23; torch.nn.functional.scaled_dot_product_attention",
        oracle="exact: the value of the only key", samples=_samples, reference=_reference, criterion=NothingOr(),
        faults=(
            faults.one_element(), faults.computed("mean-of-all", "A query without keys returns the mean of all values.", _mean),
            Fault(id="spread", sentence="NaN of a query reaches the next one.", apply=_spread),
            faults.computed("not-masked", "The mask is not applied.", _unmasked),
        ),
    ),
)  # fmt: skip

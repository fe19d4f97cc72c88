"""The observer that keeps a histogram and searches it for the range in which quantising loses least."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from csvkit_ml.criteria import Each, Exact, Ulp
from csvkit_ml.model.function import Expected, Fault, Function, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from validation_suites import faults
from validation_suites.training.quantisation_aware import AREA, scale_and_zero

KINDS = ("outliers", "bell", "one-sided", "even", "two-hills")
SCHEMES = (("affine", "quint8"), ("symmetric", "qint8"))
LEVELS = 256
STRIDE = 1e-5
"""Share of the values by which the search moves an end."""
EXACT = Exact(rationale="Counts of values that lie inside their bins, and the two ends.", literature="definition")


def _places(kind: str, bins: int, n: int, r: Any) -> Array:
    """Positions along the range in bins, each well inside its bin."""
    half = bins / 2
    at = {
        "outliers": half + bins / 24 * r.standard_normal(n),
        "bell": half + bins / 7 * r.standard_normal(n),
        "one-sided": bins / 6 * np.abs(r.standard_normal(n)),
        "even": bins * r.random(n),
        "two-hills": np.where(r.random(n) < 0.7, bins / 4, 3 * bins / 4) + bins / 30 * r.standard_normal(n),
    }[kind]
    return np.asarray(np.clip(np.floor(at), 0, bins - 1) + 0.5 + r.uniform(-0.3, 0.3, n))


def _samples() -> Iterable[Sample]:
    """(values seen often, values seen once, values of a second batch, seen often): the second operand holds both ends."""
    for i, (kind, (scheme, q), (bins, times)) in enumerate((k, s, b) for k in KINDS for s in SCHEMES for b in ((64, 1), (256, 2000))):
        r = seed_for("histogram", kind, str(bins))
        low, width = (0.0 if kind == "one-sided" else -1.0 - bins / 128), 2.0**-5
        first, second = (low + width * _places(kind, bins, m, r) for m in (120, 40))
        once = low + width * bins * np.array([0.0, 1.0, 0.8594, 0.918, 0.9766, 0.1211, 0.0352])
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        how = params(bins=bins, scheme=scheme, q=q, times=times)
        inputs = tuple(Tensor.of(a, "float32") for a in (first, once, second))
        yield Sample(name=f"{kind}-{scheme}-bins{bins}-times{times}", dtype="float32", inputs=inputs, params=how, why=why)


def counted(sample: Sample, batches: int = 2) -> tuple[Array, float, float]:
    """(values in each bin of the range, its ends); the last bin holds its right end."""
    often, once, later = (a.astype(np.float64) for a in sample.arrays())
    bins, times, low, high = sample.param("bins"), sample.param("times"), once.min(), once.max()
    data = ((often, times), (once, 1), (later, times))[: 1 + batches]
    place = np.concatenate([np.minimum(np.floor((x - low) / (high - low) * bins), bins - 1) for x, _ in data]).astype(int)
    weights = np.concatenate([np.full(x.size, k) for x, k in data])
    return np.bincount(place, weights=weights, minlength=bins).astype(np.int64), float(low), float(high)


def loss(counts: Array, first: int, last: int) -> float:
    """Squared error, in bins, of values spread evenly over their bins, when the bins first .. last are divided into LEVELS steps.

    The integral from 0 of the squared distance to the middle of one's step (outside: of the first or last step) is known in closed
    form; its difference over each bin is weighed by the bin's count.
    """
    edges = np.arange(len(counts) + 1.0) - first
    w = (last - first + 1) / LEVELS
    step = np.clip(np.floor(edges / w), 0, LEVELS - 1)
    integral = step * w**3 / 12 + ((edges - (step + 0.5) * w) ** 3 + (w / 2) ** 3) / 3
    return float(counts @ np.diff(integral))


def search(counts: Array, note: Callable[[float, float], None] = lambda now, best: None) -> tuple[int, int]:
    """(first, last) bin: the end whose next quantile is further off moves there, as long as the loss does not grow."""
    below, total = np.cumsum(counts), counts.sum()
    first, last, least = 0, len(counts) - 1, np.inf
    left, right = 0.0, 1.0
    while left < right:
        up, down = left + STRIDE, right - STRIDE
        a = max(first, min(last, int(np.searchsorted(below, up * total, side="left"))))
        b = min(last, max(first, int(np.searchsorted(below, down * total, side="right")) - 1))
        if a - first > last - b:
            left, moved = up, (a, last)
        else:
            right, moved = down, (first, b)
        if moved == (first, last):
            continue
        now = loss(counts, *moved)
        note(now, least)
        if now > least:
            break
        least, (first, last) = now, moved
    return first, last


def _chosen(sample: Sample, ends: tuple[int, int] | None = None, batches: int = 2) -> tuple[Any, ...]:
    counts, low, high = counted(sample, batches)
    width = (high - low) / len(counts)
    first, last = search(counts) if ends is None else ends
    scale, zero = scale_and_zero(np.array([low + width * first]), np.array([low + width * (last + 1)]), sample)
    return counts.astype(np.float64), np.array([low, high]), scale, zero


def reference(sample: Sample) -> tuple[Expected, ...]:
    """(counts, [least, largest], scale, zero point)."""
    counts, ends, scale, zero = _chosen(sample)
    return (
        Expected(name="y", dtype="float32", value=counts, any_sign_of_zero=True), Expected(name="y1", dtype="float32", value=ends, any_sign_of_zero=True),
        Expected(name="y2", dtype="float32", value=scale, radius=1e-14 * scale), Expected(name="y3", dtype="int64", value=zero),
    )  # fmt: skip


def _fault(id: str, sentence: str, other: Callable[[Sample], tuple[Any, ...]]) -> Fault:
    """Where it changes what comes out."""

    def compute(sample: Sample) -> tuple[Array, ...] | None:
        made = other(sample)
        return None if all(np.array_equal(a, b) for a, b in zip(made, _chosen(sample), strict=True)) else made

    return faults.computed(id, sentence, compute)


def _all_bins(sample: Sample) -> tuple[Any, ...]:
    return _chosen(sample, (0, sample.param("bins") - 1))


def _one_more(sample: Sample) -> tuple[Any, ...]:
    first, last = search(counted(sample)[0])
    return _chosen(sample, (first + 1, last))


FUNCTIONS: tuple[Function, ...] = (
    Function(
        id="histogram_observer", side=Side.TRAINING, area=AREA,
        requirement="The library shall count what it saw in bins, and derive scale and zero point of the range that its search finds to lose least.",
        source="PyTorch documentation, torch.ao.quantization.observer.HistogramObserver; norm minimisation of the squared error over quantiles",
        oracle="definition in double: closed integrals of the error (1e-14); counts and zero points whole",
        samples=_samples, reference=reference,
        criterion=Each(criteria=(EXACT, EXACT, Ulp(k=6, k_hard=32, rationale="A width, two ends and a quotient: a few roundings.",
                                                   literature="Higham 2002, ch. 3"), EXACT)),
        faults=(
            faults.one_element(), faults.stale(), faults.rolled(),
            _fault("range-not-searched", "The range is that of all values.", _all_bins),
            _fault("first-bin-late", "The range begins a bin too late.", _one_more),
            _fault("last-batch-lost", "The second batch is not counted.", lambda s: _chosen(s, batches=1)),
        ),
    ),
)  # fmt: skip

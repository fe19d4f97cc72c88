"""Dropout of whole channels, and the form that keeps mean and variance of a self-normalising network."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from csvkit_ml.criteria import FORMATS, Goodness
from csvkit_ml.model.function import Criterion, Expected, Function, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Array
from csvkit_ml.references import extended
from validation_suites import faults
from validation_suites.sampling import normal, pairwise
from validation_suites.training.dropout import keep, masks

DTYPES = ("float32", "float64")
CHANNELS = 8_000
SATURATION = -1.7580993408473766
"""- scale alpha of selu (Klambauer et al. 2017): what a negative infinity becomes."""


def _samples() -> Iterable[Sample]:
    for i, r in enumerate(pairwise({"dtype": DTYPES, "p": (0.5, 0.1, 0.9), "shape": ((20, CHANNELS // 20), (1, CHANNELS))})):
        name = f"{r['dtype']}-p{r['p']:g}-{r['shape'][0]}x{r['shape'][1]}"
        x = normal(r["dtype"], r["shape"], "channels", name)
        yield Sample(
            name=name,
            dtype=r["dtype"],
            inputs=(x,),
            params=params(p=r["p"], seed=i),
            why=SampleClass.COVERING if i else SampleClass.ORDINARY,
        )


def _expected(sample: Sample, kept: Array, lost: Array, chosen: Array) -> tuple[Expected, ...]:
    slack = 8 * FORMATS[sample.dtype].u * (np.abs(kept) + np.abs(lost) + 1)
    return (
        Expected(
            name="y", dtype=sample.dtype, value=np.where(chosen, kept, lost), extra={"kept": kept - lost, "slack": slack, "lost": lost}
        ),
    )


def _channels(sample: Sample) -> tuple[Expected, ...]:
    """One number a channel: x / (1 - p) or 0."""
    x = sample.arrays()[0].astype(np.float64)
    return _expected(sample, x / keep(sample), np.zeros_like(x), masks(sample, keep(sample)))


def affine(p: float) -> tuple[float, float]:
    """(a, b) with which kept values, and SATURATION in place of the others, have mean 0 and variance 1 again."""
    q = 1 - p
    a = float((extended(np.float64(q)) * (1 + extended(np.float64(p)) * extended(SATURATION) ** 2)) ** np.longdouble(-0.5))
    return a, -a * p * SATURATION


def _alpha(sample: Sample) -> tuple[Expected, ...]:
    a, b = affine(float(sample.param("p")))
    x = sample.arrays()[0].astype(np.float64)
    return _expected(sample, a * x + b, np.full_like(x, a * SATURATION + b), masks(sample, keep(sample)))


def _judged(sample: Sample) -> Criterion:
    return Goodness(distribution="alternatives", arguments=(keep(sample),))


def _plain_affine(sample: Sample) -> Array:
    x = sample.arrays()[0].astype(np.float64)
    return np.where(masks(sample, keep(sample)), x, SATURATION)


def _zeros(sample: Sample) -> Array:
    a, b = affine(float(sample.param("p")))
    return np.where(masks(sample, keep(sample)), a * sample.arrays()[0].astype(np.float64) + b, b)


def _shared(sample: Sample) -> Array:
    """Blocks of eight channels share a decision."""
    x = sample.arrays()[0].astype(np.float64)
    chosen = np.repeat(masks(sample, keep(sample)).ravel()[::8], 8)[: x.size].reshape(x.shape)
    return np.asarray(np.where(chosen, x / keep(sample), 0.0))


FUNCTIONS: tuple[Function, ...] = (
    Function(
        id="channel_dropout",
        side=Side.TRAINING,
        area="randomness",
        requirement="The library shall zero whole channels independently with probability p and divide the others by 1 - p.",
        source="Tompson et al. 2015; PyTorch documentation, torch.nn.Dropout2d",
        oracle="the distribution; kept values in double",
        samples=_samples,
        reference=_channels,
        criterion=_judged,
        faults=(
            faults.stale(),
            faults.computed("unscaled", "What is kept is not divided.", lambda s: s.arrays()[0].astype(np.float64) * masks(s, keep(s))),
            faults.computed("shared-decisions", "Blocks of eight channels share one decision.", _shared),
            faults.computed(
                "rate-for-keep", "Kept with probability p.", lambda s: s.arrays()[0].astype(np.float64) / keep(s) * masks(s, 1 - keep(s))
            ),
        ),
    ),
    Function(
        id="alpha_dropout",
        side=Side.TRAINING,
        area="randomness",
        requirement="The library shall set elements to selu's saturation with probability p, then scale and shift all so that mean 0 and variance 1 stay.",
        source="Klambauer et al. 2017; PyTorch documentation, torch.nn.AlphaDropout",
        oracle="the distribution; values in double",
        samples=_samples,
        reference=_alpha,
        criterion=_judged,
        faults=(
            faults.stale(),
            faults.computed("no-affine", "Values are neither scaled nor shifted.", _plain_affine),
            faults.computed("zeros", "Zero takes the place.", _zeros),
            faults.computed("rate-for-keep", "Kept with probability p.", lambda s: _expected(s, *_two(s), masks(s, 1 - keep(s)))[0].value),
        ),
    ),
)


def _two(sample: Sample) -> tuple[Array, Array]:
    a, b = affine(float(sample.param("p")))
    x = sample.arrays()[0].astype(np.float64)
    return a * x + b, np.full_like(x, a * SATURATION + b)

"""Dropout: the rate and scaling of what is kept, the same mask in the gradient, nothing at all in evaluation."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from csvkit_ml.criteria import FORMATS, Exact, Goodness
from csvkit_ml.model.function import Criterion, Expected, Function, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Array
from csvkit_ml.references import extended
from validation_suites import faults
from validation_suites.sampling import normal, pairwise, special, tensor
from validation_suites.training.randomness import draw

DTYPES = ("float32", "float64", "bfloat16")
SOURCE = "Srivastava et al. 2014; PyTorch documentation, torch.nn.Dropout"
DRAWS = 40_000


def _samples() -> Iterable[Sample]:
    for i, r in enumerate(pairwise({"dtype": DTYPES, "p": (0.5, 0.1, 0.9, 0.0, 1.0, 0.003), "shape": ((DRAWS,), (8, 5, 1025))})):
        name = f"{r['dtype']}-p{r['p']:g}-{'x'.join(map(str, r['shape']))}"
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        x = normal(r["dtype"], r["shape"], "dropout", name)
        yield Sample(name=name, dtype=r["dtype"], inputs=(x,), params=params(p=r["p"], seed=42 + i), why=why)


def keep(sample: Sample) -> float:
    """Probability that an element is kept."""
    return 1.0 - float(sample.param("p"))


def _kept(sample: Sample) -> tuple[Array, Array]:
    """(x / (1 - p), what two roundings of the format and one of the factor may change); x itself at p = 1, where none is kept."""
    x = extended(sample.arrays()[0])
    kept = (x / (1 - extended(np.float64(sample.param("p")))) if keep(sample) else x).astype(np.float64)
    return kept, 4 * FORMATS[sample.dtype].u * np.abs(kept)


def masks(sample: Sample, probability: float) -> Array:
    """A mask of our own."""
    return np.asarray(draw(sample).random(sample.inputs[0].shape) < probability)


def _expected(sample: Sample, mask: Array) -> tuple[Expected, ...]:
    kept, slack = _kept(sample)
    return (Expected(name="y", dtype=sample.dtype, value=np.where(mask, kept, 0.0), extra={"kept": kept, "slack": slack}),)


def _dropout(sample: Sample) -> tuple[Expected, ...]:
    return _expected(sample, masks(sample, keep(sample)))


def _judged(sample: Sample) -> Criterion:
    return Goodness(distribution="masked", arguments=(keep(sample),))


def _unscaled(sample: Sample) -> Array:
    return np.asarray(sample.arrays()[0].astype(np.float64) * masks(sample, keep(sample)))


def _rate_for_keep(sample: Sample) -> Array:
    """Kept with probability p."""
    kept, _ = _kept(sample)
    return np.asarray(kept * masks(sample, 1 - keep(sample)))


def _row_mask(sample: Sample) -> Array:
    """Blocks of eight share one decision."""
    kept, _ = _kept(sample)
    mask = masks(sample, keep(sample)).ravel()
    return np.asarray(kept * np.repeat(mask[::8], 8)[: mask.size].reshape(kept.shape))


def _nearly(sample: Sample) -> Array:
    kept, _ = _kept(sample)
    return kept * masks(sample, keep(sample) * 0.9)


def _identity_samples() -> Iterable[Sample]:
    for dtype in (*DTYPES, "float16"):
        x = normal(dtype, (5, 3, 257), "dropout", "identity", dtype)
        yield Sample(name=f"{dtype}-ordinary", dtype=dtype, inputs=(x,), params=params(p=0.5))
        edge = tensor(special(dtype), dtype)
        yield Sample(name=f"{dtype}-special", dtype=dtype, inputs=(edge,), params=params(p=0.9), why=SampleClass.SPECIAL)
    for n in (1, 17, 40_000):
        x = normal("float32", (n, 1, 1), "dropout", "identity", str(n))
        yield Sample(name=f"float32-n{n}", dtype="float32", inputs=(x,), params=params(p=0.3), why=SampleClass.EDGE)


def _identity(sample: Sample) -> tuple[Expected, ...]:
    return (Expected(name="y", dtype=sample.dtype, value=sample.arrays()[0].astype(np.float64)),)


def _gradient_samples() -> Iterable[Sample]:
    for i, r in enumerate(pairwise({"dtype": DTYPES, "p": (0.5, 0.1, 0.9, 0.0, 1.0), "shape": ((4, 33), (3, 5, 16), (40_000,))})):
        name = f"{r['dtype']}-p{r['p']:g}-{'x'.join(map(str, r['shape']))}"
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        ones = tensor(np.ones(r["shape"]), r["dtype"])
        yield Sample(name=name, dtype=r["dtype"], inputs=(ones,), params=params(p=r["p"], seed=7 + i), why=why)


def _gradient(sample: Sample) -> tuple[Expected, ...]:
    """Of ones: the result is the mask times its factor, and so is the gradient for an upstream of ones; their difference is 0."""
    zero = np.zeros(sample.inputs[0].shape)
    return (Expected(name="y", dtype=sample.dtype, value=zero, any_sign_of_zero=True),)


def _other_mask(sample: Sample) -> Array:
    """The gradient draws a mask of its own."""
    first, second = draw(sample).random((2, *sample.inputs[0].shape)) < keep(sample)
    return np.asarray(np.where(first, 1.0, 0.0) - np.where(second, 1.0, 0.0)) / max(keep(sample), 0.1)


FUNCTIONS: tuple[Function, ...] = (
    Function(
        id="dropout", side=Side.TRAINING, area="randomness",
        requirement="The library shall zero each element independently with probability p and divide the others by 1 - p.",
        source=SOURCE, oracle="the distribution; kept values in extended precision", samples=_samples, reference=_dropout, criterion=_judged,
        faults=(faults.computed("unscaled", "What is kept is not divided by 1 - p.", _unscaled),
                faults.computed("rate-for-keep", "Kept with probability p.", _rate_for_keep),
                faults.computed("shared-decisions", "Blocks of eight share one decision.", _row_mask),
                faults.computed("nearly", "The rate is off by a tenth.", _nearly), faults.stale()),
    ),
    Function(
        id="dropout_identity", side=Side.BOTH, area="randomness",
        requirement="The library shall pass its input on unchanged when a dropout layer is in evaluation mode.",
        source=SOURCE, oracle="exact: the input itself", samples=_identity_samples, reference=_identity, criterion=Exact(),
        faults=(faults.one_element(), faults.stale(), faults.nan_lost(), faults.relative(1e-4),
                faults.computed("still-scaled", "The input is divided by 1 - p.", lambda s: s.arrays()[0].astype(np.float64) / keep(s))),
    ),
    Function(
        id="dropout_gradient", side=Side.TRAINING, area="randomness",
        requirement="The library shall apply to the gradient the very mask and factor that it applied to the input.",
        source=SOURCE, oracle="exact: result and gradient of ones are equal", samples=_gradient_samples, reference=_gradient,
        criterion=Exact(rationale="Dropout is linear: both are the mask times its factor.", literature="Srivastava et al. 2014"),
        faults=(faults.computed("other-mask", "The gradient draws a mask of its own.", _other_mask), faults.one_element(),
                faults.computed("gradient-unscaled", "The gradient is not divided by 1 - p.",
                                lambda s: masks(s, keep(s)) * (1 - 1 / max(keep(s), 0.1)))),
    ),
)  # fmt: skip

"""Initial weights: Glorot and Bengio 2010 (xavier), He et al. 2015 (kaiming), with fans, gains and both distributions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np

from csvkit_ml.criteria import Goodness
from csvkit_ml.model.function import Criterion, Expected, Fault, Function, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Array
from validation_suites import faults
from validation_suites.sampling import pairwise
from validation_suites.training.randomness import draw, drawn

DTYPES = ("float32", "float64")
SHAPES = ((200, 150), (64, 24, 5, 5), (32, 40, 11), (400, 60), (12, 20, 3, 5, 7))
"""Weights [out, in, kernel...] of linear and convolution layers, all with unequal fans."""
GAINS = {"linear": 1.0, "relu": math.sqrt(2.0), "tanh": 5 / 3, "selu": 0.75}
"""Gain of the nonlinearity; leaky_relu has sqrt(2 / (1 + a^2))."""


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """(fan in, fan out): features times the size of the kernel."""
    kernel = math.prod(shape[2:])
    return shape[1] * kernel, shape[0] * kernel


def _gain(sample: Sample) -> float:
    name, a = sample.param("nonlinearity"), float(sample.param("a"))
    return math.sqrt(2 / (1 + a * a)) if name == "leaky_relu" else GAINS[name]


def kaiming_deviation(sample: Sample) -> float:
    """gain / sqrt(fan of the mode)."""
    fan_in, fan_out = fans(sample.param("shape"))
    return _gain(sample) / math.sqrt(fan_in if sample.param("mode") == "fan_in" else fan_out)


def xavier_deviation(sample: Sample) -> float:
    """gain sqrt(2 / (fan in + fan out))."""
    return float(sample.param("gain")) * math.sqrt(2 / sum(fans(sample.param("shape"))))


def _kaiming_samples() -> Iterable[Sample]:
    rows = pairwise({"dtype": DTYPES, "shape": SHAPES, "mode": ("fan_in", "fan_out"),
                     "activation": (("leaky_relu", 0.0), ("relu", 0.0), ("leaky_relu", 0.3), ("linear", 0.0), ("tanh", 0.0), ("selu", 0.0))})  # fmt: skip
    for i, r in enumerate(rows):
        activation, a = r["activation"]
        name = f"{r['dtype']}-{'x'.join(map(str, r['shape']))}-{r['mode']}-{activation}{f'-a{a:g}' if a else ''}"
        p = params(shape=r["shape"], mode=r["mode"], nonlinearity=activation, a=a, seed=100 + i, dtype=r["dtype"])
        yield Sample(name=name, dtype=r["dtype"], inputs=(), params=p, why=SampleClass.COVERING if i else SampleClass.ORDINARY)


def _xavier_samples() -> Iterable[Sample]:
    for i, r in enumerate(pairwise({"dtype": DTYPES, "shape": SHAPES, "gain": (1.0, math.sqrt(2.0), 5 / 3, 0.1)})):
        name = f"{r['dtype']}-{'x'.join(map(str, r['shape']))}-gain{r['gain']:.3g}"
        p = params(shape=r["shape"], gain=r["gain"], seed=200 + i, dtype=r["dtype"])
        yield Sample(name=name, dtype=r["dtype"], inputs=(), params=p, why=SampleClass.COVERING if i else SampleClass.ORDINARY)


Deviation = Callable[[Sample], float]


def _uniform(deviation: Deviation) -> tuple[Callable[[Sample], tuple[Expected, ...]], Callable[[Sample], Criterion]]:
    """U(-b, b) of a standard deviation: b = sqrt(3) sd."""

    def reference(sample: Sample) -> tuple[Expected, ...]:
        bound = math.sqrt(3) * deviation(sample)
        return drawn(sample, draw(sample).uniform(-bound, bound, sample.param("shape")))

    def criterion(sample: Sample) -> Criterion:
        bound = math.sqrt(3) * deviation(sample)
        return Goodness(distribution="uniform", arguments=(-bound, bound))

    return reference, criterion


def _normal(deviation: Deviation) -> tuple[Callable[[Sample], tuple[Expected, ...]], Callable[[Sample], Criterion]]:
    def reference(sample: Sample) -> tuple[Expected, ...]:
        return drawn(sample, draw(sample).normal(0.0, deviation(sample), sample.param("shape")))

    def criterion(sample: Sample) -> Criterion:
        return Goodness(distribution="normal", arguments=(0.0, deviation(sample)))

    return reference, criterion


def _other_distribution(sample: Sample, y: Array) -> Array:
    """The same mean and variance, the other shape."""
    sd, source = float(y.std()), draw(sample)
    low = float(np.abs(y).max()) < 2 * sd
    return source.normal(0.0, sd, y.shape) if low else source.uniform(-math.sqrt(3) * sd, math.sqrt(3) * sd, y.shape)


def _function(
    id: str, source: str, samples: Callable[[], Iterable[Sample]], deviation: Deviation, kind: str, *more: Fault
) -> Function:
    reference, criterion = (_uniform if kind == "uniform" else _normal)(deviation)
    common = (
        faults.stale(),
        faults.changed("gain-off", "The gain is 5 % too large.", lambda y: y * 1.05),
        faults.changed("positive", "Only the magnitude is drawn.", np.abs),
        faults.changed("rows-repeat", "Every output feature gets the same weights.", lambda y: np.broadcast_to(y[:1], y.shape)),
        faults.computed("other-distribution", "The right variance, another distribution.",
                        lambda s: _other_distribution(s, reference(s)[0].value)),
    )  # fmt: skip
    return Function(
        id=id, side=Side.TRAINING, area="initialisers",
        requirement=f"The library shall draw initial weights from the {kind} distribution of the variance that the fans and the gain give.",
        source=source, oracle="the distribution; the reference draw is Philox (Salmon et al. 2011)",
        samples=samples, reference=reference, criterion=criterion, faults=(*common, *more),
    )  # fmt: skip


HE, GLOROT = "He et al. 2015; PyTorch documentation, torch.nn.init", "Glorot and Bengio 2010; PyTorch documentation, torch.nn.init"
OTHER_FAN = faults.other_params("other-fan", "The other fan.", mode=lambda m: "fan_out" if m == "fan_in" else "fan_in")
NO_GAIN = faults.other_params("gain-ignored", "The gain is ignored.", gain=1.0)

FUNCTIONS: tuple[Function, ...] = (
    _function("kaiming_uniform", HE, _kaiming_samples, kaiming_deviation, "uniform", OTHER_FAN),
    _function("kaiming_normal", HE, _kaiming_samples, kaiming_deviation, "normal", OTHER_FAN),
    _function("xavier_uniform", GLOROT, _xavier_samples, xavier_deviation, "uniform", NO_GAIN),
    _function("xavier_normal", GLOROT, _xavier_samples, xavier_deviation, "normal", NO_GAIN),
)

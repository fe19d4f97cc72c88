"""Small classifiers trained from given weights on pictures made here and on handwritten digits: loss curve, outputs and classes.

No random number is drawn. A network is judged by what it computes: where a gradient is zero but for rounding, Adam moves a weight by a whole
step in either direction, and if that matters the loss shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from csvkit_ml.criteria import Each, Scaled
from csvkit_ml.errors import SuiteError
from csvkit_ml.model.function import Expected, Fault, Function, Json, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import exactly
from csvkit_ml.references.monte_carlo import Noisy
from csvkit_ml.references.small_networks import GAINS, SHAPES, SIDE, Course, trained
from csvkit_ml.references.tape import spreads, values_of
from validation_suites import faults
from validation_suites.guarantees import EXACT
from validation_suites.sampling.digits import SOURCE as DIGITS
from validation_suites.sampling.digits import digits

AREA = "training of small networks"
ROWS, PROBES, BATCH = 48, 24, 16
RATES = {"sgd": 0.25, "adam": 0.0625}
RUNS = 8
SOURCES = {
    "cnn": "LeCun et al. 1998 (convolutional networks)",
    "lstm": "Hochreiter and Schmidhuber 1997 (LSTM)",
    "transformer": "Vaswani et al. 2017 (transformer)",
}
CURVE = Scaled(
    c=8.0, c_hard=64.0, scale="root mean square error of 8 trainings with a random relative error up to u in every operation, in u",
    rationale="Mixed stability: what rounding in this precision moves the loss and the outputs by over the whole course, times the largest of some "
    "hundred such errors (5.5) and a margin for libraries that round more often (fused or unfused steps, other orders of sums). Convolutions may be formed by "
    "fast algorithms.",
    literature="Parker 1997 (Monte Carlo arithmetic); Denis, de Oliveira Castro and Petit 2016 (Verificarlo); Barabasz et al. 2020 (Winograd convolution)",
)  # fmt: skip
CRITERION = Each(criteria=(CURVE, CURVE, EXACT, EXACT))


def pictures(data: str) -> tuple[Array, Array]:
    """(pictures [72, 8, 8] of multiples of 1/16, labels [72])."""
    if data == "digits":
        pixels, labels = digits()
        return pixels[: ROWS + PROBES] / 16, labels[: ROWS + PROBES]
    random = seed_for("pictures", "drawn")
    shapes, labels = random.integers(0, 17, (4, SIDE, SIDE)), np.arange(ROWS + PROBES) % 4
    return np.clip(shapes[labels] + random.integers(-6, 7, (ROWS + PROBES, SIDE, SIDE)), 0, 16) / 16, labels


def _weight(network: str, seed: str, dtype: str, place: int) -> Tensor:
    """Spread as fan-in demands, gains around one; multiples of 2^-12, which every format holds."""
    shape = SHAPES[network][place]
    made = seed_for("small networks", network, seed, str(place)).standard_normal(shape)
    made = 0.1 * made if len(shape) == 1 else made / np.sqrt(np.prod(shape[1:]))
    return Tensor.of(np.round(4096 * (made + (place in GAINS.get(network, ())))) / 4096, dtype)


def _sample(network: str, dtype: str, data: str, optimiser: str, steps: int, why: SampleClass) -> Sample:
    """Pictures [48, 8, 8] and labels [48] to train on, pictures [24, 8, 8] to be asked about, the weights."""
    x, labels = pictures(data)
    weights = tuple(_weight(network, f"{data}-{optimiser}", dtype, k) for k in range(len(SHAPES[network])))
    inputs = (Tensor.of(x[:ROWS], dtype), Tensor.of(labels[:ROWS], "int64"), Tensor.of(x[ROWS:], dtype), *weights)
    how: dict[str, Json] = {"optimiser": optimiser, "rate": RATES[optimiser], "steps": steps, "batch": BATCH, "labels": tuple(int(v) for v in labels[ROWS:])}
    return Sample(name=f"{network}-{dtype}-{data}-{optimiser}", dtype=dtype, inputs=inputs, params=params(network=network, **how), why=why)


def _samples(network: str) -> Callable[[], Iterable[Sample]]:
    def made() -> Iterable[Sample]:
        rows = (("float32", "digits", "sgd", 10), ("float32", "drawn", "adam", 8), ("float64", "digits", "adam", 6))
        for i, row in enumerate(rows):
            yield _sample(network, *row, SampleClass.COVERING if i else SampleClass.ORDINARY)

    return made


def _compiled() -> Iterable[Sample]:
    for network, optimiser in (("cnn", "sgd"), ("lstm", "adam"), ("transformer", "adam")):
        yield _sample(network, "float32", "drawn", optimiser, 5, SampleClass.COVERING if network != "cnn" else SampleClass.ORDINARY)


def course(sample: Sample) -> Course:
    return Course(optimiser=sample.param("optimiser"), rate=sample.param("rate"), steps=sample.param("steps"), batch=sample.param("batch"))


def training(sample: Sample, how: Course) -> Callable[..., tuple[Any, ...]]:
    """As a function of pictures, probe and weights: (loss before each step, logits of the probe)."""
    labels, network = sample.inputs[1].array(), sample.param("network")

    def run(x: Noisy, probe: Noisy, *weights: Noisy) -> tuple[Any, ...]:
        return trained(network, how, x, labels, probe, weights)

    return run


def numbers(sample: Sample) -> tuple[Array, ...]:
    """Operands of `training`."""
    x, _, *others = sample.arrays()
    return (x, *others)


def _reference(sample: Sample) -> tuple[Expected, ...]:
    run, names = training(sample, course(sample)), ("small networks", sample.name)
    curve, logits = spreads(run, *numbers(sample), dtype=sample.dtype, names=names, runs=RUNS)
    return (curve, logits, *_classes(sample, logits))


def _classes(sample: Sample, logits: Expected) -> tuple[Expected, ...]:
    """The largest logit of each picture, and how many name the true class.

    Raises:
        SuiteError: two logits are too close for rounding to decide between them: the sample is not fit.
    """
    ordered = np.sort(logits.value, axis=-1)
    u = 2.0**-24 if sample.dtype == "float32" else 2.0**-53
    limit = 2 * CURVE.c_hard * u * np.max(np.asarray(logits.scale) + np.abs(logits.value))
    if not (ordered[:, -1] - ordered[:, -2] > limit).all():
        raise SuiteError("two classes of a sample are as likely as each other within rounding", "choose other weights or data")
    best = logits.value.argmax(axis=-1).astype(np.int64)
    right = np.array(int((best == np.array(sample.param("labels"))).sum()), dtype=np.int64)
    return exactly(best, dtype="int64", name="y2"), exactly(right, dtype="int64", name="y3")


def _wrong(id: str, sentence: str, change: Callable[[Course], Course]) -> Fault:
    def compute(sample: Sample) -> tuple[Array, ...]:
        made = values_of(training(sample, change(course(sample))), *numbers(sample))
        curve, logits = (np.asarray(v, dtype=np.float64) for v in made)
        best = logits.argmax(axis=-1)
        return curve, logits, best, np.array((best == np.array(sample.param("labels"))).sum())

    return faults.computed(id, sentence, compute)


FAULTS = (
    faults.one_element(), faults.stale(), faults.relative(1e-4, "loss-off"),
    _wrong("gradient-off", "Gradients are off by a relative 1e-4.", lambda c: replace(c, scale=1 + 1e-4)),
    _wrong("sum-for-mean", "Gradients are those of the sum over the batch.", lambda c: replace(c, summed=True)),
    _wrong("stale-state", "The optimiser forgets its averages at every step.", lambda c: replace(c, stale=True)),
    _wrong("bias-not-trained", "The first bias stays as it was.", lambda c: replace(c, frozen=1)),
    _wrong("not-set-to-zero", "Gradients accumulate over steps.", lambda c: replace(c, accumulating=True)),
    _wrong("rate-off", "The rate is off by a relative 1e-3.", lambda c: replace(c, rate=c.rate * 1.001)),
)  # fmt: skip


def _function(id: str, says: str, source: str, samples: Callable[[], Iterable[Sample]]) -> Function:
    return Function(
        id=id, side=Side.TRAINING, area=AREA,
        requirement=f"The library shall train {says} from given weights with the loss curve, the outputs and the classes that exact arithmetic gives, "
        "within what rounding moves them by.",
        source=f"{source}; data: {DIGITS}, and pictures drawn here",
        oracle="reverse-mode differentiation of the definition in extended precision (2^-64); the limit by Monte Carlo arithmetic",
        samples=samples, reference=_reference, criterion=CRITERION, faults=FAULTS, lengthy=True,
    )  # fmt: skip


FUNCTIONS: tuple[Function, ...] = (
    _function("trained_cnn", "a small convolutional network", SOURCES["cnn"], _samples("cnn")),
    _function("trained_lstm", "a small recurrent network", SOURCES["lstm"], _samples("lstm")),
    _function("trained_transformer", "a small transformer", SOURCES["transformer"], _samples("transformer")),
    _function("compiled_training", "a small network in traced code, and in machine code that it builds on the spot,", "; ".join(SOURCES.values()), _compiled),
)

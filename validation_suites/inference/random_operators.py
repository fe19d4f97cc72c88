"""Operators that draw: uniform, normal, Bernoulli, multinomial. Judged by their distribution; a session's next run draws on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from csvkit_ml.criteria import Goodness
from csvkit_ml.model.function import Criterion, Expected, Fault, Function, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Array, Tensor
from validation_suites import faults
from validation_suites.training.randomness import BLOCKS, STUCK, draw

ONNX = "ONNX operator specification, "
SHAPES = ((10_000,), (3, 7, 501), (33, 307))
SEEDS = (1.0, 42.0, 5489.0)
ORACLE = "the distribution; the reference draw is Philox (Salmon et al. 2011)"


def _samples(
    ranges: tuple[tuple[float, float], ...], like: bool, dtypes: tuple[str, ...] = ("float32", "float64")
) -> Callable[[], Iterable[Sample]]:
    """Shapes and seeds in turn with every pair of parameters; `like`: the shape is that of an operand."""

    def samples() -> Iterable[Sample]:
        for dtype in dtypes:
            for i, (a, b) in enumerate(ranges):
                shape, seed = SHAPES[i % len(SHAPES)], SEEDS[i % len(SEEDS)]
                inputs = (Tensor.of(np.zeros(shape), dtype),) if like else ()
                why = SampleClass.COVERING if i else SampleClass.ORDINARY
                yield Sample(
                    name=f"{dtype}-{a:g},{b:g}-seed{seed:g}",
                    dtype=dtype,
                    inputs=inputs,
                    params=params(a=a, b=b, seed=seed, shape=shape),
                    why=why,
                )

    return samples


def _drawn(s: Sample, value: Array, **extra: Array) -> tuple[Expected, ...]:
    rounded = value.astype(s.dtype)
    return (Expected(name="y", dtype=s.dtype, value=rounded.astype(np.float64) if rounded.dtype.kind == "f" else rounded, extra=extra),)


def _uniform(s: Sample) -> tuple[Expected, ...]:
    return _drawn(s, draw(s).uniform(s.param("a"), s.param("b"), s.param("shape")))


def _normal(s: Sample) -> tuple[Expected, ...]:
    return _drawn(s, s.param("a") + s.param("b") * draw(s).standard_normal(s.param("shape")))


def _by(distribution: str) -> Callable[[Sample], Criterion]:
    return lambda s: Goodness(distribution=distribution, arguments=(float(s.param("a")), float(s.param("b"))))


def _changed(id: str, sentence: str, change: Callable[[Array], Array]) -> Fault:
    return faults.changed(id, sentence, lambda y: change(y.astype(np.float64)))


def _around(factor: float) -> Callable[[Array], Array]:
    """Spread about the middle by a factor."""
    return lambda y: (y - y.mean()) * factor + y.mean()


WIDE = _changed("wide", "The spread is 6 % too large.", _around(1.06))
SHIFTED = _changed("shifted", "Values are moved by a tenth of their spread.", lambda y: y + 0.1 * y.std())
UNIFORMS = ((0.0, 1.0), (-2.0, 3.0), (10.0, 12.0), (0.0, 255.0))
NORMALS = ((0.0, 1.0), (3.0, 0.25), (-100.0, 10.0), (0.0, 1e-3))


def _bernoulli_samples() -> Iterable[Sample]:
    for dtype in ("float32", "float64"):
        for i, p in enumerate((0.5, 0.1, 0.9, 0.02)):
            shape = SHAPES[i % len(SHAPES)]
            x = Tensor.of(np.full(shape, p), dtype)
            why = SampleClass.COVERING if i else SampleClass.ORDINARY
            yield Sample(name=f"{dtype}-p{p}", dtype=dtype, inputs=(x,), params=params(p=p, seed=SEEDS[i % len(SEEDS)]), why=why)


def _bernoulli(s: Sample) -> tuple[Expected, ...]:
    """Where the operand is a probability p: 1 with probability p, else 0."""
    (x,) = s.arrays()
    hits = draw(s).random(x.shape) < x.astype(np.float64)
    return _drawn(s, hits, kept=np.ones(x.size), slack=np.zeros(x.size))


CLASSES = ((0.25, 0.25, 0.25, 0.25), (0.7, 0.2, 0.1), (0.5, 0.5), (0.05, 0.9, 0.05), tuple(np.arange(1, 13) / 78))


def _third(y: Array) -> Array:
    return np.where(np.arange(y.size).reshape(y.shape) == 5, 0.5, y)


def _multinomial_samples() -> Iterable[Sample]:
    """Logarithms of the probabilities, a constant added: it must not matter."""
    for dtype in ("int64", "int32"):
        for i, p in enumerate(CLASSES):
            x = np.log(np.array(p))[None] + (0.0, 3.0, -5.0)[i % 3]
            why = SampleClass.COVERING if i else SampleClass.ORDINARY
            given = params(p=tuple(float(v) for v in p), count=10_000, seed=SEEDS[i % len(SEEDS)])
            yield Sample(name=f"{dtype}-classes{len(p)}-{i}", dtype=dtype, inputs=(Tensor.of(x, "float32"),), params=given, why=why)


def _multinomial(s: Sample) -> tuple[Expected, ...]:
    p = np.array(s.param("p"))
    return _drawn(s, draw(s).choice(p.size, (1, s.param("count")), p=p / p.sum()))


def _function(id: str, says: str, op: str, samples: Any, reference: Any, criterion: Any, *own: Fault) -> Function:
    return Function(
        id=id,
        side=Side.INFERENCE,
        area="randomness",
        requirement=f"The library shall draw {says}.",
        source=ONNX + op,
        oracle=ORACLE,
        samples=samples,
        reference=reference,
        criterion=criterion,
        faults=(faults.stale(), BLOCKS, *own),
        repeatable=False,
    )


FUNCTIONS: tuple[Function, ...] = (
    _function(
        "random_uniform",
        "values uniform between two numbers",
        "RandomUniform",
        _samples(UNIFORMS, False),
        _uniform,
        _by("uniform"),
        WIDE,
        SHIFTED,
    ),
    _function(
        "random_uniform_like",
        "values uniform between two numbers, as many as an operand has",
        "RandomUniformLike",
        _samples(UNIFORMS, True),
        _uniform,
        _by("uniform"),
        WIDE,
        SHIFTED,
    ),
    _function(
        "random_normal",
        "normal values of given mean and spread",
        "RandomNormal",
        _samples(NORMALS, False),
        _normal,
        _by("normal"),
        WIDE,
        SHIFTED,
        STUCK,
    ),
    _function(
        "random_normal_like",
        "normal values of given mean and spread, as many as an operand has",
        "RandomNormalLike",
        _samples(NORMALS, True),
        _normal,
        _by("normal"),
        WIDE,
        SHIFTED,
        STUCK,
    ),
    _function(
        "bernoulli",
        "1 with the probability that the operand says, else 0",
        "Bernoulli",
        _bernoulli_samples,
        _bernoulli,
        lambda s: Goodness(distribution="masked", arguments=(float(np.asarray(s.param("p"), dtype=s.dtype)),)),
        _changed("complement", "0 is drawn for 1 and 1 for 0.", lambda y: 1 - y),
        _changed("third", "A third value is drawn.", _third),
    ),
    _function(
        "multinomial",
        "classes with the probabilities whose logarithms are given, up to a constant",
        "Multinomial",
        _multinomial_samples,
        _multinomial,
        lambda s: Goodness(distribution="categorical", arguments=s.param("p")),
        _changed("first-for-last", "The first class is drawn for the last.", lambda y: np.where(y == y.max(), 0, y)),
        _changed("one-too-large", "Classes are one too large.", lambda y: y + 1),
    ),
)

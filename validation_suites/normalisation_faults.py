"""Seeded faults of normalisations over groups of values: formulas evaluated in float64 on what a function normalises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from csvkit_ml.model.function import Fault, Sample
from csvkit_ml.model.tensor import Array
from csvkit_ml.references.normalisation import Group, affine, moments
from validation_suites import faults
from validation_suites.sampling.normalised import EPS

Grouped = Callable[[Sample], Group]
"""What a sample normalises."""


def parameters_confused(leading: int = 1) -> tuple[Fault, ...]:
    """Weights and biases swapped, ignored; they follow `leading` other inputs."""

    def kept(count: int) -> Callable[[Sample], Sample | None]:
        return lambda s: replace(s, inputs=s.inputs[: leading + count]) if len(s.inputs) > leading + count else None

    def swapped(sample: Sample) -> Sample | None:
        rest = sample.inputs[leading:]
        return replace(sample, inputs=(*sample.inputs[:leading], *rest[::-1])) if len(rest) == 2 else None

    return (
        faults.other_sample("weight-bias-swapped", "Weights and biases are taken for each other.", swapped),
        faults.other_sample("bias-ignored", "The bias is ignored.", kept(1)),
        faults.other_sample("affine-ignored", "Weights and biases are ignored.", kept(0)),
    )


WRONG_EPS = (
    faults.other_params("wrong-eps", "Twice the eps asked for.", eps=lambda e: e if e is None else 2 * e),
    faults.other_params("default-eps", "The usual 1e-5 instead of the eps asked for.", eps=EPS),
)


def of_group(grouped: Grouped) -> tuple[Fault, ...]:
    """Faults of mean and variance over a group."""

    def outside(g: Group, rest: Any, variance: Any, eps: float) -> Any:
        return rest / (np.sqrt(variance) + eps)

    def unbiased(g: Group, rest: Any, variance: Any, eps: float) -> Any:
        return rest / np.sqrt(variance * (g.count / (g.count - 1)) + eps) if g.count > 1 else None

    def not_centred(g: Group, rest: Any, variance: Any, eps: float) -> Any:
        return g.x / np.sqrt(variance + eps)

    def second_moment(g: Group, rest: Any, variance: Any, eps: float) -> Any:
        return rest / np.sqrt((g.x * g.x).mean(axis=g.axes, keepdims=True) + eps)

    made = (
        ("eps-outside-root", "eps is added to the standard deviation.", outside),
        ("unbiased-variance", "The variance is divided by n - 1.", unbiased),
        ("mean-kept", "The mean is not subtracted.", not_centred),
        ("second-moment", "Divided by the root of the mean square about zero.", second_moment),
    )
    return (*(faults.computed(id, says, _computed(grouped, how)) for id, says, how in made), _textbook(grouped))


def _computed(grouped: Grouped, how: Callable[[Group, Any, Any, float], Any]) -> Callable[[Sample], Array | None]:
    def compute(sample: Sample) -> Array | None:
        group = grouped(sample)
        if group.x.size == 0:
            return None
        _, rest, variance = moments(group)
        z = how(group, rest, variance, float(sample.param("eps")))
        return None if z is None else np.asarray(affine(z, 0.0, group)[0])

    return compute


def _textbook(grouped: Grouped) -> Fault:
    """E x^2 - (E x)^2 in the sample's own format (16 bits: float32), no less than zero."""

    def compute(sample: Sample) -> Array | None:
        group = grouped(sample)
        if group.x.size == 0:
            return None
        work = np.float64 if sample.dtype == "float64" else np.float32
        x = group.x.astype(work)
        mean, square = (v.mean(axis=group.axes, keepdims=True, dtype=work) for v in (x, x * x))
        variance = np.maximum(square - mean * mean, 0)
        return np.asarray(affine((x - mean) / np.sqrt(variance + work(sample.param("eps"))), 0.0, group)[0])

    return faults.computed("textbook-variance", "The variance is computed as E x^2 - (E x)^2, which cancels.", compute)

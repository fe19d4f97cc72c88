"""The small network against plain loops in exact rationals, and its error bound against arithmetic of single precision."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from csvkit_ml.model.function import VERDICT, Sample, Verdict
from csvkit_ml.model.tensor import Tensor
from tests.unit.validation_suites.onnx_models import check_models
from validation_suites.inference.networks import FUNCTIONS, forward

CNN = FUNCTIONS[0]
Image = dict[tuple[int, int, int], Fraction]


def exact(sample: Sample) -> list[Fraction]:
    """The first image's results, layer by layer, nothing rounded."""
    x, *weights = ([Fraction(float(v)) for v in a.ravel()] for a in sample.arrays())
    shapes = [t.shape for t in sample.inputs]
    _, c, h, w = shapes[0]
    image: Image = {at: x[int(np.ravel_multi_index(at, (c, h, w)))] for at in np.ndindex(c, h, w)}
    first = convolved(image, weights[0], weights[1], shapes[1], h, w)
    small = {
        (o, i, j): max(first[o, 2 * i + a, 2 * j + b] for a in (0, 1) for b in (0, 1))
        for o in range(shapes[1][0]) for i in range(h // 2) for j in range(w // 2)
    }  # fmt: skip
    second = convolved(small, weights[2], weights[3], shapes[3], h // 2, w // 2)
    places = (h // 2) * (w // 2)
    means = [sum((second[o, i, j] for i in range(h // 2) for j in range(w // 2)), Fraction(0)) / places for o in range(shapes[3][0])]
    wide = shapes[5][1]
    return [sum((weights[4][k * wide + o] * m for o, m in enumerate(means)), weights[5][k]) for k in range(shapes[5][0])]


def convolved(image: Image, w: list[Fraction], b: list[Fraction], shape: tuple[int, ...], height: int, width: int) -> Image:
    """Convolution with zeros around, then the rectifier."""
    out: Image = {}
    for o, i, j in np.ndindex(shape[0], height, width):
        total = b[o]
        for n, (c, a, d) in enumerate(np.ndindex(*shape[1:])):
            total += w[o * int(np.prod(shape[1:])) + n] * image.get((c, i + a - 1, j + d - 1), Fraction(0))
        out[o, i, j] = max(total, Fraction(0))
    return out


def first_pixels(sample: Sample) -> Sample:
    """A smaller image, so that rationals stay quick."""
    return replace(sample, inputs=(Tensor.of(sample.arrays()[0][:1, :, :4, :4]), *sample.inputs[1:]))


def test_reference_is_the_exact_value_within_its_radius() -> None:
    sample = first_pixels(next(iter(CNN.samples())))
    (made,) = CNN.reference(sample)
    radius = np.broadcast_to(made.radius, made.shape)
    for k, value in enumerate(exact(sample)):
        assert abs(Fraction(float(made.value[0, k])) - value) <= Fraction(float(radius[0, k]))


@pytest.mark.parametrize("sample", list(CNN.samples()), ids=lambda s: s.name)
def test_single_precision_keeps_the_bound(sample: Sample) -> None:
    """The same layers with every operand and every layer's result rounded to float32."""
    (expected,) = CNN.reference(sample)
    found = CNN.criterion_for(sample).measure(forward(sample).value.astype(np.float32), expected)
    assert VERDICT[found.reason] is Verdict.PASSED
    assert np.all(expected.radius < 1e-8 * expected.scale)


def test_onnx_models_agree() -> None:
    assert check_models(FUNCTIONS) == len(list(CNN.samples()))

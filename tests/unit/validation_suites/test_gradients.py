"""The analytic gradients against the complex step and against automatic differentiation by hand in 50 digits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import mpmath
import numpy as np
import pytest

from csvkit_ml.model.function import Expected, Function, Sample
from validation_suites.training.gradients import FUNCTIONS
from validation_suites.training.losses import IGNORED
from validation_suites.vector_jacobian import Product

BY_ID = {f.id: f for f in FUNCTIONS}
STEP = 1e-150
"""Of the complex step: Im f(x + ih) / h has no cancellation (Squire and Trapp 1998), so h may be far below every rounding error."""


def gradient(of: Callable[..., Any], inputs: list[Any]) -> list[Any]:
    """Gradients of a real analytic scalar function for every element of every input."""
    out = []
    for k, x in enumerate(inputs):
        slope = np.zeros(x.shape)
        for i in np.ndindex(*x.shape):
            moved = [v.astype(np.complex128) for v in inputs]
            moved[k][i] += 1j * STEP
            slope[i] = of(*moved).imag / STEP
        out.append(slope)
    return out


def agree(made: tuple[Expected, ...], slopes: list[Any]) -> None:
    """One reference for each slope, and each within sixteen roundings of float64, in which the slopes were computed."""
    for expected, slope in zip(made, slopes, strict=True):
        assert expected.shape == slope.shape
        assert (np.abs(slope - expected.value) <= 16 * 2.0**-53 * (np.asarray(expected.scale) + np.abs(expected.value)) + 1e-290).all()


def doubles(products: tuple[Product, ...]) -> list[tuple[Product, Sample]]:
    """Every product with each of its samples in float64."""
    return [(p, s) for p in products for s in p.samples() if s.dtype == "float64"]


def named(value: Any) -> str:
    """Id of a product, or name of a sample."""
    return str(getattr(value, "id", None) or value.name)


def agree_by_complex_steps(product: Product, sample: Sample, forward: Mapping[str, tuple[int, Callable[..., Any]]]) -> None:
    """The gradient of <g, f>; `forward` is by id without `grad_`: how many operands are differentiable, and f(sample, *operands)."""
    count, of = forward[product.id.removeprefix("grad_")]
    *arrays, g = sample.arrays()
    with np.errstate(all="ignore"):
        slopes = gradient(lambda *xs: (g * of(sample, *xs, *arrays[count:])).sum(), arrays[:count])
    agree(product.reference(sample), slopes)


def softmax(x: Any, axis: int) -> Any:
    e = np.exp(x - x.real.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def layer_norm(x: Any, w: Any, b: Any, eps: float) -> Any:
    d = x - x.mean(axis=-1, keepdims=True)
    return d / np.sqrt((d * d).mean(axis=-1, keepdims=True) + eps) * w + b


def conv2d(x: Any, w: Any, b: Any, *, stride: Any, padding: Any, dilation: Any, groups: int) -> Any:
    """The convolution of the definition, output by output."""
    x = np.pad(x, ((0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2))
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, w.shape[2:], strict=True)]
    size = [(n - r) // s + 1 for n, r, s in zip(x.shape[2:], reach, stride, strict=True)]
    out = np.zeros((x.shape[0], w.shape[0], *size), dtype=np.complex128)
    share, group = w.shape[1], w.shape[0] // groups
    for o, i, j in np.ndindex(w.shape[0], *size):
        rows = slice(i * stride[0], i * stride[0] + reach[0], dilation[0])
        columns = slice(j * stride[1], j * stride[1] + reach[1], dilation[1])
        first = o // group * share
        out[:, o, i, j] = (x[:, first : first + share, rows, columns] * w[o]).sum(axis=(1, 2, 3)) + (0 if b is None else b[o])
    return out


def cross_entropy(x: Any, target: Any, weight: Any, sample: Sample) -> Any:
    shifted = x - x.real.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    w = weight if sample.param("weighted") else np.ones_like(weight)
    s, total, loss = sample.param("label_smoothing"), 0.0, 0.0
    for i in np.ndindex(*target.shape):
        if target[i] != IGNORED:
            row = log_p[i[0], :, *i[1:]]
            loss = loss - (1 - s) * w[target[i]] * row[target[i]] - s / x.shape[1] * (w * row).sum()
            total += w[target[i]]
    return loss / (total if sample.param("reduction") == "mean" else 1.0)


def scalar(sample: Sample, id: str) -> tuple[Callable[..., Any], int]:
    """(the function whose gradient is asked, number of differentiable inputs)."""
    arrays = [a.astype(np.float64) if a.dtype.kind == "f" else a for a in sample.arrays()]
    g = arrays[-1]
    if id == "grad_tanh":
        return lambda x: (g * np.tanh(x)).sum(), 1
    if id == "grad_softmax":
        return lambda x: (g * softmax(x, sample.param("axis"))).sum(), 1
    if id == "grad_matmul":
        return lambda a, b: (g * (a @ b)).sum(), 2
    if id == "grad_layer_norm":
        return lambda x, w, b: (g * layer_norm(x, w, b, sample.param("eps"))).sum(), 3
    if id == "grad_cross_entropy":
        return lambda x: cross_entropy(x, arrays[1], arrays[2], sample), 1
    if id == "grad_mse_loss":
        return lambda x: ((x - arrays[1]) ** 2).sum() / (x.size if sample.param("reduction") == "mean" else 1), 1
    how = {n: sample.param(n) for n in ("stride", "padding", "dilation", "groups")}
    if sample.param("bias"):
        return lambda x, w, b: (g * conv2d(x, w, b, **how)).sum(), 3
    return lambda x, w: (g * conv2d(x, w, None, **how)).sum(), 2


def small() -> list[tuple[Function, Sample]]:
    """Samples with few enough elements, on which double precision does not overflow."""
    out: list[tuple[Function, Sample]] = []
    for f in BY_ID.values():
        fit = [s for s in f.samples() if s.inputs[0].array().size <= 900 and s.dtype == "float64" and not {"special"} & set(s.name.split("-"))]
        out += [(f, s) for s in fit[:4]]
    return out


@pytest.mark.parametrize(("function", "sample"), small(), ids=lambda v: getattr(v, "id", None) or v.name)
def test_every_reference_is_the_complex_step_derivative(function: Function, sample: Sample) -> None:
    of, count = scalar(sample, function.id)
    slopes = gradient(of, [a.astype(np.float64) for a in sample.arrays()[:count]])
    made = function.reference(sample)
    assert len(made) == len(slopes)
    for expected, slope in zip(made, slopes, strict=True):
        assert expected.shape == slope.shape
        limit = 64 * 2.0**-53 * (np.asarray(expected.scale) * max(1, expected.terms) + np.abs(expected.value)) + 1e-290
        assert (np.abs(slope - expected.value) <= limit).all(), sample.name


def test_the_derivative_of_tanh_in_fifty_digits() -> None:
    function = BY_ID["grad_tanh"]
    sample = next(s for s in function.samples() if s.name == "float64-sweep")
    (made,) = function.reference(sample)
    with mpmath.workdps(50):
        for i in range(0, 1021, 20):
            x = mpmath.mpf(float(sample.arrays()[0][i]))
            true = mpmath.sech(x) ** 2
            assert abs(mpmath.mpf(float(made.value[i])) - true) <= 2.0**-52 * true

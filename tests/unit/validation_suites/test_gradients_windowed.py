"""Gradients of short-time Fourier transforms against the complex step of the definition, piece by piece and frequency by frequency."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from tests.unit.validation_suites.test_gradients import agree, gradient
from validation_suites.training.gradients_windowed import PRODUCTS
from validation_suites.vector_jacobian import Product


def angles(n: int, k: int) -> Any:
    return 2 * np.pi * k * np.arange(n) / n


def stft(s: Sample, x: Any, w: Any) -> Any:
    p: dict[str, Any] = dict(s.params)
    n, left = p["fft"], (p["fft"] - p["win"]) // 2
    if p["center"] and p["pad"] == "reflect":
        x = np.concatenate([x[1 : n // 2 + 1][::-1], x, x[-(n // 2) - 1 : -1][::-1]])
    elif p["center"]:
        x = np.concatenate([np.zeros(n // 2), x, np.zeros(n // 2)])
    rows = []
    for k in range(n // 2 + 1):
        c, d = np.cos(angles(n, k))[left : left + p["win"]], np.sin(angles(n, k))[left : left + p["win"]]
        pieces = [x[i + left : i + left + p["win"]] * w for i in range(0, len(x) - n + 1, p["hop"])]
        rows.append([((q * c).sum(), -(q * d).sum()) for q in pieces])
    return np.array(rows) / (np.sqrt(n) if p["normalized"] else 1)


def istft(s: Sample, z: Any, w: Any) -> Any:
    p: dict[str, Any] = dict(s.params)
    n, count = p["fft"], z.shape[1]
    total, weight = np.zeros((count - 1) * p["hop"] + n, dtype=np.complex128), np.zeros((count - 1) * p["hop"] + n)
    for t in range(count):
        piece = sum((1 if k in (0, n / 2) else 2) * (z[k, t, 0] * np.cos(angles(n, k)) - z[k, t, 1] * np.sin(angles(n, k))) for k in range(n // 2 + 1))
        at = slice(t * p["hop"], t * p["hop"] + n)
        total[at] += piece * w / (np.sqrt(n) if p["normalized"] else n)
        weight[at] += w.real**2
    trim = n // 2 if p["center"] else 0
    return (total / weight)[trim : len(total) - trim]


CASES = [(p, s) for p in PRODUCTS for s in p.samples() if s.dtype == "float64"]


@pytest.mark.parametrize(("product", "sample"), CASES, ids=lambda v: getattr(v, "id", None) or v.name)
def test_the_reference_is_the_complex_step_derivative(product: Product, sample: Sample) -> None:
    a, w, g = sample.arrays()
    if product.id == "grad_stft":
        slopes = gradient(lambda x, v: (g * stft(sample, x, v)).sum(), [a, w])
    else:
        slopes = gradient(lambda z: (g * istft(sample, z, w)).sum(), [a])
    agree(product.reference(sample), slopes)

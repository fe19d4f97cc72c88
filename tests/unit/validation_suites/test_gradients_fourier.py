"""Gradients of Fourier transforms against unit vectors through numpy's own fast transforms, and in closed form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from tests.unit.validation_suites.test_gradients import agree
from validation_suites.training.gradients_fourier import OF_REAL, PRODUCTS, TO_REAL, family
from validation_suites.vector_jacobian import Product


def transform(s: Sample, x: Any) -> Any:
    """Pairs (or real numbers) in and out."""
    kind, what = s.param("kind"), family(s.param("kind"))
    z = x if what in OF_REAL else x[..., 0] + 1j * x[..., 1]
    if kind == what:
        y = getattr(np.fft, kind)(z, n=s.param("sizes")[0], axis=s.param("axes")[0], norm=s.param("norm"))
    elif what in ("hfft", "ihfft"):
        other = {"ortho": "ortho", "forward": "backward", "backward": "forward"}[s.param("norm")]
        y = getattr(np.fft, {"hfft": "irfftn", "ihfft": "rfftn"}[what])(z.conj(), s=s.param("sizes"), axes=s.param("axes"), norm=other).conj()
    else:
        y = getattr(np.fft, what + "n")(z, s=s.param("sizes"), axes=s.param("axes"), norm=s.param("norm"))
    return y if what in TO_REAL else np.stack([y.real, y.imag], -1)


CASES = [(p, s) for p in PRODUCTS for s in p.samples() if s.dtype == "float64"]


@pytest.mark.parametrize(("product", "sample"), CASES, ids=lambda v: getattr(v, "id", None) or v.name)
def test_the_reference_is_the_slope_along_every_unit_vector(product: Product, sample: Sample) -> None:
    """A linear map's slope along a vector is its value there: nothing is differenced."""
    x, g = sample.arrays()
    slope = np.zeros(x.shape)
    for i in np.ndindex(*x.shape):
        unit = np.zeros(x.shape)
        unit[i] = 1
        slope[i] = (g * transform(sample, unit)).sum()
    agree(product.reference(sample), [slope])


COMPLEX = [c for c in CASES if family(c[0].id) in ("grad_fft", "grad_ifft")]


@pytest.mark.parametrize(("product", "sample"), COMPLEX, ids=lambda v: getattr(v, "id", None) or v.name)
def test_the_adjoint_of_a_transform_is_the_other_direction_unscaled(product: Product, sample: Sample) -> None:
    x, g = sample.arrays()
    axes, sizes = sample.param("axes"), sample.param("sizes")
    back = np.fft.ifftn if "ifft" not in product.id else np.fft.fftn
    norm = {"ortho": "ortho", "forward": "backward", "backward": "forward"}[sample.param("norm")]
    z = back(g[..., 0] + 1j * g[..., 1], axes=axes, norm=norm)
    for a, n in zip(axes, sizes, strict=True):
        have = x.shape[:-1][a]
        z = np.take(z, np.arange(min(n, have)), axis=a)
        z = np.pad(z, [(0, have - z.shape[a] if i == a % z.ndim else 0) for i in range(z.ndim)])
    agree(product.reference(sample), [np.stack([z.real, z.imag], -1)])

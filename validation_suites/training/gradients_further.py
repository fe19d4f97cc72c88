"""Gradients of the remaining elementwise functions with a constant or a sum as derivative, of affine grids, and of convolutions over leading time."""

from __future__ import annotations

from functools import partial
from typing import Any

import flint
import numpy as np
from scipy import special as host

from csvkit_ml.model.function import Function, Sample, params
from csvkit_ml.model.tensor import Array
from validation_suites import faults
from validation_suites.training.gradients_pointwise import Slope
from validation_suites.vector_jacobian import Case, Product, dot, indices, like, moved, turned

arb = flint.arb
Ball = Any


def _multigammaln(x: Ball, p: int) -> Ball:
    """sum of digamma(x - j / 2)."""
    total = arb(0)
    for j in range(p):
        total += (x - arb(j) / 2).digamma()
    return total


def _multigammaln_terms(x: Array, p: int) -> Array:
    """Each digamma by its logarithm and its pole; the shifted argument carries u."""
    shifted = [x - j / 2 for j in range(p)]
    return np.asarray(sum(1 + 1 / s + np.abs(np.log(s)) + x * host.polygamma(1, s) for s in shifted))


_slope = partial(Slope, edges=(7, 17))

SLOPES = (
    _slope(id="neg", slope=lambda x: arb(-1)),
    _slope(id="deg2rad", slope=lambda x: arb.pi() / 180, low=-400.0, high=400.0),
    _slope(id="rad2deg", slope=lambda x: 180 / arb.pi()),
    _slope(id="multigammaln", slope=_multigammaln, terms=_multigammaln_terms, low=2.0, high=30.0, settings={"p": (2, 4)}, narrow=False),
    _slope(id="rrelu", slope=lambda x, upper: arb(1) if x > 0 else (arb(upper) + 0.125) / 2, low=-3.0, high=3.0, settings={"upper": (0.5, 0.25)}),
)


def _affine_grid(sample: Sample, theta: Any, g: Any) -> tuple[Any, ...]:
    """sum over the grid of g_i base_j, base the centres (or corners) of the pixels with a one behind, the last axis of the picture first."""
    *ends, d = g.value.shape[1:]
    axes = [np.linspace(-1, 1, n) if sample.param("align_corners") else (2 * np.arange(n) + 1) / n - 1 for n in ends]
    base = np.stack([*np.meshgrid(*axes, indexing="ij")[::-1], np.ones(ends)], -1).reshape(-1, d + 1).astype(np.longdouble)
    centres = like(g, base, 3 * g.by.u * np.ones_like(base))
    return (dot(turned(g.reshape(len(theta.value), -1, d)), centres),)


def _conv_tbc(sample: Sample, x: Any, w: Any, b: Any, g: Any) -> tuple[Any, ...]:
    """y_t = sum_k x_(t + k - pad) w_k + b: time, batch, channel."""
    pad, (steps, batch, into), (kernel, _, out) = sample.param("pad"), x.value.shape, w.value.shape
    padded = moved(x, lambda v: np.pad(v, [(pad, pad), (0, 0), (0, 0)]))
    rows = g.value.shape[0]
    slopes = [dot(turned(padded[k : k + rows].reshape(rows * batch, into)), g.reshape(rows * batch, out)) for k in range(kernel)]
    # every place of the input by all of the kernel at once: [T, B, K out] times [K out, in]
    behind = moved(g, lambda v: np.pad(v, [(kernel - 1, kernel - 1), (0, 0), (0, 0)]))
    windows = [behind[kernel - 1 - k : kernel - 1 - k + steps + 2 * pad] for k in range(kernel)]
    wide = like(g, np.concatenate([p.value for p in windows], -1), np.concatenate([p.error for p in windows], -1))
    made = dot(wide, moved(w, lambda v: v.transpose(0, 2, 1).reshape(kernel * out, into)))[pad : pad + steps]
    weights = like(w, np.stack([s.value for s in slopes]), np.stack([s.error for s in slopes]))
    return made, weights, g.reshape(rows * batch, out).sum(axis=0)


def _ldexp(sample: Sample, x: Any, exponent: Any, g: Any) -> tuple[Any, ...]:
    """g 2^n: exact."""
    return (moved(g, lambda v: v * np.exp2(exponent.astype(np.longdouble))),)


GRIDS = ((4, 5), (1, 3), (2, 3, 4))

PRODUCTS = (
    Product(id="grad_affine_grid", of="grids of affine maps of planes and volumes", product=_affine_grid, faults=(
                faults.rolled(), faults.other_params("corners-mistaken", "Corners for centres, or the reverse.", align_corners=lambda a: not a)),
            cases=tuple(Case(name=f"{'x'.join(map(str, s))}{'-corners' * c}", operands=((2, len(s), len(s) + 1), (2, *s, len(s))),
                             how=params(align_corners=c, size=(2, 1, *s))) for s in GRIDS for c in (False, True) if c <= (1 not in s))),
    Product(id="grad_conv_tbc", of="the convolution over leading time, for input, weight and bias", product=_conv_tbc, faults=(faults.rolled(),),
            cases=tuple(Case(name=f"t{t}-kernel{k}-pad{p}", operands=((t, 2, 3), (k, 3, 4), (4,), (t + 2 * p - k + 1, 2, 4)), how=params(pad=p))
                        for t, k, p in ((7, 3, 0), (5, 3, 2), (4, 1, 0)))),
    Product(id="grad_ldexp", of="x 2^n", product=_ldexp, faults=(faults.rolled(),), cases=(
                Case(name="ordinary", operands=((5, 17), indices(9, (5, 17)), (5, 17))), Case(name="few", operands=((1, 7), indices(5, (1, 7)), (1, 7))))),
)  # fmt: skip

FUNCTIONS: tuple[Function, ...] = (*(s.function() for s in SLOPES), *(p.function() for p in PRODUCTS))

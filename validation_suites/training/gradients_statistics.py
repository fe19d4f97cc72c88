"""Gradients of statistics of rows, of pools by powers, and of traces, blocks, limits and signs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from csvkit_ml.model.function import Function, Sample, params
from csvkit_ml.references.running_error import hyperparameter
from validation_suites import faults
from validation_suites.vector_jacobian import Case, Product, away, dot, like, moved, scattered, softmax, spread, turned, wide


def _centred(x: Any) -> Any:
    return x - x.sum(axis=-1, keepdims=True) / x.value.shape[-1]


def _moments(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    """Of variance (or its root) and mean side by side: g_0 2 d / (n - c) + g_1 / n; of the root g_0 d / ((n - c) sd)."""
    n, d = x.value.shape[-1], _centred(x)
    free = n - sample.param("correction")
    first = spread(g[..., 0], -1) * d * 2 / free
    if sample.param("root"):
        first = first / (spread(np.sqrt((d * d).sum(axis=-1) / free), -1) * 2)
    return (first + spread(g[..., 1], -1) / n,)


def _cov(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    """(g + g^T) d / (n - c), centred."""
    return (_centred(dot(g + turned(g), _centred(x)) / (x.value.shape[-1] - sample.param("correction"))),)


def _corrcoef(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    """Of z z^T with z the centred rows of length one; the library divides covariances by roots of variances, in as many steps."""
    d = _centred(x)
    length: Any = np.sqrt((d * d).sum(axis=-1, keepdims=True))
    z: Any = d / length
    h = dot(g + turned(g), z)
    return (_centred((h - z * (h * z).sum(axis=-1, keepdims=True)) / length),)


def _softmin(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    """-p (g - sum g p) of p = softmax(-x)."""
    p = softmax(-x)
    return (-(p * (g - (g * p).sum(axis=-1, keepdims=True))),)


def _lp_pool(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    """(sum x^p)^(1/p) over windows of three, by steps of two, of the last axis: g (x / y)^(p - 1) of positive data.

    By the documented formula through powers: the derivative of the root times that of the power, each by its own rule.
    """
    order, n = sample.param("p"), x.value.shape[-1]
    at = np.arange(0, n - 2, 2)[:, None] + np.arange(3)
    total = (x[..., at] ** order).sum(axis=-1)
    slope: Any = g * (total ** hyperparameter(1 / order - 1))
    made = spread(slope, -1) * (x[..., at] ** (order - 1))
    rows = made.value.size // at.size
    flat = (np.arange(rows)[:, None, None] * n + at).ravel()
    return (scattered(made.reshape(-1), flat, x.value.size).reshape(*x.value.shape),)


def _vecdot(sample: Sample, a: Any, b: Any, g: Any) -> tuple[Any, ...]:
    return spread(g, -1) * b, spread(g, -1) * a


def _trace(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    """g on the diagonal."""
    return (moved(wide(g.reshape(1, 1), x.value.shape), lambda v: v * np.eye(*x.value.shape)),)


def _block_diag(sample: Sample, a: Any, b: Any, g: Any) -> tuple[Any, ...]:
    m, n = a.value.shape
    return g[:m, :n], g[m:, n:]


def _clamp_tensors(sample: Sample, x: Any, low: Any, high: Any, g: Any) -> tuple[Any, ...]:
    """To what the result is: x or the bound that it meets."""
    under, over = x.value < low.value, x.value > high.value
    return tuple(like(g, np.where(hit, g.value, 0.0), np.where(hit, g.error, 0.0)) for hit in (~under & ~over, under, over))


def _nan_to_num(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    """Nothing for what was replaced."""
    return (like(g, np.where(np.isfinite(x.value), g.value, 0.0), np.zeros_like(g.value)),)


def _copysign(sample: Sample, a: Any, b: Any, g: Any) -> tuple[Any, ...]:
    return (moved(g, lambda v: v * np.sign(a.value) * np.copysign(1.0, b.value)),)


def positive(shape: tuple[int, ...], low: float = 0.25, high: float = 2.0) -> Callable[[np.random.Generator], Any]:
    """Numbers away from zero."""
    return lambda random: random.uniform(low, high, shape)


def _with_specials(shape: tuple[int, ...]) -> Callable[[np.random.Generator], Any]:
    def made(random: np.random.Generator) -> Any:
        x = random.standard_normal(shape)
        x[0, 3], x[1, 5], x[-1, 1] = np.nan, np.inf, -np.inf
        return x

    return made


def _rows(*rows: tuple[str, tuple[Any, ...], dict[str, Any]]) -> tuple[Case, ...]:
    return tuple(Case(name=n, operands=operands, how=params(**how)) for n, operands, how in rows)


OFF = faults.rolled()
DIVISOR = faults.other_params("other-divisor", "n for n - 1, or the reverse.", correction=lambda c: 1 - c)

PRODUCTS = (
    Product(id="grad_var_mean", of="variance or standard deviation of rows, with the mean", product=_moments, faults=(OFF, DIVISOR), cases=_rows(
                *((f"{'std' if r else 'var'}-correction{c}", ((5, 17), (5, 2)), {"root": r, "correction": c}) for r in (False, True) for c in (1, 0)))),
    Product(id="grad_cov", of="the covariances of rows", product=_cov, faults=(OFF, DIVISOR), cases=_rows(
                *((f"correction{c}", ((4, 9), (4, 4)), {"correction": c}) for c in (1, 0)))),
    Product(id="grad_corrcoef", of="the correlations of rows", product=_corrcoef, faults=(OFF,), cases=_rows(
                ("ordinary", ((4, 9), (4, 4)), {}), ("pair", ((2, 17), (2, 2)), {}))),
    Product(id="grad_softmin", of="softmin along the last axis", product=_softmin, faults=(OFF,), cases=_rows(
                ("ordinary", ((5, 17), (5, 17)), {}), ("wide", (away((3, 9), 5.0, 20.0), (3, 9)), {}))),
    *(Product(id=f"grad_lp_pool{d}d", of=f"{d}-d pooling by powers", product=_lp_pool, faults=(
                OFF, faults.other_params("power-ignored", "The power is always 2.", p=2)),
              cases=_rows(*((f"power{p}", (positive((2, 3, *(1,) * (d - 1), 9)), (2, 3, *(1,) * (d - 1), 4)), {"p": p}) for p in (2, 3, 1)))) for d in (1, 2)),
    Product(id="grad_vecdot", of="inner products of rows, for both operands", product=_vecdot, faults=(OFF,), cases=_rows(
                ("ordinary", ((5, 17), (5, 17), (5,)), {}), ("one", ((3, 1), (3, 1), (3,)), {}))),
    Product(id="grad_trace", of="the trace", product=_trace, faults=(OFF,), cases=_rows(("ordinary", ((7, 7), ()), {}), ("tall", ((9, 4), ()), {}))),
    Product(id="grad_block_diag", of="blocks on a diagonal, for both", product=_block_diag, faults=(OFF,), cases=_rows(
                ("ordinary", ((3, 4), (2, 5), (5, 9)), {}), ("one", ((1, 1), (4, 3), (5, 4)), {}))),
    Product(id="grad_clamp_tensors", of="the limitation by two tensors, for all three", product=_clamp_tensors, faults=(OFF,), cases=_rows(
                *((n, (s, lambda random, s=s: -positive(s)(random), positive(s), s), {}) for n, s in (("ordinary", (5, 17)), ("few", (1, 7)))))),
    Product(id="grad_nan_to_num", of="the replacement of what is not finite", product=_nan_to_num, faults=(OFF,), cases=_rows(
                *((n, (_with_specials(s), s), {}) for n, s in (("ordinary", (5, 17)), ("few", (2, 7)))))),
    Product(id="grad_copysign", of="a magnitude with another's sign, for the magnitude", product=_copysign, faults=(OFF,), cases=_rows(
                *((n, (away(s), away(s), s), {}) for n, s in (("ordinary", (5, 17)), ("few", (1, 7)))))),
)  # fmt: skip

FUNCTIONS: tuple[Function, ...] = tuple(p.function() for p in PRODUCTS)

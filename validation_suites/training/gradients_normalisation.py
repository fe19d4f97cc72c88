"""Gradients of normalisations over groups of channels, channels and rows, and of reductions along the last axis."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from csvkit_ml.model.function import Function, Json, Sample, params
from csvkit_ml.references.running_error import hyperparameter
from validation_suites import faults
from validation_suites.training.losses_distances import norm
from validation_suites.vector_jacobian import Case, Product, away, distinct, like, moved, softmax, spread

INF = float("inf")


def _through(sample: Sample, x: Any, h: Any, centred: bool = True) -> tuple[Any, Any]:
    """(gradient of rows [R, M] for an upstream gradient h of the normalised rows z, z)."""
    n = x.value.shape[-1]
    d = x - x.sum(axis=-1, keepdims=True) / n if centred else x
    inverse: Any = 1 / np.sqrt((d * d).sum(axis=-1, keepdims=True) / n + hyperparameter(sample.param("eps")))
    z = d * inverse
    rest = h - h.sum(axis=-1, keepdims=True) / n if centred else h
    return (rest - z * ((h * z).sum(axis=-1, keepdims=True) / n)) * inverse, z


def _by_channel(x: Any) -> Any:
    """[N, C, L] summed over all but the channels: of each sample, then of all."""
    return x.sum(axis=-1).sum(axis=0)


def _channels(sample: Sample, x: Any, w: Any, b: Any, g: Any) -> tuple[Any, ...]:
    """Rows are groups of channels of a sample; weight and bias belong to channels."""
    shape, rows = x.value.shape, x.value.shape[0] * sample.param("groups")
    h = g * moved(w, lambda v: v[:, None])
    made, z = _through(sample, x.reshape(rows, -1), h.reshape(rows, -1))
    return made.reshape(*shape), _by_channel(g * z.reshape(*shape)), _by_channel(g)


def _rms_norm(sample: Sample, x: Any, w: Any, g: Any) -> tuple[Any, ...]:
    made, z = _through(sample, x, g * w, centred=False)
    return made, (g * z).sum(axis=0)


def _log_softmax(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    """g - p sum g."""
    p, top = softmax(x), x.value.max(axis=-1, keepdims=True)
    gap = 2 * x.by.u * (np.abs(x.value) + np.abs(top) + np.log(x.value.shape[-1]))
    return (g - like(x, p.value, p.error + p.value * gap) * g.sum(axis=-1, keepdims=True),)


def _cumprod(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    """sum over k >= i of g_k times the product of x_0 .. x_k without x_i, zeros among them or not."""
    n, out = x.value.shape[-1], []
    for i in range(n):
        rest: Any = 1.0
        for j in range(i):
            rest = rest * x[..., j]
        terms = []
        for k in range(i, n):
            rest = rest * x[..., k] if k > i else rest
            terms.append(g[..., k] * rest)
        value, error = (np.stack([getattr(t, a) for t in terms], -1) for a in ("value", "error"))
        # a library may divide running products by the element: two roundings more on either side
        out.append(like(x, value, error + 4 * x.by.u * np.abs(value)).sum(axis=-1))
    return (like(x, np.stack([o.value for o in out], -1), np.stack([o.error for o in out], -1)),)


def _deviation(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    """2 g (x - mean) / (n - c); of the root g (x - mean) / ((n - c) sd)."""
    n = x.value.shape[-1]
    d, free = x - x.sum(axis=-1, keepdims=True) / n, n - sample.param("correction")
    if not sample.param("root"):
        return (spread(g, -1) * 2 * d / free,)
    sd = np.sqrt((d * d).sum(axis=-1, keepdims=True) / free)
    return (spread(g, -1) * d / (sd * free),)


def _vector_norm(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    """g sign(x) (|x| / norm)^(p - 1); of the largest magnitude g sign(x) where it is."""
    order, size, signs = sample.param("p"), np.abs(x), np.sign(x.value)
    if order == INF:
        hit = size.value == size.value.max(axis=-1, keepdims=True)
        return (spread(g, -1) * (signs * hit),)
    share: Any = size / spread(norm(x, order), -1)
    return (spread(g, -1) * ({1: 1.0, 2: share, 3: share * share}[order] * signs),)


def _of_channels(rows: tuple[tuple[tuple[int, ...], int, float], ...]) -> tuple[Case, ...]:
    return tuple(
        Case(name=f"{'x'.join(map(str, s))}-groups{k}-eps{eps:g}", operands=(s, (s[1],), (s[1],), s), how=params(groups=k, eps=eps)) for s, k, eps in rows
    )


def _rows(x: Callable[..., Any], *settings: Mapping[str, Json], shape: tuple[int, ...] = (5, 17), kept: bool = False) -> tuple[Case, ...]:
    """An array and the upstream gradient of its rows (or of its elements)."""
    made = []
    for how in settings:
        label = "-".join(f"{n}{v:g}" if isinstance(v, float | int) else f"{n}{v}" for n, v in how.items()) or "ordinary"
        made.append(Case(name=label, operands=(x(shape), shape if kept else shape[:-1]), how=params(**how)))
    return tuple(made)


def _plain(shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape


def _few(shape: tuple[int, ...]) -> Callable[[np.random.Generator], Any]:
    """Whole numbers, zeros among them."""
    return lambda random: random.integers(-1, 3, shape).astype(np.float64)


EPS = faults.other_params("wrong-eps", "Another eps.", eps=lambda e: 2 * e)

PRODUCTS = (
    Product(id="grad_group_norm", of="group normalisation, for input, weight and bias", product=_channels, faults=(EPS, faults.rolled()),
            cases=_of_channels((((2, 6, 10), 3, 1e-5), ((3, 4, 7), 1, 1e-3), ((2, 8, 6), 4, 1e-3)))),
    Product(id="grad_instance_norm", of="instance normalisation, for input, weight and bias", product=_channels, faults=(EPS, faults.rolled()),
            cases=_of_channels((((2, 3, 17), 3, 1e-5), ((3, 4, 9), 4, 1e-3)))),
    Product(id="grad_rms_norm", of="root mean square normalisation, for input and weight", product=_rms_norm, faults=(EPS, faults.rolled()),
            cases=tuple(Case(name=f"{n}x{m}-eps{eps:g}", operands=((n, m), (m,), (n, m)), how=params(eps=eps))
                        for n, m, eps in ((7, 33, 1e-5), (3, 16, 1e-2)))),
    Product(id="grad_log_softmax", of="log softmax along the last axis", product=_log_softmax, faults=(faults.rolled(),),
            cases=(*_rows(_plain, {}, kept=True), Case(name="wide", operands=(away((5, 33), 10.0, 60.0), (5, 33))))),
    Product(id="grad_cumprod", of="the running product along the last axis, zeros in it", product=_cumprod, faults=(faults.rolled(),),
            cases=(Case(name="ordinary", operands=(away((5, 9)), (5, 9))), Case(name="zeros", operands=(_few((6, 8)), (6, 8))))),
    Product(id="grad_var", of="variance and standard deviation along the last axis", product=_deviation,
            cases=_rows(_plain, *({"root": r, "correction": c} for r in (False, True) for c in (1, 0))),
            faults=(faults.other_params("other-divisor", "n for n - 1, or the reverse.", correction=lambda c: 1 - c),)),
    Product(id="grad_vector_norm", of="the norm of the last axis", product=_vector_norm, cases=_rows(distinct, *({"p": p} for p in (2.0, 1.0, 3.0, INF))),
            faults=(faults.other_params("order-ignored", "The norm is always of order 2.", p=2.0),)),
)  # fmt: skip

FUNCTIONS: tuple[Function, ...] = tuple(p.function() for p in PRODUCTS)

"""Second order of layers: gradients of <h, J^T g> for the operands and for g, J the layer's Jacobian, by hand in numbers that carry their rounding errors.

Operands: the layer's own, the upstream gradient g, then for each operand the vector h that its gradient is multiplied with.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from csvkit_ml.model.function import Function, Json, Sample, params
from csvkit_ml.references.running_error import hyperparameter
from validation_suites import faults
from validation_suites.vector_jacobian import Case, Product, away, dot, like, scattered, softmax, spread, turned


def _matmul(sample: Sample, a: Any, b: Any, g: Any, p: Any, q: Any) -> tuple[Any, ...]:
    """<p, g b^T> + <q, a^T g>."""
    return dot(g, turned(q)), dot(turned(p), g), dot(p, b) + dot(a, q)


def _linear(sample: Sample, x: Any, w: Any, g: Any, p: Any, q: Any) -> tuple[Any, ...]:
    """As a matmul with the weight turned."""
    dx, dw, dg = _matmul(sample, x, turned(w), g, p, turned(q))
    return dx, turned(dw), dg


def _conv2d(sample: Sample, x: Any, w: Any, g: Any, p: Any, q: Any) -> tuple[Any, ...]:
    """As a matmul of patches [N L, C K K] with the weight turned [C K K, O]."""
    n, c, high, wide = x.value.shape
    k, stride = w.value.shape[2], sample.param("stride")
    rows, columns = ((size - k) // stride + 1 for size in (high, wide))
    whole = np.arange(n * c * high * wide).reshape(n, c, high, wide)
    seen = np.lib.stride_tricks.sliding_window_view(whole, (k, k), axis=(2, 3))[:, :, ::stride, ::stride]
    at = seen.transpose(0, 2, 3, 1, 4, 5).reshape(n * rows * columns, -1)
    flat = [v.reshape(-1)[at] for v in (x, p)]
    kernels = [turned(v.reshape(len(w.value), -1)) for v in (w, q)]
    up = turned(g.reshape(n, -1, rows * columns)).reshape(len(at), -1)
    by_patch, dw, dg = _matmul(sample, flat[0], kernels[0], up, flat[1], kernels[1])
    dx = scattered(by_patch.reshape(-1), at.ravel(), x.value.size).reshape(*x.value.shape)
    return dx, turned(dw).reshape(*w.value.shape), turned(dg.reshape(n, rows * columns, -1)).reshape(*g.value.shape)


def _along(s: Any, v: Any) -> Any:
    """J v of the softmax s."""
    return s * (v - (s * v).sum(axis=-1, keepdims=True))


def _softmax(sample: Sample, x: Any, g: Any, h: Any) -> tuple[Any, ...]:
    """J (h g - <h, s> g - <g, s> h), and J h."""
    s = softmax(x)
    inner = h * g - (h * s).sum(axis=-1, keepdims=True) * g - (g * s).sum(axis=-1, keepdims=True) * h
    return _along(s, inner), _along(s, h)


def _log_softmax(sample: Sample, x: Any, g: Any, h: Any) -> tuple[Any, ...]:
    """-sum(g) J h, and h - <h, s>."""
    s = softmax(x)
    return -(g.sum(axis=-1, keepdims=True) * _along(s, h)), h - (h * s).sum(axis=-1, keepdims=True)


def _logsumexp(sample: Sample, x: Any, g: Any, h: Any) -> tuple[Any, ...]:
    """g J h, and <h, s>."""
    s = softmax(x)
    return spread(g, -1) * _along(s, h), (h * s).sum(axis=-1)


def _vector_norm(sample: Sample, x: Any, g: Any, h: Any) -> tuple[Any, ...]:
    """g (h - z <h, z>) / r with z = x / r, and <h, z>."""
    r: Any = np.sqrt((x * x).sum(axis=-1, keepdims=True))
    z = x / r
    inner = (h * z).sum(axis=-1, keepdims=True)
    return spread(g, -1) * ((h - z * inner) / r), inner[..., 0]


def _prod(sample: Sample, x: Any, g: Any, h: Any) -> tuple[Any, ...]:
    """Products without one and without two of the elements.

    Formed as the whole product divided by elements, an element's own terms cancel: g h x2 x3 / x1 against itself.
    """
    n = x.value.shape[-1]

    def without(*left_out: int) -> Any:
        made: Any = 1.0
        for k in set(range(n)) - set(left_out):
            made = x[..., k] * made
        return made

    slope = sum(h[..., i] * without(i) for i in range(n))
    parts = [spread(g * sum(h[..., i] * without(i, j) for i in range(n) if i != j), -1) for j in range(n)]
    value, error = (np.concatenate([getattr(v, k) for v in parts], axis=-1) for k in ("value", "error"))
    own = np.abs((g.value * x.value.prod(axis=-1))[..., None] * h.value / x.value**2)
    return like(x, value, error + 4 * x.by.u * own), slope


def _normalised(eps: Any, x: Any, a: Any, h: Any) -> tuple[Any, Any]:
    """Of <h, P a> / s, the gradient of normalised rows: (its derivative for x, P h / s); P v = v - mean v - z mean(z v).

    Each factor 1 / s, and P through z, are functions of x: -(z <h, P a> / n + P (mean(z a) h + mean(z h) a)) / s^2.
    """
    n = x.value.shape[-1]

    def mean(v: Any) -> Any:
        return v.sum(axis=-1, keepdims=True) / n

    d = x - mean(x)
    s: Any = np.sqrt(mean(d * d) + hyperparameter(eps))
    z = d / s

    def projected(v: Any) -> Any:
        return v - mean(v) - z * mean(z * v)

    turning = projected(mean(z * a) * h + mean(z * h) * a)
    return -((z * mean(h * projected(a)) + turning) / s / s), projected(h) / s


def _layer_norm(sample: Sample, x: Any, w: Any, g: Any, h: Any, q: Any) -> tuple[Any, ...]:
    """For rows: of the gradients for x (with h) and for the weight (with q): <h, P (w g)> / s + <q, sum g z>."""
    eps, n = sample.param("eps"), x.value.shape[-1]
    by_x, turned_h = _normalised(eps, x, w * g, h)
    d = x - x.sum(axis=-1, keepdims=True) / n
    s: Any = np.sqrt((d * d).sum(axis=-1, keepdims=True) / n + hyperparameter(eps))
    _, of_weight = _normalised(eps, x, g, q * g)
    return by_x + of_weight, (g * turned_h).sum(axis=0), w * turned_h + q * (d / s)


def _batch_norm(sample: Sample, x: Any, w: Any, g: Any, h: Any, q: Any) -> tuple[Any, ...]:
    """As a layer norm of channels, each with one weight."""
    eps, (x, g, h) = sample.param("eps"), (turned(v) for v in (x, g, h))
    w, q = spread(w, -1), spread(q, -1)
    by_x, turned_h = _normalised(eps, x, w * g, h)
    n = x.value.shape[-1]
    d = x - x.sum(axis=-1, keepdims=True) / n
    s: Any = np.sqrt((d * d).sum(axis=-1, keepdims=True) / n + hyperparameter(eps))
    _, of_weight = _normalised(eps, x, g, q * g)
    return turned(by_x + of_weight), (g * turned_h).sum(axis=-1), turned(w * turned_h + q * (d / s))


def _rows(*rows: tuple[str, tuple[Any, ...], dict[str, Json]]) -> tuple[Case, ...]:
    return tuple(Case(name=n, operands=operands, how=params(**how)) for n, operands, how in rows)


def _one(*shapes: tuple[int, ...], total: bool = False, maker: Callable[..., Any] | None = None) -> tuple[Case, ...]:
    """(x, g, h) for functions of one operand; of a total, g is one a row."""
    return tuple(
        Case(name=f"n{s[-1]}", operands=(maker(s) if maker else s, s[:-1] if total else s, s), how=()) for s in shapes
    )  # fmt: skip


def _two(name: str, x: tuple[int, ...], w: tuple[int, ...], g: tuple[int, ...], **how: Json) -> tuple[str, tuple[Any, ...], dict[str, Json]]:
    return name, (x, w, g, x, w), how


OFF = faults.rolled()
EPS = faults.other_params("eps-larger", "The constant in the root is larger.", eps=lambda e: 4 * e + 0.01)
ROWS = ((5, 17), (3, 64))
PRODUCTS = (
    Product(id="grad_twice_matmul", of="the gradients of matrix products", product=_matmul, faults=(OFF,), cases=_rows(
                _two("ordinary", (5, 9), (9, 7), (5, 7)), _two("batches", (3, 4, 33), (3, 33, 5), (3, 4, 5)), _two("one", (1, 16), (16, 1), (1, 1)))),
    Product(id="grad_twice_linear", of="the gradients of a linear layer", product=_linear, faults=(OFF,), cases=_rows(
                _two("ordinary", (5, 17), (7, 17), (5, 7)), _two("one", (1, 33), (3, 33), (1, 3)))),
    Product(id="grad_twice_conv2d", of="the gradients of a convolution", product=_conv2d, faults=(OFF,), cases=_rows(
                _two("ordinary", (2, 3, 6, 7), (4, 3, 3, 3), (2, 4, 4, 5), stride=1), _two("strided", (1, 2, 9, 8), (3, 2, 2, 2), (1, 3, 4, 4), stride=2))),
    Product(id="grad_twice_softmax", of="the gradient of softmax", product=_softmax, faults=(OFF,), cases=_one(*ROWS)),
    Product(id="grad_twice_log_softmax", of="the gradient of log-softmax", product=_log_softmax, faults=(OFF,), cases=_one(*ROWS)),
    Product(id="grad_twice_logsumexp", of="the gradient of log-sum-exp", product=_logsumexp, faults=(OFF,), cases=_one(*ROWS, total=True)),
    Product(id="grad_twice_vector_norm", of="the gradient of the Euclidean norm", product=_vector_norm, faults=(OFF,), cases=_one(*ROWS, total=True)),
    Product(id="grad_twice_prod", of="the gradient of the product of rows", product=_prod, faults=(OFF,),
            cases=_one((5, 7), (3, 2), total=True, maker=lambda s: away(s, 0.5, 2.0))),
    Product(id="grad_twice_layer_norm", of="the gradients of layer normalisation", product=_layer_norm, faults=(OFF, EPS), cases=_rows(
                _two("ordinary", (5, 17), (17,), (5, 17), eps=1e-5), _two("wide", (3, 64), (64,), (3, 64), eps=0.125))),
    Product(id="grad_twice_batch_norm", of="the gradients of batch normalisation in training", product=_batch_norm, faults=(OFF, EPS), cases=_rows(
                _two("ordinary", (17, 5), (5,), (17, 5), eps=1e-5), _two("tall", (64, 3), (3,), (64, 3), eps=0.125))),
)  # fmt: skip

FUNCTIONS: tuple[Function, ...] = tuple(p.function() for p in PRODUCTS)

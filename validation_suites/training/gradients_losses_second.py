"""Second order of losses: the product of their Hessian with a vector, for every reduction, by hand in numbers that carry their rounding errors.

Operands: x, constants, the upstream gradient g of the loss, the vector v.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from csvkit_ml.model.function import Function, Json, Sample, params
from csvkit_ml.references.running_error import hyperparameter
from validation_suites import faults
from validation_suites.training.gradients_layers import SUM_FOR_MEAN
from validation_suites.training.gradients_losses import counts, signs, uniform
from validation_suites.vector_jacobian import Case, Product, like, softmax, spread

REDUCTIONS = ("mean", "sum", "none")
SHAPE = (4, 17)


def _each(curve: Callable[..., Any]) -> Callable[..., tuple[Any, ...]]:
    """curve(sample, x, *constants) -> second derivative of each loss by its own x."""

    def product(sample: Sample, x: Any, *rest: Any) -> tuple[Any, ...]:
        *constants, g, v = rest
        return (_share(sample, g, x.value.size) * v * curve(sample, x, *constants),)

    return product


def _share(sample: Sample, g: Any, losses: int) -> Any:
    return g / losses if sample.param("reduction") == "mean" else g


def _bell(x: Any) -> Any:
    """s (1 - s) of the logistic function s; libraries form it from a rounded s: known to u s."""
    one: Any = 1 / (1 + np.exp(x))
    other: Any = 1 / (1 + np.exp(-x))
    made = one * other
    return like(x, made.value, made.error + 4 * x.by.u * np.minimum(one.value, other.value) + 4 * x.by.u * made.value)


def _mse(sample: Sample, x: Any, t: Any) -> Any:
    return like(x, 2 * np.ones_like(x.value), np.zeros_like(x.value))


def _huber(sample: Sample, x: Any, t: Any) -> Any:
    inside = np.abs(x.value - t.value) < sample.param("delta")
    return like(x, inside.astype(np.longdouble), np.zeros_like(x.value))


def _smooth_l1(sample: Sample, x: Any, t: Any) -> Any:
    beta: Any = hyperparameter(sample.param("beta"))
    return np.where(np.abs(x.value - t.value) < beta.value, 1 / beta, 0.0)


def _bce_with_logits(sample: Sample, x: Any, t: Any, w: Any, positive: Any) -> Any:
    return w * (1 + (positive - 1) * t) * _bell(x)


def _poisson(sample: Sample, x: Any, t: Any) -> Any:
    return np.exp(x)


def _soft_margin(sample: Sample, x: Any, y: Any) -> Any:
    made = _bell(x)
    return like(x, made.value, made.error + 8 * x.by.u)  # formed as z (1 + z) - z^2 over (1 + z)^2, which cancels


def _bce(sample: Sample, p: Any, t: Any) -> Any:
    """t / p^2 + (1 - t) / (1 - p)^2; as the derivative of (p - t) / (p (1 - p)) it is a difference of larger terms."""
    q: Any = 1 - p
    made = t / (p * p) + (1 - t) / (q * q)
    terms = 1 / (p.value * q.value) + np.abs(p.value - t.value) * np.abs(1 - 2 * p.value) / (p.value * q.value) ** 2
    return like(p, made.value, made.error + 8 * p.by.u * terms)


def _cross_entropy(sample: Sample, x: Any, target: Any, w: Any, g: Any, v: Any) -> tuple[Any, ...]:
    """w_t [p v - p (p . v)], divided by the weights of all targets for the mean."""
    p, top = softmax(x), x.value.max(axis=-1, keepdims=True)
    gap = 4 * x.by.u * (np.abs(x.value) + np.abs(top) + np.log(x.value.shape[-1]))
    p = like(x, p.value, p.error + p.value * gap)
    each = w[target]
    share: Any = g / each.sum(axis=0) if sample.param("reduction") == "mean" else g
    made = p * v - p * (p * v).sum(axis=-1, keepdims=True)
    return (spread(share * each, -1) * made,)


def _cases(operands: tuple[Any, ...], *settings: dict[str, Json], losses: tuple[int, ...] = SHAPE) -> tuple[Case, ...]:
    return tuple(
        Case(name="-".join([r, *(f"{n}={v}" for n, v in how.items())]), operands=(*operands, losses if r == "none" else (), SHAPE),
             how=params(reduction=r, **how))
        for r, how in zip(REDUCTIONS, (*settings, *settings, *settings)[:3], strict=True)
    )  # fmt: skip


def _targets(random: np.random.Generator) -> Any:
    return random.integers(0, SHAPE[1], SHAPE[:1])


def _second(id: str, of: str, product: Callable[..., tuple[Any, ...]], cases: tuple[Case, ...], *more: Any) -> Product:
    return Product(id=f"grad_twice_{id}", of=f"the gradient of {of}", product=product, cases=cases, faults=(SUM_FOR_MEAN, *more))


PRODUCTS = (
    _second("mse_loss", "the mean squared error", _each(_mse), _cases((SHAPE, SHAPE), {})),
    _second("huber_loss", "the Huber loss", _each(_huber), _cases((SHAPE, SHAPE), {"delta": 1.0}, {"delta": 0.5})),
    _second("smooth_l1_loss", "the smooth L1 loss", _each(_smooth_l1), _cases((SHAPE, SHAPE), {"beta": 1.0}, {"beta": 0.5}),
            faults.other_params("beta-ignored", "beta is ignored.", beta=1.0)),
    _second("bce_with_logits", "the binary cross entropy of logits, weighted", _each(_bce_with_logits),
            _cases((SHAPE, uniform(SHAPE, 0.0, 1.0), uniform(SHAPE[1:], 0.25, 2.0), uniform(SHAPE[1:], 0.5, 3.0)), {})),
    _second("binary_cross_entropy", "the binary cross entropy of probabilities", _each(_bce),
            _cases((uniform(SHAPE, 0.05, 0.95), uniform(SHAPE, 0.0, 1.0)), {})),
    _second("poisson_nll_loss", "the Poisson negative log likelihood of log rates", _each(_poisson), _cases((SHAPE, counts(SHAPE)), {})),
    _second("soft_margin_loss", "log(1 + exp(-y x))", _each(_soft_margin), _cases((SHAPE, signs(SHAPE)), {})),
    _second("cross_entropy", "the weighted cross entropy", _cross_entropy, _cases((SHAPE, _targets, uniform(SHAPE[1:], 0.25, 2.0)), {}, losses=SHAPE[:1])),
)  # fmt: skip

FUNCTIONS: tuple[Function, ...] = tuple(p.function() for p in PRODUCTS)

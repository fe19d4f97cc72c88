"""Gradients of functions of two and three operands, element by element with broadcasting, ties shared evenly; and of distances of rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from csvkit_ml.model.function import Function, Sample, params
from csvkit_ml.references.running_error import hyperparameter
from validation_suites import faults
from validation_suites.training.losses_distances import norm
from validation_suites.vector_jacobian import Case, Product, away, like, spread, tied, unbroadcast, wide

Rule = Callable[..., tuple[Any, ...]]


def _each(rule: Rule) -> Rule:
    """rule(sample, *operands, g) -> gradients, summed over the axes that were broadcast."""

    def product(sample: Sample, *operands: Any) -> tuple[Any, ...]:
        *leaves, g = operands
        parts = rule(sample, *leaves, g)
        return tuple(unbroadcast(wide(p, g.value.shape), x.value.shape) for p, x in zip(parts, leaves, strict=True))

    return product


def _atan2(sample: Sample, a: Any, b: Any, g: Any) -> tuple[Any, ...]:
    share = g / (a * a + b * b)
    return share * b, -(share * a)


def _hypot(sample: Sample, a: Any, b: Any, g: Any) -> tuple[Any, ...]:
    size: Any = np.sqrt(a * a + b * b)
    return g * (a / size), g * (b / size)


def _xlogy(sample: Sample, a: Any, b: Any, g: Any) -> tuple[Any, ...]:
    return g * np.log(b), g * a / b


def _xlog1py(sample: Sample, a: Any, b: Any, g: Any) -> tuple[Any, ...]:
    return g * np.log1p(b), g * a / (b + 1)


def _pow(sample: Sample, a: Any, b: Any, g: Any) -> tuple[Any, ...]:
    """b a^(b - 1) and a^b log a; the exponent b - 1 carries u of b."""
    return g * (b * np.power(a, b - 1)), g * (np.power(a, b) * np.log(a))


def _logaddexp(sample: Sample, a: Any, b: Any, g: Any) -> tuple[Any, ...]:
    """1 / (1 + r^(b - a)) with r = e or 2; formed from the result, it carries the rounding errors of result and operand."""
    rate: Any = np.log(hyperparameter(2.0)) if sample.param("base") == "2" else 1.0
    gap = 2 * a.by.u * (np.abs(a.value) + np.abs(b.value) + 1)

    def share(x: Any, y: Any) -> Any:
        made = 1 / (1 + np.exp((y - x) * rate))
        return like(x, made.value, made.error + made.value * gap)

    return g * share(a, b), g * share(b, a)


def _extreme(sign: int) -> Rule:
    """Of the larger (sign 1) or the smaller: half each where they are equal, the subgradient of minimum norm."""

    def rule(sample: Sample, a: Any, b: Any, g: Any) -> tuple[Any, ...]:
        first = (np.sign(sign * (a.value - b.value)) + 1) / 2
        return g * first, g * (1 - first)

    return rule


def _remainder(of: Callable[[Any], Any]) -> Rule:
    """Of a - b n with n the rounded quotient, a constant."""
    return lambda sample, a, b, g: (g, -(g * of(a.value / b.value)))


def _lerp(sample: Sample, a: Any, b: Any, w: Any, g: Any) -> tuple[Any, ...]:
    return g * (1 - w), g * w, g * (b - a)


def _addcmul(sample: Sample, x: Any, a: Any, b: Any, g: Any) -> tuple[Any, ...]:
    value: Any = hyperparameter(sample.param("value"))
    return g, g * (b * value), g * (a * value)


def _addcdiv(sample: Sample, x: Any, a: Any, b: Any, g: Any) -> tuple[Any, ...]:
    value: Any = hyperparameter(sample.param("value"))
    return g, g * (value / b), -(g * (value * a / (b * b)))


def _prelu(sample: Sample, x: Any, w: Any, g: Any) -> tuple[Any, ...]:
    right = x.value > 0
    return np.where(right, g, g * w), np.where(right, 0.0, g * x)


def _glu(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    """a s(b) of the halves a, b of the last axis."""
    half = x.value.shape[-1] // 2
    a, b = x[..., :half], x[..., half:]
    s: Any = 1 / (1 + np.exp(-b))
    parts = g * s, g * a * ((1 - s) * s)
    value, error = (np.concatenate([getattr(p, k) for p in parts], -1) for k in ("value", "error"))
    return (like(x, value, error),)


def _cross(sample: Sample, a: Any, b: Any, g: Any) -> tuple[Any, ...]:
    """b x g and g x a."""

    def product(p: Any, q: Any) -> Any:
        after, last = [1, 2, 0], [2, 0, 1]
        return p[..., after] * q[..., last] - p[..., last] * q[..., after]

    return product(b, g), product(g, a)


def _cdist(sample: Sample, a: Any, b: Any, g: Any) -> tuple[Any, ...]:
    """g_ij sign(d) (|d| / |d|_p)^(p - 1) with d = a_i - b_j, summed over the other's rows."""
    d = spread(a, 1) - spread(b, 0)
    order, size, signs = sample.param("p"), np.abs(d), np.sign(d.value)
    share: Any = size / spread(norm(d, order), -1)
    slope = spread(g, -1) * ({1: 1.0, 2: share, 3: share * share}[order] * signs)
    return slope.sum(axis=1), -slope.sum(axis=0)


def _high(shape: tuple[int, ...]) -> Callable[[np.random.Generator], Any]:
    return lambda random: random.uniform(0.25, 2.0, shape)


def _plain(shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape


SHAPES = (("ordinary", (4, 17), (4, 17)), ("row", (4, 17), (17,)), ("both", (3, 1, 7), (4, 1)))


def _pairs(a: Callable[..., Any] = away, b: Callable[..., Any] = away, shapes: tuple[Any, ...] = SHAPES, **how: Any) -> tuple[Case, ...]:
    return tuple(Case(name=n, operands=(a(p), b(q), np.broadcast_shapes(p, q)), how=params(**how)) for n, p, q in shapes)


def _triples(c: Callable[..., Any], **how: Any) -> tuple[Case, ...]:
    shapes = (("ordinary", (4, 17), (4, 17), (4, 17)), ("broadcast", (4, 17), (17,), (4, 1)))
    return tuple(Case(name=n, operands=(away(x), away(a), c(b), (4, 17)), how=params(**how)) for n, x, a, b in shapes)


def _ties(shape: tuple[int, ...]) -> Any:
    return tied(shape, 3)


def _with_ties() -> tuple[Case, ...]:
    (equal,) = _pairs(_ties, _ties, SHAPES[:1])
    return (*_pairs(), Case(name="ties", operands=equal.operands))


def _two(id: str, of: str, rule: Rule, cases: tuple[Case, ...], *more: Any) -> Product:
    return Product(id=f"grad_{id}", of=of, product=_each(rule), cases=cases, faults=more)


VALUE = faults.other_params("value-ignored", "The factor is ignored.", value=1.0)

PRODUCTS = (
    _two("atan2", "atan2(a, b)", _atan2, _pairs()),
    _two("hypot", "sqrt(a^2 + b^2)", _hypot, _pairs()),
    _two("xlogy", "x log y", _xlogy, _pairs(b=_high)),
    _two("xlog1py", "x log(1 + y)", _xlog1py, _pairs(b=_high)),
    _two("pow_tensors", "a^b for both operands", _pow, _pairs(a=_high)),
    _two("logaddexp", "log(exp a + exp b)", _logaddexp, _pairs(_plain, _plain, base="e")),
    _two("logaddexp2", "log2(2^a + 2^b)", _logaddexp, _pairs(_plain, _plain, base="2")),
    _two("maximum", "the larger of two, half each where they are equal", _extreme(1), _with_ties()),
    _two("minimum", "the smaller of two, half each where they are equal", _extreme(-1), _with_ties()),
    _two("fmax", "the larger of two numbers, half each where they are equal", _extreme(1), _with_ties()),
    _two("fmin", "the smaller of two numbers, half each where they are equal", _extreme(-1), _with_ties()),
    _two("remainder", "the remainder of the division rounded down", _remainder(np.floor), _pairs()),
    _two("fmod", "the remainder of the division rounded towards zero", _remainder(np.trunc), _pairs()),
    _two("lerp", "a + w (b - a)", _lerp, _triples(_high)),
    _two("addcmul", "x + value a b", _addcmul, _triples(_high, value=-1.5), VALUE),
    _two("addcdiv", "x + value a / b", _addcdiv, _triples(_high, value=-1.5), VALUE),
    Product(id="grad_prelu", of="the rectifier whose slope is a parameter of each channel, for both", cases=(
                Case(name="channels", operands=(away((5, 9)), _high((9,)), (5, 9))), Case(name="one", operands=(away((5, 9)), _high((1,)), (5, 9)))),
            product=_each(_prelu)),
    Product(id="grad_glu", of="the gated linear unit along the last axis", product=_glu, cases=(
                Case(name="ordinary", operands=((5, 18), (5, 9))), Case(name="pair", operands=((3, 2), (3, 1)))), faults=(faults.rolled(),)),
    Product(id="grad_cross", of="the vector product, for both operands", product=_cross, cases=(
                Case(name="ordinary", operands=((5, 3), (5, 3), (5, 3))), Case(name="one", operands=((1, 3), (1, 3), (1, 3)))), faults=(faults.rolled(),)),
    Product(id="grad_cdist", of="the distances of all pairs of rows, for both matrices", product=_cdist, cases=tuple(
                Case(name=f"p{p:g}", operands=((5, 4), (7, 4), (5, 7)), how=params(p=p)) for p in (2.0, 1.0, 3.0)), faults=(
                faults.other_params("order-ignored", "The norm is always of order 2.", p=2.0),)),
)  # fmt: skip

FUNCTIONS: tuple[Function, ...] = tuple(p.function() for p in PRODUCTS)

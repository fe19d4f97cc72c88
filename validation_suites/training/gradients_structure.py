"""Gradients of functions that combine elements: arithmetic with broadcasting, reductions, indexing, pooling, normalisation, attention, losses.

Inputs are the differentiable operands, constants, and last the upstream gradient g (losses have none). Each vector-Jacobian product is
written in numbers that carry their rounding errors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from csvkit_ml.model.function import Expected, Fault, Function, Json, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import Tensor
from csvkit_ml.references.running_error import Rounded, expected_rounded, hyperparameter, rounded
from validation_suites import faults
from validation_suites.sampling import normal, uniform
from validation_suites.training.losses_pointwise import RUNNING

DTYPES = ("float32", "float64")
SOURCE = "PyTorch documentation, torch.autograd; derivative by hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Operands of one sample: shapes of normal data, or a maker of an array from a generator."""

    name: str
    operands: tuple[Any, ...]
    """Shapes, or functions (generator) -> array."""
    how: tuple[tuple[str, Json], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A vector-Jacobian product."""

    id: str
    of: str
    product: Callable[..., tuple[Any, ...]]
    """(sample, *operands) -> gradients; integer operands as arrays."""
    cases: tuple[Case, ...]
    faults: tuple[Fault, ...] = ()

    def samples(self) -> Iterable[Sample]:
        for i, (dtype, case) in enumerate((d, c) for c in self.cases for d in DTYPES):
            why = SampleClass.COVERING if i else SampleClass.ORDINARY
            inputs = tuple(self._operand(dtype, case, j, o) for j, o in enumerate(case.operands))
            yield Sample(name=f"{dtype}-{case.name}", dtype=dtype, inputs=inputs, params=params(**dict(case.how)), why=why)

    def _operand(self, dtype: str, case: Case, place: int, operand: Any) -> Tensor:
        if isinstance(operand, tuple):
            return normal(dtype, operand, self.id, case.name, str(place))
        made = operand(seed_for(self.id, case.name, str(place)))
        return Tensor.of(made, "int64" if made.dtype.kind == "i" else dtype)

    def reference(self, sample: Sample) -> tuple[Expected, ...]:
        with np.errstate(all="ignore"):
            made = self.product(sample, *(a if a.dtype.kind == "i" else rounded(a, sample.dtype) for a in sample.arrays()))
            return tuple(expected_rounded(m, dtype=sample.dtype, name=f"y{i}" if i else "y") for i, m in enumerate(made))

    def function(self) -> Function:
        return Function(
            id=self.id, side=Side.TRAINING, area="gradients", requirement=f"The library shall return the vector-Jacobian product of {self.of}.",
            source=SOURCE, oracle="analytic derivative in extended precision (2^-64) with running error bounds", samples=self.samples,
            reference=self.reference, criterion=RUNNING, faults=(*COMMON, *self.faults),
        )  # fmt: skip


COMMON = (
    faults.relative(1e-4, "gradient-off"), faults.one_element(), faults.stale(), faults.TF32_INPUTS,
    faults.changed("wrong-sign", "The sign is wrong.", lambda a: -a.astype(np.float64)),
)  # fmt: skip


def indices(high: int, shape: tuple[int, ...]) -> Callable[[np.random.Generator], Any]:
    """Integers below `high`, with duplicates."""
    return lambda random: random.integers(0, high, shape)


def away(shape: tuple[int, ...], low: float = 0.25, high: float = 2.0) -> Callable[[np.random.Generator], Any]:
    """Numbers of either sign whose magnitude is not small."""
    return lambda random: random.uniform(low, high, shape) * np.where(random.random(shape) < 0.5, -1, 1)


def tied(shape: tuple[int, ...], values: int) -> Callable[[np.random.Generator], Any]:
    """Few distinct values: ties everywhere."""
    return lambda random: random.integers(0, values, shape).astype(np.float64)


def distinct(shape: tuple[int, ...]) -> Callable[[np.random.Generator], Any]:
    """No two values equal, in every format."""
    return lambda random: (random.permutation(int(np.prod(shape))).reshape(shape) - 7.0) / 16


def near(shift: float) -> Callable[[np.random.Generator], Any]:
    """The same data every time, moved by a relative +-shift: differences that coarser inputs lose."""
    return lambda random: seed_for("near").standard_normal((4, 17)) * (1 + shift * np.where(random.random((4, 17)) < 0.5, -1, 1))


def like(x: Rounded, value: Any, error: Any) -> Rounded:
    return Rounded(value, error, x.by)


def moved(x: Rounded, of: Callable[[Any], Any]) -> Rounded:
    """A rearrangement, which rounds nothing."""
    return like(x, of(x.value), of(x.error))


def dot(a: Rounded, b: Rounded) -> Rounded:
    """Matrix product of the last two axes."""
    n = a.value.shape[-1]
    size = (np.abs(a.value) + a.error) @ (np.abs(b.value) + b.error)
    inherited = np.abs(a.value) @ b.error + a.error @ (np.abs(b.value) + b.error)
    return like(a, a.value @ b.value, inherited + (min(n, 6 * np.sqrt(n)) + 1) * a.by.u * size)


def turned(x: Rounded) -> Rounded:
    return moved(x, lambda v: np.swapaxes(v, -1, -2))


def scattered(g: Rounded, at: Any, size: int) -> Rounded:
    """Rows of g [n, ...] added into `size` rows at indices [n]; a row's own sum has as many terms as meet there."""
    value, error, magnitude = (np.zeros((size, *g.value.shape[1:]), dtype=np.longdouble) for _ in range(3))
    for total, part in ((value, g.value), (error, g.error), (magnitude, np.abs(g.value))):
        np.add.at(total, at, part)
    meet = np.bincount(at, minlength=size).astype(np.float64).reshape(-1, *[1] * (value.ndim - 1))
    return like(g, value, error + np.where(meet > 1, np.minimum(meet, 6 * np.sqrt(meet)), 0) * g.by.u * (magnitude + error))


def unbroadcast(g: Rounded, shape: tuple[int, ...]) -> Rounded:
    """Summed over the axes that were broadcast."""
    while g.value.ndim > len(shape):
        g = g.sum(axis=0)
    for axis, n in enumerate(shape):
        if n == 1 and g.value.shape[axis] != 1:
            g = g.sum(axis=axis, keepdims=True)
    return g


def spread(g: Rounded, axis: int) -> Rounded:
    return moved(g, lambda v: np.expand_dims(v, axis))


def wide(g: Rounded, shape: tuple[int, ...]) -> Rounded:
    return moved(g, lambda v: np.broadcast_to(v, shape))


def _binary(rule: Callable[..., tuple[Any, Any]]) -> Callable[..., tuple[Any, ...]]:
    def product(sample: Sample, a: Any, b: Any, g: Any) -> tuple[Any, ...]:
        parts = rule(a, b, g)
        return tuple(unbroadcast(wide(p, g.value.shape), x.value.shape) for p, x in zip(parts, (a, b), strict=True))

    return product


def _sum(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    return (wide(spread(g, sample.param("axis")), x.value.shape),)


def _mean(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    axis = sample.param("axis")
    return (wide(spread(g, axis), x.value.shape) / x.value.shape[axis],)


def _amax(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    """Shared evenly by equal maxima."""
    axis = sample.param("axis")
    hits = x.value == x.value.max(axis=axis, keepdims=True)
    return (spread(g, axis) * hits / hits.sum(axis=axis, keepdims=True),)


def _prod(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    """The product of the others, zeros among them or not."""
    x = moved(x, lambda v: np.moveaxis(v, sample.param("axis"), -1))
    n, out = x.value.shape[-1], []
    for i in range(n):
        rest: Any = g
        for j in range(n):
            rest = rest * x[..., j] if j != i else rest
        out.append(rest)
    # a library may divide the whole product by the element: two roundings more on either side
    made = like(x, np.stack([o.value for o in out], -1), np.stack([o.error + 4 * x.by.u * np.abs(o.value) for o in out], -1))
    return (moved(made, lambda v: np.moveaxis(v, -1, sample.param("axis"))),)


def _cumsum(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    """Sums of g from each place to the end."""
    def back(v: Any) -> Any:
        return np.flip(np.cumsum(np.flip(v, sample.param("axis")), sample.param("axis")), sample.param("axis"))

    n = x.value.shape[sample.param("axis")]
    return (like(g, back(g.value), back(g.error) + 2 * n * g.by.u * back(np.abs(g.value))),)


def softmax(x: Rounded) -> Any:
    """Over the last axis."""
    e: Any = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _logsumexp(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    """g softmax(x); exp(x - logsumexp) inherits the error of its argument, twice that of x - max."""
    p = softmax(x)
    top = x.value.max(axis=-1, keepdims=True)
    gap = 2 * x.by.u * (np.abs(x.value) + np.abs(top) + np.log(x.value.shape[-1]))
    return (spread(g, -1) * like(x, p.value, p.error + p.value * gap),)


def _gather(sample: Sample, x: Any, at: Any, g: Any) -> tuple[Any, ...]:
    """Along the last axis of a matrix: g is added where it was taken."""
    n, m = x.value.shape
    flat = (np.arange(n)[:, None] * m + at).ravel()
    return (scattered(g.reshape(-1), flat, n * m).reshape(n, m),)


def _index_select(sample: Sample, x: Any, at: Any, g: Any) -> tuple[Any, ...]:
    return (scattered(g, at, x.value.shape[0]),)


def _scatter_add(sample: Sample, x: Any, source: Any, at: Any, g: Any) -> tuple[Any, ...]:
    return g, moved(g, lambda v: np.take_along_axis(v, at, -1))


def _embedding(sample: Sample, w: Any, at: Any, g: Any) -> tuple[Any, ...]:
    """Rows that are looked up often add up; the padding row gets nothing."""
    keep = (at != sample.param("padding_idx")).astype(np.float64).reshape(-1, 1)
    return (scattered(g.reshape(-1, w.value.shape[1]) * keep, at.ravel(), w.value.shape[0]),)


def _linear(sample: Sample, x: Any, w: Any, b: Any, g: Any) -> tuple[Any, ...]:
    return dot(g, w), dot(turned(g), x), g.sum(axis=0)


def _bmm(sample: Sample, a: Any, b: Any, g: Any) -> tuple[Any, ...]:
    return dot(g, turned(b)), dot(turned(a), g)


def _windows(x: Any, k: int, s: int) -> tuple[Any, Any]:
    """(values [N, C, H', W', k k], flat positions [H', W', k k] in H W) of square windows without padding."""
    h, w = x.shape[-2:]
    rows, columns = (np.arange(0, n - k + 1, s) for n in (h, w))
    y, z = np.divmod(np.arange(k * k), k)
    at = (rows[:, None, None] + y) * w + columns[None, :, None] + z
    return x.reshape(*x.shape[:2], h * w)[:, :, at], at


def _pooled(sample: Sample, x: Any, g: Any, of: Callable[[Any], Any]) -> tuple[Any, ...]:
    """`of(values of the windows)` gives the share of g that each place of a window gets."""
    n, c, h, w = x.value.shape
    values, at = _windows(x.value, sample.param("kernel"), sample.param("stride"))
    flat = (np.arange(n * c).reshape(n, c, 1, 1, 1) * h * w + at).ravel()
    return (scattered((spread(g, -1) * of(values)).reshape(-1), flat, n * c * h * w).reshape(n, c, h, w),)


def _max_pool2d(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    """To the largest of each window."""
    return _pooled(sample, x, g, lambda v: (v == v.max(axis=-1, keepdims=True)).astype(np.float64))


def _avg_pool2d(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    (made,) = _pooled(sample, x, g, lambda v: np.ones(v.shape))
    return (made / sample.param("kernel") ** 2,)


def _batch_norm(sample: Sample, x: Any, w: Any, b: Any, mean: Any, variance: Any, g: Any) -> tuple[Any, ...]:
    """Training: through the batch's own mean and variance; evaluation: those given are constants."""
    n, eps = x.value.shape[0], hyperparameter(sample.param("eps"))
    if not sample.param("training"):
        inverse: Any = 1 / np.sqrt(variance + eps)
        return g * (w * inverse), (g * ((x - mean) * inverse)).sum(axis=0), g.sum(axis=0)
    d = x - x.sum(axis=0) / n
    inverse = 1 / np.sqrt((d * d).sum(axis=0) / n + eps)
    z = d * inverse
    inner = (g * z).sum(axis=0)
    return (g - g.sum(axis=0) / n - z * (inner / n)) * (w * inverse), inner, g.sum(axis=0)


def _attention(sample: Sample, q: Any, k: Any, v: Any, g: Any) -> tuple[Any, ...]:
    """softmax(q k^T / sqrt(d)) v, causal or not."""
    scale = 1 / np.sqrt(hyperparameter(q.value.shape[-1]))
    scores: Any = dot(q, turned(k)) * scale
    if sample.param("causal"):
        hidden = np.triu(np.ones(scores.value.shape[-2:], dtype=bool), 1)
        scores = np.where(hidden, -1e4, scores)
    p = softmax(scores)
    inner = dot(g, turned(v))
    ds: Any = p * (inner - (inner * p).sum(axis=-1, keepdims=True)) * scale
    return dot(ds, k), dot(turned(ds), q), dot(turned(p), g)


def _divisor(sample: Sample, x: Any) -> float:
    return float(x.value.size) if sample.param("reduction") == "mean" else 1.0


def _l1(sample: Sample, x: Any, t: Any) -> tuple[Any, ...]:
    """Sign of x - t, zero where they are equal."""
    return (rounded(np.sign(x.value - t.value).astype(np.float64), sample.dtype) / _divisor(sample, x),)


def _smooth_l1(sample: Sample, x: Any, t: Any) -> tuple[Any, ...]:
    beta: Any = hyperparameter(sample.param("beta"))
    d = x - t
    return (np.where(np.abs(d.value) < beta.value, d / beta, np.sign(d.value)) / _divisor(sample, x),)


def _nll(sample: Sample, x: Any, target: Any, w: Any) -> tuple[Any, ...]:
    """-w_t at the target, divided by the weights of all targets."""
    hot = (np.arange(x.value.shape[1]) == target[:, None]).astype(np.float64)
    total = w[target].sum(axis=0) if sample.param("reduction") == "mean" else 1.0
    return (-(hot * w) / total,)


def _bce(sample: Sample, p: Any, t: Any) -> tuple[Any, ...]:
    """(p - t) / (p (1 - p)), by the two quotients or by one."""
    q = 1 - p
    by_one = (p - t) / (p * q)
    by_two = (1 - t) / q - t / p
    return (like(p, by_one.value, np.maximum(by_one.error, by_two.error)) / _divisor(sample, p),)


def _bilinear_cases(g: Callable[..., Any] = away) -> tuple[Case, ...]:
    shapes = (("ordinary", (4, 33), (4, 33)), ("row", (4, 33), (33,)), ("column", (5, 1), (5, 16)), ("both", (3, 1, 17), (8, 1)), ("number", (7, 9), ()))
    return tuple(Case(name=n, operands=(a, g(b), np.broadcast_shapes(a, b))) for n, a, b in shapes)


def _along(x: Any, *axes: int, out: Any = None) -> tuple[Case, ...]:
    """An array along each axis with the reduced shape's g."""
    shape = (5, 17, 8)
    return tuple(
        Case(name=f"axis{a}", operands=(x(shape), tuple(n for i, n in enumerate(shape) if i != a % 3) if out is None else shape), how=params(axis=a))
        for a in axes
    )


def _shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape


def _pools(x: Callable[..., Any]) -> tuple[Case, ...]:
    rows = (("k2", (2, 3, 8, 10), 2, 2), ("k3-overlapping", (1, 2, 9, 11), 3, 2), ("k3-dense", (2, 1, 7, 7), 3, 1))
    return tuple(
        Case(name=n, operands=(x(s), (*s[:2], (s[2] - k) // d + 1, (s[3] - k) // d + 1)), how=params(kernel=k, stride=d)) for n, s, k, d in rows
    )


def _norms() -> tuple[Case, ...]:
    return tuple(
        Case(name=f"n{n}-{mode}", operands=((n, c), (c,), (c,), (c,), _positive((c,)), (n, c)), how=params(training=mode == "training", eps=eps))
        for n, c, eps in ((16, 5, 1e-5), (65, 3, 1e-3)) for mode in ("training", "evaluation")
    )  # fmt: skip


def _positive(shape: tuple[int, ...], low: float = 0.25, high: float = 2.0) -> Callable[[np.random.Generator], Any]:
    return lambda random: random.uniform(low, high, shape)


def _losses(*operands: Any, **how: Json) -> tuple[Case, ...]:
    return tuple(Case(name=f"{r}", operands=operands, how=params(reduction=r, **how)) for r in ("mean", "sum"))


SUM_FOR_MEAN = faults.other_params("sum-for-mean", "1 / n of the mean is missing.", reduction=lambda r: "sum" if r == "mean" else r)

PRODUCTS = (
    Product(id="grad_add", of="a + b with broadcasting", product=_binary(lambda a, b, g: (g, g)), cases=_bilinear_cases()),
    Product(id="grad_sub", of="a - b with broadcasting", product=_binary(lambda a, b, g: (g, -g)), cases=_bilinear_cases()),
    Product(id="grad_mul", of="a b with broadcasting", product=_binary(lambda a, b, g: (g * b, g * a)), cases=_bilinear_cases()),
    Product(id="grad_div", of="a / b with broadcasting", product=_binary(lambda a, b, g: (g / b, -(g * a / (b * b)))), cases=_bilinear_cases()),
    Product(id="grad_sum", of="the sum along an axis", product=_sum, cases=_along(_shape, 0, 1, -1), faults=(faults.rolled(),)),
    Product(id="grad_mean", of="the mean along an axis", product=_mean, cases=_along(_shape, 0, 1, -1), faults=(faults.rolled(),)),
    Product(id="grad_amax", of="the maximum along an axis, shared evenly among equal maxima", product=_amax,
            cases=(*_along(distinct, 1, -1), *(Case(name=f"tied-{c.name}", operands=(tied((5, 17, 8), 4), c.operands[1]), how=c.how) for c in _along(distinct, 0, 1)))),
    Product(id="grad_prod", of="the product along an axis", product=_prod,
            cases=(*_along(away, 0, -1), *(Case(name=f"zeros-{c.name}", operands=(tied((5, 17, 8), 5), c.operands[1]), how=c.how) for c in _along(away, 0, -1)))),
    Product(id="grad_cumsum", of="the running sum along an axis", product=_cumsum, cases=_along(_shape, 0, 1, -1, out=True), faults=(faults.rolled(),)),
    Product(id="grad_logsumexp", of="the logarithm of the sum of exponentials along the last axis", product=_logsumexp,
            cases=(Case(name="ordinary", operands=((9, 17), (9,))), Case(name="c1", operands=((3, 1), (3,))), Case(name="c257", operands=((2, 257), (2,))),
                   Case(name="wide", operands=(away((5, 33), 10.0, 60.0), (5,))))),
    Product(id="grad_gather", of="gather along the last axis, for repeated indices, too", product=_gather,
            cases=(Case(name="ordinary", operands=((5, 17), indices(17, (5, 9)), (5, 9))), Case(name="repeated", operands=((3, 4), indices(3, (3, 65)), (3, 65))))),
    Product(id="grad_index_select", of="the selection of rows, for repeated indices, too", product=_index_select,
            cases=(Case(name="ordinary", operands=((9, 17), indices(9, (7,)), (7, 17))), Case(name="repeated", operands=((4, 5), indices(3, (129,)), (129, 5))))),
    Product(id="grad_scatter_add", of="scatter_add along the last axis, for the target and the source", product=_scatter_add,
            cases=(Case(name="ordinary", operands=((5, 17), (5, 9), indices(17, (5, 9)), (5, 17))), Case(name="repeated", operands=((3, 4), (3, 65), indices(3, (3, 65)), (3, 4))))),
    Product(id="grad_embedding", of="the embedding, for the table", product=_embedding,
            cases=tuple(Case(name=f"{n}{'-padded' if pad is not None else ''}", operands=((v, d), indices(v, at), (*at, d)), how=params(padding_idx=pad))
                        for n, v, d, at in (("ordinary", 11, 16, (4, 7)), ("repeated", 3, 5, (129,))) for pad in (None, 1)),
            faults=(faults.other_params("padding-trained", "The padding row gets a gradient.", padding_idx=None),)),
    Product(id="grad_linear", of="x W^T + b, for input, weight and bias", product=_linear,
            cases=tuple(Case(name=f"{n}x{k}x{m}", operands=((n, k), (m, k), (m,), (n, m))) for n, k, m in ((7, 33, 9), (1, 16, 16), (65, 3, 17)))),
    Product(id="grad_bmm", of="the batched matrix product, for both factors", product=_bmm,
            cases=tuple(Case(name=f"{b}x{n}x{k}x{m}", operands=((b, n, k), (b, k, m), (b, n, m))) for b, n, k, m in ((3, 7, 16, 9), (1, 1, 33, 1), (5, 16, 8, 17)))),
    Product(id="grad_max_pool2d", of="2-d maximum pooling", product=_max_pool2d, cases=_pools(distinct), faults=(faults.rolled(),)),
    Product(id="grad_avg_pool2d", of="2-d mean pooling", product=_avg_pool2d, cases=_pools(_shape), faults=(faults.rolled(),)),
    Product(id="grad_batch_norm", of="batch normalisation in training and in evaluation, for input, weight and bias", product=_batch_norm, cases=_norms(),
            faults=(faults.other_params("wrong-mode", "The other mode's statistics are used.", training=lambda m: not m),
                    faults.other_params("wrong-eps", "Another eps.", eps=lambda e: 2 * e))),
    Product(id="grad_scaled_dot_product_attention", of="scaled dot product attention, for query, key and value", product=_attention,
            cases=tuple(Case(name=f"{n}x{m}x{d}{'-causal' * c}", operands=((2, 3, n, d), (2, 3, m, d), (2, 3, m, d), (2, 3, n, d)), how=params(causal=c))
                        for n, m, d, c in ((7, 9, 8, False), (9, 9, 16, True), (1, 33, 4, False), (17, 17, 8, True))),
            faults=(faults.other_params("mask-ignored", "The causal mask is ignored.", causal=False),)),
    Product(id="grad_l1_loss", of="the L1 loss, zero where x = t", product=_l1, cases=(*_losses((4, 33), (4, 33)), *(
                Case(name=f"equal-{c.name}", operands=(tied((5, 7), 3), tied((5, 7), 3)), how=c.how) for c in _losses((1,))), *(
                Case(name=f"near-{c.name}", operands=(near(2.0**-16), near(0.0)), how=c.how) for c in _losses((1,)))), faults=(SUM_FOR_MEAN,)),
    Product(id="grad_smooth_l1_loss", of="the smooth L1 loss", product=_smooth_l1, cases=(*_losses((4, 33), (4, 33), beta=1.0), *(
                Case(name=f"narrow-{c.name}", operands=c.operands, how=c.how) for c in _losses((5, 17), (5, 17), beta=0.25))),
            faults=(SUM_FOR_MEAN, faults.other_params("beta-ignored", "beta is ignored.", beta=1.0))),
    Product(id="grad_nll_loss", of="the weighted negative log likelihood", product=_nll, cases=_losses((9, 17), indices(17, (9,)), _positive((17,))),
            faults=(SUM_FOR_MEAN, faults.rolled())),
    Product(id="grad_binary_cross_entropy", of="the binary cross entropy of probabilities", product=_bce,
            cases=_losses(_positive((4, 33), 0.01, 0.99), _positive((4, 33), 0.0, 1.0)), faults=(SUM_FOR_MEAN,)),
)  # fmt: skip

FUNCTIONS: tuple[Function, ...] = tuple(p.function() for p in PRODUCTS)

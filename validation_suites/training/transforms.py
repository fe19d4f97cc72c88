"""Changes of variables of torch.distributions: forward, log of the Jacobian, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from csvkit_ml.criteria import Scaled
from csvkit_ml.model.function import Expected, Fault, Function, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import Tensor
from csvkit_ml.references import U, expected_extended, extended
from csvkit_ml.references.term_sums import Formula, Slack, term_sum
from validation_suites import faults

DTYPES = ("float32", "float64")
SOURCE = "PyTorch documentation, torch.distributions.transforms"
LIMIT = Scaled(
    c=8.0,
    c_hard=128.0,
    scale="sum of the magnitudes of the formula's terms, and of what rounding their arguments changes",
    rationale="Each term takes a handful of roundings and elementary functions good to two ulp; cancellation between terms is judged absolutely.",
    literature="Higham 2002, ch. 3 and 4; Muller 2018",
)
REAL = (-5.0, -1.3, -0.4, 0.1, 0.7, 2.2, 6.0)
POSITIVE = (0.05, 0.3, 0.9, 1.0, 1.7, 3.0, 9.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointwise:
    """A transform of single numbers: y, log |dy/dx|, and x of y."""

    name: str
    points: tuple[float, ...]
    forward: Formula
    jacobian: Formula
    images: tuple[float, ...]
    inverse: Formula


def _softplus_inverse(m: Any, y: Any) -> list[Any]:
    return [m.log(-m.expm1(-y)), y, Slack(1 / m.expm1(y))]


POINTWISE = (
    Pointwise(
        name="exp",
        points=REAL,
        forward=lambda m, x: [m.exp(x), Slack(x * m.exp(x))],
        jacobian=lambda m, x: [x],
        images=POSITIVE,
        inverse=lambda m, y: [m.log(y), Slack(1)],
    ),
    Pointwise(
        name="affine",
        points=REAL,
        forward=lambda m, x: [-2.5 * x, 0.5],
        jacobian=lambda m, x: [m.log(2.5)],
        images=REAL,
        inverse=lambda m, y: [y / -2.5, 1 / m.exp(m.log(5))],
    ),
    Pointwise(
        name="power",
        points=POSITIVE,
        forward=lambda m, x: [m.exp(1.5 * m.log(x)), Slack(m.exp(1.5 * m.log(x)) * m.log(x))],
        jacobian=lambda m, x: [m.log(m.sqrt(x) * 1.5), Slack(3)],
        images=POSITIVE,
        inverse=lambda m, y: [m.exp(m.log(y) / 1.5), Slack(m.exp(m.log(y) / 1.5) * m.log(y))],
    ),
    Pointwise(
        name="sigmoid",
        points=REAL,
        forward=lambda m, x: [1 / (1 + m.exp(-x)), Slack(1)],
        jacobian=lambda m, x: [-m.log1p(m.exp(x)), -m.log1p(m.exp(-x))],
        images=(0.05, 0.3, 0.5, 0.8, 0.95),
        inverse=lambda m, y: [m.log(y), -m.log(1 - y)],
    ),
    Pointwise(
        name="tanh",
        points=REAL,
        forward=lambda m, x: [m.tanh(x)],
        jacobian=lambda m, x: [2 * m.log(2), -2 * x, -2 * m.log1p(m.exp(-2 * x)), Slack(2 * m.log1p(m.exp(-2 * x)))],
        images=(-0.9, -0.3, 0.1, 0.7, 0.95),
        inverse=lambda m, y: [m.atanh(y), Slack(1 / (1 - y * y))],
    ),
    Pointwise(
        name="softplus",
        points=REAL,
        forward=lambda m, x: [m.log1p(m.exp(x)), Slack(1)],
        jacobian=lambda m, x: [-m.log1p(m.exp(-x)), Slack(1)],
        images=POSITIVE,
        inverse=_softplus_inverse,
    ),
    Pointwise(
        name="cdf",
        points=(-2.0, -0.4, 0.1, 0.7, 1.5),
        forward=lambda m, x: [(1 + m.erf(x / m.sqrt(2))) / 2, Slack(1)],
        jacobian=lambda m, x: [-x * x / 2, -m.log(2 * m.pi) / 2],
        images=(0.05, 0.3, 0.5, 0.8, 0.95),
        inverse=lambda m, y: [m.sqrt(2) * m.erfinv(2 * y - 1), Slack(m.exp(m.erfinv(2 * y - 1) ** 2) * 5)],
    ),
)
BY_NAME = {p.name: p for p in POINTWISE}


def _pointwise_samples() -> Iterable[Sample]:
    rows = [(p, part, d) for p in POINTWISE for part in ("forward", "jacobian", "inverse") for d in DTYPES]
    for i, (p, part, dtype) in enumerate(rows):
        points = Tensor.of(np.array(p.images if part == "inverse" else p.points), dtype)
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        yield Sample(name=f"{dtype}-{p.name}-{part}", dtype=dtype, inputs=(points,), params=params(name=p.name, part=part), why=why)


def _pointwise(sample: Sample) -> tuple[Expected, ...]:
    formula = getattr(BY_NAME[sample.param("name")], sample.param("part"))
    return (term_sum(formula, sample.arrays()[0].astype(np.float64), dtype=sample.dtype),)


def _sign_lost(_: Function, sample: Sample, results: tuple[Any, ...]) -> tuple[Any, ...] | None:
    return (-results[0],) if sample.param("part") == "jacobian" else None


Vector = tuple[Any, Any, Any]
"""(value, scale, log of the Jacobian and its scale)."""


def _softmax(x: Any) -> Vector:
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    y = e / e.sum(axis=-1, keepdims=True)
    return y, y * (np.abs(x - x.max(axis=-1, keepdims=True)) + x.shape[-1]), None


def _stick_breaking(x: Any) -> Vector:
    """z_k = sigmoid(x_k - log(K - k)), y_k = z_k prod (1 - z_j): Stan reference manual, simplex transform."""
    k = x.shape[-1]
    offset = np.log(extended(np.arange(k, 0, -1)))
    z = 1 / (1 + np.exp(-(x - offset)))
    rest = np.cumprod(1 - z, axis=-1)
    left = np.concatenate([np.ones_like(x[..., :1]), rest], axis=-1)
    y = np.concatenate([z, np.ones_like(x[..., :1])], axis=-1) * left
    terms = np.stack([np.log(z), np.log(1 - z), np.log(left[..., :-1])])
    size = (np.abs(x) + np.abs(offset) + 2).sum(axis=-1)
    return y, np.ones_like(y) * size[..., None], (terms.sum(axis=(0, -1)), np.abs(terms).sum(axis=(0, -1)) + 4 * size)


def _lower_cholesky(x: Any) -> Vector:
    y = np.tril(x, -1) + np.exp(np.diagonal(x, axis1=-2, axis2=-1))[..., None] * np.eye(x.shape[-1])
    return y, np.abs(y) * 3, None


def _positive_definite(x: Any) -> Vector:
    lower, _, _ = _lower_cholesky(x)
    flipped = np.swapaxes(lower, -1, -2)
    return lower @ flipped, (x.shape[-1] + 4) * (np.abs(lower) @ np.abs(flipped)), None


def _corr_cholesky(x: Any) -> Vector:
    """Row by row: w = tanh of the entries, L_ij = w_ij prod sqrt(1 - w_ik^2): Lewandowski, Kurowicka and Joe 2009."""
    n = round((np.sqrt(1 + 8 * x.shape[-1]) + 1) / 2)
    w = np.zeros((*x.shape[:-1], n, n), dtype=np.longdouble)
    w[..., *np.tril_indices(n, -1)] = np.tanh(x)
    left = np.cumprod(np.sqrt(1 - w * w), axis=-1)
    before = np.concatenate([np.ones_like(left[..., :1]), left[..., :-1]], axis=-1)
    y = (w + np.eye(n)) * before
    log = np.where(np.tril(np.ones((n, n)), -1) > 0, np.log(before) + np.log(1 - w * w), 0)
    return y, np.ones_like(y) * 2 * n, (log.sum(axis=(-2, -1)), np.abs(log).sum(axis=(-2, -1)) * 4 + 4 * n)


VECTORS: dict[str, tuple[tuple[int, ...], Callable[[Any], Vector]]] = {
    "softmax": ((3, 5), _softmax),
    "stick_breaking": ((3, 4), _stick_breaking),
    "lower_cholesky": ((2, 4, 4), _lower_cholesky),
    "positive_definite": ((2, 3, 3), _positive_definite),
    "corr_cholesky": ((3, 6), _corr_cholesky),
    "compose": (
        (3, 4),
        lambda x: (
            np.exp(2 * x + 1),
            np.exp(2 * x + 1) * (np.abs(2 * x) + 3),
            ((2 * x + 1).sum(-1) + 4 * np.log(extended(2.0)), (np.abs(2 * x) + 4).sum(-1)),
        ),
    ),
    "cat": (
        (3, 4),
        lambda x: (
            np.concatenate([np.exp(x[:, :2]), 3 * x[:, 2:]], 1),
            np.concatenate([np.exp(x[:, :2]) * (np.abs(x[:, :2]) + 2), 3 * np.abs(x[:, 2:])], 1),
            None,
        ),
    ),
    "stack": (
        (3, 2),
        lambda x: (
            np.stack([np.exp(x[:, 0]), 3 * x[:, 1]], 1),
            np.stack([np.exp(x[:, 0]) * (np.abs(x[:, 0]) + 2), 3 * np.abs(x[:, 1])], 1),
            None,
        ),
    ),
    "reshape": ((3, 6), lambda x: (x.reshape(3, 2, 3), np.abs(x.reshape(3, 2, 3)), (np.zeros(3), np.zeros(3)))),
    "abs": ((3, 4), lambda x: (np.abs(x), np.abs(x), None)),
}
"""Shape of the operand, and the transform in extended precision."""


def _vector_samples() -> Iterable[Sample]:
    rows = [(name, shape, d) for name, (shape, _) in VECTORS.items() for d in DTYPES]
    for i, (name, shape, dtype) in enumerate(rows):
        x = Tensor.of(seed_for("transform", name, dtype).uniform(-1.5, 1.5, shape), dtype)
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        yield Sample(name=f"{dtype}-{name.replace('_', '-')}", dtype=dtype, inputs=(x,), params=params(name=name), why=why)


def _vector(sample: Sample) -> tuple[Expected, ...]:
    y, scale, jacobian = VECTORS[sample.param("name")][1](extended(sample.arrays()[0]))
    made = [expected_extended(y, dtype=sample.dtype, radius=64 * U * scale, scale=scale, any_sign_of_zero=True)]
    if jacobian is not None:
        made.append(
            expected_extended(
                jacobian[0], dtype=sample.dtype, name="y1", radius=64 * U * jacobian[1], scale=jacobian[1], any_sign_of_zero=True
            )
        )
    return tuple(made)


def _jacobian_negated(_: Function, __: Sample, results: tuple[Any, ...]) -> tuple[Any, ...] | None:
    return (results[0], -results[1]) if len(results) > 1 and np.any(results[1]) else None


FUNCTIONS: tuple[Function, ...] = (
    Function(
        id="transform_pointwise",
        side=Side.TRAINING,
        area="distributions",
        requirement="The library shall transform numbers, give the log of the derivative's magnitude, and transform back.",
        source=SOURCE,
        oracle="certified: Arb balls, sums of terms",
        samples=_pointwise_samples,
        reference=_pointwise,
        criterion=LIMIT,
        faults=(
            faults.one_element(),
            faults.relative(1e-4),
            faults.stale(),
            faults.TF32_INPUTS,
            Fault(id="inverse-jacobian", sentence="The Jacobian of the inverse is given.", apply=_sign_lost),
        ),
    ),
    Function(
        id="transform_vectors",
        side=Side.TRAINING,
        area="distributions",
        requirement="The library shall map vectors onto simplices, Cholesky factors and joined parts, with the log of the Jacobian's determinant.",
        source=f"{SOURCE}; Stan reference manual, constraint transforms",
        oracle="extended precision (2^-64)",
        samples=_vector_samples,
        reference=_vector,
        criterion=LIMIT,
        faults=(
            faults.one_element(),
            faults.relative(1e-4),
            faults.stale(),
            faults.rolled(),
            faults.TF32_INPUTS,
            Fault(id="inverse-jacobian", sentence="The Jacobian of the inverse is given.", apply=_jacobian_negated),
        ),
    ),
)

"""Strongly convex problems trained to their certified optimum: ridge regression and L2-regularised logistic regression."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from csvkit_ml.criteria import FORMATS
from csvkit_ml.criteria.convex import Optimum, Risk, probable
from csvkit_ml.model.function import Expected, Fault, Function, Results, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import U, expected_extended, extended
from validation_suites import faults

KINDS = ("ordinary", "graded", "few")


def _risk(link: str, x: Array, t: Array, penalty: float) -> Risk:
    """Bias in the last column, without penalty."""
    rows, width = x.shape
    design = np.hstack([extended(x), np.ones((rows, 1), np.longdouble)])
    shrink = np.append(np.full(width, extended(np.float64(penalty))), np.longdouble(0))
    return Risk(link=link, design=design, targets=extended(t), penalty=shrink)


def _solved(a: Array, b: Array) -> Array:
    """Gaussian elimination in extended precision for a positive definite matrix."""
    a, b = a.copy(), b.copy()
    for k in range(len(a)):
        factor = a[k + 1 :, k] / a[k, k]
        a[k + 1 :] -= factor[:, None] * a[k]
        b[k + 1 :] -= factor * b[k]
    for k in reversed(range(len(a))):
        b[k] = (b[k] - a[k, k + 1 :] @ b[k + 1 :]) / a[k, k]
    return b


def optimum(risk: Risk) -> Array:
    """Newton's method in extended precision from zero: one step and its refinement for a quadratic, damped steps for the logistic risk."""
    w = np.zeros(risk.design.shape[1], np.longdouble)
    for _ in range(60):
        step = _solved(risk.hessian(w), risk.gradient(w))
        scale = np.longdouble(1)
        while risk.loss(w - scale * step) > risk.loss(w) and scale > 2.0**-40:
            scale /= 2
        if scale <= 2.0**-40 or np.abs(step).max() <= 8 * U * max(1.0, float(np.abs(w).max())):
            return np.asarray(w - step)
        w = w - scale * step
    return w


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What is known of a problem before it is trained."""

    best: Array
    """w*."""
    lipschitz: float
    """L: largest curvature anywhere, an upper bound."""
    modulus: float
    """mu: least curvature within the ball around w* through the starting point, a lower bound."""
    start: float
    """||w0 - w*||."""


def shape_of(risk: Risk, start: Array) -> Shape:
    """Curvature bounds.

    Gradient descent with step 1 / L never moves away from w*, so all iterates stay in the ball of radius ||w0 - w*||, where every margin is
    bounded and with it the curvature p (1 - p) of every term.
    """
    best = optimum(risk)
    design = risk.design.astype(np.float64)
    reach = float(np.sqrt(((start - best) ** 2).sum()))
    most, least = np.ones(len(design)), np.ones(len(design))
    if risk.link == "logistic":
        margin = np.abs(design @ best.astype(np.float64)) + np.sqrt((design**2).sum(1)) * reach
        most, least = most / 4, np.exp(-margin) / (1 + np.exp(-margin)) ** 2

    def curvature(weights: Array) -> Array:
        return np.asarray(np.linalg.eigvalsh((design.T * weights) @ design / len(design) + np.diag(risk.penalty.astype(np.float64))))

    return Shape(
        best=best, lipschitz=float(curvature(most)[-1]) * 1.001, modulus=float(curvature(least)[0]) * 0.999, start=reach
    )  # fmt: skip


def _data(link: str, dtype: str, kind: str) -> tuple[Tensor, Tensor, Tensor]:
    """Rows [N, d], targets [N] and starting weights with bias [d + 1]."""
    rng = seed_for("convex", link, kind)
    rows, width = {"ordinary": (48, 5), "graded": (40, 4), "few": (9, 3)}[kind]
    x = rng.standard_normal((rows, width)) * 0.7
    if kind == "graded":
        x = x * np.array([1.2, 0.9, 0.6, 0.4]) + 0.2
    z = x @ rng.standard_normal(width) + 0.4
    noise = rng.standard_normal(rows)
    t = z + 0.3 * noise if link == "identity" else (z + noise > 0).astype(np.float64)
    return Tensor.of(x, dtype), Tensor.of(t, dtype), Tensor.of(rng.standard_normal(width + 1) * 0.3, dtype)


METHODS = ("gradient-descent", "nesterov", "lbfgs")


def _samples(link: str) -> Callable[[], Iterable[Sample]]:
    """Steps are those after which the method's rate has fallen below the roundoff of the format."""

    def made() -> Iterable[Sample]:
        for method in METHODS:
            for dtype in ("float32", "float64"):
                for kind in KINDS:
                    x, t, start = _data(link, dtype, kind)
                    penalty = 0.125 if kind != "graded" else 0.0625
                    form = shape_of(_risk(link, x.array(), t.array(), penalty), extended(start.array()))
                    steps, more = _schedule(method, dtype, form)
                    p = params(optimiser=method, penalty=penalty, steps=steps, **more)
                    why = SampleClass.ORDINARY if kind == "ordinary" else SampleClass.CONDITIONED
                    yield Sample(name=f"{dtype}-{method}-{kind}", dtype=dtype, inputs=(x, t, start), params=p, why=why)

    return made


def _schedule(method: str, dtype: str, form: Shape) -> tuple[int, dict[str, float]]:
    kappa, need = form.lipschitz / form.modulus, -np.log(FORMATS[dtype].u)
    if method == "gradient-descent":
        return int(np.ceil(kappa * need)), {"momentum": 0.0, "rate": 1 / form.lipschitz}
    if method == "nesterov":
        root = np.sqrt(kappa)
        return int(np.ceil(2 * root * need)), {"momentum": float((root - 1) / (root + 1)), "rate": 1 / form.lipschitz}
    return 100, {"momentum": 0.0, "rate": 1.0}


def _link(sample: Sample, link: str) -> tuple[Risk, Array]:
    x, t, start = sample.arrays()
    return _risk(link, x, t, float(sample.param("penalty"))), extended(start)


@lru_cache(maxsize=64)
def _known(sample: Sample, link: str) -> tuple[Risk, Shape]:
    risk, start = _link(sample, link)
    return risk, shape_of(risk, start)


def _limit(sample: Sample, risk: Risk, form: Shape, growth: float) -> float:
    """G = L (what is left of ||w0 - w*|| after the steps + rounding floor); see `rate` of the criterion."""
    u, size = FORMATS[sample.dtype].u, float(np.sqrt((form.best**2).sum()))
    big, small, steps = form.lipschitz, form.modulus, int(sample.param("steps"))
    floor = u * (risk.gradient_rounding(form.best, growth) + 2 * big * size) / small
    root = np.sqrt(big / small)
    if sample.param("optimiser") == "gradient-descent":
        return float(big * ((1 - small / big) ** steps * form.start + floor))
    if sample.param("optimiser") == "nesterov":
        return float(big * (np.sqrt(1 + small / big) * (1 - 1 / root) ** (steps / 2) * form.start + root * floor))
    return float(np.sqrt(2 * big * 4 * u * risk.loss_rounding(form.best, growth)) + big * floor)


RATES = {
    "gradient-descent": "L [(1 - mu / L)^T ||w0 - w*|| + (rounding of one gradient + 2 L u ||w*||) / mu]",
    "nesterov": "L [sqrt(1 + mu / L) (1 - sqrt(mu / L))^(T / 2) ||w0 - w*|| + sqrt(L / mu) (rounding of one gradient + 2 L u ||w*||) / mu]",
    "lbfgs": "sqrt(8 L e) + L / mu (rounding of one gradient + 2 L u ||w*||), e the rounding of one loss, below which a line search sees nothing",
}


def _criterion(link: str) -> Callable[[Sample], Optimum]:
    def made(sample: Sample) -> Optimum:
        risk, form = _known(sample, link)
        limit, hard = (_limit(sample, risk, form, growth) for growth in (probable(len(risk.design)), float(len(risk.design))))
        return Optimum(link=link, modulus=form.modulus, limit=limit, hard=hard, rate=RATES[str(sample.param("optimiser"))])

    return made


def _reference(link: str) -> Callable[[Sample], tuple[Expected, ...]]:
    """w* with radius 2 ||f'(w*)|| / mu + rounding of that gradient, and f(w*)."""

    def made(sample: Sample) -> tuple[Expected, ...]:
        risk, form = _known(sample, link)
        left = float(np.sqrt((risk.gradient(form.best) ** 2).sum())) + U * risk.gradient_rounding(form.best, len(risk.design))
        radius = 2 * left / form.modulus
        arrays = {"design": risk.design, "targets": risk.targets, "penalty": risk.penalty}
        loss = expected_extended(np.asarray(risk.loss(form.best)), dtype=sample.dtype, name="y1", radius=radius)
        return replace(expected_extended(form.best, dtype=sample.dtype, radius=radius), extra=arrays), loss

    return made


def _trained(link: str, id: str, sentence: str, change: Callable[[Risk], Risk]) -> Fault:
    """Trained to the optimum of another problem; the loss is that of the right problem at the parameters returned."""

    def apply(function: Function, sample: Sample, results: Results) -> Results:
        risk, _ = _known(sample, link)
        return _answer(risk, optimum(change(risk)), results)

    return Fault(id=id, sentence=sentence, apply=apply)


def _answer(risk: Risk, w: Array, results: Results) -> Results:
    stored = w.astype(results[0].dtype)
    return stored, np.asarray(risk.loss(stored.astype(np.longdouble))).astype(results[1].dtype)


def _early(link: str) -> Fault:
    def apply(function: Function, sample: Sample, results: Results) -> Results:
        risk, form = _known(sample, link)
        w = _link(sample, link)[1]
        for _ in range(int(sample.param("steps")) // 8):
            w = w - risk.gradient(w) / form.lipschitz
        return _answer(risk, w, results)

    return Fault(id="stops-early", sentence="Training stops after an eighth of its steps.", apply=apply)


def _without_penalty(link: str) -> Fault:
    def apply(function: Function, sample: Sample, results: Results) -> Results:
        risk, form = _known(sample, link)
        return results[0], np.asarray(replace(risk, penalty=risk.penalty * 0).loss(form.best)).astype(results[1].dtype)

    return Fault(id="penalty-not-reported", sentence="The reported loss leaves the penalty out.", apply=apply)


def _faults(link: str) -> tuple[Fault, ...]:
    def biased(risk: Risk) -> Risk:
        return replace(risk, penalty=np.full_like(risk.penalty, risk.penalty[0]))

    def dropped(risk: Risk) -> Risk:
        return replace(risk, design=risk.design[:-1], targets=risk.targets[:-1])

    return (
        _trained(link, "gradient-off", "The gradient of the data is off by a relative 1e-4.", lambda r: replace(r, penalty=r.penalty / (1 + 1e-4))),
        _trained(link, "less-penalty", "The penalty is a tenth of what it should be.", lambda r: replace(r, penalty=r.penalty / 10)),
        _trained(link, "bias-regularised", "The bias is regularised too.", biased),
        _trained(link, "sample-dropped", "The last sample is left out.", dropped),
        _trained(link, "penalty-doubled", "The penalty is counted twice (lambda for lambda / 2).", lambda r: replace(r, penalty=2 * r.penalty)),
        _early(link), _without_penalty(link), faults.one_element(), faults.stale(),
    )  # fmt: skip


def _function(id: str, link: str, what: str, source: str) -> Function:
    return Function(
        id=id, side=Side.TRAINING, area="convex training", source=source, samples=_samples(link), reference=_reference(link),
        requirement=f"The library shall train {what} to its optimum by gradient descent, accelerated gradient descent and L-BFGS.",
        oracle="Newton's method in extended precision; the radius is the certificate 2 ||f'(w*)|| / mu", criterion=_criterion(link),
        faults=_faults(link),
    )  # fmt: skip


FUNCTIONS: tuple[Function, ...] = (
    _function("ridge_training", "identity", "a ridge regression", "Hoerl and Kennard 1970; Boyd and Vandenberghe 2004, 9.1"),
    _function("logistic_training", "logistic", "an L2-regularised logistic regression", "Boyd and Vandenberghe 2004, 7.1.1 and 9.1"),
)

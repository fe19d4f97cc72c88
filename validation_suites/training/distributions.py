"""torch.distributions' formulas: densities, distribution functions and quantiles, entropies, moments, modes; divergences by quadrature."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from csvkit_ml.criteria import Scaled
from csvkit_ml.model.function import Expected, Fault, Function, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Tensor
from csvkit_ml.references.term_sums import doubles, term_sum
from validation_suites import faults
from validation_suites.training.densities import DENSITIES, Density

DTYPES = ("float32", "float64")
SOURCE = "Johnson, Kotz and Balakrishnan; PyTorch documentation, torch.distributions"
SUM = Scaled(
    c=8.0,
    c_hard=128.0,
    scale="sum of the magnitudes of the formula's terms, and of what rounding their arguments changes",
    rationale="Each term takes a handful of roundings and elementary functions good to two ulp; cancellation between terms is judged absolutely.",
    literature="Higham 2002, ch. 3 and 4; Muller 2018",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Formulas:
    """All formulas of one distribution as one function; the quantity is a parameter of the sample."""

    density: Density

    def samples(self) -> Iterable[Sample]:
        for i, (quantity, dtype) in enumerate((q, d) for q in self.density.quantities() for d in DTYPES):
            inputs = tuple(Tensor.of(c, dtype) for c in self.density.columns(quantity))
            why = SampleClass.COVERING if i else SampleClass.ORDINARY
            yield Sample(
                name=f"{dtype}-{quantity.replace('_', '-')}", dtype=dtype, inputs=inputs, params=params(quantity=quantity), why=why
            )
        yield from self._one()

    def _one(self) -> Iterable[Sample]:
        """The log density of one value."""
        for dtype in DTYPES:
            inputs = tuple(Tensor.of(c[1:2], dtype) for c in self.density.columns("log_prob"))
            yield Sample(name=f"{dtype}-log-prob-n1", dtype=dtype, inputs=inputs, params=params(quantity="log_prob"), why=SampleClass.EDGE)

    def reference(self, sample: Sample) -> tuple[Expected, ...]:
        formula = getattr(self.density, sample.param("quantity"))
        return (term_sum(formula, *(a.astype(np.float64) for a in sample.arrays()), dtype=sample.dtype),)

    def function(self) -> Function:
        return Function(
            id=f"{self.density.id}_distribution",
            side=Side.TRAINING,
            area="distributions",
            requirement=f"The library shall evaluate {self.density.what}: log density, distribution function, quantile, entropy, moments and mode.",
            source=SOURCE,
            oracle="certified: Arb balls, sums of terms",
            samples=self.samples,
            reference=self.reference,
            criterion=SUM,
            faults=(faults.one_element(), faults.relative(1e-4), faults.stale(), faults.rolled(), faults.BF16_INPUTS, NORMALISED),
        )


def _unnormalised(_: Function, sample: Sample, results: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """The constant of the density is lost: log 2 too much."""
    return ((results[0] + np.log(2)).astype(results[0].dtype),) if sample.param("quantity") == "log_prob" else None


NORMALISED = Fault(id="constant-lost", sentence="The density is not normalised.", apply=_unnormalised)
BY_ID = {d.id: d for d in DENSITIES}
PAIRS: tuple[tuple[str, str], ...] = (
    *(
        (d, d)
        for d in (
            "normal",
            "laplace",
            "exponential",
            "gamma",
            "beta",
            "gumbel",
            "half_normal",
            "cauchy",
            "continuous_bernoulli",
            "bernoulli",
            "binomial",
            "geometric",
            "poisson",
        )
    ),
    ("beta", "exponential"),
    ("beta", "gamma"),
    ("beta", "normal"),
    ("beta", "continuous_bernoulli"),
    ("bernoulli", "poisson"),
    ("continuous_bernoulli", "exponential"),
    ("continuous_bernoulli", "normal"),
    ("exponential", "gamma"),
    ("exponential", "gumbel"),
    ("exponential", "normal"),
    ("gamma", "exponential"),
    ("gamma", "gumbel"),
    ("gamma", "normal"),
    ("gumbel", "normal"),
    ("laplace", "normal"),
    ("normal", "gumbel"),
    ("normal", "laplace"),
    ("pareto", "exponential"),
    ("pareto", "gamma"),
)
"""Distributions whose divergence is finite and registered; the first gives the law of the mean."""
NODES = 400


def _grid(density: Density, arguments: tuple[float, ...], kinks: tuple[float, ...]) -> tuple[Any, Any]:
    """(points, weights) that integrate a function against the density's measure, piece by piece between the kinks."""
    if density.whole:
        top = int(arguments[0]) if density.id == "binomial" else 1 if density.id == "bernoulli" else 400
        return np.arange(top + 1.0), np.ones(top + 1)
    low, high = (arguments[0], np.inf) if density.id == "pareto" else density.support
    edges = [low, *sorted({k for k in kinks if low < k < high}), high]
    pieces = [_piece(a, b, arguments) for a, b in zip(edges, edges[1:], strict=False)]
    x, w = zip(*pieces, strict=True)
    return np.concatenate(x), np.concatenate(w)


def _piece(low: float, high: float, arguments: tuple[float, ...]) -> tuple[Any, Any]:
    """Double-exponential rules (Takahasi and Mori 1974): tanh-sinh between two ends, exp-sinh from one, sinh-sinh on the line."""
    t = np.linspace(-4.0, 4.0, NODES)
    step, half = t[1] - t[0], np.pi / 2
    if np.isfinite(low) and np.isfinite(high):
        x = 1 / (1 + np.exp(-2 * half * np.sinh(t)))
        return low + (high - low) * x, step * (high - low) * 2 * half * np.cosh(t) * x * (1 - x)
    if np.isfinite(low) or np.isfinite(high):
        x = np.exp(half * np.sinh(t))
        return low + x if np.isfinite(low) else high - x, step * half * np.cosh(t) * x
    center, width, t = arguments[-2], arguments[-1], 0.75 * t
    return center + width * np.sinh(half * np.sinh(t)), 0.75 * step * width * half * np.cosh(t) * np.cosh(half * np.sinh(t))


def kinks(density: Density, arguments: tuple[float, ...]) -> tuple[float, ...]:
    """Where the log density is not smooth."""
    return (arguments[0],) if density.id == "laplace" else ()


def expectation(density: Density, arguments: tuple[float, ...], of: Callable[[Any], Any], more: tuple[float, ...] = ()) -> float:
    """The mean of a function of the value, smooth but at `more`, by quadrature in double (about 1e-10) or summation."""
    x, w = _grid(density, arguments, (*kinks(density, arguments), *more))
    with np.errstate(all="ignore"):
        p = np.exp(doubles(density.log_prob, x, *arguments)[0]) * w
        terms = p * of(x)
    return float(np.where((p == 0) | ~np.isfinite(terms), 0.0, terms).sum())


def divergence(p: Density, a: tuple[float, ...], q: Density, b: tuple[float, ...]) -> tuple[float, float]:
    """(Kullback-Leibler divergence, mean of the magnitudes of all terms)."""
    value = expectation(p, a, lambda x: doubles(p.log_prob, x, *a)[0] - doubles(q.log_prob, x, *b)[0], kinks(q, b))
    scale = expectation(p, a, lambda x: doubles(p.log_prob, x, *a)[1] + doubles(q.log_prob, x, *b)[1], kinks(q, b))
    return value, scale + 1


def _arguments(p: Density, q: Density) -> list[tuple[tuple[float, ...], tuple[float, ...]]]:
    """Pairs of arguments; counts of trials agree, and concentrations are regular enough for the quadrature."""
    mine = [a for a in p.arguments if not (p.id == "beta" and min(a) < 1) and not (p.id == "gamma" and a[0] < 1) and max(map(abs, a)) < 60]
    theirs = [b for b in q.arguments if max(map(abs, b)) < 60]
    pairs = [(a, b) for a in mine for b in theirs]
    return [(a, (a[0], b[1])) for a, b in pairs] if p.id == "binomial" else pairs


def _kl_samples() -> Iterable[Sample]:
    for i, (first, second) in enumerate(PAIRS):
        pairs = _arguments(BY_ID[first], BY_ID[second])
        columns = [np.array(c) for side in zip(*pairs, strict=True) for c in zip(*side, strict=True)]
        inputs = tuple(Tensor.of(c, "float32") for c in columns)
        p = params(first=first, second=second, count=len(BY_ID[first].arguments[0]))
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        yield Sample(name=f"{first.replace('_', '-')}-of-{second.replace('_', '-')}", dtype="float32", inputs=inputs, params=p, why=why)


def _kl(sample: Sample) -> tuple[Expected, ...]:
    p, q, n = BY_ID[sample.param("first")], BY_ID[sample.param("second")], sample.param("count")
    rows = list(zip(*(a.astype(np.float64).tolist() for a in sample.arrays()), strict=True))
    made = np.array([divergence(p, row[:n], q, row[n:]) for row in rows])
    return (Expected(name="y", dtype="float32", value=made[:, 0], radius=1e-9 * made[:, 1], scale=made[:, 1], any_sign_of_zero=True),)


def _backwards(sample: Sample) -> Any:
    """The divergence of the second from the first."""
    p, q, n = BY_ID[sample.param("first")], BY_ID[sample.param("second")], sample.param("count")
    if p.id != q.id:
        return None
    rows = list(zip(*(a.astype(np.float64).tolist() for a in sample.arrays()), strict=True))
    return np.array([divergence(q, row[n:], p, row[:n])[0] for row in rows])


def _no_entropy(sample: Sample) -> Any:
    """The cross entropy, without the first's own entropy."""
    p, n = BY_ID[sample.param("first")], sample.param("count")
    rows = list(zip(*(a.astype(np.float64).tolist() for a in sample.arrays()), strict=True))
    return _kl(sample)[0].value - np.array([mean_log_density(p, row[:n]) for row in rows])


def mean_log_density(density: Density, arguments: tuple[float, ...]) -> float:
    """Minus the entropy."""
    return expectation(density, arguments, lambda x: doubles(density.log_prob, x, *arguments)[0])


FUNCTIONS: tuple[Function, ...] = (
    *(Formulas(density=d).function() for d in DENSITIES),
    Function(
        id="kl_divergence",
        side=Side.TRAINING,
        area="distributions",
        requirement="The library shall return the Kullback-Leibler divergence of one distribution from another for the registered pairs.",
        source="Kullback and Leibler 1951; PyTorch documentation, torch.distributions.kl",
        oracle="double-exponential quadrature of the densities' formulas (1e-9)",
        samples=_kl_samples,
        reference=_kl,
        criterion=replace(SUM, scale="mean of the magnitudes of both log densities' terms, and 1"),
        faults=(
            faults.one_element(),
            faults.relative(1e-4),
            faults.stale(),
            faults.computed("backwards", "The arguments are exchanged.", _backwards),
            faults.computed("cross-entropy", "The first's entropy is not subtracted.", _no_entropy),
        ),
    ),
)

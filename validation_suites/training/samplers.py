"""Samplers of every law that has one number: values by goodness of fit, and counts of a million or four million draws in cells.

One row a law. The counts see what the values cannot: a generator whose values are half a percent too large, or a probability that is half
a percent off. The seeds are part of the samples; that another seed does not raise an alarm is shown by `tests/long`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from csvkit_ml.criteria import Counts, Goodness
from csvkit_ml.criteria.laws import discrete, law
from csvkit_ml.model.function import Criterion, Expected, Fault, Function, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from validation_suites import faults
from validation_suites.training.randomness import draw

DTYPES = ("float32", "float64")
VALUES = 8_000
MANY, MOST = 1_000_000, 4_000_000
CELLS = 50
SOURCE = "PyTorch documentation, torch.distributions and in-place random sampling"
Arguments = tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampler:
    """One law."""

    id: str
    """Function id; the law's name is what stands before `_sampler`."""
    what: str
    """The law in words."""
    arguments: tuple[Arguments, ...]
    """The first is counted."""
    source: str
    biased: Callable[..., Arguments] | None = None
    """Arguments of a generator that is biased by `bias`; None = its values are too large by that share."""
    bias: float = 0.005
    draws: int = MANY
    dtypes: tuple[str, ...] = DTYPES

    @property
    def law(self) -> str:
        return self.id.removesuffix("_sampler")

    def samples(self) -> Iterable[Sample]:
        for i, arguments in enumerate(self.arguments):
            for j, dtype in enumerate(self.dtypes):
                p = params(seed=20 + 2 * i + j, arguments=arguments, draws=VALUES, dtype=dtype)
                yield Sample(
                    name=f"{dtype}-{_label(arguments)}",
                    dtype=dtype,
                    inputs=(),
                    params=p,
                    why=SampleClass.COVERING if i + j else SampleClass.ORDINARY,
                )
        p = params(seed=7, arguments=self.arguments[0], draws=self.draws, dtype=self.dtypes[0])
        edges = (Tensor.of(self.edges(self.arguments[0]), "float64"),)
        yield Sample(name=f"counts-{_label(self.arguments[0])}", dtype=self.dtypes[0], inputs=edges, params=p, why=SampleClass.CONDITIONED)

    def edges(self, arguments: Arguments) -> Array:
        """Inner edges of the cells, increasing: between whole numbers, or quantiles rounded to float32."""
        made = law(self.law, *arguments)
        if discrete(made):
            return np.arange(made.ppf(1e-5), made.ppf(1 - 1e-5)) + 0.5
        quantiles = np.asarray(made.ppf(np.arange(1, CELLS) / CELLS))
        return np.unique(quantiles.astype(np.float32)).astype(np.float64)

    def probability(self, edges: Array, arguments: Arguments, scale: float = 1.0) -> Array:
        """Of each cell, where values are multiplied by `scale`."""
        return np.diff(np.concatenate([[0.0], law(self.law, *arguments).cdf(edges / scale), [1.0]]))

    def reference(self, sample: Sample) -> tuple[Expected, ...]:
        arguments, source = sample.param("arguments"), draw(sample)
        if sample.inputs:
            probability = self.probability(sample.arrays()[0], arguments)
            return (
                Expected(
                    name="y",
                    dtype="int64",
                    value=source.multinomial(sample.param("draws"), probability),
                    extra={"probability": probability},
                ),
            )
        y = np.asarray(law(self.law, *arguments).rvs(size=sample.param("draws"), random_state=source))
        return (Expected(name="y", dtype=sample.dtype, value=y.astype(sample.dtype).astype(np.float64)),)

    def criterion(self, sample: Sample) -> Criterion:
        return (
            Counts(draws=sample.param("draws")) if sample.inputs else Goodness(distribution=self.law, arguments=sample.param("arguments"))
        )

    def wrong_bias(self, sample: Sample) -> Array | None:
        """Counts of a biased generator."""
        if not sample.inputs:
            return None
        arguments, edges = sample.param("arguments"), sample.arrays()[0]
        other = self.biased(*arguments) if self.biased else arguments
        probability = self.probability(edges, other, 1.0 if self.biased else 1 + self.bias)
        return seed_for("biased", self.id).multinomial(sample.param("draws"), probability)

    def function(self) -> Function:
        return Function(
            id=self.id,
            side=Side.TRAINING,
            area="samplers",
            requirement=f"The library shall draw independent values of {self.what}.",
            source=self.source,
            oracle="the law's distribution function; the reference draw is Philox (Salmon et al. 2011)",
            samples=self.samples,
            reference=self.reference,
            criterion=self.criterion,
            faults=(
                faults.computed("biased", f"The generator is biased by {100 * self.bias:g} %.", self.wrong_bias),
                STUCK,
                NEIGHBOURS,
                LOST,
                NEGATED,
            ),
        )


def _label(arguments: Arguments) -> str:
    return "_".join(f"{a:.3g}" for a in arguments).replace("_-", "_m")


def _of_values(id: str, sentence: str, change: Callable[[Any], Any]) -> Fault:
    """A change of drawn values; counts are left alone."""

    def apply(_: Function, sample: Sample, results: tuple[Any, ...]) -> tuple[Any, ...] | None:
        made = None if sample.inputs else change(results[0]).astype(results[0].dtype)
        return None if made is None or made.tobytes() == results[0].tobytes() else (made,)

    return Fault(id=id, sentence=sentence, apply=apply)


def _one_lost(_: Function, sample: Sample, results: tuple[Any, ...]) -> tuple[Any, ...] | None:
    if not sample.inputs:
        return None
    made = results[0].copy()
    made[int(np.argmax(made))] -= 1
    return (made,)


STUCK = _of_values("pairs-repeat", "Every value is given twice.", lambda y: np.repeat(y[: y.size // 2], 2))
NEIGHBOURS = _of_values("sorted-blocks", "Values come sorted in blocks of eight.", lambda y: np.sort(y.reshape(-1, 8), axis=1).reshape(-1))
NEGATED = _of_values("one-for-all", "One value is given for all.", lambda y: np.full_like(y, y[0]))
LOST = Fault(id="one-lost", sentence="One of the draws is lost.", apply=_one_lost)

SAMPLERS = (
    Sampler(
        id="rectangular_sampler",
        what="the uniform distribution on [low, high)",
        arguments=((0.0, 1.0), (-3.0, 5.0)),
        draws=MOST,
        source=f"{SOURCE}, uniform_, Uniform",
    ),
    Sampler(
        id="gaussian_sampler",
        what="the normal distribution",
        arguments=((0.0, 1.0), (100.0, 0.25)),
        draws=MOST,
        source=f"{SOURCE}, normal, Normal",
    ),
    Sampler(
        id="exponential_sampler",
        what="the exponential distribution",
        arguments=((1.0,), (0.01,)),
        draws=MOST,
        bias=0.0075,
        source=f"{SOURCE}, exponential_, Exponential",
    ),
    Sampler(
        id="bernoulli_sampler",
        what="the Bernoulli distribution",
        arguments=((0.5,), (0.03,), (0.999,)),
        draws=MOST,
        biased=lambda p: (p * 1.005,),
        source=f"{SOURCE}, bernoulli, Bernoulli",
    ),
    Sampler(
        id="discrete_uniform_sampler",
        what="the whole numbers from low to high - 1, all alike",
        arguments=((0, 100), (-7, 6)),
        draws=MOST,
        biased=lambda low, high: (low, high - 1),
        bias=0.01,
        source=f"{SOURCE}, randint, random_",
    ),
    Sampler(
        id="binomial_sampler",
        what="the binomial distribution",
        arguments=((40, 0.3), (7, 0.9), (500, 0.01)),
        biased=lambda n, p: (n, p * 1.005),
        source=f"{SOURCE}, binomial, Binomial; Hoermann 1993",
    ),
    Sampler(
        id="poisson_sampler",
        what="the Poisson distribution",
        arguments=((8.0,), (0.3,), (60.0,)),
        biased=lambda rate: (rate * 1.005,),
        source=f"{SOURCE}, poisson, Poisson; Hoermann 1993",
    ),
    Sampler(
        id="geometric_sampler",
        what="the number of failures before a success",
        arguments=((0.2,), (0.75,)),
        biased=lambda p: (p * 1.01,),
        bias=0.01,
        source=f"{SOURCE}, geometric_, Geometric",
    ),
    Sampler(
        id="negative_binomial_sampler",
        what="the number of successes before the n-th failure",
        arguments=((6.0, 0.5), (1.5, 0.7)),
        biased=lambda n, p: (n * 1.005, p),
        source=f"{SOURCE}, NegativeBinomial",
    ),
    Sampler(
        id="cauchy_sampler",
        what="the Cauchy distribution",
        arguments=((0.0, 1.0), (-2.0, 0.5)),
        bias=0.02,
        source=f"{SOURCE}, cauchy_, Cauchy",
    ),
    Sampler(
        id="log_normal_sampler",
        what="the log-normal distribution",
        arguments=((0.5, 0.25), (0.0, 1.0)),
        source=f"{SOURCE}, log_normal_, LogNormal",
    ),
    Sampler(id="beta_sampler", what="the beta distribution", arguments=((6.0, 3.0), (0.5, 0.5), (1.0, 4.0)), source=f"{SOURCE}, Beta"),
    Sampler(
        id="gamma_sampler",
        what="the gamma distribution",
        arguments=((9.0, 2.0), (0.3, 1.0), (1.0, 0.5)),
        source=f"{SOURCE}, Gamma; Marsaglia and Tsang 2000",
    ),
    Sampler(
        id="inverse_gamma_sampler",
        what="the inverse gamma distribution",
        arguments=((9.0, 2.0), (3.0, 1.0)),
        source=f"{SOURCE}, InverseGamma",
    ),
    Sampler(id="chi2_sampler", what="the chi-square distribution", arguments=((18.0,), (1.0,)), source=f"{SOURCE}, Chi2"),
    Sampler(
        id="fisher_snedecor_sampler",
        what="Fisher's F distribution",
        arguments=((20.0, 30.0), (3.0, 8.0)),
        source=f"{SOURCE}, FisherSnedecor",
    ),
    Sampler(
        id="student_t_sampler",
        what="Student's t distribution",
        arguments=((5.0, 0.0, 1.0), (2.5, 1.0, 3.0)),
        bias=0.02,
        source=f"{SOURCE}, StudentT",
    ),
    Sampler(
        id="laplace_sampler", what="the Laplace distribution", arguments=((0.0, 1.0), (-1.0, 4.0)), bias=0.02, source=f"{SOURCE}, Laplace"
    ),
    Sampler(id="gumbel_sampler", what="the Gumbel distribution", arguments=((0.0, 1.0), (3.0, 0.5)), bias=0.02, source=f"{SOURCE}, Gumbel"),
    Sampler(
        id="half_normal_sampler",
        what="the magnitude of a normal variable",
        arguments=((1.0,), (5.0,)),
        bias=0.01,
        source=f"{SOURCE}, HalfNormal",
    ),
    Sampler(
        id="half_cauchy_sampler",
        what="the magnitude of a Cauchy variable",
        arguments=((1.0,), (0.2,)),
        bias=0.02,
        source=f"{SOURCE}, HalfCauchy",
    ),
    Sampler(
        id="pareto_sampler",
        what="the Pareto distribution",
        arguments=((1.0, 3.0), (2.0, 1.5)),
        biased=lambda m, a: (m, a * 0.98),
        bias=0.02,
        source=f"{SOURCE}, Pareto",
    ),
    Sampler(
        id="generalized_pareto_sampler",
        what="the generalised Pareto distribution",
        arguments=((0.0, 1.0, 0.2), (1.0, 2.0, -0.25)),
        bias=0.02,
        source=f"{SOURCE}, GeneralizedPareto",
    ),
    Sampler(id="weibull_sampler", what="the Weibull distribution", arguments=((1.0, 3.0), (2.0, 0.75)), source=f"{SOURCE}, Weibull"),
    Sampler(
        id="kumaraswamy_sampler", what="the Kumaraswamy distribution", arguments=((4.0, 3.0), (0.5, 2.0)), source=f"{SOURCE}, Kumaraswamy"
    ),
    Sampler(
        id="continuous_bernoulli_sampler",
        what="the continuous Bernoulli distribution",
        arguments=((0.3,), (0.9,)),
        biased=lambda p: (p * 1.03,),
        bias=0.03,
        source=f"{SOURCE}, ContinuousBernoulli; Loaiza-Ganem and Cunningham 2019",
    ),
    Sampler(
        id="von_mises_sampler",
        what="the von Mises distribution",
        arguments=((0.0, 3.0), (1.0, 0.5)),
        biased=lambda m, k: (m, k * 0.97),
        bias=0.03,
        source=f"{SOURCE}, VonMises; Best and Fisher 1979",
    ),
    Sampler(
        id="concrete_sampler",
        what="the relaxed Bernoulli distribution",
        arguments=((0.7, 0.3), (2.0, 0.6)),
        biased=lambda t, p: (t, p * 1.03),
        bias=0.03,
        source=f"{SOURCE}, RelaxedBernoulli; Maddison et al. 2017",
    ),
    Sampler(
        id="truncated_normal_sampler",
        what="the normal distribution between two bounds",
        arguments=((0.0, 1.0, -2.0, 2.0), (0.5, 2.0, -1.0, 0.25)),
        biased=lambda m, d, a, b: (m, d * 0.98, a, b),
        bias=0.02,
        source="PyTorch documentation, torch.nn.init.trunc_normal_",
    ),
    Sampler(
        id="mixture_sampler",
        what="a mixture of two normal distributions",
        arguments=((0.3, -2.0, 2.0), (0.9, 0.0, 6.0)),
        biased=lambda w, a, b: (w * 1.02, a, b),
        bias=0.02,
        source=f"{SOURCE}, MixtureSameFamily",
    ),
    Sampler(
        id="logistic_normal_sampler",
        what="the logistic-normal distribution, by the log ratio of its parts",
        arguments=((0.5, 1.5), (-1.0, 0.5)),
        bias=0.01,
        source=f"{SOURCE}, LogisticNormal",
    ),
    Sampler(
        id="symmetric_beta_sampler",
        what="correlation matrices with density det^(eta - 1), by one correlation",
        arguments=((3.0,), (1.5,)),
        biased=lambda a: (a * 1.02,),
        bias=0.02,
        source=f"{SOURCE}, LKJCholesky; Lewandowski, Kurowicka and Joe 2009",
    ),
)

FUNCTIONS: tuple[Function, ...] = tuple(s.function() for s in SAMPLERS)

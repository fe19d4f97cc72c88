"""Losses that are a function of each element and its target, then a reduction: L1, Huber, divergences, likelihoods, margins.

Every formula is written once in numbers that carry their rounding errors; what a library may be off by follows from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np

from csvkit_ml.criteria import Scaled
from csvkit_ml.model.function import Expected, Fault, Function, Json, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import Tensor
from csvkit_ml.references import extended
from csvkit_ml.references.running_error import DOUBLE, Rounded, expected_rounded, hyperparameter, rounded
from validation_suites import faults
from validation_suites.sampling import normal, pairwise, uniform

DTYPES = ("float32", "float64")
REDUCTIONS = ("mean", "sum", "none")
SOURCE = "PyTorch documentation, torch.nn"
TWO_PI = Rounded(8 * np.arctan(np.longdouble(1)), np.longdouble(8 * DOUBLE.u), DOUBLE)
Operands = Callable[[str, tuple[int, ...], str, float], tuple[Tensor, ...]]
RUNNING = Scaled(
    c=2.0, c_hard=8.0, scale="running error bound of the formula and of its reduction, in u",
    rationale="Each operation of the formula rounds once (elementary functions: within an ulp) and inherits its operands' errors; a sum adds"
    " min(n, 6 sqrt(n)) u of the magnitudes. c = 2 leaves room for an equivalent order of the operations.",
    literature="Higham 2002, 2.2 and 3.3; Higham and Mary 2019",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """A loss with its samples, reference and faults."""

    id: str
    of: str
    """What the library returns before the reduction, in words."""
    formula: Callable[..., Any]
    """(sample, *operands) -> each loss, or (each loss, divisor of the mean); operands of floating-point dtype carry their rounding errors."""
    operands: Operands
    """(dtype, shape, stream, scale) -> inputs."""
    module: str
    """Where the documentation defines it."""
    settings: Mapping[str, tuple[Json, ...]] = field(default_factory=dict)
    """Parameters and their values, the documented default first."""
    reductions: tuple[str, ...] = REDUCTIONS
    nan_in: int | None = 0
    """Operand that gets a NaN: another than the first where a NaN there lies outside the domain; None = the definition does not say."""
    shapes: tuple[tuple[int, ...], ...] = ((4, 33), (7,), (2, 3, 5, 4))
    edges: tuple[tuple[int, ...], ...] = ((1,), (16,), (17,), (257,), (4000,), (0, 5))
    """Shapes around vector edges; an empty batch."""
    wide: tuple[float, ...] = (1e-4, 60.0)
    """Scales of the data."""
    criterion: Scaled = RUNNING
    faults: tuple[Fault, ...] = ()

    def samples(self) -> Iterable[Sample]:
        """Covering array, edge sizes, empty batches, wide data, a NaN."""
        rows = pairwise({"dtype": DTYPES, "reduction": self.reductions, **self.settings, "shape": self.shapes})
        for i, r in enumerate(rows):
            how = {n: r[n] for n in self.settings}
            why = SampleClass.COVERING if i else SampleClass.ORDINARY
            yield self._sample("", r["dtype"], r["shape"], r["reduction"], why, how)
        for shape in self.edges:
            for reduction in self.reductions if 0 in shape else self.reductions[:1]:
                yield self._sample("edge-", "float32", shape, reduction, SampleClass.EDGE)
        for dtype in DTYPES:
            for scale in self.wide:
                yield self._sample(f"scale{scale:g}-", dtype, self.shapes[0], "none", SampleClass.CONDITIONED, scale=scale)
            if self.nan_in is not None:
                yield self._with_nan(dtype, self.nan_in)

    def _with_nan(self, dtype: str, place: int) -> Sample:
        ordinary = self._sample("nan-", dtype, self.shapes[0], "none", SampleClass.SPECIAL)
        good = ordinary.inputs[place].array()
        odd = Tensor.of(np.where(np.arange(good.size).reshape(good.shape) == 7, np.nan, good), dtype)
        return replace(ordinary, inputs=tuple(odd if i == place else x for i, x in enumerate(ordinary.inputs)))

    def _sample(
        self, head: str, dtype: str, shape: tuple[int, ...], reduction: str, why: SampleClass,
        how: Mapping[str, Json] | None = None, scale: float = 1.0,
    ) -> Sample:  # fmt: skip
        how = {n: v[0] for n, v in self.settings.items()} | dict(how or {})
        tail = "".join(f"-{n.replace('_', '.')}={str(v).lower()}" for n, v in how.items())
        name = f"{dtype}-{head}{'x'.join(map(str, shape))}-{reduction}{tail}"
        inputs = self.operands(dtype, shape, f"{self.id} {name}", scale)
        return Sample(name=name, dtype=dtype, inputs=inputs, params=params(reduction=reduction, **how), why=why)

    def reference(self, sample: Sample) -> tuple[Expected, ...]:
        """The formula, reduced."""
        with np.errstate(all="ignore"):
            made = self.formula(sample, *(a if a.dtype.kind == "i" else rounded(a, sample.dtype) for a in sample.arrays()))
            loss, total = made if isinstance(made, tuple) else (made, None)
            return (expected_rounded(reduce(loss, sample.param("reduction"), total), dtype=sample.dtype),)

    def function(self) -> Function:
        """As the suites export it."""
        return Function(
            id=self.id, side=Side.TRAINING, area="losses",
            requirement=f"The library shall return {self.of}, reduced as asked.", source=f"{SOURCE}, {self.module}",
            oracle="definition in extended precision (2^-64) with running error bounds", samples=self.samples, reference=self.reference,
            criterion=self.criterion,
            faults=(*COMMON, *([] if self.nan_in is None else [faults.nan_lost()]), *([] if self.reductions == ("none",) else DIVISOR), *self.faults),
        )  # fmt: skip


def reduce(loss: Rounded, reduction: str, total: Rounded | int | None = None) -> Rounded:
    """Sum, mean (divided by `total`, else by the number of losses; of nothing NaN), mean over the batch, or each loss."""
    if reduction == "none":
        return loss
    divisor = {"sum": 1, "mean": loss.value.size if total is None else total, "batchmean": loss.value.shape[0]}[reduction]
    whole = loss.reshape(-1).sum(axis=0)
    return cast(Rounded, whole if reduction == "sum" else whole / divisor)


COMMON = (
    faults.relative(1e-4), faults.one_element(), faults.stale(), faults.TF32_INPUTS,
    faults.changed("wrong-sign", "The sign is wrong.", lambda a: -a.astype(np.float64)),
)  # fmt: skip
DIVISOR = (
    faults.other_params("sum-for-mean", "The sum is not divided by n.", reduction=lambda r: "sum" if r == "mean" else r),
    faults.other_params("mean-for-sum", "The sum is divided by n.", reduction=lambda r: "mean" if r == "sum" else r),
)


def _pair(dtype: str, shape: tuple[int, ...], name: str, scale: float) -> tuple[Tensor, ...]:
    return normal(dtype, shape, name, "x", scale=scale), normal(dtype, shape, name, "t", scale=scale)


def signs(dtype: str, shape: tuple[int, ...], name: str) -> Tensor:
    """1 or -1."""
    return Tensor.of(np.where(seed_for("signs", name).random(shape) < 0.5, -1.0, 1.0), dtype)


def _signed(dtype: str, shape: tuple[int, ...], name: str, scale: float) -> tuple[Tensor, ...]:
    return normal(dtype, shape, name, scale=scale), signs(dtype, shape, name)


def _ranked(dtype: str, shape: tuple[int, ...], name: str, scale: float) -> tuple[Tensor, ...]:
    return *_pair(dtype, shape, name, scale), signs(dtype, shape, name)


def _probabilities(dtype: str, shape: tuple[int, ...], name: str, scale: float) -> tuple[Tensor, ...]:
    """Probabilities whose logits are N(0, (3 scale)^2), with exact zeros and ones; targets in [0, 1]; weights of the last axis."""
    logits = normal("float64", shape, name, scale=3 * scale).array()
    p, t = 1 / (1 + np.exp(-logits)), uniform(dtype, shape, name, "t", low=0.0, high=1.0)
    for value, place in ((0.0, 3), (1.0, 5)):
        p = np.where(np.arange(p.size).reshape(shape) % 11 == place, value, p)
    return Tensor.of(p, dtype), t, uniform(dtype, shape[-1:], name, "w", low=0.25, high=2.0)


def _divergence_operands(dtype: str, shape: tuple[int, ...], name: str, scale: float) -> tuple[Tensor, ...]:
    """Log probabilities; probabilities and their logarithms as targets, some of the former zero."""
    x = normal("float64", shape, name, scale=scale).array() - 3
    t = normal("float64", shape, name, "t", scale=scale).array() - 3
    some = np.where(np.arange(t.size).reshape(shape) % 13 == 4, 0.0, np.exp(np.minimum(t, 0)))
    return Tensor.of(x, dtype), Tensor.of(some, dtype), Tensor.of(t, dtype)


def _counts(dtype: str, shape: tuple[int, ...], name: str, scale: float) -> tuple[Tensor, ...]:
    """Logarithm of rates; rates; counts, zero and one among them."""
    x = uniform(dtype, shape, name, "x", low=-scale, high=scale)
    rate = uniform(dtype, shape, name, "rate", low=0.0, high=4 * scale)
    return x, rate, Tensor.of(seed_for("counts", name).poisson(2.0, shape).astype(np.float64), dtype)


def _measured(dtype: str, shape: tuple[int, ...], name: str, scale: float) -> tuple[Tensor, ...]:
    """Means, targets, variances; some variances below the floor."""
    v = uniform("float64", shape, name, "v", low=0.1, high=2.0).array()
    floor = np.where(np.arange(v.size).reshape(shape) % 17 == 6, 1e-9, v)
    return *_pair(dtype, shape, name, scale), Tensor.of(floor, dtype)


def _l1(sample: Sample, x: Any, t: Any) -> Any:
    return np.abs(x - t)


def _smooth_l1(sample: Sample, x: Any, t: Any) -> Any:
    """d^2 / (2 beta) where d < beta, else d - beta / 2."""
    d, beta = np.abs(x - t), sample.param("beta")
    return np.where(d.value < beta, 0.5 * d * d / hyperparameter(beta), d - 0.5 * hyperparameter(beta)) if beta else d


def _huber(sample: Sample, x: Any, t: Any) -> Any:
    """d^2 / 2 where d <= delta, else delta (d - delta / 2)."""
    d, delta = np.abs(x - t), hyperparameter(sample.param("delta"))
    return np.where(d.value <= delta.value, 0.5 * d * d, delta * (d - 0.5 * delta))


def _kl(sample: Sample, x: Any, t: Any, log_t: Any) -> Any:
    """t (log t - x), 0 log 0 = 0; or exp(l) (l - x) of a target given as its logarithm."""
    if sample.param("log_target"):
        return np.exp(log_t) * (log_t - x)
    return np.where(t.value > 0, t * np.log(t), 0.0) - t * x


def _bce(sample: Sample, p: Any, t: Any, w: Any) -> Any:
    """-w [t log p + (1 - t) log(1 - p)], logarithms not below -100."""
    loss = -(t * np.maximum(np.log(p), -100.0) + (1 - t) * np.maximum(np.log1p(-p), -100.0))
    return w * loss if sample.param("weighted") else loss


def _poisson(sample: Sample, x: Any, rate: Any, t: Any) -> Any:
    """exp(x) - t x, or r - t log(r + eps); in full plus t log t - t + log(2 pi t) / 2 where t > 1."""
    loss = np.exp(x) - t * x if sample.param("log_input") else rate - t * np.log(rate + hyperparameter(sample.param("eps")))
    if not sample.param("full"):
        return loss
    return loss + np.where(t.value > 1, t * np.log(t) - t + 0.5 * np.log(TWO_PI * t), 0.0)


def _gaussian(sample: Sample, x: Any, t: Any, v: Any) -> Any:
    """[log v + (x - t)^2 / v] / 2 with v not below eps; in full plus log(2 pi) / 2."""
    floor: Any = hyperparameter(sample.param("eps"))
    v = np.maximum(v, floor)
    loss = 0.5 * (np.log(v) + (x - t) * (x - t) / v)
    return loss + 0.5 * np.log(TWO_PI) if sample.param("full") else loss


def _hinge(sample: Sample, x: Any, y: Any) -> Any:
    """x where y = 1, max(0, margin - x) where y = -1."""
    return np.where(y.value == 1, x, np.maximum(hyperparameter(sample.param("margin")) - x, 0.0))


def _soft_margin(sample: Sample, x: Any, y: Any) -> Any:
    """log(1 + exp(-y x))."""
    return softplus(-(y * x))


def _ranking(sample: Sample, a: Any, b: Any, y: Any) -> Any:
    """max(0, margin - y (a - b))."""
    return np.maximum(-(y * (a - b)) + hyperparameter(sample.param("margin")), 0.0)


def softplus(z: Any) -> Any:
    """log(1 + exp z) without overflow."""
    return np.log1p(np.exp(-np.abs(z))) + np.maximum(z, 0.0)


def _no_floor(sample: Sample) -> Any:
    """Logarithms of zero left infinite."""
    if sample.param("reduction") != "none" or sample.param("weighted"):
        return None
    p, t, _ = map(extended, sample.arrays())
    return -(t * np.log(p) + (1 - t) * np.log1p(-p)) if p.size else None


LOSSES = (
    Loss(id="l1_loss", of="|x - t|", formula=_l1, operands=_pair, module="L1Loss"),
    Loss(id="smooth_l1_loss", of="the smooth L1 loss of x - t", formula=_smooth_l1, operands=_pair, module="SmoothL1Loss",
              settings={"beta": (1.0, 0.3, 0.0, 2.5)}, faults=(faults.other_params("beta-ignored", "beta is ignored.", beta=1.0),)),
    Loss(id="huber_loss", of="the Huber loss of x - t", formula=_huber, operands=_pair, module="HuberLoss; Huber 1964",
              settings={"delta": (1.0, 0.3, 2.5)}, faults=(faults.other_params("delta-ignored", "delta is ignored.", delta=1.0),)),
    Loss(id="kl_div", of="the pointwise Kullback-Leibler divergence t (log t - x)", formula=_kl, operands=_divergence_operands, module="KLDivLoss",
              settings={"log_target": (False, True)}, reductions=(*REDUCTIONS, "batchmean"),
              faults=(faults.other_params("target-form", "The target's logarithm is taken for the target or the reverse.", log_target=lambda v: not v),
                      faults.other_params("elements-for-batch", "The sum is divided by the elements instead of the batch.",
                                          reduction=lambda r: "mean" if r == "batchmean" else r))),
    Loss(id="binary_cross_entropy", of="the binary cross entropy of probabilities, logarithms not below -100", formula=_bce, operands=_probabilities,
              module="BCELoss", nan_in=None, settings={"weighted": (False, True)},
              faults=(faults.other_params("weight-ignored", "Weights are ignored.", weighted=False),
                      faults.computed("no-floor", "The logarithm of zero stays infinite.", _no_floor))),
    Loss(id="poisson_nll_loss", of="the Poisson negative log likelihood", formula=_poisson, operands=_counts, module="PoissonNLLLoss",
              settings={"log_input": (True, False), "full": (False, True), "eps": (1e-8, 1e-3)},
              faults=(faults.other_params("stirling-lost", "Stirling's term is left out.", full=False),
                      faults.other_params("input-form", "A rate is taken for its logarithm or the reverse.", log_input=lambda v: not v),
                      faults.other_params("eps-ignored", "Another eps.", eps=0.1))),
    Loss(id="gaussian_nll_loss", of="the Gaussian negative log likelihood", formula=_gaussian, operands=_measured, module="GaussianNLLLoss",
              settings={"full": (False, True), "eps": (1e-6, 1e-2)},
              faults=(faults.other_params("constant-lost", "The constant term is left out.", full=False),
                      faults.other_params("no-floor", "Variances have no floor.", eps=1e-30))),
    Loss(id="hinge_embedding_loss", of="x where y = 1 and max(0, margin - x) where y = -1", formula=_hinge, operands=_signed,
              module="HingeEmbeddingLoss", settings={"margin": (1.0, 0.25)},
              faults=(faults.other_params("margin-ignored", "The margin is ignored.", margin=1.0),)),
    Loss(id="soft_margin_loss", of="log(1 + exp(-y x))", formula=_soft_margin, operands=_signed, module="SoftMarginLoss"),
    Loss(id="margin_ranking_loss", of="max(0, margin - y (a - b))", formula=_ranking, operands=_ranked, module="MarginRankingLoss",
              settings={"margin": (0.0, 0.7)}, faults=(faults.other_params("margin-ignored", "The margin is ignored.", margin=0.0),)),
)  # fmt: skip

FUNCTIONS: tuple[Function, ...] = tuple(loss.function() for loss in LOSSES)

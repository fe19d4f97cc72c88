"""Batch normalisation in training: the batch's own statistics, and the running ones that evaluation will use."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from csvkit_ml.model.function import Expected, Function, Json, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Tensor
from csvkit_ml.references import extended
from csvkit_ml.references.normalisation import Group, growth, moments, standardised
from csvkit_ml.references.rounding import ROUNDINGS
from validation_suites import faults
from validation_suites.inference.normalisation import STORED, known, normalisation
from validation_suites.normalisation_faults import of_group, parameters_confused
from validation_suites.sampling import normal, pairwise, uniform
from validation_suites.sampling.normalised import (
    AFFINE,
    EPS,
    EPS_LARGE,
    EPS_SMALL,
    FLOATS,
    LENGTHS,
    hard_data,
    named,
    parameters,
    special_rows,
)

SHAPES: tuple[tuple[int, ...], ...] = ((4, 5, 7, 8), (9, 6), (3, 5, 9), (2, 4, 3, 4, 5), (3, 16, 4, 4), (2, 1, 1, 1))
ID = "batch_norm_training"


def _samples() -> Iterable[Sample]:
    """Covering array over dtype, shape, affine part, eps, momentum and number of batches before; momentum None = cumulative mean."""
    rows = pairwise({
        "dtype": FLOATS, "shape": SHAPES, "affine": AFFINE, "eps": (EPS, EPS_LARGE, EPS_SMALL), "momentum": (0.1, None, 1.0, 0.0, 0.75),
        "before": (0, 1, 6),
    })  # fmt: skip
    for i, r in enumerate(rows):
        momentum = "cumulative" if r["momentum"] is None else f"momentum{r['momentum']:g}"
        name = f"{r['dtype']}-{named(r['shape'])}-{r['affine']}-eps{r['eps']:g}-{momentum}-before{r['before']}"
        x = normal(r["dtype"], r["shape"], ID, name, offset=0.5)
        chosen = {k: r[k] for k in ("eps", "momentum", "before")}
        yield _sample(name, x, r["affine"], SampleClass.COVERING if i else SampleClass.ORDINARY, **chosen)
    for dtype in FLOATS:
        for how, x in hard_data(ID, dtype, (2, 5, 3, 4)):
            if dtype != "float16" or how != "large":  # its variance is past the largest float16
                yield _sample(f"{dtype}-{how}", x, "both", SampleClass.CONDITIONED)
        x = Tensor.of(special_rows(ID, dtype, 18).array().reshape(6, 6, 3).swapaxes(0, 1))
        yield _sample(f"{dtype}-special", x, "both", SampleClass.SPECIAL)
    for i, n in enumerate(LENGTHS[1:]):
        edge: tuple[int, ...] = ((2, 3, n), (n, 3, 2), (n, 4))[i % 3]
        yield _sample(f"float32-{named(edge)}", normal("float32", edge, ID, str(n), offset=0.5), "both", SampleClass.EDGE)
    for shape in ((2, 2, 100, 90), (300, 40, 3), (9000, 3)):
        yield _sample(f"float32-{named(shape)}", normal("float32", shape, ID, named(shape)), "both", SampleClass.EDGE)
    mixed = normal("bfloat16", (4, 5, 7, 8), ID, "mixed")
    yield _sample("bfloat16-float32-parameters", mixed, "both", SampleClass.COVERING, parameter_dtype="float32")


def _sample(
    name: str, x: Tensor, affine: str, why: SampleClass, *, eps: float = EPS, momentum: Json = 0.1, before: int = 0,
    parameter_dtype: str = "",
) -> Sample:  # fmt: skip
    """Running mean N(0, 1) and running variance U(0.5, 2) to start from."""
    dtype, width = parameter_dtype or x.dtype, x.shape[1:2]
    running = (normal(dtype, width, ID, name, "mean"), uniform(dtype, width, ID, name, "variance", low=0.5, high=2.0))
    p = params(eps=eps, momentum=momentum, before=before)
    return Sample(name=name, dtype=x.dtype, inputs=(x, *running, *parameters(dtype, width, affine, ID, name)), params=p, why=why)


def _group(sample: Sample) -> Group:
    """Each channel over the batch and all places."""
    x, _, _, *rest = map(extended, sample.arrays())
    given = [v.reshape(1, -1, *[1] * (x.ndim - 2)) for v in rest]
    weight, bias = (*given, None, None)[:2]
    return Group(x=x, axes=(0, *range(2, x.ndim)), weight=weight, bias=bias)


def _share(sample: Sample) -> Any:
    """How much of the running statistics this batch replaces."""
    momentum = sample.param("momentum")
    return 1 / np.longdouble(int(sample.param("before")) + 1) if momentum is None else np.longdouble(float(momentum))


def _running(sample: Sample, *, biased: bool = False, share: Any = None) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """((1 - m) old + m new, its scale) of mean and variance; the new variance is the unbiased one."""
    group, (mean, variance) = _group(sample), map(extended, sample.arrays()[1:3])
    m, n = _share(sample) if share is None else share, group.count
    with np.errstate(all="ignore"):
        centre, _, spread = (v.reshape(-1) if v.size == mean.size else v for v in moments(group))
        ratio = np.longdouble(1) if biased else np.longdouble(n) / (n - 1)
        drift = growth(n) * np.abs(group.x).mean(axis=group.axes).reshape(-1)
        wide = ROUNDINGS[sample.dtype].sums
        own = 2 * np.abs((1 - m) * mean) + m * (wide * drift + 2 * np.abs(centre))
        error = spread * (growth(n) + 4) + drift * np.sqrt(spread) + ROUNDINGS[sample.dtype].accumulate * drift**2
        stored = (1 - wide) * (np.abs(centre) * np.sqrt(spread) + ROUNDINGS[sample.dtype].store * centre**2)
        other = 2 * np.abs((1 - m) * variance) + m * ratio * (wide * error + stored + 2 * spread)
        return ((1 - m) * mean + m * centre, own), ((1 - m) * variance + m * ratio * spread, other)


def _reference(sample: Sample) -> tuple[Expected, ...]:
    """y, running mean, running variance; statistics are answered in the format of the parameters."""
    group, wide = _group(sample), ROUNDINGS[sample.dtype].sums
    value, scale = standardised(group, float(sample.param("eps")), statistics=wide, stored=1 - wide)
    made = [*known(value, scale, sample, group.count)]
    for i, (v, s) in enumerate(_running(sample), 1):
        made.append(replace(known(v, s, sample, group.count)[0], name=f"y{i}", dtype=sample.inputs[1].dtype))
    return tuple(made)


def _statistics(change: Any) -> Any:
    """y is right, the running statistics are not."""

    def compute(sample: Sample) -> Any:
        made = change(sample)
        return None if made is None else (_reference(sample)[0].value, *made)

    return compute


def _biased(sample: Sample) -> Any:
    return tuple(v for v, _ in _running(sample, biased=True))


def _momentum_swapped(sample: Sample) -> Any:
    return tuple(v for v, _ in _running(sample, share=1 - _share(sample)))


def _fixed_momentum(sample: Sample) -> Any:
    """Cumulative averaging forgotten."""
    return tuple(v for v, _ in _running(sample, share=np.longdouble(0.1))) if sample.param("momentum") is None else None


def _one_off(sample: Sample) -> Any:
    """The batch at hand is not counted in the cumulative average."""
    before = int(sample.param("before"))
    if sample.param("momentum") is not None or before == 0:
        return None
    return tuple(v for v, _ in _running(sample, share=1 / np.longdouble(before)))


def _kept(sample: Sample) -> Any:
    return sample.arrays()[1:3]


def _as_in_evaluation(sample: Sample) -> Any:
    """Normalised by the running statistics."""
    group, shape = _group(sample), (1, -1, *[1] * (len(sample.inputs[0].shape) - 2))
    mean, variance = (extended(v).reshape(shape) for v in sample.arrays()[1:3])
    z = (group.x - mean) / np.sqrt(variance + float(sample.param("eps")))
    w, b = (np.longdouble(i) if v is None else v for i, v in ((1, group.weight), (0, group.bias)))
    return (z * w + b, *(v for v, _ in _running(sample)))


def _with_statistics(fault: Any) -> Any:
    """A fault of y beside running statistics that are right."""

    def apply(function: Function, sample: Sample, results: Any) -> Any:
        made = fault.apply(function, sample, results[:1])
        return None if made is None else (*made, *results[1:])

    return replace(fault, apply=apply)


FUNCTIONS: tuple[Function, ...] = (
    normalisation(
        ID, "w (x - mean) / sqrt(variance + eps) + b with the batch's mean and biased variance, and the updated running mean and unbiased"
        " running variance",
        "Ioffe and Szegedy 2015, algorithm 1 and 2; torch.nn.BatchNorm2d in training mode", _samples, _reference, STORED,
        *parameters_confused(3), *map(_with_statistics, of_group(_group)),
        faults.computed("biased-running-variance", "The running variance takes the biased variance.", _statistics(_biased)),
        faults.computed("momentum-swapped", "Momentum is the share of the old statistics.", _statistics(_momentum_swapped)),
        faults.computed("cumulative-forgotten", "A momentum of 0.1 where the average is cumulative.", _statistics(_fixed_momentum)),
        faults.computed("batch-not-counted", "The cumulative average does not count the batch at hand.", _statistics(_one_off)),
        faults.computed("not-updated", "The running statistics stay as they were.", _statistics(_kept)),
        faults.computed("evaluation", "Normalised by the running statistics.", _as_in_evaluation),
        side=Side.TRAINING,
    ),
)  # fmt: skip

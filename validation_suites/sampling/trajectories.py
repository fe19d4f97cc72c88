"""Samples of optimisers: start values [n] in three tensors of two groups, prescribed gradients [steps, n]."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from csvkit_ml.model.function import Json, Sample, SampleClass, params, seed_for
from csvkit_ml.model.tensor import Array
from validation_suites.sampling.covering import Row, pairwise
from validation_suites.sampling.data import tensor

DTYPES = ("float32", "float64")
STEPS = 50


def _normal(random: Any, shape: tuple[int, int]) -> Array:
    return np.asarray(random.standard_normal(shape))


def _spread(random: Any, shape: tuple[int, int]) -> Array:
    """Magnitudes from 1e-12 to 1e3, by element: above, around and far below eps."""
    return np.asarray(random.standard_normal(shape) * 10.0 ** np.linspace(-12, 3, shape[1]))


def _rare(random: Any, shape: tuple[int, int]) -> Array:
    """Mostly zero; some elements never get a gradient, and the first steps have none at all."""
    keep = (random.uniform(size=shape) < 0.2) & (np.arange(shape[1]) % 5 != 0)
    keep[:3] = False
    return np.asarray(np.where(keep, random.standard_normal(shape), 0.0))


def _alternating(random: Any, shape: tuple[int, int]) -> Array:
    """The sign changes every step, so that averages cancel."""
    return np.asarray((1 + 0.1 * random.standard_normal(shape)) * np.where(np.arange(shape[0]) % 2, -1.0, 1.0)[:, None])


def _steady(random: Any, shape: tuple[int, int]) -> Array:
    """Every element keeps its sign, so that averages and step sizes grow."""
    return np.asarray(np.abs(random.standard_normal(shape)) * np.where(np.arange(shape[1]) % 2, -1.0, 1.0))


def _nonfinite(random: Any, shape: tuple[int, int]) -> Array:
    """NaN, infinity and minus infinity, once each, in elements of their own."""
    g = random.standard_normal(shape)
    g[shape[0] // 3, 1], g[shape[0] // 2, 4], g[shape[0] // 2, 7] = np.nan, np.inf, -np.inf
    return np.asarray(g)


GRADIENTS = {"normal": _normal, "spread": _spread, "rare": _rare, "alternating": _alternating, "steady": _steady, "nonfinite": _nonfinite}


def trajectory_sample(
    id: str, name: str, dtype: str, hyper: Mapping[str, Json], *, n: int = 33, steps: int = STEPS, lrs: Sequence[float] = (0.05, 0.005),
    gradients: str = "normal", start: float = 1.0, missing: int = 0, why: SampleClass,
) -> Sample:  # fmt: skip
    """Tensors end at n/3 and 2n/3 (one tensor below n = 3 and from 1000 on); the last belongs to the second group, which has the second of `lrs`.

    Args:
        gradients: a key of GRADIENTS.
        start: parameters are N(0, start^2); from 0 the trajectory is judged on the updates alone.
        missing: the last tensor gets no gradient at every such step; 0 = it always does.
    """
    random = seed_for("trajectory", id, name)
    cuts = (n // 3, 2 * n // 3) if 3 <= n < 1000 else ()
    groups = tuple(min(i // 2, len(lrs) - 1) for i in range(len(cuts) + 1))
    p = start * random.standard_normal(n)
    g = GRADIENTS[gradients](random, (steps, n))
    how = params(**hyper, cuts=cuts, groups=groups, lrs=tuple(lrs), missing=missing)
    return Sample(name=name, dtype=dtype, inputs=(tensor(p, dtype), tensor(g, dtype)), params=how, why=why)


def trajectories(
    id: str, plain: Mapping[str, Json], varied: Mapping[str, Sequence[Any]], refused: Any = None, *, nonfinite: bool = True
) -> Iterable[Sample]:
    """The plain setting over 50 steps; a covering array over hyperparameters, gradients and starts, 25 steps; edge sizes; special values.

    Args:
        plain: hyperparameters of the ordinary sample.
        varied: values by hyperparameter for the covering array.
        refused: hyperparameters that the optimiser does not accept together.
        nonfinite: the formula says what becomes of NaN and infinity.
    """
    for dtype in DTYPES:
        yield trajectory_sample(id, f"{dtype}-plain", dtype, plain, why=SampleClass.ORDINARY)
    axes = {"dtype": DTYPES, "gradients": ("normal", "rare", "spread", "alternating", "steady"), "start": (1.0, 0.0), "missing": (0, 3), **varied}
    allowed = (lambda row: True) if refused is None else (lambda row: not refused({**plain, **row}))
    for i, row in enumerate(pairwise(axes, allowed)):
        hyper = {**plain, **{k: row[k] for k in varied}}
        how = {k: row[k] for k in ("gradients", "start", "missing")}
        yield trajectory_sample(id, _name(i, row), row["dtype"], hyper, steps=STEPS // 2, **how, why=SampleClass.COVERING)
    for n, steps in ((1, 5), (2, 5), (16, 5), (65, 5), (257, 3), (33_000, 1), (33, 1)):
        yield trajectory_sample(id, f"float32-n{n}-steps{steps}", "float32", plain, n=n, steps=steps, why=SampleClass.EDGE)
    for dtype in DTYPES:
        yield trajectory_sample(id, f"{dtype}-spread", dtype, plain, gradients="spread", start=0.0, why=SampleClass.CONDITIONED)
        if nonfinite:
            yield trajectory_sample(id, f"{dtype}-nonfinite", dtype, plain, gradients="nonfinite", steps=9, why=SampleClass.SPECIAL)
    yield trajectory_sample(id, "float32-frozen-group", "float32", plain, lrs=(0.05, 0.0), steps=5, why=SampleClass.SPECIAL)


def _name(i: int, row: Row) -> str:
    flags = "".join(f"-{k.replace('_', '')}" for k, v in row.items() if v is True)
    return f"{row['dtype']}-{row['gradients']}{'-from0' if not row['start'] else ''}{'-missing' if row['missing'] else ''}{flags}-{i}"

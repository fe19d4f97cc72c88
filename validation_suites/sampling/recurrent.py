"""Samples of recurrent layers: sequences, states and weights in one neutral order.

Inputs: x (T, B, I); each initial state (layers D, B, H), where given; then for every layer and direction W (gates H, I), R (gates H, H) and,
with biases, b_W and b_R (gates H). Gates are stacked as input, forget, cell, output (lstm) or reset, update, new (gru).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from csvkit_ml.model.function import Sample, SampleClass, params, seed_for
from csvkit_ml.model.tensor import Tensor
from validation_suites.sampling.covering import pairwise
from validation_suites.sampling.data import normal, uniform

DTYPES = ("float32", "float64", "float16", "bfloat16")
SHAPES = ((6, 3, 5, 8), (1, 1, 1, 1), (20, 1, 7, 17), (2, 5, 16, 7), (7, 2, 17, 16), (20, 5, 9, 33), (5, 4, 33, 1), (3, 2, 1, 15))
"""Steps, batch, inputs, hidden."""
_ORDINARY: dict[str, Any] = {
    "shape": (6, 3, 5, 8), "layers": 1, "bidirectional": False, "bias": True, "initial": True, "lengths": False, "constant": True,
}  # fmt: skip


def recurrent_samples(id: str, *, gates: int, states: int) -> Iterable[Sample]:
    """Ordinary layers, a covering array, saturated gates, NaN, and a large batch."""
    for dtype in DTYPES:
        yield made(id, f"{dtype}-ordinary", dtype, gates, states)
        yield made(id, f"{dtype}-ordinary-two-layers-both-ways", dtype, gates, states, layers=2, bidirectional=True)
    yield from _covering(id, gates, states)
    for dtype in DTYPES:
        yield made(id, f"{dtype}-saturated", dtype, gates, states, why=SampleClass.CONDITIONED, size=6.0)
        yield made(id, f"{dtype}-small", dtype, gates, states, why=SampleClass.CONDITIONED, size=2.0**-6)
    for dtype in ("float32", "float64"):
        for bias in (True, False):
            yield _with_nan(
                made(id, f"{dtype}-special{'' if bias else '-no-bias'}", dtype, gates, states, why=SampleClass.SPECIAL, bias=bias)
            )
    yield made(id, "float32-38400", "float32", gates, states, why=SampleClass.EDGE, shape=(3, 160, 80, 8))


def _with_nan(sample: Sample) -> Sample:
    """A NaN in one step of the second sequence: its outputs are NaN from there, the other sequences' are not."""
    x = sample.inputs[0].array().copy()
    x[2, 1, 4] = np.nan
    return replace(sample, inputs=(Tensor.of(x), *sample.inputs[1:]))


def _covering(id: str, gates: int, states: int) -> Iterable[Sample]:
    flags = (True, False)
    rows = pairwise(
        {
            "dtype": DTYPES, "shape": SHAPES, "layers": (1, 2), "bidirectional": flags, "bias": flags, "initial": flags,
            "lengths": (False, True), "constant": flags,
        },
        lambda r: r["shape"][1] > 1 or not r["lengths"],
    )  # fmt: skip
    for row in rows:
        dtype = row.pop("dtype")
        steps, batch, inputs, hidden = row["shape"]
        parts = [dtype, f"t{steps}", f"b{batch}", f"i{inputs}", f"h{hidden}", f"layers{row['layers']}"]
        parts += [k for k in ("bidirectional", "bias", "initial", "lengths", "constant") if row[k]]
        yield made(id, "-".join(parts), dtype, gates, states, why=SampleClass.COVERING, **row)


def made(
    id: str, name: str, dtype: str, gates: int, states: int, *, why: SampleClass = SampleClass.ORDINARY, size: float = 1.0, **changes: Any
) -> Sample:
    """One sample: weights and biases U(-s, s) with s = size / sqrt(H), x N(0, 1), states N(0, 1/4)."""
    c = {**_ORDINARY, **changes}
    steps, batch, inputs, hidden = c["shape"]
    directions = 1 + c["bidirectional"]
    x = normal(dtype, (steps, batch, inputs), id, name, "x")
    start = [normal(dtype, (c["layers"] * directions, batch, hidden), id, name, f"s{i}", scale=0.5) for i in range(states * c["initial"])]
    reach = size / hidden**0.5
    weights = []
    for layer in range(c["layers"]):
        for d in range(directions):
            width = directions * hidden if layer else inputs
            shapes = [(gates * hidden, width), (gates * hidden, hidden), *([(gates * hidden,)] * (2 * c["bias"]))]
            weights += [uniform(dtype, s, id, name, f"{layer}-{d}-{i}", low=-reach, high=reach) for i, s in enumerate(shapes)]
    p = params(
        hidden=hidden, layers=c["layers"], bidirectional=c["bidirectional"], bias=c["bias"], initial=c["initial"],
        lengths=_lengths(name, steps, batch) if c["lengths"] else None, constant=c["constant"],
    )  # fmt: skip
    return Sample(name=name, dtype=dtype, inputs=(x, *start, *weights), params=p, why=why)


def _lengths(name: str, steps: int, batch: int) -> tuple[int, ...]:
    """Between 1 and T, not sorted; at least one whole sequence."""
    drawn = seed_for("lengths", name).integers(1, steps + 1, batch)
    drawn[batch // 2] = steps
    return tuple(int(n) for n in drawn)

"""Rows of a table, summed, averaged or compared bag by bag."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from csvkit_ml.model.function import Function, Sample, SampleClass, params, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from validation_suites import faults
from validation_suites.moving import moving
from validation_suites.sampling.places import whole

BAGS: tuple[tuple[int, ...], ...] = ((4, 2, 8), (1, 0, 2, 4), (16,), (1,), (2, 2, 2, 2), (0, 0), (64, 1))
"""Lengths that are powers of two, so that means are exact, and none."""
MODES = ("sum", "mean", "max")


def _samples() -> Iterable[Sample]:
    """Indices and the first place of every bag; weights of sums are powers of two; one index may stand for nothing."""
    for dtype in ("float32", "float64"):
        for mode in MODES:
            for i, lengths in enumerate(BAGS):
                for weighted in (False, True) if mode == "sum" else (False,):
                    rows, width = (37, 24) if i == 0 else (9, 1 + 4 * i)
                    name = f"{dtype}-{mode}-{'_'.join(map(str, lengths))}{'-weighted' if weighted else ''}"
                    rng, count = seed_for("embedding_bag", name), sum(lengths)
                    table = whole(dtype, (rows, width), "embedding_bag", name)
                    index = rng.integers(0, rows, count)
                    offsets = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)
                    weights = (Tensor.of(rng.choice([0.5, 1.0, -2.0, 4.0], count), dtype),) if weighted else ()
                    why = SampleClass.COVERING if i else SampleClass.ORDINARY
                    given = params(mode=mode, ignored=int(index[1]) if mode == "sum" and i == 1 else None)
                    yield Sample(name=name, dtype=dtype, inputs=(table, Tensor.of(index), Tensor.of(offsets), *weights), params=given,
                        why=why)


def _bags(p: Any, table: Array, index: Array, offsets: Array, *weights: Array) -> Array:
    """An empty bag is zero."""
    wide, ends = table.astype(np.float64), [*offsets[1:], len(index)]
    out = np.zeros((len(offsets), table.shape[1]))
    for b, (start, end) in enumerate(zip(offsets, ends, strict=True)):
        keep = [k for k in range(start, end) if index[k] != p["ignored"]]
        rows = wide[index[keep]] * (weights[0][keep, None].astype(np.float64) if weights else 1)
        if len(keep):
            out[b] = rows.max(0) if p["mode"] == "max" else rows.sum(0) / (len(keep) if p["mode"] == "mean" else 1)
    return out


def _unweighted(p: Any, table: Array, index: Array, offsets: Array, *weights: Array) -> Array:
    return _bags(p, table, index, offsets)


def _late(p: Any, table: Array, index: Array, offsets: Array, *weights: Array) -> Array:
    """Every bag but the first begins one place too late."""
    later = np.minimum(offsets + (np.arange(len(offsets)) > 0), len(index))
    return _bags(p, table, index, later, *weights)


FUNCTIONS: tuple[Function, ...] = (
    moving(
        "embedding_bag", "return the sums, means or maxima of rows of a table, bag by bag", "PyTorch reference, torch.nn.EmbeddingBag",
        _samples,
        _bags,
        ("summed", "Rows are summed.", lambda p, *x: _bags({**p, "mode": "sum"}, *x)),
        ("unweighted", "Weights are not applied.", _unweighted),
        ("bags-late", "Bags begin one place too late.", _late),
        ("nothing-ignored", "No index stands for nothing.", lambda p, *x: _bags({**p, "ignored": None}, *x)),
        area="embedding", general=(faults.one_element(), faults.stale(), faults.BF16_INPUTS),
    ),
)  # fmt: skip

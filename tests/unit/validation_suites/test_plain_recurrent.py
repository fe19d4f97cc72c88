"""Layers without gates by loops over layers, directions, sequences and steps, in doubles."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from validation_suites.inference.plain_recurrent import FUNCTIONS
from validation_suites.sampling.recurrent import made

BY_ID = {f.id: f for f in FUNCTIONS}
CASES = ({}, {"layers": 2, "bidirectional": True, "lengths": True}, {"bias": False, "initial": False}, {"bidirectional": True, "size": 4.0})


def _unit(kind: str, w: Any, x: Any, h: Any, u: int) -> float:
    total = math.fsum([*(a * b for a, b in zip(w[0][u], x, strict=True)), *(a * b for a, b in zip(w[1][u], h, strict=True)),
            *(b[u] for b in w[2:])])
    return math.tanh(total) if kind == "rnn_tanh" else max(total, 0.0)


@pytest.mark.parametrize("changes", CASES, ids=str)
@pytest.mark.parametrize("kind", BY_ID)
def test_loops_agree(kind: str, changes: dict[str, Any]) -> None:
    sample = made(kind, "test", "float64", 1, 1, shape=(5, 3, 4, 6), **changes)
    p, (x, *rest) = dict(sample.params), sample.arrays()
    start = rest.pop(0) if p["initial"] else None
    each, directions, hidden = (4 if p["bias"] else 2), 1 + bool(p["bidirectional"]), int(str(p["hidden"]))
    ends: Any = p["lengths"] or (len(x),) * x.shape[1]
    finals = []
    for place in range(int(str(p["layers"])) * directions):
        if place % directions == 0:
            read, joined = x, np.zeros((*x.shape[:2], hidden * directions))
        w, d = rest[place * each : (place + 1) * each], place % directions
        final = np.zeros((x.shape[1], hidden))
        for b in range(x.shape[1]):
            h = [0.0] * hidden if start is None else start[place, b].tolist()
            for t in range(ends[b])[:: -1 if d else 1]:
                h = [_unit(kind, w, read[t, b], h, u) for u in range(hidden)]
                joined[t, b, d * hidden : (d + 1) * hidden] = h
            final[b] = h
        finals.append(final)
        x = joined if d == directions - 1 else x
    y, state = BY_ID[kind].reference(sample)
    np.testing.assert_allclose(y.value, x, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(state.value, np.stack(finals), rtol=1e-12, atol=1e-14)

"""Training on two replicas: gradients are the mean over ranks, whatever way DistributedDataParallel is told to find them.

Networks have whole numbers for weights and data and rectifiers between layers, so that every gradient is exact in the format.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from csvkit_ml.model.function import Fault, Function, Sample, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from validation_suites import faults
from validation_suites.guarantees import Guarantee, case, denied, wrong, yes

AREA = "training on replicas"
SOURCE = "PyTorch documentation, torch.nn.parallel.DistributedDataParallel; Li et al. 2020 (PyTorch Distributed), section 3"
RANKS, INPUTS, HIDDEN, OUTPUTS = 2, 3, 5, 2
WEIGHTS = ((HIDDEN, INPUTS), (HIDDEN,), (OUTPUTS, HIDDEN), (OUTPUTS,))
Arrays = list[Array]


def _whole(dtype: str, shape: tuple[int, ...], *names: str, low: int = -3, high: int = 4) -> Tensor:
    return Tensor.of(seed_for("replicas", *names).integers(low, high, shape).astype(np.float64), dtype)


def _network(rows: tuple[int, ...], *names: str) -> Callable[[], Iterable[Sample]]:
    """Data [2, rows, 3], targets [2, rows, 2], weight [5, 3], bias [5], weight [2, 5], bias [2]."""

    def made() -> Iterable[Sample]:
        for dtype, n in (*zip(("float32", "float64"), rows, strict=True), ("float32", 2 * rows[1])):
            shapes = ((RANKS, n, INPUTS), (RANKS, n, OUTPUTS), *WEIGHTS)
            yield case(f"{dtype}-rows{n}", *(_whole(dtype, s, *names, dtype, str(i)) for i, s in enumerate(shapes)), dtype=dtype)

    return made


def _wide(sample: Sample) -> Arrays:
    return [a.astype(np.float64) for a in sample.arrays()]


def gradients(x: Array, target: Array, theta: Arrays) -> Arrays:
    """Of half the squared error summed over outputs and averaged over the rows, whose number is a power of two."""
    w, b, v, d = theta
    raw = x @ w.T + b
    h = np.maximum(raw, 0)
    back = (h @ v.T + d - target) / len(x)
    slope = (back @ v) * (raw > 0)
    return [slope.T @ x, slope.sum(0), back.T @ h, back.sum(0)]


def _locally(sample: Sample) -> list[Arrays]:
    x, target, *theta = _wide(sample)
    return [gradients(x[r], target[r], theta) for r in range(RANKS)]


def _held(of: Callable[[list[Arrays]], list[Arrays]]) -> Callable[[Sample], tuple[Any, ...]]:
    """Gradients [rank, ...] a parameter, made of what each rank finds by itself."""
    return lambda sample: tuple(np.stack(g) for g in zip(*of(_locally(sample)), strict=True))


def _mean(local: list[Arrays]) -> list[Arrays]:
    return [[(a + b) / RANKS for a, b in zip(*local, strict=True)]] * RANKS


def _sum(local: list[Arrays]) -> list[Arrays]:
    return [[a + b for a, b in zip(*local, strict=True)]] * RANKS


def _first(local: list[Arrays]) -> list[Arrays]:
    return [local[0], local[0]]


def _own(local: list[Arrays]) -> list[Arrays]:
    return local


def _halved_own(local: list[Arrays]) -> list[Arrays]:
    """Divided by the number of ranks, and never added up."""
    return [[g / RANKS for g in own] for own in local]


def _bucket_lost(local: list[Arrays]) -> list[Arrays]:
    """The last parameter's bucket is not reduced."""
    return [[*m[:-1], own[-1]] for m, own in zip(_mean(local), local, strict=True)]


def _branches() -> Iterable[Sample]:
    """Data [2, n, 3], then weights [2, 3] of one branch and of another: rank 0 takes the one, rank 1 the other; a third nobody takes."""
    for dtype, n in (("float32", 4), ("float64", 4), ("float32", 8)):
        shapes = ((RANKS, n, INPUTS), (OUTPUTS, INPUTS), (OUTPUTS, INPUTS))
        yield case(f"{dtype}-rows{n}", *(_whole(dtype, s, "branches", dtype, str(i)) for i, s in enumerate(shapes)), dtype=dtype)


def _branch(x: Array) -> Array:
    """d(sum of squares of the inputs' products with w = their sums) / dw: every row the sum of the data's rows."""
    return np.broadcast_to(x.sum(0), (OUTPUTS, INPUTS))


def branches(sample: Sample) -> tuple[Any, ...]:
    """Gradients [rank, 2, 3] of both branches: a rank that did not take one brings zero; answers: none for the third, on either rank."""
    x = _wide(sample)[0]
    found = [_branch(x[r]) / RANKS for r in range(RANKS)]
    return (*(np.stack([g, g]) for g in found), yes(True, True))


def _by_takers(sample: Sample) -> tuple[Any, ...]:
    """Divided by the ranks that took the branch."""
    one, other, answers = branches(sample)
    return 2 * one, 2 * other, answers


def _own_branch(sample: Sample) -> tuple[Any, ...]:
    one, other, answers = branches(sample)
    return np.stack([2 * one[0], 0 * one[0]]), np.stack([0 * other[0], 2 * other[0]]), answers


def _branches_swapped(sample: Sample) -> tuple[Any, ...]:
    one, other, answers = branches(sample)
    return other, one, answers


def _parts() -> Iterable[Sample]:
    """As for the network; the rows come in so many parts, all but the last under no_sync."""
    for sample, parts in itertools.product(_network((8, 16), "parts")(), (2, 4)):
        yield case(f"{sample.name}-parts{parts}", *sample.inputs, dtype=sample.dtype, parts=parts)


def _of_parts(sample: Sample) -> tuple[list[Arrays], list[Arrays]]:
    """By rank: gradients summed over all parts but the last, and of the last."""
    x, target, *theta = _wide(sample)
    before, last = [], []
    for r in range(RANKS):
        pieces = [gradients(a, b, theta) for a, b in zip(*(np.split(y[r], sample.param("parts")) for y in (x, target)), strict=True)]
        before.append([np.sum(g, axis=0) for g in zip(*pieces[:-1], strict=True)])
        last.append(pieces[-1])
    return before, last


def _stacked(*by_rank: list[Arrays]) -> tuple[Any, ...]:
    """[rank, ...] a parameter, one after the other."""
    return tuple(np.stack(g) for held in by_rank for g in zip(*held, strict=True))


def accumulated(sample: Sample) -> tuple[Any, ...]:
    """Gradients under no_sync, which are each rank's own; then those after the last part: the mean over ranks of everything."""
    before, last = _of_parts(sample)
    return _stacked(before, _mean([[a + b for a, b in zip(*g, strict=True)] for g in zip(before, last, strict=True)]))


def _last_only(sample: Sample) -> tuple[Any, ...]:
    """What was accumulated is not reduced: only the last part's mean is added."""
    before, last = _of_parts(sample)
    return _stacked(before, [[a + b for a, b in zip(own, m, strict=True)] for own, m in zip(before, _mean(last), strict=True)])


def _always_reduced(sample: Sample) -> tuple[Any, ...]:
    made = accumulated(sample)
    before, _ = _of_parts(sample)
    return (*_stacked(_mean(before)), *made[len(WEIGHTS) :])


def _forgotten(sample: Sample) -> tuple[Any, ...]:
    before, last = _of_parts(sample)
    return _stacked(before, _mean(last))


def _counters() -> Iterable[Sample]:
    """Data [2, steps, 3], weight and buffer [2, 3] that ranks begin with."""
    for dtype, broadcast in itertools.product(("float32", "float64"), (True, False)):
        shapes = ((RANKS, 3, INPUTS), (RANKS, INPUTS), (RANKS, INPUTS))
        inputs = (_whole(dtype, s, "counters", dtype, str(i)) for i, s in enumerate(shapes))
        yield case(f"{dtype}-{'broadcast' if broadcast else 'local'}", *inputs, dtype=dtype, broadcast=broadcast)


def counters(sample: Sample) -> tuple[Any, ...]:
    """Weights of rank 0 on both ranks; the buffer, to which every pass adds the rank's data: rank 0's before each pass, or each rank its own."""
    x, weight, buffer = _wide(sample)
    first = [buffer[0] + x[0, :k].sum(0) for k in range(x.shape[1] + 1)]
    second = first[-2] + x[1, -1] if sample.param("broadcast") else buffer[1] + x[1].sum(0)
    return weight[[0, 0]], np.stack([first[-1], second])


def _own_weights(sample: Sample) -> tuple[Any, ...]:
    return _wide(sample)[1], counters(sample)[1]


def _own_buffers(sample: Sample) -> tuple[Any, ...]:
    x, weight, buffer = _wide(sample)
    return weight[[0, 0]], buffer + x.sum(1)


def _buffers_summed(sample: Sample) -> tuple[Any, ...]:
    x, weight, buffer = _wide(sample)
    total = buffer[0] + x.sum((0, 1))
    return weight[[0, 0]], np.stack([total, total])


ROWS, STEPS, RATE, MOMENTUM = 24, 3, 0.125, 0.5


def _trained() -> Iterable[Sample]:
    """Data [n, 3] and targets [n, 2] that both ranks share out, weight [2, 3], bias [2]."""
    for dtype, n in (("float32", ROWS), ("float64", ROWS), ("float64", ROWS - 1)):
        shapes = ((n, INPUTS), (n, OUTPUTS), (OUTPUTS, INPUTS), (OUTPUTS,))
        inputs = (_whole(dtype, s, "trained", dtype, str(n), str(i), low=-1, high=2) for i, s in enumerate(shapes))
        yield case(f"{dtype}-n{n}", *inputs, dtype=dtype, batch=4, steps=STEPS, rate=RATE, momentum=MOMENTUM)


def _descended(sample: Sample, take: Callable[[Array, int], Array] = lambda rows, step: rows, momentum: bool = True) -> tuple[Any, ...]:
    """Weight and bias, on both ranks alike, after steps of a single process on what all ranks take together."""
    x, target, w, b = _wide(sample)
    order, batch = np.arange(len(x) + len(x) % RANKS) % len(x), RANKS * sample.param("batch")
    kept: Any = (np.zeros_like(w), np.zeros_like(b))
    for step in range(sample.param("steps")):
        rows = take(order[step * batch : (step + 1) * batch], step)
        back = (x[rows] @ w.T + b - target[rows]) / len(rows)
        kept = tuple((MOMENTUM if momentum else 0.0) * m + g for m, g in zip(kept, (back.T @ x[rows], back.sum(0)), strict=True))
        w, b = w - RATE * kept[0], b - RATE * kept[1]
    return np.stack([w, w]), np.stack([b, b])


def _drifted(sample: Sample) -> tuple[Any, ...]:
    """Each rank steps by itself."""

    def alone(rank: int) -> tuple[Any, ...]:
        return _descended(sample, lambda rows, step: rows[rank::RANKS])

    made = [alone(rank) for rank in range(RANKS)]
    return tuple(np.stack([made[0][k][0], made[1][k][0]]) for k in range(2))


def _off(amount: float = 1e-4) -> Fault:
    return faults.relative(amount, "gradient-off")


GUARANTEES = (
    Guarantee(
        id="data_parallel_gradients", area=AREA, source=SOURCE, cases=_network((4, 8), "network"), truth=_held(_mean),
        requirement="The library shall leave on every replica the mean over ranks of the gradients, as a single process finds them on all data.",
        faults=(_off(), wrong("sum-for-mean", "Gradients are summed over ranks, not averaged.", _held(_sum)),
                wrong("rank-dropped", "The first rank's gradients alone are given to all.", _held(_first)),
                wrong("not-reduced", "Ranks keep their own gradients.", _held(_own)),
                wrong("not-added", "Ranks divide their own gradients and do not add them up.", _held(_halved_own)),
                wrong("bucket-lost", "The last bucket is not reduced.", _held(_bucket_lost)), faults.stale()),
    ),
    Guarantee(
        id="data_parallel_unused", area=AREA, source=SOURCE, cases=_branches, truth=branches,
        requirement="The library shall count what a rank did not use as a zero gradient of that rank, and leave alone what no rank used.",
        faults=(_off(), wrong("by-takers", "The divisor counts only ranks that used the parameter.", _by_takers),
                wrong("not-reduced", "Ranks keep their own gradients.", _own_branch), wrong("swapped", "Gradients go to the other branch.", _branches_swapped),
                denied("touched", "What no rank used gets a gradient.", 2), faults.stale()),
    ),
    Guarantee(
        id="data_parallel_accumulation", area=AREA, source=SOURCE, cases=_parts, truth=accumulated,
        requirement="The library shall keep gradients of each rank apart under no_sync, and reduce all that was accumulated with the next pass.",
        faults=(_off(), wrong("last-only", "Only the last part is reduced.", _last_only), wrong("always-reduced", "no_sync is ignored.", _always_reduced),
                wrong("forgotten", "What was accumulated is overwritten.", _forgotten), faults.stale()),
    ),
    Guarantee(
        id="data_parallel_buffers", area=AREA, source=SOURCE, cases=_counters, truth=counters,
        requirement="The library shall start every replica with the weights of rank 0, and give it rank 0's buffers before each pass if asked, else never.",
        faults=(wrong("own-weights", "Replicas start with their own weights.", _own_weights), wrong("own-buffers", "Buffers are never shared.", _own_buffers),
                faults.other_params("broadcast-ignored", "Buffers are shared unasked, or not although asked.", broadcast=lambda b: not b),
                wrong("buffers-summed", "Buffers are added up over ranks.", _buffers_summed)),
    ),
    Guarantee(
        id="data_parallel_training", area=AREA, source=f"{SOURCE}; DistributedSampler; torch.optim.SGD", cases=_trained, truth=_descended,
        requirement="The library shall train replicas on their shards of the data to the weights of a single process that is given all of them.",
        faults=(_off(), wrong("replicas-drift", "Each rank steps by its own gradients.", _drifted),
                wrong("rank-dropped", "The second shard is left out.", lambda s: _descended(s, lambda rows, step: rows[::RANKS])),
                wrong("stale-state", "The optimiser's average is forgotten every step.", lambda s: _descended(s, momentum=False)),
                wrong("same-batch", "Every step takes the first batch.", lambda s: _descended(s, lambda rows, step: rows - step * RANKS * s.param("batch")))),
    ),
)  # fmt: skip
FUNCTIONS: tuple[Function, ...] = tuple(g.function() for g in GUARANTEES)

"""Training parts of a network: gradients around frozen layers, states and groups of the optimiser, clipping, recomputed statistics (traps as they are)."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np

from csvkit_ml.criteria import Each
from csvkit_ml.model.function import Function, Sample
from csvkit_ml.model.tensor import Tensor
from csvkit_ml.references.running_error import expected_rounded, hyperparameter, rounded
from validation_suites import faults
from validation_suites.guarantees import EXACT, Guarantee, case, denied, wrong, yes
from validation_suites.sampling import normal
from validation_suites.training.autograd import whole
from validation_suites.training.losses_pointwise import RUNNING

FLOATS = ("float32", "float64")
AREA = "transfer learning"
SOURCE = "PyTorch documentation, autograd mechanics; torch.optim"
MOMENTUM, RATE = 0.5, 0.25


def _of(dtype: str, shapes: tuple[tuple[int, ...], ...], *names: str) -> list[Tensor]:
    return [Tensor.of(whole(s, *names, str(j)), dtype) for j, s in enumerate(shapes)]


def _network_cases() -> Iterable[Sample]:
    """x [N, D], first [H, D], middle [K, H], head [M, K], upstream gradient [N, M]: whole numbers, all sums below 2^24 (bfloat16: below 2^8)."""
    sizes = (("float32", 8, 6, 5, 4, 3), ("float64", 8, 6, 5, 4, 3), ("bfloat16", 1, 2, 1, 1, 2), ("float32", 1, 3, 1, 2, 1), ("float64", 17, 9, 8, 7, 2))
    for dtype, n, d, h, k, m in sizes:
        yield case(f"{dtype}-n{n}-d{d}", *_of(dtype, ((n, d), (h, d), (k, h), (m, k), (n, m)), "frozen middle", str(n)), dtype=dtype)


def gradients(sample: Sample, *, rectified: bool = True) -> tuple[Any, ...]:
    """Of C relu(B relu(A x)) by A, B and C."""
    x, a, b, c, g = (v.astype(np.float64) for v in sample.arrays())
    first = x @ a.T
    h = np.maximum(first, 0)
    second = h @ b.T
    k = np.maximum(second, 0)
    inner = (g @ c) * (second > 0 if rectified else 1)
    outer = (inner @ b) * (first > 0)
    return outer.T @ x, inner.T @ h, g.T @ k


def _middle(sample: Sample) -> tuple[Any, ...]:
    """(gradients of the first layer and of the head, none for the frozen middle)."""
    first, _, head = gradients(sample)
    return first, head, yes(True)


def _blocked(sample: Sample) -> tuple[Any, ...]:
    first, head, answers = _middle(sample)
    return 0 * first, head, answers


def _unrectified(sample: Sample) -> tuple[Any, ...]:
    return gradients(sample, rectified=False)[0], *_middle(sample)[1:]


def _head(sample: Sample) -> tuple[Any, ...]:
    """(gradient of the head, none for the body)."""
    return gradients(sample)[2], yes(True, True)


def _thaw_cases() -> Iterable[Sample]:
    """Weight of the body [4, 5], its constant gradient, and the same for the head; steps before and after the thaw."""
    for dtype, (before, after) in itertools.product(FLOATS, ((1, 1), (3, 2), (5, 4))):
        label = f"{dtype}-{before}before-{after}after"
        yield case(label, *_of(dtype, ((4, 5), (4, 5), (3, 4), (3, 4)), "thaw", label), dtype=dtype, before=before, after=after)


def _descended(w: Any, g: Any, steps: int, old: int = 0) -> Any:
    """Steepest descent with momentum on a constant gradient; `old` steps of momentum were made elsewhere."""
    velocity = np.zeros_like(w)
    for i in range(old + steps):
        velocity = MOMENTUM * velocity + g
        w = w - RATE * velocity if i >= old else w
    return w


def _thaw(sample: Sample) -> tuple[Any, ...]:
    """(body, head, steps that an adaptive optimiser counts for body and head)."""
    w, g, v, h = (a.astype(np.float64) for a in sample.arrays())
    before, after = sample.param("before"), sample.param("after")
    return _descended(w, g, after), _descended(v, h, before + after), np.array([after, before + after])


def _stale(sample: Sample) -> tuple[Any, ...]:
    w, g = (a.astype(np.float64) for a in sample.arrays()[:2])
    return _descended(w, g, sample.param("after"), sample.param("before")), *_thaw(sample)[1:]


def _always(sample: Sample) -> tuple[Any, ...]:
    w, g = (a.astype(np.float64) for a in sample.arrays()[:2])
    return _descended(w, g, sample.param("before") + sample.param("after")), *_thaw(sample)[1:]


def _one_count(sample: Sample) -> tuple[Any, ...]:
    body, head, steps = _thaw(sample)
    return body, head, np.array([steps[1], steps[1]])


def _position_cases() -> Iterable[Sample]:
    """Two gradients of one shape that make the state, and the order of the parameters in the optimiser that the state is loaded into."""
    for dtype, swapped, shape in itertools.product(FLOATS, (False, True), ((4, 5), (7,))):
        label = f"{dtype}-{'exchanged' if swapped else 'same'}-{len(shape)}d"
        yield case(label, *_of(dtype, (shape, shape), "position", label), dtype=dtype, swapped=swapped)


def _position(sample: Sample) -> tuple[Any, ...]:
    """(state of either parameter, [a duplicate refused, a state of another length refused])."""
    first, second = sample.arrays()
    return (second, first, yes(True, True)) if sample.param("swapped") else (first, second, yes(True, True))


def _by_identity(sample: Sample) -> tuple[Any, ...]:
    return (*sample.arrays(), yes(True, True))


TRIPLES = ((3, 4, 12, 5, 13), (8, 6, 24, 10, 26), (20, 15, 60, 25, 65))


def _clip_cases() -> Iterable[Sample]:
    """Gradients of the head (two tensors) and of a part that is frozen: not there, or left over from before it was frozen."""
    for dtype, left, (a, b, c, *_) in itertools.product(FLOATS, (False, True), TRIPLES):
        inputs = [Tensor.of(np.array([0.0, v, 0.0]), dtype) for v in (a, b, c)]
        yield case(f"{dtype}-{a}-{b}-{'left' if left else 'cleared'}", *inputs, dtype=dtype, left=left)


def _norm(sample: Sample, left: bool | None = None) -> tuple[Any, ...]:
    """(norm before clipping, gradients of the head, all below the limit: as they were)."""
    a, b, c = (float(v[1]) for v in sample.arrays())
    counts = sample.param("left") if left is None else left
    return np.array(np.sqrt(a * a + b * b + c * c * counts)), *sample.arrays()[:2]


def _statistics_cases() -> Iterable[Sample]:
    """Batch [N, C] and running mean [C]; what recomputes: nothing or a checkpointed segment."""
    for dtype, again, (n, c) in itertools.product(FLOATS, (False, True), ((16, 5), (3, 2))):
        inputs = [normal(dtype, s, "recomputed", str(n), str(j)) for j, s in enumerate(((n, c), (c,)))]
        yield case(f"{dtype}-{'checkpointed' if again else 'plain'}-n{n}", *inputs, dtype=dtype, again=again)


def _statistics(sample: Sample, times: int | None = None, momentum: float = 0.1) -> tuple[Any, ...]:
    """(running mean after one pass forward and back, batches counted, [loss and gradients as without recomputing])."""
    x, mean = (rounded(a, sample.dtype) for a in sample.arrays())
    m, n = hyperparameter(momentum), x.value.shape[0]
    count = (2 if sample.param("again") else 1) if times is None else times
    for _ in range(count):
        mean = mean * (1 - m) + x.sum(axis=0) / n * m
    return expected_rounded(mean, dtype=sample.dtype), np.array(count), yes(True, True)


def _other_statistics(**how: Any) -> Any:
    def truth(sample: Sample) -> tuple[Any, ...]:
        mean, *rest = _statistics(sample, **how)
        return (mean.value, *rest)

    return truth


ROWS = (
    Guarantee(
        id="transfer_frozen_middle", area=AREA, source=SOURCE, cases=_network_cases, truth=_middle,
        requirement="The library shall pass gradients through a frozen middle layer unchanged by its freezing, and keep none for it.",
        faults=(wrong("blocked", "Nothing passes the frozen layer.", _blocked),
                wrong("not-rectified", "The kink is passed as if it were a line.", _unrectified),
                denied("gradient-kept", "The frozen layer has a gradient.", 2), faults.relative(2.0**-6, "gradient-off"), faults.stale()),
    ),
    Guarantee(
        id="transfer_head_gradients", area=AREA, source=SOURCE, cases=_network_cases, truth=_head,
        requirement="The library shall give a head the same gradients whether its body is frozen by a flag, run where gradients are off, or cut off.",
        faults=(wrong("body-unrectified", "The head sees the body's values before the kink.",
                      lambda s: (np.abs(gradients(s)[2]) + 1, yes(True, True))),
                denied("body-trained", "The body has a gradient.", 1), denied("middle-trained", "The body's second layer has one.", 1, 1),
                faults.relative(2.0**-6, "gradient-off"), faults.stale()),
    ),
    Guarantee(
        id="transfer_thawed_state", area=AREA, source=SOURCE, cases=_thaw_cases, truth=_thaw,
        requirement="The library shall start newly unfrozen parameters with a fresh state, momentum and count of steps, beside those trained before.",
        faults=(wrong("stale-state", "Momentum is that of a part trained from the start.", _stale), wrong("never-frozen", "It was trained before.", _always),
                wrong("one-count", "All share one count of steps.", _one_count), faults.relative(1e-4), faults.stale()),
    ),
    Guarantee(
        id="transfer_state_by_position", area=AREA, source="PyTorch documentation, torch.optim.Optimizer.load_state_dict, add_param_group",
        cases=_position_cases, truth=_position,
        requirement="The library shall give a loaded optimiser's state to parameters by their position, refuse a state for another number of parameters and "
        "a parameter in two groups (a trap: parameters in another order get each other's state; a maker builds both optimisers by one function).",
        faults=(wrong("by-identity", "The state finds its parameter in any order.", _by_identity), denied("duplicate", "A duplicate is accepted.", 2),
                denied("other-length", "A shorter state is accepted.", 2, 1), faults.relative(1e-4), faults.stale()),
    ),
    Guarantee(
        id="transfer_clipping", area=AREA, source="PyTorch documentation, torch.nn.utils.clip_grad_norm_", cases=_clip_cases, truth=_norm,
        requirement="The library shall take the norm for clipping over every parameter with a gradient, frozen or not (a trap: what is left over from before "
        "a freeze counts; a maker clears gradients on freezing).",
        faults=(wrong("frozen-counted", "A part without gradient counts.", lambda s: _norm(s, True)),
                wrong("frozen-skipped", "A left-over gradient does not count.", lambda s: _norm(s, False)),
                wrong("sum-of-norms", "Norms are added.", lambda s: (np.abs(s.arrays()[0]).sum() + np.abs(s.arrays()[1]).sum(), *s.arrays()[:2])),
                wrong("clipped-anyway", "Gradients are scaled below the limit, too.", lambda s: (_norm(s)[0], *(0.5 * a for a in s.arrays()[:2]))),
                faults.relative(1e-4), faults.stale()),
    ),
    Guarantee(
        id="transfer_recomputed_statistics", area=AREA, source="PyTorch documentation, torch.utils.checkpoint; Chen et al. 2016", cases=_statistics_cases,
        truth=_statistics, oracle="extended precision (2^-64) with running error bounds", criterion=Each(criteria=(RUNNING, EXACT, EXACT)),
        requirement="The library shall return with activation checkpointing the same loss and gradients, bit for bit, and update a batch normalisation's "
        "statistics once more on recomputing (a trap: they follow at twice the momentum; a maker leaves such layers out of the segment).",
        faults=(wrong("once", "Statistics are updated once.", _other_statistics(times=1)), wrong("thrice", "Three times.", _other_statistics(times=3)),
                wrong("other-momentum", "Another momentum.", _other_statistics(momentum=0.2)), denied("loss-differs", "The loss differs.", 2),
                denied("gradients-differ", "Gradients differ.", 2, 1), faults.stale()),
    ),
)  # fmt: skip
FUNCTIONS: tuple[Function, ...] = tuple(r.function() for r in ROWS)

"""LSTM and GRU layers in extended precision, with a first-order bound of the rounding error carried through every step.

Each step's own rounding error (componentwise, any order of summation) is propagated by the exact Jacobians of the later steps:
E_t = sum_k |J_t ... J_(k+1)| delta_k. Unlike an error bound that is carried as magnitudes from step to step it keeps the contraction of
the recurrence, so it does not grow with the length where the network does not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from csvkit_ml.model.function import Expected
from csvkit_ml.model.tensor import Array
from csvkit_ml.references.extended import Long, expected_extended, extended
from csvkit_ml.references.recurrent_steps import GATES, STEPS, Weights
from csvkit_ml.references.rounding import EXTENDED, ROUNDINGS, Rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """A tensor of true values with the error bounds of the tested and of the extended arithmetic; all of one shape."""

    value: Long
    bound: Array
    """Absolute, in the arithmetic of the tested dtype."""
    radius: Array
    """Absolute, in extended precision."""


def exact(array: Array) -> Traced:
    """Given data."""
    value = extended(array)
    none = np.zeros(value.shape)
    return Traced(value=value, bound=none, radius=none)


def _join(parts: Sequence[Traced], join: Callable[[list[Array]], Array]) -> Traced:
    return Traced(value=join([p.value for p in parts]), bound=join([p.bound for p in parts]), radius=join([p.radius for p in parts]))


def recurrent(
    kind: str, x: Array, *, dtype: str, weights: Sequence[Sequence[Weights]], initial: Sequence[Array] | None, lengths: Sequence[int] | None
) -> tuple[Expected, ...]:
    """All outputs of a stack of layers: y (T, B, D H), then every state (layers D, B, H).

    1. A layer's directions read the same sequence; the second one from its end; their outputs are joined along the last axis.
    2. The next layer reads what the layer before gave.
    3. A sequence of length n ends after its step n: y is zero from there, the final state is that of its last step.

    Args:
        kind: key of STEPS.
        x: (T, B, I).
        weights: by layer, then by direction.
        initial: each state (layers D, B, H), None = zeros.
        lengths: of each sequence, None = T.
    """
    by = ROUNDINGS[dtype]
    sequence, directions = exact(x), len(weights[0])
    finals: list[list[Traced]] = []
    for layer, both in enumerate(weights):
        outs = []
        for d, w in enumerate(both):
            start = None if initial is None else [s[layer * directions + d] for s in initial]
            y, states = _direction(kind, sequence, w, start, lengths, backwards=d == 1, by=by)
            outs.append(y)
            finals.append(states)
        sequence = _join(outs, lambda parts: np.concatenate(parts, axis=-1))
    states = [_join([f[i] for f in finals], np.stack) for i in range(len(finals[0]))]
    return tuple(_expected(t, dtype, f"y{i}" if i else "y", by) for i, t in enumerate([sequence, *states]))


def _expected(t: Traced, dtype: str, name: str, by: Rounding) -> Expected:
    def finite(a: Array) -> Array:
        return np.nan_to_num(a, nan=0.0, posinf=0.0)

    return expected_extended(
        t.value, dtype=dtype, radius=2 * finite(t.radius), name=name, scale=finite(t.bound) / by.store, any_sign_of_zero=True
    )


def _direction(
    kind: str, x: Traced, w: Weights, start: Sequence[Array] | None, lengths: Sequence[int] | None, *, backwards: bool, by: Rounding
) -> tuple[Traced, list[Traced]]:
    """(y of one direction, its final states); sequences of a batch are reversed within their own lengths."""
    steps, batch = x.value.shape[:2]
    ends = np.full(batch, steps) if lengths is None else np.asarray(lengths)
    order = np.arange(steps)[:, None].repeat(batch, axis=1)
    if backwards:
        order = np.where(order < ends, ends - 1 - order, order)
    rows = np.arange(batch)
    read = Traced(value=x.value[order, rows], bound=x.bound[order, rows], radius=x.radius[order, rows])
    trace = _scan(kind, read, w, start, by)
    hidden, last = w.recurrent.shape[1], ends - 1
    inside = (np.arange(steps)[:, None] < ends)[..., None]
    y = _join([trace], lambda s: np.where(inside, s[0][order, rows, :hidden], 0.0))
    count = trace.value.shape[-1] // hidden
    final = _join([trace], lambda s: s[0][last, rows])
    return y, [_part(final, slice(i * hidden, (i + 1) * hidden)) for i in range(count)]


def _part(t: Traced, of: slice) -> Traced:
    return _join([t], lambda s: s[0][..., of])


def _scan(kind: str, x: Traced, w: Weights, start: Sequence[Array] | None, by: Rounding) -> Traced:
    """State (all parts joined) after every step, (T, B, parts H)."""
    hidden, batch = w.recurrent.shape[1], x.value.shape[1]
    parts = 2 if GATES[kind] == 4 else 1
    state = extended(np.zeros((batch, parts * hidden)))
    if start is not None:
        state = extended(np.concatenate([extended(s) for s in start], axis=-1))
    arithmetics = ((by, x.bound), (EXTENDED, x.radius))
    own: tuple[list[Array], ...] = ([], [])
    chain = np.zeros((0, batch, parts * hidden, parts * hidden))
    values: list[Long] = []
    bounds: tuple[list[Array], ...] = ([], [])
    for t in range(x.value.shape[0]):
        step = STEPS[kind](x.value[t], state, w)
        state = step.state
        values.append(state)
        chain = np.concatenate([np.matmul(step.jacobian, chain), step.jacobian[None]]) if t else chain
        for i, (rounding, given) in enumerate(arithmetics):
            passed = np.matmul(np.abs(step.input_jacobian), given[t][..., None])[..., 0]
            here = step.error(rounding) + passed
            bounds[i].append(here + _arrived(chain, own[i]))
            own[i].append(here)
    return Traced(value=np.stack(values), bound=np.stack(bounds[0]), radius=np.stack(bounds[1]))


def _arrived(chain: Array, own: list[Array]) -> Array | float:
    """sum_k |J_t ... J_(k+1)| delta_k."""
    if not own:
        return 0.0
    return np.asarray(np.matmul(np.abs(chain), np.stack(own)[..., None])[..., 0].sum(axis=0))

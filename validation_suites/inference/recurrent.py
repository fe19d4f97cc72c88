"""Recurrent layers: without gates, LSTM, GRU in both reset forms; one layer and two, one direction and both, sequences of unequal length."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from csvkit_ml.criteria import Scaled
from csvkit_ml.model.function import Expected, Fault, Function, Results, Sample, Side
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references.recurrent import recurrent
from csvkit_ml.references.recurrent_steps import GATES, Weights
from validation_suites import faults
from validation_suites.sampling.recurrent import recurrent_samples

STATES = {"rnn": 1, "lstm": 2, "gru": 1, "gru_reset_before": 1}


def _first_weight(sample: Sample, kind: str) -> int:
    """Index of the first weight among the inputs."""
    return 1 + (STATES[kind] if sample.param("initial") else 0)


def _weights(sample: Sample, kind: str) -> list[list[Weights]]:
    """By layer, then by direction."""
    arrays = sample.arrays()[_first_weight(sample, kind) :]
    each = 4 if sample.param("bias") else 2
    flat = [_one(arrays[i : i + each]) for i in range(0, len(arrays), each)]
    directions = 2 if sample.param("bidirectional") else 1
    return [flat[i : i + directions] for i in range(0, len(flat), directions)]


def _one(arrays: tuple[Array, ...]) -> Weights:
    kernel, matrix, *biases = arrays
    return Weights(kernel=kernel, recurrent=matrix, bias=biases[0] if biases else None, recurrent_bias=biases[1] if biases else None)


def _reference(kind: str) -> Callable[[Sample], tuple[Expected, ...]]:
    def reference(sample: Sample) -> tuple[Expected, ...]:
        arrays = sample.arrays()
        initial = arrays[1 : 1 + STATES[kind]] if sample.param("initial") else None
        with np.errstate(all="ignore"):
            return recurrent(
                kind, arrays[0], dtype=sample.dtype, weights=_weights(sample, kind), initial=initial, lengths=sample.param("lengths")
            )

    return reference


def _on_weights(kind: str, change: Callable[[Array, int], Array]) -> Callable[[Sample], Sample]:
    """The sample with change(weight, place) for every weight; place 0 W, 1 R, 2 b_W, 3 b_R."""

    def changed(sample: Sample) -> Sample:
        first, each = _first_weight(sample, kind), 4 if sample.param("bias") else 2
        inputs = [t if i < first else Tensor.of(change(t.array(), (i - first) % each)) for i, t in enumerate(sample.inputs)]
        return replace(sample, inputs=tuple(inputs))

    return changed


def _order(kind: str, order: tuple[int, ...]) -> Callable[[Sample], Sample]:
    def reordered(w: Array, _: int) -> Array:
        blocks = np.split(w, GATES[kind])
        return np.concatenate([blocks[i] for i in order])

    return _on_weights(kind, reordered)


def _zeroed(kind: str, place: int) -> Callable[[Sample], Sample]:
    return _on_weights(kind, lambda w, at: np.zeros_like(w) if at == place else w)


def _inverted(w: Array, _: int) -> Array:
    """The second gate's sign turned: z becomes 1 - z."""
    a, b, c = np.split(w, 3)
    return np.concatenate([a, -b, c])


def _from_zero(kind: str) -> Callable[[Sample], Sample | None]:
    def changed(sample: Sample) -> Sample | None:
        first = _first_weight(sample, kind)
        inputs = [Tensor.of(np.zeros_like(t.array())) if 0 < i < first else t for i, t in enumerate(sample.inputs)]
        return replace(sample, inputs=tuple(inputs)) if first > 1 else None

    return changed


def _step_unread(sample: Sample) -> Sample | None:
    """The last step reads zeros."""
    x = sample.inputs[0].array().copy()
    x[-1] = 0
    return replace(sample, inputs=(Tensor.of(x), *sample.inputs[1:]))


def _one_way(sample: Sample, kind: str, d: int) -> Sample:
    """Direction d of a layer alone, reading forwards."""
    first, each = _first_weight(sample, kind), 4 if sample.param("bias") else 2
    states = [Tensor.of(t.array()[d : d + 1]) for t in sample.inputs[1:first]]
    weights = sample.inputs[first + d * each : first + (d + 1) * each]
    p = tuple((k, False if k == "bidirectional" else v) for k, v in sample.params)
    return replace(sample, inputs=(sample.inputs[0], *states, *weights), params=p)


def _not_reversed(kind: str) -> Fault:
    def apply(function: Function, sample: Sample, results: Results) -> Results | None:
        if not sample.param("bidirectional") or sample.param("layers") > 1 or sample.inputs[0].shape[0] < 2:
            return None
        first, second = (faults.truth(function, _one_way(sample, kind, d)) for d in (0, 1))
        return tuple(np.concatenate(pair, axis=0 if i else -1) for i, pair in enumerate(zip(first, second, strict=True)))

    return Fault(id="not-reversed", sentence="The second direction reads the sequence forwards.", apply=apply)


def _states_mixed(_: Function, sample: Sample, results: Results) -> Results | None:
    if results[1].shape[0] < 2:
        return None
    return (results[0], np.ascontiguousarray(results[1][::-1]), *results[2:])


def _other_form(kind: str) -> Fault:
    """The reset gate on the other side of the recurrent product."""

    def apply(function: Function, sample: Sample, results: Results) -> Results | None:
        return faults.truth(replace(function, reference=_reference(kind)), sample)

    return Fault(id="reset-form", sentence="The reset gate is applied on the other side of the recurrent product.", apply=apply)


def _sigmoid(a: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-a)))


def _hard_sigmoid(a: Array) -> Array:
    return np.asarray(np.clip(a / 5 + 0.5, 0, 1))


def _activated(kind: str, gate: Callable[[Array], Array], new: Callable[[Array], Array]) -> Callable[[Sample], tuple[Array, ...] | None]:
    """One layer, one direction, whole sequences, with other activations, in double."""

    def compute(sample: Sample) -> tuple[Array, ...] | None:
        p = dict(sample.params)
        if p["layers"] != 1 or p["bidirectional"] or p["lengths"] or not p["initial"] or not p["bias"]:
            return None
        x, *rest = (a.astype(np.float64) for a in sample.arrays())
        start, (w, r, b_w, b_r) = [s[0] for s in rest[: STATES[kind]]], rest[STATES[kind] :]
        out = []
        for row in x:
            a, q = np.split(row @ w.T + b_w, GATES[kind], axis=-1), np.split(start[0] @ r.T + b_r, GATES[kind], axis=-1)
            if kind == "rnn":
                start = [new(a[0] + q[0])]
            elif kind == "lstm":
                cell = gate(a[1] + q[1]) * start[1] + gate(a[0] + q[0]) * new(a[2] + q[2])
                start = [gate(a[3] + q[3]) * np.tanh(cell), cell]
            else:
                z, inner = gate(a[1] + q[1]), gate(a[0] + q[0])
                through = inner * q[2] if kind == "gru" else (inner * start[0]) @ np.split(r, 3)[2].T + np.split(b_r, 3)[2]
                start = [(1 - z) * new(a[2] + through) + z * start[0]]
            out.append(start[0])
        return (np.stack(out), *(s[None] for s in start))

    return compute


def _faults(kind: str, *own: Fault) -> tuple[Fault, ...]:
    return (
        faults.TF32_INPUTS, faults.BF16_INPUTS, faults.one_element(), faults.stale(), faults.nan_lost(),
        faults.other_sample("bias-dropped", "The bias of the input is not added.", _zeroed(kind, 2)),
        faults.other_sample("recurrent-bias-dropped", "The bias of the recurrence is not added.", _zeroed(kind, 3)),
        faults.other_sample("initial-state-ignored", "The initial state is taken as zero.", _from_zero(kind)),
        faults.other_sample("last-step-unread", "The last step reads zeros.", _step_unread),
        faults.other_params("lengths-ignored", "Every sequence is read to the end.", lengths=None),
        _not_reversed(kind),
        Fault(id="final-states-mixed", sentence="Final states of layers and directions come in reverse order.", apply=_states_mixed),
        faults.computed("sigmoid-for-tanh", "The new value is squashed by a sigmoid.", _activated(kind, _sigmoid, _sigmoid)),
        *own,
    )  # fmt: skip


def _gates(kind: str) -> Fault:
    return faults.computed("hard-sigmoid", "Gates take the piecewise linear sigmoid.", _activated(kind, _hard_sigmoid, np.tanh))


ORACLE = "the recurrence in 80-bit extended precision; radius from the same error analysis with u = 2^-64"
CRITERION = Scaled(
    c=1.0, c_hard=2.0, wide_accumulation=False, scale="sum_k |J_t ... J_(k+1)| delta_k / u, delta_k the rounding error of step k",
    rationale="Every step's own rounding error (sums of n products in any order (n + 4) u_acc + 4 u, activations 10 u, products and sums u), "
    "carried by the exact Jacobians of the later steps; first order, hard at twice that. 16-bit intermediate results may be stored in "
    "16 bits, sums are float32.",
    literature="Higham 2002, ch. 3 (running error analysis); stability of recurrences: Wilkinson 1963",
)  # fmt: skip


def _function(kind: str, says: str, source: str, *own: Fault) -> Function:
    return Function(
        id=kind, side=Side.INFERENCE, area="recurrent", requirement=f"The library shall return {says}.", source=source, oracle=ORACLE,
        samples=lambda: recurrent_samples(kind, gates=GATES[kind], states=STATES[kind]), reference=_reference(kind), criterion=CRITERION,
        faults=_faults(kind, *own),
    )  # fmt: skip


INVERTED = "The update gate's complement is used."
FUNCTIONS: tuple[Function, ...] = (
    _function(
        "rnn", "the outputs and final states of stacked recurrent layers without gates",
        "Elman 1990; ONNX operator specification, RNN; torch.nn.RNN",
    ),
    _function(
        "lstm", "the outputs, final hidden and final cell states of stacked LSTM layers, in one and both directions, to each sequence's end",
        "Hochreiter and Schmidhuber 1997; Gers et al. 2000; ONNX operator specification, LSTM; torch.nn.LSTM",
        _gates("lstm"),
        faults.other_sample("input-forget-swapped", "Input and forget gates are exchanged.", _order("lstm", (1, 0, 2, 3))),
        faults.other_sample("gate-order", "Weights stacked as i, f, g, o are read as i, o, f, g.", _order("lstm", (0, 2, 3, 1))),
    ),
    _function(
        "gru", "the outputs and final states of stacked GRU layers whose reset gate follows the recurrent product",
        "Cho et al. 2014; ONNX operator specification, GRU with linear_before_reset = 1; torch.nn.GRU",
        _gates("gru"),
        faults.other_sample("gate-order", "Reset and update gates are exchanged.", _order("gru", (1, 0, 2))),
        faults.other_sample("update-inverted", INVERTED, _on_weights("gru", _inverted)),
        _other_form("gru_reset_before"),
    ),
    _function(
        "gru_reset_before", "the outputs and final states of stacked GRU layers whose reset gate precedes the recurrent product",
        "Cho et al. 2014; ONNX operator specification, GRU with linear_before_reset = 0",
        _gates("gru_reset_before"),
        faults.other_sample("gate-order", "Reset and update gates are exchanged.", _order("gru_reset_before", (1, 0, 2))),
        faults.other_sample("update-inverted", INVERTED, _on_weights("gru_reset_before", _inverted)),
        _other_form("gru"),
    ),
)  # fmt: skip

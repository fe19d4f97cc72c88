"""Recurrent layers without gates, squashed by tanh or cut off at zero, as torch offers them: layers, cells, sequences of unequal length."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from csvkit_ml.model.function import Expected, Fault, Function, Results, Sample, Side
from csvkit_ml.references.recurrent import recurrent
from validation_suites import faults
from validation_suites.inference import recurrent as gated
from validation_suites.sampling.recurrent import recurrent_samples

_ONE_STATE = "gru"
"""A kind with as many states: what the helpers of gated layers need to know."""


def _reference(kind: str) -> Callable[[Sample], tuple[Expected, ...]]:
    def reference(sample: Sample) -> tuple[Expected, ...]:
        arrays = sample.arrays()
        initial, weights = arrays[1:2] if sample.param("initial") else None, gated._weights(sample, _ONE_STATE)
        with np.errstate(all="ignore"):
            return recurrent(kind, arrays[0], dtype=sample.dtype, weights=weights, initial=initial, lengths=sample.param("lengths"))

    return reference


def _other(kind: str) -> Fault:
    """The other activation."""
    other = {"rnn_tanh": "rnn_relu", "rnn_relu": "rnn_tanh"}[kind]

    def apply(function: Function, sample: Sample, results: Results) -> Results | None:
        made = faults.truth(replace(function, reference=_reference(other)), sample)
        return None if all(np.array_equal(a, b, equal_nan=True) for a, b in zip(made, results, strict=True)) else made

    return Fault(id="other-activation", sentence=f"The activation of {other} is applied.", apply=apply)


def _function(kind: str, says: str) -> Function:
    return Function(
        id=kind, side=Side.INFERENCE, area="recurrent",
        requirement=f"The library shall return the outputs and final states of stacked recurrent layers without gates, {says}.",
        source="Elman 1990; ONNX operator specification, RNN; torch.nn.RNN", oracle=gated.ORACLE,
        samples=lambda: recurrent_samples(kind, gates=1, states=1), reference=_reference(kind), criterion=gated.CRITERION,
        faults=(
            faults.TF32_INPUTS, faults.BF16_INPUTS, faults.one_element(), faults.stale(), faults.nan_lost(), _other(kind),
            faults.other_sample("bias-dropped", "The bias of the input is not added.", gated._zeroed(_ONE_STATE, 2)),
            faults.other_sample("recurrent-bias-dropped", "The bias of the recurrence is not added.", gated._zeroed(_ONE_STATE, 3)),
            faults.other_sample("initial-state-ignored", "The initial state is taken as zero.", gated._from_zero(_ONE_STATE)),
            faults.other_sample("last-step-unread", "The last step reads zeros.", gated._step_unread),
            faults.other_params("lengths-ignored", "Every sequence is read to the end.", lengths=None), gated._not_reversed(_ONE_STATE),
            Fault(id="final-states-mixed", sentence="Final states of layers and directions come in reverse order.",
                apply=gated._states_mixed),
        ),
    )  # fmt: skip


FUNCTIONS: tuple[Function, ...] = (_function("rnn_tanh", "squashed by tanh"), _function("rnn_relu", "cut off at zero"))

"""Cross entropy of scores that are a linear function of features: the loss of a last layer, without its scores."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from csvkit_ml.model.function import Function
from csvkit_ml.model.tensor import Tensor
from csvkit_ml.references.logits import log_softmax
from csvkit_ml.references.running_error import Rounded
from validation_suites import faults
from validation_suites.sampling import normal, uniform
from validation_suites.training.losses_classes import EDGES, FLAT, WEIGHT, _classes, _nll
from validation_suites.training.losses_pointwise import Loss

FEATURES = 7


def _operands(dtype: str, shape: tuple[int, ...], name: str, scale: float) -> tuple[Tensor, ...]:
    """Features [N, 7], classes [N], weights [C, 7], bias [C], class weights [C]."""
    n, c = shape
    return (
        normal(dtype, (n, FEATURES), name, "x", scale=scale), _classes(shape, name), normal(dtype, (c, FEATURES), name, "w", scale=0.5),
        normal(dtype, (c,), name, "b"), uniform(dtype, (c,), name, "weights", low=0.25, high=2.0),
    )  # fmt: skip


def _formula(sample: Any, x: Any, target: Any, w: Any, b: Any, share: Any) -> Any:
    """-w_t log softmax(W x + b)_t; an error of the scores moves the logarithm by at most itself and the largest of its row."""
    scores = (x[:, None, :] * w[None]).sum(axis=-1)
    scores = scores + b if sample.param("biased") else scores
    lp, error = log_softmax(scores.value, axis=1)
    inherited = scores.error + (scores.error.max(axis=1, keepdims=True) if scores.error.size else 0)
    return _nll(sample, Rounded(lp, error * x.by.u + inherited, x.by), target, share)


def _transposed_classes(sample: Any) -> Any:
    """Weights of the next class."""
    x, target, w, *more = sample.inputs
    return replace(sample, inputs=(x, target, Tensor.of(np.roll(w.array(), 1, axis=0)), *more))


FUNCTIONS: tuple[Function, ...] = (
    Loss(
        id="linear_cross_entropy", of="-w_t log softmax(W x + b)_t of class targets t, ignored ones left out", formula=_formula, operands=_operands,
        module="LinearCrossEntropyLoss", settings={"weighted": (False, True), "ignore_index": (-100, 1), "biased": (False, True)}, shapes=FLAT,
        edges=EDGES, nan_in=None, wide=(1e-4, 20.0),
        faults=(WEIGHT, faults.other_params("ignored-taken", "Ignored targets are taken.", ignore_index=-100),
                faults.other_params("bias-ignored", "The bias is not added.", biased=False),
                faults.other_sample("weights-of-next-class", "Each class has its neighbour's weights.", _transposed_classes)),
    ).function(),
)  # fmt: skip

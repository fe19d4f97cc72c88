"""LSTM layers whose hidden state is projected to fewer numbers than there are cells."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from csvkit_ml.criteria import Scaled
from csvkit_ml.model.function import Expected, Fault, Function, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references.monte_carlo import Noisy, spreads
from validation_suites import faults
from validation_suites.sampling import normal
from validation_suites.sampling.data import uniform

ID = "lstm_projected"
NAMES = ("y", "y1", "y2")
SIZES = ((5, 3, 4, 6, 3), (1, 1, 1, 2, 1), (3, 2, 9, 5, 4), (4, 1, 2, 17, 16))
"""Steps, batch, inputs, cells, projected."""
WAYS = ((1, False, True, True), (2, True, True, True), (1, True, False, False), (2, False, True, False))
"""Layers, both directions, biases, initial states."""


def samples() -> Iterable[Sample]:
    """x (T, B, I); h (layers D, B, P), c (layers D, B, H) where given; for every layer and direction W, R (4 H, P), b_W, b_R, and W_P (P, H)."""
    for dtype in ("float32", "float64"):
        for i, size in enumerate(SIZES):
            for way in WAYS if i == 0 else (WAYS[i],):
                yield _sample(dtype, size, way, SampleClass.ORDINARY if way == WAYS[0] and i == 0 else SampleClass.COVERING)


def _sample(dtype: str, size: tuple[int, ...], way: tuple[int, bool, bool, bool], why: SampleClass) -> Sample:
    (steps, batch, width, cells, projected), (layers, both, bias, initial) = size, way
    name = f"{dtype}-t{steps}-b{batch}-i{width}-h{cells}-p{projected}-layers{layers}" + "-both" * both + "-bias" * bias + "-initial" * initial
    count = layers * (1 + both)
    made = [normal(dtype, (steps, batch, width), ID, name, "x")]
    if initial:
        made += [normal(dtype, (count, batch, n), ID, name, s, scale=0.5) for s, n in (("h", projected), ("c", cells))]
    for k in range(count):
        read = width if k <= both else projected * (1 + both)
        shapes = ((4 * cells, read), (4 * cells, projected), *(((4 * cells,),) * (2 * bias)), (projected, cells))
        made += [uniform(dtype, s, ID, name, f"{k}-{j}", low=-(cells**-0.5), high=cells**-0.5) for j, s in enumerate(shapes)]
    p = params(hidden=cells, projected=projected, layers=layers, bidirectional=both, bias=bias, initial=initial)
    return Sample(name=name, dtype=dtype, inputs=tuple(made), params=p, why=why)


def each(sample: Sample) -> int:
    """Weights of one direction of one layer."""
    return 5 if sample.param("bias") else 3


def first(sample: Sample) -> int:
    """Place of the first weight."""
    return 3 if sample.param("initial") else 1


def _joined(parts: list[Noisy], join: Callable[..., Array], axis: int) -> Noisy:
    return replace(parts[0], value=join([p.value for p in parts], axis=axis))


def _product(x: Noisy, w: Noisy) -> Any:
    return (x.reshape(*x.shape[:-1], 1, x.shape[-1]) * w).sum(axis=-1)


def _sigmoid(a: Any) -> Any:
    return 1 / (1 + np.exp(-a))


def _scan(x: list[Noisy], h: Noisy, c: Noisy, w: tuple[Noisy, ...]) -> tuple[list[Noisy], Noisy]:
    """c' = f c + i g, h' = W_P (o tanh c') (Sak et al. 2014), along a list of steps."""
    cells, out = c.shape[-1], []
    for step in x:
        a = _product(step, w[0]) + _product(h, w[1])
        if len(w) == 5:
            a = a + w[2] + w[3]
        i, f, g, o = (a[..., k * cells : (k + 1) * cells] for k in range(4))
        c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
        h = _product(_sigmoid(o) * np.tanh(c), w[-1])
        out.append(h)
    return out, c


def outputs(sample: Sample, *arrays: Noisy) -> tuple[Noisy, Noisy, Noisy]:
    """y (T, B, D P), final h (layers D, B, P), final c (layers D, B, H)."""
    p: dict[str, Any] = dict(sample.params)
    x, flat, n = arrays[0], arrays[first(sample) :], each(sample)
    directions, batch = 1 + p["bidirectional"], x.shape[1]
    steps, hidden, cell = [x[t] for t in range(x.shape[0])], [], []
    for layer in range(p["layers"]):
        ways = []
        for d in range(directions):
            k = layer * directions + d
            h, c = ((arrays[1][k], arrays[2][k]) if p["initial"] else
                    (replace(x, value=np.zeros((batch, p["projected"]))), replace(x, value=np.zeros((batch, p["hidden"])))))  # fmt: skip
            out, last = _scan(steps[::-1] if d else steps, h, c, flat[k * n : (k + 1) * n])
            hidden.append(out[-1])
            cell.append(last)
            ways.append(out[::-1] if d else out)
        steps = [_joined(list(at), np.concatenate, -1) for at in zip(*ways, strict=True)]
    return _joined(steps, np.stack, 0), _joined(hidden, np.stack, 0), _joined(cell, np.stack, 0)


def reference(sample: Sample) -> tuple[Expected, ...]:
    """Each output with the spread of its evaluations."""
    made = spreads(lambda *a: outputs(sample, *a), *sample.arrays(), dtype=sample.dtype, names=(ID, sample.name))
    return tuple(replace(y, name=name) for y, name in zip(made, NAMES, strict=True))


def _on_weights(place: int, change: Callable[[Array], Array]) -> Callable[[Sample], Sample]:
    """Another weight of every direction of every layer; place -1 is the projection."""

    def changed(sample: Sample) -> Sample:
        start, n = first(sample), each(sample)
        inputs = [Tensor.of(change(t.array())) if i >= start and (i - start) % n == place % n else t for i, t in enumerate(sample.inputs)]
        return replace(sample, inputs=tuple(inputs))

    return changed


def _exchanged(w: Array) -> Array:
    i, f, g, o = np.split(w, 4)
    return np.concatenate([f, i, g, o])


def _weights(id: str, sentence: str, place: int, change: Callable[[Array], Array]) -> Fault:
    return faults.other_sample(id, sentence, _on_weights(place, change))


def _from_zero(sample: Sample) -> Sample | None:
    if first(sample) == 1:
        return None
    inputs = [Tensor.of(np.zeros_like(t.array())) if i in (1, 2) else t for i, t in enumerate(sample.inputs)]
    return replace(sample, inputs=tuple(inputs))


FUNCTIONS = (
    Function(
        id=ID, side=Side.INFERENCE, area="recurrent",
        requirement="The library shall return the outputs, final hidden and final cell states of stacked LSTM layers with projected hidden states.",
        source="Sak, Senior and Beaufays 2014 (arXiv 1402.1128); torch.nn.LSTM with proj_size",
        oracle="the recurrence in 80-bit extended precision", samples=samples, reference=reference,
        criterion=Scaled(
            c=8.0, c_hard=32.0, wide_accumulation=False,
            scale="root mean square error over 16 evaluations with a random relative error up to u in every operation, in u",
            rationale="Rounding errors of a recurrence pass through gates and projections whose worst cases cannot occur together; the spread of "
            "evaluations in arithmetic of that precision is the error that any order of operations has. Eight times it is far beyond chance.",
            literature="Parker 1997 (Monte Carlo arithmetic); Higham and Mary 2019",
        ),
        faults=(
            faults.TF32_INPUTS, faults.BF16_INPUTS, faults.one_element(), faults.stale(),
            _weights("projection-rows", "The projection's rows come in reverse order.", -1, lambda w: np.ascontiguousarray(w[::-1])),
            _weights("gates-exchanged", "Input and forget gates of the recurrence are exchanged.", 1, _exchanged),
            _weights("recurrence-ignored", "The projected state does not come back.", 1, np.zeros_like),
            faults.other_sample("initial-state-ignored", "The initial states are taken as zero.", _from_zero),
        ),
    ),
)  # fmt: skip

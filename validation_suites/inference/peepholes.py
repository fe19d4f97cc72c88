"""LSTM layers whose gates see the cell through peepholes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from csvkit_ml.model.function import Expected, Function, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references.monte_carlo import Noisy, spreads
from validation_suites import faults
from validation_suites.inference.projections import FUNCTIONS as PROJECTED
from validation_suites.sampling import normal
from validation_suites.sampling.data import uniform

ID = "lstm_peephole"
NAMES = ("y", "y1", "y2")
SIZES = ((5, 3, 4, 6), (1, 1, 1, 1), (3, 2, 9, 5), (4, 1, 2, 17), (7, 2, 16, 8))
"""Steps, batch, inputs, cells."""
PLACES = {"w": 3, "r": 4, "b": 5, "p": 6}
"""Among the inputs."""


def samples() -> Iterable[Sample]:
    """x (T, B, I), h, c (D, B, H), then as ONNX stacks them W (D, 4 H, I), R (D, 4 H, H), b (D, 8 H), gates i o f c, and P (D, 3 H), i o f."""
    for i, size in enumerate(SIZES):
        for both in (False, True):
            steps, batch, width, cells = size
            name = f"float32-t{steps}-b{batch}-i{width}-h{cells}" + "-both" * both
            d = 1 + both
            made = [normal("float32", (steps, batch, width), ID, name, "x")]
            made += [normal("float32", (d, batch, cells), ID, name, s, scale=0.5) for s in ("h", "c")]
            shapes = ((d, 4 * cells, width), (d, 4 * cells, cells), (d, 8 * cells), (d, 3 * cells))
            made += [uniform("float32", s, ID, name, str(k), low=-(cells**-0.5), high=cells**-0.5) for k, s in enumerate(shapes)]
            why = SampleClass.COVERING if i else SampleClass.ORDINARY
            yield Sample(name=name, dtype="float32", inputs=tuple(made), params=params(hidden=cells), why=why)


def _sigmoid(a: Any) -> Any:
    return 1 / (1 + np.exp(-a))


def _product(x: Any, w: Any) -> Any:
    return (x.reshape(*x.shape[:-1], 1, x.shape[-1]) * w).sum(axis=-1)


def _direction(x: list[Any], h: Any, c: Any, w: Any, r: Any, b: Any, p: Any, late: bool) -> tuple[list[Any], Any]:
    """i and f see the cell before, o the cell after the step (Gers and Schmidhuber 2000); `late` = false lets o see the one before."""
    n, out = c.shape[-1], []
    for step in x:
        a = _product(step, w) + _product(h, r) + b[: 4 * n] + b[4 * n :]
        i, o, f, g = (a[..., k * n : (k + 1) * n] for k in range(4))
        i, f = _sigmoid(i + p[:n] * c), _sigmoid(f + p[2 * n :] * c)
        new = f * c + i * np.tanh(g)
        h = _sigmoid(o + p[n : 2 * n] * (new if late else c)) * np.tanh(new)
        c = new
        out.append(h)
    return out, c


def _value(parts: list[Any], axis: int) -> Array:
    return np.stack([p.value for p in parts], axis=axis)


def outputs(arrays: tuple[Noisy, ...], *, late: bool = True) -> tuple[Noisy, Noisy, Noisy]:
    """y (T, D, B, H), final h and c (D, B, H)."""
    x, h, c, *weights = arrays
    steps, ways, finals = [x[t] for t in range(x.shape[0])], [], []
    for d in range(h.shape[0]):
        w, r, b, p = (v[d] for v in weights)
        out, last = _direction(steps[::-1] if d else steps, h[d], c[d], w, r, b, p, late)
        finals.append((out[-1], last))
        ways.append(out[::-1] if d else out)
    y = np.stack([_value(way, 0) for way in ways], axis=1)
    return replace(x, value=y), replace(x, value=_value([f[0] for f in finals], 0)), replace(x, value=_value([f[1] for f in finals], 0))


def reference(sample: Sample) -> tuple[Expected, ...]:
    """Each output with the spread of its evaluations."""
    made = spreads(lambda *a: outputs(a), *sample.arrays(), dtype=sample.dtype, names=(ID, sample.name))
    return tuple(replace(y, name=name) for y, name in zip(made, NAMES, strict=True))


def _early(sample: Sample) -> tuple[Array, ...]:
    made = tuple(Noisy(a.astype(np.float64), 0.0, np.random.default_rng(0)) for a in sample.arrays())
    return tuple(np.asarray(o.value) for o in outputs(made, late=False))


def _changed(place: str, change: Callable[[Array], Array]) -> Callable[[Sample], Sample]:
    def other(sample: Sample) -> Sample:
        k = PLACES[place]
        return replace(sample, inputs=tuple(Tensor.of(change(t.array())) if i == k else t for i, t in enumerate(sample.inputs)))

    return other


def _rolled(p: Array) -> Array:
    return np.ascontiguousarray(np.roll(p, p.shape[1] // 3, axis=1))


FUNCTIONS = (
    Function(
        id=ID, side=Side.INFERENCE, area="recurrent",
        requirement="The library shall return the outputs and final states of LSTM layers with peepholes, in one and both directions.",
        source="Gers and Schmidhuber 2000; ONNX operator specification, LSTM, operand P", oracle="the recurrence in 80-bit extended precision",
        samples=samples, reference=reference, criterion=PROJECTED[0].criterion,
        faults=(
            faults.TF32_INPUTS, faults.BF16_INPUTS, faults.one_element(), faults.stale(),
            faults.other_sample("no-peepholes", "Peepholes are left out.", _changed("p", np.zeros_like)),
            faults.other_sample("peephole-order", "Peepholes i, o, f are read in another order.", _changed("p", _rolled)),
            faults.computed("output-gate-early", "The output gate sees the cell before the step.", _early),
            faults.other_sample("bias-dropped", "Biases are left out.", _changed("b", np.zeros_like)),
        ),
    ),
)  # fmt: skip

"""Recurrent layers with the choices that ONNX has beside the usual ones: activations with their numbers, clipping, one gate for two."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from csvkit_ml.model.function import Expected, Fault, Function, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Array
from csvkit_ml.references.monte_carlo import Noisy, spread
from validation_suites import faults
from validation_suites.inference.projections import FUNCTIONS as PROJECTED
from validation_suites.sampling import normal
from validation_suites.sampling.data import uniform

GATES = {"rnn": 1, "gru": 3, "lstm": 4}
CHOICES: dict[str, tuple[tuple[str, ...], ...]] = {
    "rnn": (("relu",), ("hardsigmoid",), ("softsign",), ("leakyrelu",), ("scaledtanh",), ("affine",), ("tanh",)),
    "gru": (("hardsigmoid", "tanh"), ("sigmoid", "relu"), ("sigmoid", "softsign"), ("hardsigmoid", "leakyrelu"), ("sigmoid", "tanh")),
    "lstm": (("hardsigmoid", "tanh", "tanh"), ("sigmoid", "relu", "tanh"), ("sigmoid", "softsign", "softsign"),
        ("sigmoid", "scaledtanh", "leakyrelu"), ("sigmoid", "tanh", "tanh")),
}  # fmt: skip
"""Of the gates, the new content, and (LSTM) the cell's output."""
NUMBERS: dict[str, tuple[float, ...]] = {
    "hardsigmoid": (0.25, 0.5), "leakyrelu": (0.0625,), "scaledtanh": (1.5, 0.75), "affine": (0.5, 0.125),
}  # fmt: skip
"""alpha and beta of those that have them: exact in float32."""
SIZES = ((5, 3, 4, 6), (1, 1, 1, 1), (3, 2, 9, 5), (4, 1, 2, 17))
"""Steps, batch, inputs, cells."""
CLIP = 0.25
"""Cells stay below it: whether clipping is of what the cell's own activation reads, too, the text leaves open, so that is not asked."""


def _samples(kind: str) -> Callable[[], Iterable[Sample]]:
    """x (T, B, I), h (D, B, H), for LSTM c, then as ONNX stacks them W (D, G H, I), R (D, G H, H), b (D, 2 G H)."""

    def samples() -> Iterable[Sample]:
        for i, chosen in enumerate(CHOICES[kind]):
            for clip in (None, CLIP):
                for forget in (False, True) if kind == "lstm" and i % 2 == 0 else (False,):
                    yield _sample(kind, SIZES[i % len(SIZES)] if i else SIZES[0], chosen, clip, forget, both=i % 2 == 1, first=not i)

    return samples


def _sample(
    kind: str, size: tuple[int, ...], chosen: tuple[str, ...], clip: float | None, forget: bool, both: bool, first: bool
) -> Sample:  # fmt: skip
    (steps, batch, width, cells), d, g = size, 1 + both, GATES[kind]
    steps = 1 if clip and kind == "lstm" else steps
    name = "-".join(("float32", *chosen, f"t{steps}-h{cells}", *(("both",) * both), *(("clip",) * bool(clip)), *(("coupled",) * forget)))
    made = [normal("float32", (steps, batch, width), kind, name, "x", scale=1.5)]
    size_of_state, states = 0.5 if clip is None else 0.03125, ("h", "c")[: 1 + (kind == "lstm")]
    made += [normal("float32", (d, batch, cells), kind, name, s, scale=size_of_state) for s in states]
    shapes = ((d, g * cells, width), (d, g * cells, cells), (d, 2 * g * cells))
    made += [uniform("float32", s, kind, name, str(k), low=-(cells**-0.5), high=cells**-0.5) for k, s in enumerate(shapes)]
    p = params(kind=kind, hidden=cells, activations=chosen, clip=clip, coupled=forget)
    why = SampleClass.ORDINARY if first and clip is None and not forget else SampleClass.COVERING
    return Sample(name=name, dtype="float32", inputs=tuple(made), params=p, why=why)


_ACTIVATIONS: dict[str, Callable[..., Any]] = {
    "sigmoid": lambda a: 1 / (1 + np.exp(-a)), "tanh": np.tanh, "relu": lambda a: np.maximum(a, 0),
    "hardsigmoid": lambda a, s, b: np.maximum(0, np.minimum(1, a * s + b)), "softsign": lambda a: a / (1 + np.absolute(a)),
    "leakyrelu": lambda a, s: np.maximum(a, a * s), "scaledtanh": lambda a, s, b: s * np.tanh(a * b), "affine": lambda a, s, b: a * s + b,
}  # fmt: skip


def _act(name: str, a: Any, clip: float | None) -> Any:
    """Clipping is of what an activation reads."""
    bounded = a if clip is None else np.maximum(-clip, np.minimum(clip, a))
    return _ACTIVATIONS[name](bounded, *NUMBERS.get(name, ()))


def _product(x: Any, w: Any) -> Any:
    return (x.reshape(*x.shape[:-1], 1, x.shape[-1]) * w).sum(axis=-1)


def _rnn(p: Any, a: Any, h: Any, _: Any, r: Any, b: Any) -> tuple[Any, Any]:
    return _act(p["activations"][0], a + _product(h, r) + b, p["clip"]), None


def _gru(p: Any, a: Any, h: Any, _: Any, r: Any, b: Any) -> tuple[Any, Any]:
    """Gates z, r, h; reset before the product."""
    (f, g), n, clip = p["activations"], p["hidden"], p["clip"]
    z, s = (_act(f, a[..., k * n : (k + 1) * n] + _product(h, r[k * n : (k + 1) * n]) + b[k * n : (k + 1) * n], clip) for k in (0, 1))
    new = _act(g, a[..., 2 * n :] + _product(s * h, r[2 * n :]) + b[2 * n :], clip)
    return (1 - z) * new + z * h, None


def _lstm(p: Any, a: Any, h: Any, c: Any, r: Any, b: Any) -> tuple[Any, Any]:
    """Gates i, o, f, c; coupled: f = 1 - i."""
    (f, g, out), n, clip = p["activations"], p["hidden"], p["clip"]
    i, o, forget, new = (v[..., k * n : (k + 1) * n] for v in (a + _product(h, r) + b,) for k in range(4))
    i, o, new = _act(f, i, clip), _act(f, o, clip), _act(g, new, clip)
    kept = (1 - i) if p["coupled"] else _act(f, forget, clip)
    cell = kept * c + i * new
    return o * _act(out, cell, clip), cell


STEPS = {"rnn": _rnn, "gru": _gru, "lstm": _lstm}


def _outputs(p: Any, arrays: tuple[Noisy, ...]) -> tuple[Noisy, ...]:
    """y (T, D, B, H), then final h and, of LSTM, c (D, B, H)."""
    kind = p["kind"]
    x, h, *rest = arrays
    c, (w, r, b) = (rest[0] if kind == "lstm" else None), rest[-3:]
    ways: list[list[Any]] = []
    finals: list[list[Any]] = []
    for d in range(h.shape[0]):
        half = b.shape[1] // 2
        bias, hidden, cell, out = b[d][:half] + b[d][half:], h[d], c[d] if c is not None else None, []
        for t in range(x.shape[0])[:: -1 if d else 1]:
            hidden, cell = STEPS[kind](p, _product(x[t], w[d]), hidden, cell, r[d], bias)
            out.append(hidden.value)
        ways.append(out[::-1] if d else out)
        finals.append([hidden.value, *([cell.value] if cell is not None else [])])
    y = np.stack([np.stack(way) for way in ways], axis=1)
    return tuple(replace(x, value=v) for v in (y, *(np.stack(f) for f in zip(*finals, strict=True))))


def _reference(sample: Sample) -> tuple[Expected, ...]:
    p, count = dict(sample.params), 3 if sample.param("kind") == "lstm" else 2
    made = (spread(lambda *a, i=i: _outputs(p, a)[i], *sample.arrays(), dtype="float32", names=(sample.name,)) for i in range(count))
    return tuple(replace(e, name=f"y{i}" if i else "y") for i, e in enumerate(made))


def _computed(id: str, sentence: str, change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> Fault:
    def of(sample: Sample) -> tuple[Array, ...] | None:
        p = change(dict(sample.params))
        if p is None:
            return None
        made = tuple(Noisy(a.astype(np.float64), 0.0, np.random.default_rng(0)) for a in sample.arrays())
        return tuple(np.asarray(o.value) for o in _outputs(p, made))

    return faults.computed(id, sentence, of)


def _default(p: dict[str, Any]) -> dict[str, Any] | None:
    usual = {"rnn": ("tanh",), "gru": ("sigmoid", "tanh"), "lstm": ("sigmoid", "tanh", "tanh")}[p["kind"]]
    return None if p["activations"] == usual else {**p, "activations": usual}


def _function(kind: str, says: str, *more: Fault) -> Function:
    return Function(
        id=f"{kind}_choices", side=Side.INFERENCE, area="recurrent",
        requirement=f"The library shall return the outputs and final states of {says} with the activations, their numbers and the clipping asked.",
        source=f"ONNX operator specification, {kind.upper()}, attributes activations, activation_alpha, activation_beta, clip, input_forget",
        oracle="the recurrence in 80-bit extended precision", samples=_samples(kind), reference=_reference,
            criterion=PROJECTED[0].criterion,
        faults=(
            faults.TF32_INPUTS, faults.BF16_INPUTS, faults.one_element(), faults.stale(),
            _computed("usual-activations", "Activations are the usual ones, whatever is asked.", _default),
            _computed("not-clipped", "Clipping is left out.", lambda p: {**p, "clip": None} if p["clip"] else None), *more,
        ),
    )  # fmt: skip


FUNCTIONS: tuple[Function, ...] = (
    _function("rnn", "simple recurrent layers"), _function("gru", "GRU layers"),
    _function("lstm", "LSTM layers", _computed("not-coupled", "The forget gate is its own, though it is to be 1 less the input gate.",
        lambda p: {**p, "coupled": False} if p["coupled"] else None)),
)  # fmt: skip

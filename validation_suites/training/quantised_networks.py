"""Networks converted to integers: layers after a calibration or after training with fake quantisation, and layers that quantise what comes in.

All steps are powers of two and all products are odd multiples of the least one, so that no result lies half-way between two steps: the integers,
and the real numbers that they stand for, are exact.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from csvkit_ml.criteria import Scaled
from csvkit_ml.model.function import Expected, Fault, Function, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references.extended import U, expected_extended, extended
from validation_suites import faults
from validation_suites.guarantees import Guarantee, case, wrong

AREA = "quantisation"
SOURCE = "Jacob et al. 2018; PyTorch documentation, torch.ao.quantization (eager mode), reduce_range"
STEP, WEIGHT = 2.0**-4, 2.0**-6
EPS = 2.0**-10
KINDS = ("linear", "linear-relu", "conv", "conv-relu", "conv-bn", "conv-bn-relu")
OUT = ((0.5, 7), (4.0, 100), (2.0**-3, 200))
"""Step and zero point of the output: all in range; coarse; most of it saturated."""


def _input(r: Any, shape: tuple[int, ...], low: int, high: int) -> Array:
    """Even numbers of steps from low to high, each a little off; both ends occur."""
    x = 2 * r.integers(low // 2, high // 2 + 1, shape) + r.uniform(-0.3, 0.3, shape)
    return np.asarray(x * STEP)


def _weights(r: Any, shape: tuple[int, ...], largest: float) -> Array:
    """Whole steps, the largest of them `largest`."""
    w = r.integers(-100, 101, shape).astype(np.float64)
    w.reshape(-1)[0] = largest
    return np.asarray(w * WEIGHT)


def _odd(r: Any, n: int) -> Array:
    """A bias of an odd number of least steps."""
    return np.asarray((2 * r.integers(-2000, 2000, n) + 1) * STEP * WEIGHT)


ONE_STEP, BY_CHANNEL = (0, 0, 0, 0), (0, 3, 1, 2)
"""Of the weights of each channel: by how many powers of two its step is finer."""


def weight_steps(sample: Sample) -> Array:
    """The step of each channel's weights."""
    return np.asarray(WEIGHT * 2.0 ** -np.array(sample.param("finer"), dtype=np.float64))


def _networks(finer: tuple[int, ...] = ONE_STEP) -> Iterable[Sample]:
    """(x, weight, bias, mean, variance, gamma, beta); the norm multiplies by two, and adds what keeps the bias odd in its steps."""
    for kind in KINDS:
        for out in OUT:
            name = f"{kind}-scale{out[0]:g}-zero{out[1]}"
            r = seed_for("quantised network", name, *("by channel",) * any(finer))
            x, w = ((5, 9), (4, 9)) if kind.startswith("linear") else ((2, 3, 6, 7), (4, 3, 3, 3))
            norm = (4 * r.integers(-8, 9, 4) * STEP * WEIGHT, np.full(4, 1 - EPS), np.full(4, 2.0), 4 * r.integers(-8, 9, 4) * STEP * WEIGHT)
            bias = _odd(r, 4) * 2.0 ** -np.array(finer)
            weights = _weights(r, w, 127)
            for channel, step in zip(weights, 2.0 ** -np.array(finer), strict=True):
                channel.reshape(-1)[0] = 127 * WEIGHT if any(finer) else channel.reshape(-1)[0]
                channel *= step
            made = (_input(r, x, -64, 62), weights, bias, *norm)
            how = {"padding": 1 if "relu" in kind else 0, "stride": 2 if kind == "conv" else 1, "eps": EPS}
            yield case(name, *(Tensor.of(a, "float32") for a in made), dtype="float32", kind=kind, into=(STEP, 64), out=out, finer=finer, **how)


def _steps(x: Array, step: float, zero: int) -> Array:
    return np.asarray(np.clip(np.rint(x.astype(np.float64) / step) + zero, 0, 255) - zero).astype(np.int64)


def convolved(x: Array, w: Array, padding: int, stride: int) -> Array:
    """Whole numbers; what lies outside stands for 0."""
    wide = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    h, v = ((n - k) // stride + 1 for n, k in zip(wide.shape[2:], w.shape[2:], strict=True))
    taps = (
        np.einsum("nchw,oc->nohw", wide[:, :, i : i + h * stride : stride, j : j + v * stride : stride], w[:, :, i, j])
        for i in range(w.shape[2])
        for j in range(w.shape[3])
    )
    return np.asarray(sum(taps))


def network(sample: Sample, *, relu: bool = True, floor: bool = False, bias: bool = True, unfolded: bool = False, one_step: bool = False) -> tuple[Any, ...]:
    """(real numbers that the output's steps stand for, whole numbers of the weights)."""
    x, w, b, mean, _, gamma, beta = (a.astype(np.float64) for a in sample.arrays())
    kind, (step, zero) = sample.param("kind"), sample.param("out")
    factor = gamma if "bn" in kind and not unfolded else np.ones_like(b)
    offset = (b - mean) * gamma + beta if "bn" in kind else b
    steps = weight_steps(sample)
    q = np.rint(w / steps.reshape(-1, *(1,) * (w.ndim - 1))).astype(np.int64)
    inside = _steps(x, *sample.param("into"))
    total = inside @ q.T if kind.startswith("linear") else convolved(inside, q, sample.param("padding"), sample.param("stride"))
    along = (-1,) if kind.startswith("linear") else (-1, 1, 1)
    real = total * (STEP * (np.full_like(steps, steps[0]) if one_step else steps) * factor).reshape(along) + (offset.reshape(along) if bias else 0)
    made = (np.floor if floor else np.rint)(real / step) + zero
    least = zero if kind.endswith("relu") and relu else 0
    return (np.clip(made, least, 255) - zero) * step, q


def _dynamic_cases(levels: int) -> Iterable[Sample]:
    """Inputs whose least and largest value span all steps, so that the step is known."""
    low, high = (-64, 63) if levels == 127 else (-128, 127)
    for i, (rows, n, out) in enumerate(((1, 4, 1), (3, 9, 5), (7, 33, 17), (2, 64, 8))):
        r = seed_for("dynamic", str(levels), str(i))
        x = r.integers(low + 1, high, (rows, n)) + r.uniform(-0.3, 0.3, (rows, n))
        x.reshape(-1)[:2] = low, high
        made = (x * STEP, _weights(r, (out, n), 127.5), r.integers(-500, 500, out) * STEP * WEIGHT)
        yield case(f"rows{rows}-in{n}-out{out}", *(Tensor.of(a, "float32") for a in made), dtype="float32", low=low, high=high)


def dynamic(sample: Sample, *, zero: int = 0, bias: bool = True) -> tuple[Any, ...]:
    """(sum of whole products times both steps, plus the bias; whole numbers of the weights)."""
    x, w, b = (a.astype(np.float64) for a in sample.arrays())
    q = np.clip(np.rint(w / WEIGHT), -128, 127).astype(np.int64)
    steps = np.clip(np.rint(x / STEP), sample.param("low"), sample.param("high")).astype(np.int64) + zero
    return (steps @ q.T) * (STEP * WEIGHT) + (b if bias else 0), q


def _lstm_samples() -> Iterable[Sample]:
    """(x [N, I], h [N, H], c [N, H], weights [4H, I] and [4H, H], biases [4H] twice), every input spanning 127 steps."""
    for i, (rows, n, hidden) in enumerate(((1, 4, 3), (3, 6, 5), (4, 16, 8))):
        r = seed_for("dynamic lstm", str(i))
        made: list[Array] = []
        for width in (n, hidden):
            x = r.integers(-63, 63, (rows, width)) + r.uniform(-0.3, 0.3, (rows, width))
            x.reshape(-1)[:2] = -64, 63
            made.append(x * 2.0**-6)
        made.append(r.normal(size=(rows, hidden)))
        made += [_weights(r, (4 * hidden, width), 127.5) for width in (n, hidden)]
        made += [r.integers(-500, 500, 4 * hidden) * 2.0**-12 for _ in range(2)]
        yield Sample(
            name=f"rows{rows}-in{n}-hidden{hidden}", dtype="float32", inputs=tuple(Tensor.of(a, "float32") for a in made), params=params(step=2.0**-6),
            why=SampleClass.COVERING if i else SampleClass.ORDINARY,
        )  # fmt: skip


def lstm(sample: Sample, *, quantised: bool = True, order: str = "ifgo") -> tuple[Expected, ...]:
    """One step on whole numbers of steps: exact sums, then the gates."""
    x, h, c, *weights = (a.astype(np.float64) for a in sample.arrays())
    total: Any = 0.0
    size: Any = 0.0
    for v, w, b in zip((x, h), weights[:2], weights[2:], strict=True):
        q = np.clip(np.rint(w / WEIGHT), -128, 127) * WEIGHT
        part = (np.rint(v / sample.param("step")) * sample.param("step") if quantised else v) @ q.T
        total, size = total + part + b, size + np.abs(part) + np.abs(b)
    gates = dict(zip(order, np.split(extended(total), 4, axis=1), strict=True))
    sizes = dict(zip(order, np.split(size, 4, axis=1), strict=True))
    i, f, o = (1 / (1 + np.exp(-gates[k])) for k in "ifo")
    g = np.tanh(gates["g"])
    new_c = f * c + i * g
    c_size = np.abs(f * c) * (3 + sizes["f"]) + np.abs(i) * (3 + sizes["i"]) + i * (3 + sizes["g"])
    new_h = o * np.tanh(new_c)
    made = ((new_h, o * (3 + sizes["o"]) + o * c_size), (new_c, c_size))
    return tuple(
        expected_extended(v, dtype="float32", name=n, radius=32 * U * np.asarray(s, dtype=np.float64), scale=s, any_sign_of_zero=True)
        for n, (v, s) in zip(("y", "y1"), made, strict=True)
    )


def _values(made: tuple[Expected, ...]) -> tuple[Array, ...]:
    return tuple(e.value for e in made)


def _linear(id: str, levels: int, bits: str) -> Guarantee:
    return Guarantee(
        id=id, area=AREA, source=SOURCE, cases=lambda: _dynamic_cases(levels), truth=dynamic,
        requirement=f"The library shall quantise what comes into a linear layer by its range to {bits} bits, and add whole products exactly.",
        faults=(
            wrong("zero-off-by-one", "The input's zero point is off by one.", lambda s: dynamic(s, zero=1)),
            wrong("bias-left-out", "The bias is not added.", lambda s: dynamic(s, bias=False)),
            faults.stale(), faults.relative(1e-4),
        ),
    )  # fmt: skip


def _network(id: str, weights: str, finer: tuple[int, ...], *more: Fault) -> Guarantee:
    return Guarantee(
        id=id, area=AREA, source=SOURCE, cases=lambda: _networks(finer), truth=network,
        requirement=f"The library shall convert prepared layers to integers, {weights}: norms folded, sums exact, rounded to the nearest step, saturated.",
        faults=(
            wrong("unrectified", "The fused ReLU is lost.", lambda s: network(s, relu=False)),
            wrong("floor", "Steps are rounded down.", lambda s: network(s, floor=True)),
            wrong("bias-left-out", "The bias is not added.", lambda s: network(s, bias=False)),
            wrong("norm-not-folded", "The norm's factor is not folded in.", lambda s: network(s, unfolded=True)),
            faults.stale(), *more,
        ),
    )  # fmt: skip


ROWS = (
    _network("quantised_network", "one step for all weights of a layer", ONE_STEP),
    _network("quantised_network_channels", "a step for the weights of each channel", BY_CHANNEL,
             wrong("one-step", "The first channel's step is taken for all.", lambda s: network(s, one_step=True))),
    _linear("dynamic_linear", 127, "seven"),
    _linear("dynamic_linear_eight_bits", 255, "eight"),
)  # fmt: skip
ROUNDED = Scaled(
    c=4.0, c_hard=32.0, scale="each gate's magnitude times 3 and the sum of its terms, through to the result",
    rationale="The sums of whole products are exact; what is rounded are the biases' sums, the gates' functions and three products.",
    literature="Higham 2002, ch. 3; Muller 2018",
)  # fmt: skip
FUNCTIONS: tuple[Function, ...] = (
    *(r.function() for r in ROWS),
    Function(
        id="dynamic_lstm", side=Side.TRAINING, area=AREA, source=SOURCE, oracle="exact integers, then extended precision (2^-64)",
        requirement="The library shall quantise an LSTM's input and state by their ranges to seven bits, and make the gates of exact sums.",
        samples=_lstm_samples, reference=lstm, criterion=ROUNDED,
        faults=(
            faults.one_element(), faults.stale(), faults.relative(1e-4),
            faults.computed("not-quantised", "Input and state are not quantised.", lambda s: _values(lstm(s, quantised=False))),
            faults.computed("gates-exchanged", "Input and forget gate are exchanged.", lambda s: _values(lstm(s, order="figo"))),
        ),
    ),
)  # fmt: skip

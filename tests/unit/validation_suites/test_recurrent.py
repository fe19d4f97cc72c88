"""References of recurrent layers against plain loops in 50 digits; their error bound against perturbed arithmetic; models."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from csvkit_ml.model.function import Sample, params
from csvkit_ml.model.tensor import Tensor
from csvkit_ml.references.recurrent_steps import GATES
from tests.unit.validation_suites.onnx_models import check_models
from validation_suites.inference.recurrent import FUNCTIONS, STATES
from validation_suites.sampling.recurrent import made

BY_ID = {f.id: f for f in FUNCTIONS}
KINDS = tuple(BY_ID)


def sig(a: mpmath.mpf) -> mpmath.mpf:
    return 1 / (1 + mpmath.exp(-a))


def affine(w: np.ndarray, b: np.ndarray | None, x: list[mpmath.mpf], row: int) -> mpmath.mpf:
    total = mpmath.fsum(mpmath.mpf(float(p)) * q for p, q in zip(w[row], x, strict=True))
    return total if b is None else total + mpmath.mpf(float(b[row]))


def step(kind: str, x: list[mpmath.mpf], state: list[list[mpmath.mpf]], w: list[np.ndarray]) -> list[list[mpmath.mpf]]:
    """The published equations, unit by unit."""
    kernel, matrix, b_w, b_r = w if len(w) == 4 else (*w, None, None)
    h, n = state[0], len(state[0])

    def raw(gate: int, unit: int) -> mpmath.mpf:
        return affine(kernel, b_w, x, gate * n + unit) + affine(matrix, b_r, h, gate * n + unit)

    if kind == "rnn":
        return [[mpmath.tanh(raw(0, u)) for u in range(n)]]
    if kind == "lstm":
        cell = [sig(raw(1, u)) * state[1][u] + sig(raw(0, u)) * mpmath.tanh(raw(2, u)) for u in range(n)]
        return [[sig(raw(3, u)) * mpmath.tanh(cell[u]) for u in range(n)], cell]
    reset = [sig(raw(0, u)) for u in range(n)]
    kept = [r * v for r, v in zip(reset, h, strict=True)]
    out = []
    for u in range(n):
        inner = affine(matrix, b_r, kept, 2 * n + u) if kind == "gru_reset_before" else reset[u] * affine(matrix, b_r, h, 2 * n + u)
        z = sig(raw(1, u))
        out.append((1 - z) * mpmath.tanh(affine(kernel, b_w, x, 2 * n + u) + inner) + z * h[u])
    return [out]


def truth(kind: str, sample: Sample) -> list[np.ndarray]:
    """Outputs and final states in loops: layer, direction, sequence, step."""
    p, states = dict(sample.params), STATES[kind]
    x, *rest = (t.array() for t in sample.inputs)
    start = [rest.pop(0) for _ in range(states)] if p["initial"] else None
    each, directions, hidden = (4 if p["bias"] else 2), (2 if p["bidirectional"] else 1), int(str(p["hidden"]))
    steps, batch = x.shape[:2]
    ends = p["lengths"] or (steps,) * batch
    current = [[[mpmath.mpf(float(v)) for v in x[t, b]] for b in range(batch)] for t in range(steps)]
    finals = [np.zeros((int(str(p["layers"])) * directions, batch, hidden), dtype=object) for _ in range(states)]
    for place in range(finals[0].shape[0]):
        layer, d = divmod(place, directions)
        if d == 0:
            joined = [[[mpmath.mpf(0)] * (hidden * directions) for _ in range(batch)] for _ in range(steps)]
        for b in range(batch):
            state = [[mpmath.mpf(0 if start is None else float(start[s][place, b, u])) for u in range(hidden)] for s in range(states)]
            for t in range(ends[b])[:: -1 if d else 1]:
                state = step(kind, current[t][b], state, rest[place * each : (place + 1) * each])
                joined[t][b][d * hidden : (d + 1) * hidden] = state[0]
            for s in range(states):
                finals[s][place, b] = state[s]
        if d == directions - 1:
            current = joined
    return [np.array(current, dtype=object), *finals]


CASES = (
    {}, {"layers": 2, "bidirectional": True}, {"lengths": True, "bidirectional": True}, {"bias": False, "initial": False, "lengths": True},
    {"layers": 2, "bidirectional": True, "lengths": True, "size": 4.0},
)  # fmt: skip


@pytest.mark.parametrize("changes", CASES, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_reference_is_within_its_radius_of_the_equations(kind: str, changes: dict[str, object]) -> None:
    sample = made(kind, "test", "float64", GATES[kind], STATES[kind], shape=(4, 3, 2, 3), **changes)  # type: ignore[arg-type]
    with mpmath.workdps(50):
        for expected, exact in zip(BY_ID[kind].reference(sample), truth(kind, sample), strict=True):
            assert expected.shape == exact.shape and expected.low is not None
            for at in np.ndindex(exact.shape):
                found = mpmath.mpf(float(expected.value[at])) + mpmath.mpf(float(expected.low[at]))
                assert abs(found - exact[at]) <= expected.radius[at], (expected.name, at)


@pytest.mark.parametrize("kind", KINDS)
def test_bound_covers_perturbed_weights_and_is_not_far_above(kind: str) -> None:
    """Weights off by one unit roundoff each: inside the limit, and the largest effect within a factor of a few hundred of it."""
    u = 2.0**-24
    sample = made(kind, "perturbed", "float32", GATES[kind], STATES[kind], shape=(20, 2, 5, 17))
    expected = BY_ID[kind].reference(sample)
    rng = np.random.default_rng(1)
    worst = 0.0
    for _ in range(5):
        inputs = tuple(Tensor.of(t.array() * (1 + u * rng.uniform(-1, 1, t.shape))) for t in sample.inputs)
        other = BY_ID[kind].reference(Sample(name="other", dtype="float64", inputs=inputs, params=sample.params))
        for true, off in zip(expected, other, strict=True):
            worst = max(worst, float(np.max(np.abs(true.value - off.value) / (true.scale * u))))
    assert 1 / 500 < worst < 1


def test_sequences_end_at_their_lengths() -> None:
    sample = made("lstm", "ends", "float64", 4, 2, shape=(5, 4, 2, 3), lengths=True)
    y, h, _ = BY_ID["lstm"].reference(sample)
    for b, end in enumerate(sample.param("lengths")):
        assert not y.value[end:, b].any() and np.array_equal(y.value[end - 1, b], h.value[0, b])
    whole = Sample(name="w", dtype="float64", inputs=sample.inputs, params=params(**{**dict(sample.params), "lengths": None}))
    assert BY_ID["lstm"].reference(whole)[0].value.all()


def test_every_sample_lowers_to_a_valid_model() -> None:
    assert check_models(FUNCTIONS) > 30

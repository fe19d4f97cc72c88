"""One step of an LSTM, a GRU or a plain recurrent layer: true state, Jacobians, and the rounding error that the step itself commits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from csvkit_ml.model.tensor import Array
from csvkit_ml.references.extended import Long, extended
from csvkit_ml.references.rounding import Rounding

GATES = {"rnn": 1, "rnn_tanh": 1, "rnn_relu": 1, "lstm": 4, "gru": 3, "gru_reset_before": 3}
"""Gates by kind, stacked along the first axis of every weight: input, forget, cell, output; or reset, update, new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """One direction of one layer."""

    kernel: Array
    """W, (gates H, I)."""
    recurrent: Array
    """R, (gates H, H)."""
    bias: Array | None = None
    """b_W, (gates H)."""
    recurrent_bias: Array | None = None
    """b_R, (gates H)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """State s' (B, S) after a step, S = 2 H (hidden, cell) or H."""

    state: Long
    jacobian: Array
    """ds'/ds, (B, S, S)."""
    input_jacobian: Array
    """ds'/dx, (B, S, I)."""
    error: Callable[[Rounding], Array]
    """Bound of the step's own rounding error, (B, S), first order."""


def _sigmoid(a: Long) -> Long:
    return np.asarray(1 / (1 + np.exp(-a)))


def _f(a: Array) -> Array:
    return np.asarray(a, dtype=np.float64)


def _diag(rows: Array, matrix: Array) -> Array:
    """diag(rows) @ matrix for every element of the batch."""
    return np.asarray(rows[..., None] * matrix)


def _act(value: Array, by: Rounding) -> Array:
    """Error of a sigmoid or tanh: 5 ulp of the value in the storing format, or 4 u_acc on the function's own scale of one."""
    return np.asarray(10 * by.store * np.abs(value) + 4 * by.accumulate)


def _sum(terms: int, magnitude: Array, by: Rounding) -> Array:
    """Error of a pre-activation: its products summed in any order, and up to four partial results stored."""
    return np.asarray(((terms + 4) * by.accumulate + 4 * by.store) * magnitude + by.floor)


class _Affine:
    """x W^T + b_W and h R^T + b_R, by gate, with the sums of magnitudes."""

    def __init__(self, x: Long, h: Long, w: Weights, gates: int) -> None:
        kernel, recurrent = extended(w.kernel), extended(w.recurrent)
        zero = extended(np.zeros(kernel.shape[0]))
        b_w = zero if w.bias is None else extended(w.bias)
        b_r = zero if w.recurrent_bias is None else extended(w.recurrent_bias)
        self.terms = kernel.shape[1] + recurrent.shape[1]
        self.input = np.split(x @ kernel.T + b_w, gates, axis=-1)
        self.hidden = np.split(h @ recurrent.T + b_r, gates, axis=-1)
        self.input_size = np.split(_f(np.abs(x) @ np.abs(kernel).T + np.abs(b_w)), gates, axis=-1)
        self.hidden_size = np.split(_f(np.abs(h) @ np.abs(recurrent).T + np.abs(b_r)), gates, axis=-1)
        self.kernel, self.recurrent = np.split(_f(kernel), gates), np.split(_f(recurrent), gates)
        self.b_r = np.split(b_r, gates)

    def size(self, gate: int) -> Array:
        return np.asarray(self.input_size[gate] + self.hidden_size[gate])


def lstm(x: Long, state: Long, w: Weights) -> Step:
    """c' = f c + i g, h' = o tanh(c') (Hochreiter and Schmidhuber 1997; Gers et al. 2000)."""
    h, c = np.split(state, 2, axis=-1)
    a = _Affine(x, h, w, 4)
    raw = [p + q for p, q in zip(a.input, a.hidden, strict=True)]
    i, f, g, o = _sigmoid(raw[0]), _sigmoid(raw[1]), np.tanh(raw[2]), _sigmoid(raw[3])
    cell = f * c + i * g
    t = np.tanh(cell)
    slopes = [_f(i * (1 - i)), _f(f * (1 - f)), _f((1 - g) * (1 + g)), _f(o * (1 - o))]
    wide = [_f(v) for v in (c, i, f, g, o, t, cell)]
    factors = [wide[3] * slopes[0], wide[0] * slopes[1], wide[1] * slopes[2]]
    turn, lean = wide[4] * (1 - wide[5]) * (1 + wide[5]), wide[5] * slopes[3]

    def along(m: list[Array]) -> tuple[Array, Array]:
        """(dh', dc') along what the matrices multiply."""
        to_cell = sum((_diag(k, r) for k, r in zip(factors, m, strict=False)), np.zeros(1))
        return _diag(lean, m[3]) + _diag(turn, to_cell), to_cell

    eye = np.eye(h.shape[-1])
    by_h, by_x = along(a.recurrent), along(a.kernel)
    jacobian = np.block([[by_h[0], _diag(turn * wide[2], eye)], [by_h[1], _diag(wide[2], eye)]])
    error = _lstm_error(a, slopes, wide, turn)
    return Step(state=np.concatenate([o * t, cell], axis=-1), jacobian=jacobian, input_jacobian=np.concatenate(by_x, axis=-2), error=error)


def _lstm_error(a: _Affine, slopes: list[Array], wide: list[Array], turn: Array) -> Callable[[Rounding], Array]:
    c, i, f, g, o, t, cell = (np.abs(v) for v in wide)

    def error(by: Rounding) -> Array:
        di, df, dg, do = (s * _sum(a.terms, a.size(k), by) + _act(v, by) for k, (s, v) in enumerate(zip(slopes, (i, f, g, o), strict=True)))
        own = df * c + di * g + i * dg + by.store * (2 * (f * c + i * g) + cell) + 3 * by.floor
        out = do * t + turn * own + o * _act(t, by) + 2 * by.store * o * t + by.floor
        return np.asarray(np.concatenate([out, own], axis=-1))

    return error


def gru(x: Long, state: Long, w: Weights, *, reset_before: bool = False) -> Step:
    """h' = (1 - z) n + z h; n = tanh(W x + b + r (R h + b_R)), or with `reset_before` n = tanh(W x + b + R (r h) + b_R) (Cho et al. 2014)."""
    a = _Affine(x, state, w, 3)
    r, z = (_sigmoid(a.input[k] + a.hidden[k]) for k in (0, 1))
    kept = r * state
    matrix = extended(w.recurrent)[-state.shape[-1] :]
    inner = kept @ matrix.T + a.b_r[2] if reset_before else r * a.hidden[2]
    n = np.tanh(a.input[2] + inner)
    slope = [_f(r * (1 - r)), _f(z * (1 - z)), _f((1 - n) * (1 + n))]
    wr, wz, wn, wh = _f(r), _f(z), _f(n), _f(state)
    eye, recurrent = np.eye(state.shape[-1]), a.recurrent[2]

    def along(m: list[Array], direct: Array) -> Array:
        """dh' along what m multiplies; direct = dh along it."""
        reset = _diag(slope[0], m[0])
        if reset_before:
            through = np.matmul(recurrent, _diag(wr, direct) + _diag(wh, reset))
        else:
            through = _diag(wr, np.matmul(recurrent, direct)) + _diag(_f(a.hidden[2]), reset)
        new = _diag(slope[2], through + (m[2] if m is a.kernel else 0.0))
        return np.asarray(_diag(1 - wz, new) + _diag((wh - wn) * slope[1], m[1]) + _diag(wz, direct))

    jacobian = along(a.recurrent, np.broadcast_to(eye, (*state.shape, state.shape[-1])))
    by_x = along(a.kernel, np.zeros((*state.shape, x.shape[-1])))
    error = _gru_error(a, slope, (wr, wz, wn, wh), recurrent, reset_before)
    return Step(state=np.asarray((1 - z) * n + z * state), jacobian=jacobian, input_jacobian=by_x, error=error)


def _gru_error(a: _Affine, slope: list[Array], values: tuple[Array, ...], matrix: Array, reset_before: bool) -> Callable[[Rounding], Array]:
    r, z, n, h = (np.abs(v) for v in values)

    def error(by: Rounding) -> Array:
        dr, dz = (slope[k] * _sum(a.terms, a.size(k), by) + _act(v, by) for k, v in ((0, r), (1, z)))
        if reset_before:
            size = (r * h) @ np.abs(matrix).T + np.abs(_f(a.b_r[2]))
            through = (dr * h + by.store * r * h) @ np.abs(matrix).T
        else:
            size = r * a.hidden_size[2]
            through = dr * np.abs(_f(a.hidden[2]))
        dn = slope[2] * (_sum(a.terms, a.input_size[2] + size, by) + through) + _act(n, by)
        return np.asarray((1 - z) * dn + dz * (n + h) + 3 * by.store * (n + h) + 3 * by.floor)

    return error


def elman(x: Long, state: Long, w: Weights, *, cut: bool) -> Step:
    """h' = f(W x + b_W + R h + b_R), f = tanh, or with `cut` max(., 0) (Elman 1990).

    Next to the kink of the latter an error passes on whole: whether it does depends on the error itself.
    """
    a = _Affine(x, state, w, 1)
    raw = a.input[0] + a.hidden[0]
    value = np.maximum(raw, 0) if cut else np.tanh(raw)
    slope = _f(raw > -(2.0**-6) * a.size(0)) if cut else _f((1 - value) * (1 + value))

    def error(by: Rounding) -> Array:
        last = by.store * np.abs(_f(value)) + by.floor if cut else _act(_f(value), by)
        return np.asarray(slope * _sum(a.terms, a.size(0), by) + last)

    return Step(state=value, jacobian=_diag(slope, a.recurrent[0]), input_jacobian=_diag(slope, a.kernel[0]), error=error)


STEPS: dict[str, Callable[[Long, Long, Weights], Step]] = {
    "lstm": lstm,
    "rnn": lambda x, state, w: elman(x, state, w, cut=False),
    "gru": gru,
    "gru_reset_before": lambda x, state, w: gru(x, state, w, reset_before=True),
    "rnn_tanh": lambda x, state, w: elman(x, state, w, cut=False),
    "rnn_relu": lambda x, state, w: elman(x, state, w, cut=True),
}
"""Step by kind."""

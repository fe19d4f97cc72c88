"""Quantised patterns, positions of maxima, masked queries, padding modes and recurrent choices by plain loops and single steps."""

from __future__ import annotations

import math

import numpy as np

from tests.unit.validation_suites.onnx_models import check_models
from tests.unit.validation_suites.plain_samples import first
from validation_suites.inference import attention_rows, convolution_modes, pool_positions, quantised_patterns, recurrent_choices


def test_quantised_patterns_are_exact_in_float32() -> None:
    """The product in float32, as a model is written, equals the reference: nothing is rounded before the last step."""
    (matmul, _) = quantised_patterns.FUNCTIONS
    for s in matmul.samples():
        a, sa, za, b, sb, zb, sy, zy = s.arrays()
        x = (a.astype(np.float32) - np.float32(za)) * sa
        y = (b.astype(np.float32) - zb.astype(np.float32)) * sb
        q = np.rint((x @ y) / sy) + np.float32(zy)
        info = np.iinfo(s.dtype)
        np.testing.assert_array_equal(first(matmul, s), np.clip(q, info.min, info.max), err_msg=s.name)


def test_positions_point_at_the_maxima() -> None:
    for function in pool_positions.FUNCTIONS:
        for s in function.samples():
            top, at = (e.value for e in function.reference(s))
            x = s.arrays()[0].astype(np.float64)
            flat = x.reshape(*x.shape[:2], -1)
            assert all(len(set(row.tolist())) == row.size for row in flat.reshape(-1, flat.shape[-1])), s.name
            np.testing.assert_array_equal(np.take_along_axis(flat, at.reshape(*at.shape[:2], -1), -1).reshape(top.shape), top)


def test_masked_queries_by_the_formula() -> None:
    """Softmax in double over the keys that take part."""
    (function,) = attention_rows.FUNCTIONS
    for s in function.samples():
        q, k, v, mask = (a.astype(np.float64) if a.dtype.kind != "b" else a for a in s.arrays())
        logits = np.matmul(q, np.swapaxes(k, -1, -2)) / math.sqrt(q.shape[-1])
        logits = np.where(mask, logits, -np.inf) if mask.dtype.kind == "b" else logits + mask
        with np.errstate(all="ignore"):
            e = np.exp(logits - logits.max(axis=-1, keepdims=True))
            want = np.matmul(e / e.sum(axis=-1, keepdims=True), v)
        np.testing.assert_array_equal(first(function, s), want, err_msg=s.name)
        assert np.isnan(want).any()


def test_nothing_is_nan_or_zero_and_no_other_number() -> None:
    (function,) = attention_rows.FUNCTIONS
    s = next(iter(function.samples()))
    (e,) = function.reference(s)
    for fill, passes in ((np.nan, True), (0.0, True), (1.0, False)):
        found = attention_rows.NothingOr().measure(np.where(np.isnan(e.value), fill, e.value).astype(np.float32), e)
        assert (found.offenders == 0) is passes


def test_padding_modes_by_numpy() -> None:
    (function,) = convolution_modes.FUNCTIONS
    modes = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}
    for s in function.samples():
        if s.dtype != "float32" or "-1d-" not in s.name:
            continue
        x, w, *bias = (a.astype(np.float64) for a in s.arrays())
        n, stride, dilation, groups = s.param("pads")[0], s.param("stride")[0], s.param("dilation")[0], s.param("groups")
        wide = np.pad(x, ((0, 0), (0, 0), (n, n)), mode=modes[s.param("mode")])
        made = first(function, s)
        for b, o, t in np.ndindex(made.shape):
            c0 = o // (w.shape[0] // groups) * w.shape[1]
            taps = [wide[b, c0 + c, t * stride + j * dilation] * w[o, c, j] for c in range(w.shape[1]) for j in range(w.shape[2])]
            assert abs(math.fsum(taps) + (bias[0][o] if bias else 0) - made[b, o, t]) < 1e-12


def _number(name: str, a: float, clip: float | None) -> float:
    a = a if clip is None else max(-clip, min(clip, a))
    return {
        "sigmoid": lambda: 1 / (1 + math.exp(-a)), "tanh": lambda: math.tanh(a), "relu": lambda: max(a, 0.0),
        "hardsigmoid": lambda: max(0.0, min(1.0, 0.25 * a + 0.5)), "softsign": lambda: a / (1 + abs(a)),
        "leakyrelu": lambda: a if a >= 0 else 0.0625 * a, "scaledtanh": lambda: 1.5 * math.tanh(0.75 * a),
            "affine": lambda: 0.5 * a + 0.125,
    }[name]()  # fmt: skip


def test_recurrent_choices_number_by_number() -> None:
    """The first step of the forward direction, one number at a time; cells stay below what is clipped."""
    for function in recurrent_choices.FUNCTIONS:
        for s in function.samples():
            p = dict(s.params)
            x, h, *rest = (a.astype(np.float64) for a in s.arrays())
            c, (w, r, b), n = (rest[0] if p["kind"] == "lstm" else None), rest[-3:], p["hidden"]
            made = first(function, s)
            acts, clip, half = p["activations"], p["clip"], b.shape[1] // 2
            for row in range(x.shape[1]):
                a = w[0] @ x[0, row] + b[0, :half] + b[0, half:]
                hidden, whole = h[0, row], a + r[0] @ h[0, row]
                for j in range(n):
                    if p["kind"] == "rnn":
                        want = _number(acts[0], whole[j], clip)
                    elif p["kind"] == "gru":
                        reset = np.array([_number(acts[0], whole[n + m], clip) for m in range(n)])
                        z, new = _number(acts[0], whole[j], clip), _number(acts[1], a[2 * n + j] + r[0, 2 * n + j] @ (reset * hidden), clip)
                        want = (1 - z) * new + z * hidden[j]
                    else:
                        i, o, f, g = (whole[k * n + j] for k in range(4))
                        i, o, f, g = _number(acts[0], i, clip), _number(acts[0], o, clip), _number(acts[0], f, clip), _number(acts[1], g,
                            clip)
                        cell = (1 - i if p["coupled"] else f) * c[0, row, j] + i * g
                        assert clip is None or abs(cell) <= clip
                        want = o * _number(acts[2], cell, None)
                    assert abs(made[0, 0, row, j] - want) < 1e-12, s.name


def test_the_models_are_accepted_by_the_checker() -> None:
    functions = [*quantised_patterns.FUNCTIONS, *pool_positions.FUNCTIONS, *convolution_modes.FUNCTIONS, *recurrent_choices.FUNCTIONS]
    assert check_models(functions) > 100

"""Other names of layers: recurrent, pooling, normalisation, resizing."""

from __future__ import annotations

from typing import Any, Dict

from csvkit_ml.libraries.torch.staged.aliases import Form, Names
from csvkit_ml.libraries.torch.staged.forms import resolve


def _indexed(path: str, *given: str, over: int) -> Form:
    """The largest elements, fetched by the positions that are returned with them. Raises ValueError where those are of other elements."""

    def form(t: Any, p: Any, x: Any) -> Any:
        values, at = resolve(t, path)(x, *(p[g] for g in given))
        fetched = x.flatten(-over).gather(-1, at.flatten(-over)).reshape(at.shape)
        if not t.equal(fetched, values):
            raise ValueError("a position is not that of its value")
        return fetched

    return form


def _max_indices(path: str, over: int) -> "Dict[str, Form]":
    return {"torch." + path: _indexed(path, "kernel", "stride", "padding", "dilation", "ceil_mode", over=over)}


def _adaptive_indices(path: str, over: int) -> "Dict[str, Form]":
    return {"torch." + path: _indexed(path, "sizes", over=over)}


def _shape(p: Any, x: Any) -> Any:
    return tuple(x.shape[p["axis"] % x.dim() :])


def _native_group(t: Any, p: Any, x: Any, w: Any = None, b: Any = None) -> Any:
    n, c = x.shape[:2]
    return t.native_group_norm(x, w, b, n, c, x[0, 0].numel(), p["groups"], p["eps"])[0]


def _layer_of_lists(t: Any, p: Any, x: Any, w: Any = None, b: Any = None) -> Any:
    return t.layer_norm(x, _shape(p, x), w, b, p["eps"])


def _states(p: Any, states: int, inputs: Any) -> Any:
    return list(inputs[:states]), list(inputs[states:])


def _recurrent(name: str, states: int) -> Form:
    """The function behind the module: weights of all layers in one list."""

    def form(t: Any, p: Any, x: Any, *inputs: Any) -> Any:
        start, weights = _states(p, states, inputs)
        start = tuple(start) if states == 2 else start[0]
        return getattr(t, name)(x, start, weights, p["bias"], p["layers"], 0.0, False, p["bidirectional"], False)

    return form


def _cell(call: Form, states: int) -> Form:
    """One step after the other."""

    def form(t: Any, p: Any, x: Any, *inputs: Any) -> Any:
        start, weights = _states(p, states, inputs)
        now, outs = [s[0] for s in start], []
        for row in x:
            made = call(t, row, tuple(now) if states == 2 else now[0], weights)
            now = list(made) if states == 2 else [made]
            outs.append(now[0])
        return (t.stack(outs), *(s.unsqueeze(0) for s in now))

    return form


def _cell_module(name: str, **more: Any) -> Form:
    def call(t: Any, row: Any, now: Any, weights: Any) -> Any:
        hidden = weights[1].shape[1]
        m = getattr(t.nn, name)(row.shape[-1], hidden, dtype=row.dtype, **more)
        for kind, w in zip(("weight_ih", "weight_hh", "bias_ih", "bias_hh"), weights):  # noqa: B905 - Python 3.9
            setattr(m, kind, t.nn.Parameter(w, requires_grad=False))
        return m(row, now)

    return call


def _cell_function(name: str) -> Form:
    return lambda t, row, now, weights: getattr(t, name)(row, now, *weights)


LAYERS: "Names" = {
    "lstm": {
        "torch.lstm": _recurrent("lstm", 2),
        "torch.lstm_cell": _cell(_cell_function("lstm_cell"), 2),
        "torch.nn.LSTMCell": _cell(_cell_module("LSTMCell"), 2),
    },
    "gru": {
        "torch.gru": _recurrent("gru", 1),
        "torch.gru_cell": _cell(_cell_function("gru_cell"), 1),
        "torch.nn.GRUCell": _cell(_cell_module("GRUCell"), 1),
    },
    **{
        "rnn_" + kind: {
            "torch.rnn_" + kind: _recurrent("rnn_" + kind, 1),
            "torch.rnn_%s_cell" % kind: _cell(_cell_function("rnn_%s_cell" % kind), 1),
            "torch.nn.RNNCell": _cell(_cell_module("RNNCell", nonlinearity=kind), 1),
        }
        for kind in ("tanh", "relu")
    },
    "max_pool1d": {**_max_indices("max_pool1d_with_indices", 1), **_max_indices("nn.functional.max_pool1d_with_indices", 1)},
    "max_pool2d": _max_indices("nn.functional.max_pool2d_with_indices", 2),
    "max_pool3d": _max_indices("nn.functional.max_pool3d_with_indices", 3),
    "adaptive_max_pool1d": {
        **_adaptive_indices("nn.functional.adaptive_max_pool1d_with_indices", 1), **_adaptive_indices("adaptive_max_pool1d", 1),
    },
    "adaptive_max_pool2d": _adaptive_indices("nn.functional.adaptive_max_pool2d_with_indices", 2),
    "adaptive_max_pool3d": _adaptive_indices("nn.functional.adaptive_max_pool3d_with_indices", 3),
    "batch_norm": {
        "torch.batch_norm": lambda t, p, x, mean, var, w=None, b=None: t.batch_norm(x, w, b, mean, var, False, 0.1, p["eps"], False),
    },
    "instance_norm": {
        "torch.instance_norm": lambda t, p, x, w=None, b=None: t.instance_norm(x, w, b, None, None, True, 0.1, p["eps"], False),
    },
    "layer_norm": {"torch.layer_norm": _layer_of_lists},
    "rms_norm": {"torch.rms_norm": lambda t, p, x, w=None: t.rms_norm(x, _shape(p, x), w, p["eps"])},
    "group_norm": {"torch.native_group_norm": _native_group},
    "interpolate_nearest": {
        "torch.nn.functional.upsample_nearest": lambda t, p, x: t.nn.functional.upsample_nearest(x,
            scale_factor=tuple(map(float, p["scales"]))),
    },
}  # fmt: skip

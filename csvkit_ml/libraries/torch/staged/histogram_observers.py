"""Torch bindings: the observer by histogram, by itself and inside fake quantisation."""

from __future__ import annotations

import importlib
import warnings

from csvkit_ml.libraries.binding import Binding


def _tools(t):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(t.__name__ + ".ao.quantization")


def _how(t, p):
    scheme = {"affine": t.per_tensor_affine, "symmetric": t.per_tensor_symmetric}[p["scheme"]]
    return {"bins": p["bins"], "dtype": getattr(t, p["q"]), "qscheme": scheme}


def _batches(t, p, often, once, later):
    return t.cat([often.repeat(p["times"]), once]), later.repeat(p["times"])


def _answers(t, observer, made):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scale, zero = made.calculate_qparams()
    return [observer.histogram, t.stack([observer.min_val, observer.max_val]), scale, zero.to(t.int64)]


def _plain(t, p, *values):
    made = _tools(t).HistogramObserver(**_how(t, p))
    for b in _batches(t, p, *values):
        made(b)
    return _answers(t, made, made)


def _in_fake_quantise(t, p, *values):
    q = _tools(t)
    made = q.FakeQuantize(observer=q.HistogramObserver, **_how(t, p))
    for b in _batches(t, p, *values):
        made(b)
    return _answers(t, made.activation_post_process, made)


def _reloaded(t, p, *values):
    """Its state goes into another observer after the first batch."""
    first, second = (_tools(t).HistogramObserver(**_how(t, p)) for _ in range(2))
    before, after = _batches(t, p, *values)
    first(before)
    second.load_state_dict(first.state_dict())
    second(after)
    return _answers(t, second, second)


BINDINGS = (
    Binding(
        function="histogram_observer",
        forms={"plain": _plain, "fake-quantise": _in_fake_quantise, "reloaded": _reloaded},
        names=("torch.ao.quantization.HistogramObserver", "torch.ao.quantization.FakeQuantize"),
        dtypes=("float32",),
        layouts=(),
        since="2.1",
    ),
)

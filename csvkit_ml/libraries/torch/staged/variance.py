"""Torch bindings: variance and standard deviation."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64", "float16", "bfloat16")


def _given(p):
    return {"dim": p["axes"], "correction": p["correction"], "keepdim": p["keepdims"]}


def _unbiased(name):
    """The older flag where the correction is one that it can say."""

    def call(t, p, x):
        if p["correction"] not in (0, 1):
            return getattr(t, name)(x, **_given(p))
        dim = tuple(range(x.dim())) if p["axes"] is None else p["axes"]
        return getattr(t, name)(x, dim, unbiased=p["correction"] == 1, keepdim=p["keepdims"])

    return call


def _out(name):
    def call(t, p, x):
        y = getattr(t, name)(x, **_given(p))
        return getattr(t, name)(x, **_given(p), out=t.empty_like(y))

    return call


def _alone(name):
    forms = {
        "plain": lambda t, p, x: getattr(t, name)(x, **_given(p)),
        "method": lambda t, p, x: getattr(x, name)(**_given(p)),
        "unbiased-flag": _unbiased(name),
        "out": _out(name),
    }
    names = ("torch." + name, "torch.Tensor." + name)
    return Binding(function=name, forms=forms, names=names, dtypes=FLOATS, modes=("inference-mode",))


def _beside_mean(name):
    forms = {"plain": lambda t, p, x: getattr(t, name)(x, **_given(p)), "unbiased-flag": _unbiased(name)}
    return Binding(function=name, forms=forms, names=("torch." + name,), dtypes=FLOATS, modes=("inference-mode",))


BINDINGS = (_alone("var"), _alone("std"), _beside_mean("var_mean"), _beside_mean("std_mean"))

"""Torch bindings: gradients through scripted, recorded, exported and compiled modules; anomaly detection."""

from __future__ import annotations

import warnings

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64")


def _model(t, weights):
    w, _, v, _ = weights
    model = t.nn.Sequential(t.nn.Linear(w.shape[1], w.shape[0]), t.nn.ReLU(), t.nn.Linear(v.shape[1], v.shape[0])).to(w.dtype)
    model.load_state_dict(dict(zip(("0.weight", "0.bias", "2.weight", "2.bias"), weights)))  # noqa: B905 - Python 3.9
    return model


def _through(change):
    """`change(t, model, x)` gives the code that is called in the model's place; its parameters are the model's, or its own copies."""

    def form(t, p, x, target, *weights):
        model = _model(t, weights)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            called = change(t, model, x.detach())
            leaf = x.detach().clone().requires_grad_(True)
            loss = ((called(leaf) - target) ** 2).sum() / len(x)
            loss.backward()
        held = dict(called.named_parameters()) if isinstance(called, t.nn.Module) else dict(model.named_parameters())
        return [leaf.grad, *(q.grad for q in held.values())]

    return form


def _compiled(backend, **more):
    def change(t, model, x):
        t._dynamo.reset()
        return t.compile(model, backend=backend, **more)

    return change


def _exported(t, model, x):
    t._dynamo.reset()  # what was exported before counts towards a limit of versions
    return t.export.export(model, (x,)).module()


def _by_graph(t, model, x):
    return t.fx.symbolic_trace(model)


def _checkpointed(t, model, x):
    from torch.utils.checkpoint import checkpoint

    return lambda v: checkpoint(model, v, use_reentrant=False)


def _refused(of):
    try:
        of()
    except RuntimeError as e:
        return "nan" in str(e).lower()
    return False


def _nan(t, x):
    """0 / 0 in the backward pass of a square root at zero."""
    leaf = x.detach().clone().requires_grad_(True)
    (leaf * 0).sqrt().sum().backward()


def _squares(t, x):
    leaf = x.detach().clone().requires_grad_(True)
    (leaf * leaf).sum().backward()
    return leaf.grad


def _anomaly(on):
    """`on(t, **more)` turns the mode on for a block."""

    def form(t, p, x):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with on(t):
                found, refused = _squares(t, x), _refused(lambda: _nan(t, x))
            without = _refused(lambda: _nan(t, x))
            with on(t, check_nan=False):
                unseen = _refused(lambda: _nan(t, x))
        return [found, t.tensor([refused, not without, not unseen])]

    return form


def _detecting(t, **more):
    return t.autograd.detect_anomaly(**more)


def _set(t, **more):
    return t.autograd.set_detect_anomaly(True, **more)


BINDINGS = (
    Binding(
        function="gradients_through_code",
        forms={
            "plain": _through(lambda t, model, x: model),
            "scripted": _through(lambda t, model, x: t.jit.script(model)),
            "recorded": _through(lambda t, model, x: t.jit.trace(model, x)),
            "graph": _through(_by_graph),
            "exported": _through(_exported),
            "compiled-eager": _through(_compiled("eager")),
            "compiled-traced": _through(_compiled("aot_eager")),
            "compiled-shapes": _through(_compiled("aot_eager", dynamic=True)),
            "checkpoint": _through(_checkpointed),
        },
        names=("torch.compile", "torch.jit.script", "torch.jit.trace", "torch.export.export", "torch.Tensor.backward"),
        dtypes=FLOATS,
        layouts=("transposed",),
        modes=("deterministic",),
        since="2.5",
    ),
    Binding(
        function="autograd_anomaly",
        forms={"plain": _anomaly(_detecting), "set": _anomaly(_set)},
        names=("torch.autograd.detect_anomaly", "torch.autograd.set_detect_anomaly", "torch.Tensor.backward"),
        dtypes=FLOATS,
        layouts=(),
    ),
)

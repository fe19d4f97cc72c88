"""Torch bindings: dropout in training and in evaluation, and its gradient."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64", "bfloat16")


def _function(t, p, x):
    t.manual_seed(p["seed"])
    return t.nn.functional.dropout(x, p["p"])


def _module(t, p, x):
    t.manual_seed(p["seed"])
    return t.nn.Dropout(p["p"]).train()(x)


def _in_place(t, p, x):
    t.manual_seed(p["seed"])
    return t.nn.functional.dropout(x.clone(), p["p"], inplace=True)


def _alone_in_place(t, p, x):
    t.manual_seed(p["seed"])
    with t.inference_mode():
        return t.dropout_(x.clone(), p["p"], True)


def _with_gradient(t, p, x):
    """Autograd takes another kernel than plain evaluation."""
    t.manual_seed(p["seed"])
    return t.nn.functional.dropout(x.detach().requires_grad_(True), p["p"])


def _alone(t, p, x):
    t.manual_seed(p["seed"])
    with t.inference_mode():
        return t.dropout(x, p["p"], True)


def _difference(call):
    def form(t, p, x):
        t.manual_seed(p["seed"])
        leaf = x.detach().requires_grad_(True)
        y = call(t, p, leaf)
        (g,) = t.autograd.grad(y, leaf, t.ones_like(y))
        return y.detach() - g

    return form


def _twice(t, p, x):
    """The gradient's gradient with respect to the upstream is the mask again."""
    t.manual_seed(p["seed"])
    leaf, up = x.detach().requires_grad_(True), t.ones_like(x, requires_grad=True)
    y = t.nn.functional.dropout(leaf, p["p"])
    (g,) = t.autograd.grad(y, leaf, up, create_graph=True)
    (again,) = t.autograd.grad(g, up, t.ones_like(g))
    return y.detach() - again


def _network(t, p, x):
    model = t.nn.Sequential(t.nn.Dropout(p["p"]), t.nn.Sequential(t.nn.Dropout1d(p["p"]), t.nn.AlphaDropout(p["p"])))
    return model.train().eval()(x.reshape(1, 1, -1)).reshape(x.shape)


BINDINGS = (
    Binding(
        function="dropout",
        forms={"plain": _function, "module": _module, "in-place": _in_place, "with-gradient": _with_gradient, "native": _alone,
               "native-in-place": _alone_in_place},
        names=("torch.nn.functional.dropout", "torch.nn.Dropout", "torch.dropout", "torch.dropout_"),
        dtypes=FLOATS,
    ),
    Binding(
        function="dropout_identity",
        forms={
            "plain": lambda t, p, x: t.nn.functional.dropout(x, p["p"], training=False),
            "module": lambda t, p, x: t.nn.Dropout(p["p"]).eval()(x),
            "native": lambda t, p, x: t.dropout(x, p["p"], False),
            "in-place": lambda t, p, x: t.nn.Dropout(p["p"], inplace=True).eval()(x.clone()),
            "network": _network,
        },
        names=("torch.nn.functional.dropout", "torch.nn.Dropout", "torch.nn.Dropout1d", "torch.nn.AlphaDropout", "torch.nn.Module.eval"),
        dtypes=(*FLOATS, "float16"),
        modes=("requires-grad", "inference-mode"),
    ),
    Binding(
        function="dropout_gradient",
        forms={
            "plain": _difference(lambda t, p, x: t.nn.functional.dropout(x, p["p"])),
            "module": _difference(lambda t, p, x: t.nn.Dropout(p["p"])(x)),
            "native": _difference(lambda t, p, x: t.native_dropout(x, p["p"], True)[0]),
            "second-order": _twice,
        },
        names=("torch.nn.functional.dropout", "torch.nn.Dropout", "torch.native_dropout"),
        dtypes=FLOATS,
        layouts=(),
    ),
)

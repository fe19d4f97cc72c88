"""Torch bindings: export of networks in training mode; the file's bytes come back as a tensor, with their length before them."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding
from csvkit_ml.libraries.torch.staged.exporting import as_tensor, by_tracing, needing_packages


def _network(t, p, weights):
    n = t.nn
    first, first_bias, scale, shift, mean, variance, second, second_bias = weights
    how = {"eps": p["eps"], "momentum": p["momentum"]}
    if p["kind"] == "dense":
        layers = [n.Linear(first.shape[1], first.shape[0]), n.BatchNorm1d(len(scale), **how), n.ReLU(), n.Dropout(p["rate"])]
    else:
        layers = [n.Conv2d(first.shape[1], first.shape[0], 3, padding=1), n.BatchNorm2d(len(scale), **how), n.ReLU(), n.Dropout(p["rate"]), n.Flatten()]
    net = n.Sequential(*layers, n.Linear(second.shape[1], second.shape[0]))
    places = (net[0].weight, net[0].bias, net[1].weight, net[1].bias, net[1].running_mean, net[1].running_var, net[-1].weight, net[-1].bias)
    with t.no_grad():
        for mine, given in zip(places, weights):  # noqa: B905 - Python 3.9
            mine.copy_(given)
    return net


def _exported(prepare, mode):
    """`prepare` the network, then export in the mode of that name, nothing folded."""

    def form(t, p, x, *weights):
        net = _network(t, p, weights)
        prepare(net)
        how = {"training": getattr(t.onnx.TrainingMode, mode), "do_constant_folding": False}
        return as_tensor(t, needing_packages(lambda: by_tracing(t, p, net, x, **how)))

    return form


BINDINGS = (
    Binding(
        function="onnx_export_training",
        forms={"plain": _exported(lambda net: net.eval(), "TRAINING"), "preserved": _exported(lambda net: net.train(), "PRESERVE")},
        names=("torch.onnx.export",),
        dtypes=("float32",),
        layouts=(),
    ),
)

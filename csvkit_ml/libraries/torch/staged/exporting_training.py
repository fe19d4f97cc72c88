"""Torch bindings: export of networks in training mode; the file's bytes come back as a tensor, with their length before them."""

from __future__ import annotations

import io
import warnings

from csvkit_ml.libraries.binding import Binding, NotSupported
from csvkit_ml.libraries.torch.staged.exporting import CAPACITY

MISSING = ("onnx", "onnxscript", "onnx_ir")


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


def _written(t, p, net, x, **more):
    out = io.BytesIO()
    axes = {"x": {0: "n"}, "y": {0: "n"}}
    given = {"input_names": ["x"], "output_names": ["y"], "dynamic_axes": axes, "opset_version": p["opset"], "do_constant_folding": False, **more}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            t.onnx.export(net, (x,), out, dynamo=False, **given)
        except TypeError:  # releases that know one exporter only do not take its name
            t.onnx.export(net, (x,), out, **given)
    data = out.getvalue()
    raw = len(data).to_bytes(8, "little") + data
    if len(raw) > CAPACITY:
        raise ValueError("a model of %d bytes" % len(data))
    return t.frombuffer(bytearray(raw.ljust(CAPACITY, b"\0")), dtype=t.uint8)


def _exported(prepare, mode):
    """`prepare` the network, then export in the mode of that name."""

    def form(t, p, x, *weights):
        net = _network(t, p, weights)
        prepare(net)
        try:
            return _written(t, p, net, x, training=getattr(t.onnx.TrainingMode, mode))
        except Exception as e:
            if "is not installed" in str(e) or (isinstance(e, ImportError) and e.name in MISSING):
                raise NotSupported("the exporter needs a package that the environment does not have: %s" % e) from e
            raise

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

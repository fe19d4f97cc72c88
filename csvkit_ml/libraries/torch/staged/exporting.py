"""Torch bindings: export of small networks to ONNX; the file's bytes come back as a tensor, with their length before them."""

from __future__ import annotations

import io
import warnings
from typing import Any, Callable, Dict

from csvkit_ml.libraries.binding import Binding, NotSupported

CAPACITY = 1 << 16
_MISSING = ("onnx", "onnxscript", "onnx_ir")


def needing_packages(export):
    """What an export returns, or that it needs a package. Raises NotSupported."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return export()
    except Exception as e:
        if "is not installed" in str(e) or (isinstance(e, ImportError) and e.name in _MISSING):
            raise NotSupported("the exporter needs a package that the environment does not have: %s" % e) from e
        raise


def as_tensor(t, data):
    """A model's bytes behind their length, filled up to a fixed size."""
    raw = len(data).to_bytes(8, "little") + data
    if len(raw) > CAPACITY:
        raise ValueError("a model of %d bytes" % len(data))
    return t.frombuffer(bytearray(raw.ljust(CAPACITY, b"\0")), dtype=t.uint8)


def _perceptron(t, w1, b1, scale, shift, w2, b2):
    n = t.nn
    layers = n.Linear(w1.shape[1], w1.shape[0]), n.LayerNorm(len(scale)), n.Tanh(), n.Linear(w2.shape[1], w2.shape[0]), n.Softmax(-1)
    return n.Sequential(*layers), (w1, b1, scale, shift, w2, b2), ()


def _convolutional(t, w1, scale, shift, mean, variance, w2, b2, w3, b3):
    n = t.nn
    net = n.Sequential(
        n.Conv2d(w1.shape[1], w1.shape[0], 3, padding=1, bias=False), n.BatchNorm2d(len(scale)), n.ReLU(), n.MaxPool2d(2),
        n.Conv2d(w2.shape[1], w2.shape[0], 3, padding=1), n.ReLU(), n.AdaptiveAvgPool2d(1), n.Flatten(), n.Linear(w3.shape[1], w3.shape[0]),
    )  # fmt: skip
    return net, (w1, scale, shift, w2, b2, w3, b3), (mean, variance)


NETWORKS: "Dict[str, Callable[..., Any]]" = {"perceptron": _perceptron, "convolutional": _convolutional}


def network(t, p, weights):
    """A network with its weights, ready for use."""
    net, parameters, buffers = NETWORKS[p["network"]](t, *weights)
    with t.no_grad():
        for mine, given in zip(net.parameters(), parameters):  # noqa: B905 - Python 3.9
            mine.copy_(given)
        for mine, given in zip((b for b in net.buffers() if b.dim()), buffers):  # noqa: B905 - Python 3.9
            mine.copy_(given)
    return net.eval()


def _script(t, p, net, x, **how):
    out = io.BytesIO()
    axes = {"x": {0: "n"}, "y": {0: "n"}}
    t.onnx.export(net, (x,), out, input_names=["x"], output_names=["y"], dynamic_axes=axes, opset_version=p["opset"], **how)
    return out.getvalue()


def by_tracing(t, p, net, x, **how):
    """Releases that know one exporter only do not take its name."""
    try:
        return _script(t, p, net, x, dynamo=False, **how)
    except TypeError:
        return _script(t, p, net, x, **how)


def _by_export(t, p, net, x):
    shapes = ({0: t.export.Dim("n", min=1, max=64)},)
    program = t.onnx.export(net, (x,), dynamo=True, input_names=["x"], output_names=["y"], dynamic_shapes=shapes, opset_version=18, verbose=False)
    return program.model_proto.SerializeToString()


def _exported(way):
    def form(t, p, x, *weights):
        net = network(t, p, weights)
        return as_tensor(t, needing_packages(lambda: way(t, p, net, x)))

    return form


BINDINGS = (
    Binding(
        function="onnx_export", forms={"plain": _exported(by_tracing), "dynamo": _exported(_by_export)}, names=("torch.onnx.export",),
        dtypes=("float32",), layouts=(),
    ),
)  # fmt: skip

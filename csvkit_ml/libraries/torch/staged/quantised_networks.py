"""Torch bindings: layers prepared and converted to integers, after or during training, in every integer engine; linear layers and an LSTM cell by step."""

from __future__ import annotations

import contextlib
import importlib
import warnings
from typing import Any

from csvkit_ml.libraries.binding import Binding, NotSupported


def _tools(t):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(t.__name__ + ".ao.quantization")


@contextlib.contextmanager
def _engine(t, name):
    """A named integer engine, '' = the one that is set. Raises NotSupported where the build lacks it."""
    before = t.backends.quantized.engine
    if name and name not in t.backends.quantized.supported_engines:
        raise NotSupported("no engine %s in this build" % name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        t.backends.quantized.engine = name or before
        try:
            yield
        finally:
            t.backends.quantized.engine = before


def _layers(t, p, w, b, mean, variance, gamma, beta):
    n = t.nn
    if p["kind"].startswith("linear"):
        layers = [n.Linear(w.shape[1], w.shape[0])]
    else:
        layers = [n.Conv2d(w.shape[1], w.shape[0], w.shape[2], padding=p["padding"], stride=p["stride"])]
    layers[0].weight.data.copy_(w)
    layers[0].bias.data.copy_(b)
    if "bn" in p["kind"]:
        norm = n.BatchNorm2d(w.shape[0], eps=p["eps"])
        for target, value in ((norm.running_mean, mean), (norm.running_var, variance), (norm.weight.data, gamma), (norm.bias.data, beta)):
            target.copy_(value)
        layers.append(norm)
    return n.Sequential(*layers, *([n.ReLU()] if p["kind"].endswith("relu") else []))


def _settings(t, p, training):
    """(of the input, of the layer): fixed steps of values, weights by their largest magnitude, of each channel where their steps differ."""
    q = _tools(t)

    def activation(scale, zero):
        made = q.FixedQParamsObserver.with_args(scale=scale, zero_point=zero, dtype=t.quint8, quant_min=0, quant_max=255)
        return q.FixedQParamsFakeQuantize.with_args(observer=made) if training else made

    how = {"dtype": t.qint8, "qscheme": t.per_tensor_symmetric, "quant_min": -127, "quant_max": 127}
    observer = q.MinMaxObserver
    if any(p["finer"]):
        how, observer = {**how, "qscheme": t.per_channel_symmetric, "ch_axis": 0}, q.PerChannelMinMaxObserver
    weight = q.FakeQuantize.with_args(observer=observer, **how) if training else observer.with_args(**how)
    return tuple(q.QConfig(activation=activation(*p[k]), weight=weight) for k in ("into", "out"))


def _network(t: Any, layers: Any) -> Any:
    q = _tools(t)

    class Network(t.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.quant, self.body, self.dequant = q.QuantStub(), layers, q.DeQuantStub()

        def forward(self, x: Any) -> Any:
            return self.dequant(self.body(self.quant(x)))

    return Network()


def _converted(t, p, x, operands, training):
    """Fused, prepared, calibrated on the data itself, converted."""
    q, layers = _tools(t), _layers(t, p, *operands)
    net, names = _network(t, layers), ["body.%d" % i for i in range(len(layers))]
    net.train(training)
    if len(names) > 1:
        net = (q.fuse_modules_qat if training else q.fuse_modules)(net, [names])
    first, rest = _settings(t, p, training)
    net.qconfig, net.quant.qconfig, net.body.qconfig = first, first, rest
    net = (q.prepare_qat if training else q.prepare)(net)
    net.eval()(x)
    return q.convert(net)


def _network_form(engine="", training=False):
    def form(t, p, x, *operands):
        with _engine(t, engine):
            net = _converted(t, p, x, operands, training)
            return [net(x), net.body[0].weight().int_repr().to(t.int64)]

    return form


def _wrapped(t, p, x, *operands):
    """By the class that quantises what it is given, and the function that calibrates and converts at once."""
    q, layers = _tools(t), _layers(t, p, *operands).eval()
    with _engine(t, ""):
        names = [str(i) for i in range(len(layers))]
        net = q.QuantWrapper(q.fuse_modules(layers, [names]) if len(names) > 1 else layers).eval()
        first, rest = _settings(t, p, False)
        net.qconfig, net.quant.qconfig, net.module.qconfig = first, first, rest
        made = q.quantize(net, lambda model, data: model(data), (x,))
        return [made(x), made.module[0].weight().int_repr().to(t.int64)]


def _dynamic(engine=""):
    def form(t, p, x, w, b):
        layer = t.nn.Linear(w.shape[1], w.shape[0])
        layer.weight.data.copy_(w)
        layer.bias.data.copy_(b)
        with _engine(t, engine):
            made = _tools(t).quantize_dynamic(t.nn.Sequential(layer), {t.nn.Linear}, dtype=t.qint8)
            return [made(x), made[0].weight().int_repr().to(t.int64)]

    return form


def _dynamic_lstm(engine=""):
    def form(t, p, x, h, c, *weights):
        layer = t.nn.LSTM(x.shape[-1], h.shape[-1])
        for mine, given in zip(layer.parameters(), weights):  # noqa: B905 - Python 3.9
            mine.data.copy_(given)
        with _engine(t, engine):
            made = _tools(t).quantize_dynamic(t.nn.Sequential(layer), {t.nn.LSTM}, dtype=t.qint8)[0]
            _, (new_h, new_c) = made(x[None], (h[None], c[None]))
        return [new_h[0], new_c[0]]

    return form


SEVEN_BITS = ("fbgemm", "onednn")


def _binding(function, names, first, **others):
    forms = {"plain": first, **{k.replace("_", "-"): v for k, v in others.items()}}
    names = tuple("torch.ao.quantization." + n for n in names)
    return Binding(function=function, forms=forms, names=names, dtypes=("float32",), layouts=(), since="2.1")


NETWORK = (
    "prepare", "convert", "prepare_qat", "fuse_modules", "fuse_modules_qat", "quantize", "QuantStub", "DeQuantStub", "QuantWrapper", "QConfig",
    "FixedQParamsObserver", "FixedQParamsFakeQuantize", "FakeQuantize",
)  # fmt: skip
BINDINGS = (
    *(
        _binding(
            name, (*NETWORK, observer), _network_form(), qat=_network_form(training=True), wrapped=_wrapped, qnnpack=_network_form("qnnpack"),
            **{e: _network_form(e) for e in SEVEN_BITS},
        )
        for name, observer in (("quantised_network", "MinMaxObserver"), ("quantised_network_channels", "PerChannelMinMaxObserver"))
    ),
    _binding("dynamic_linear", ("quantize_dynamic",), _dynamic(), **{e: _dynamic(e) for e in SEVEN_BITS}),
    _binding("dynamic_linear_eight_bits", ("quantize_dynamic",), _dynamic("qnnpack")),
    _binding("dynamic_lstm", ("quantize_dynamic",), _dynamic_lstm(), **{e: _dynamic_lstm(e) for e in SEVEN_BITS}),
)  # fmt: skip

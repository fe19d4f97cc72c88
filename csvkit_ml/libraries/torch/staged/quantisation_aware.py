"""Torch bindings: fake-quantise, observers, and folding of batch norms."""

from __future__ import annotations

import importlib
import warnings

from csvkit_ml.libraries.binding import Binding


def _tools(t):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(t.__name__ + ".ao.quantization")


def _with_gradient(call):
    def form(t, p, x, *more):
        leaf = x.detach().clone().requires_grad_(True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            y = call(t, p, leaf, *more)
        y.sum().backward()
        return [y.detach(), leaf.grad]

    return form


def _tensor(t, p, x):
    return t.fake_quantize_per_tensor_affine(x, p["scale"], p["zero"], p["low"], p["high"])


def _tensor_parameters(t, p, x):
    """Scale and zero point as tensors."""
    return t.fake_quantize_per_tensor_affine(x, t.tensor(p["scale"]), t.tensor(p["zero"], dtype=t.int32), p["low"], p["high"])


def _as_one_channel(t, p, x):
    scale, zero = t.tensor([p["scale"]]), t.tensor([p["zero"]], dtype=t.int32)
    return t.fake_quantize_per_channel_affine(x[None], scale, zero, 0, p["low"], p["high"])[0]


def _module(t, p, x):
    """With its observer off and its parameters set."""
    q = _tools(t)
    dtype = t.qint8 if p["low"] < 0 else t.quint8
    made = q.FakeQuantize(
        observer=q.MovingAverageMinMaxObserver, quant_min=p["low"], quant_max=p["high"], dtype=dtype, qscheme=t.per_tensor_affine
    )
    made.disable_observer()
    made.scale.fill_(p["scale"])
    made.zero_point.fill_(p["zero"])
    return made(x)


def _channels(t, p, x, scale, zero):
    return t.fake_quantize_per_channel_affine(x, scale, zero, p["axis"], p["low"], p["high"])


def _channel_by_channel(t, p, x, scale, zero):
    parts = [t.fake_quantize_per_tensor_affine(c, s, z, p["low"], p["high"]) for c, s, z in zip(x.unbind(p["axis"]), scale, zero)]  # noqa: B905
    return t.stack(parts, p["axis"])


def _observer(by_fake_quantise):
    def form(t, p, *batches):
        q, kind = _tools(t), p["kind"]
        channel = "channel" in kind
        scheme = {("affine", False): t.per_tensor_affine, ("symmetric", False): t.per_tensor_symmetric,
                  ("affine", True): t.per_channel_affine, ("symmetric", True): t.per_channel_symmetric}[p["scheme"], channel]  # fmt: skip
        classes = {"minmax": q.MinMaxObserver, "moving": q.MovingAverageMinMaxObserver, "channel": q.PerChannelMinMaxObserver,
                   "moving-channel": q.MovingAveragePerChannelMinMaxObserver}  # fmt: skip
        more = {"averaging_constant": p["constant"]} if "moving" in kind else {}
        more = {**more, "ch_axis": 0} if channel else more
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if by_fake_quantise:
                made = q.FakeQuantize(observer=classes[kind], dtype=getattr(t, p["q"]), qscheme=scheme, **more)
            else:
                made = classes[kind](dtype=getattr(t, p["q"]), qscheme=scheme, **more)
            for b in batches:
                made(b)
            scale, zero = made.calculate_qparams()
        return [scale, zero.to(t.int64)]

    return form


def _trained(t, p, x):
    q = _tools(t)
    made = q.FakeQuantize(observer=q.MovingAverageMinMaxObserver, quant_min=0, quant_max=255, dtype=t.quint8, qscheme=t.per_tensor_affine)
    return _switched(t, made, x, q.disable_observer, q.disable_fake_quant, q.enable_observer, q.enable_fake_quant)


def _fused(t, p, x):
    """The fused form of the same."""
    q = _tools(t)
    made = q.FusedMovingAvgObsFakeQuantize(
        observer=q.MovingAverageMinMaxObserver, quant_min=0, quant_max=255, dtype=t.quint8, qscheme=t.per_tensor_affine
    )
    return _switched(t, made, x, q.disable_observer, q.disable_fake_quant, q.enable_observer, q.enable_fake_quant)


def _switched(t, made, x, observer_off, fake_off, observer_on, fake_on):
    made.apply(observer_on)
    made.apply(fake_on)
    y = made(x)
    scale, zero = made.scale.clone(), made.zero_point.clone()
    made.apply(observer_off)
    made(x * 100)
    kept = t.equal(made.scale, scale) and t.equal(made.zero_point, zero)
    made.apply(fake_off)
    plain = made(x)
    made.apply(observer_on)
    made.apply(fake_on)
    made(x * 100)
    return [y, scale.reshape(1), zero.to(t.int64).reshape(1), plain, t.tensor([kept, not t.equal(made.scale, scale)])]


def _layers(t, p, w, b, mean, var, gamma, beta):
    """A layer and a batch norm in evaluation mode."""
    kind = p["kind"]
    if kind == "linear":
        layer, norm = t.nn.Linear(w.shape[1], w.shape[0], bias=p["bias"]), t.nn.BatchNorm1d(5, eps=p["eps"])
    elif kind == "transposed":
        layer, norm = t.nn.ConvTranspose2d(w.shape[0], w.shape[1], w.shape[2], bias=p["bias"]), t.nn.BatchNorm2d(5, eps=p["eps"])
    else:
        layer, norm = t.nn.Conv2d(w.shape[1], w.shape[0], w.shape[2], bias=p["bias"]), t.nn.BatchNorm2d(5, eps=p["eps"])
    layer.weight.data.copy_(w)
    if p["bias"]:
        layer.bias.data.copy_(b)
    for target, value in ((norm.running_mean, mean), (norm.running_var, var), (norm.weight.data, gamma), (norm.bias.data, beta)):
        target.copy_(value)
    return layer.eval(), norm.eval()


def _fused_layers(t, p, *inputs):
    layer, norm = _layers(t, p, *inputs)
    if p["kind"] == "linear":
        made = t.nn.utils.fuse_linear_bn_eval(layer, norm)
    else:
        made = t.nn.utils.fuse_conv_bn_eval(layer, norm, transpose=p["kind"] == "transposed")
    return [made.weight, made.bias]


def _fused_weights(t, p, w, b, mean, var, gamma, beta):
    bias = b if p["bias"] else None
    if p["kind"] == "linear":
        return list(t.nn.utils.fuse_linear_bn_weights(w, bias, mean, var, p["eps"], gamma, beta))
    return list(t.nn.utils.fuse_conv_bn_weights(w, bias, mean, var, p["eps"], gamma, beta, p["kind"] == "transposed"))


def _fused_modules(t, p, *inputs):
    """A model's layers, by name."""
    layer, norm = _layers(t, p, *inputs)
    model = t.nn.Sequential(layer, norm).eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = _tools(t).fuse_modules(model, ["0", "1"])[0]
    return [made.weight, made.bias]


def _binding(function, names, dtypes=("float32",), layouts=(), **forms):
    forms = {n.replace("_", "-"): f for n, f in forms.items()}
    names = tuple(n if n.startswith("torch.") else "torch.ao.quantization." + n for n in names)
    return Binding(function=function, forms=forms, names=names, dtypes=dtypes, layouts=layouts, since="2.1")


BINDINGS = (
    _binding(
        "fake_quantize_gradient",
        ("torch.fake_quantize_per_tensor_affine", "torch.fake_quantize_per_channel_affine", "FakeQuantize", "FakeQuantizeBase"),
        layouts=("strided", "offset"),
        plain=_with_gradient(_tensor),
        parameters=_with_gradient(_tensor_parameters),
        one_channel=_with_gradient(_as_one_channel),
        module=_with_gradient(_module),
    ),
    _binding(
        "fake_quantize_channels",
        ("torch.fake_quantize_per_channel_affine",),
        layouts=("strided", "transposed"),
        plain=_with_gradient(_channels),
        one_by_one=_with_gradient(_channel_by_channel),
    ),
    _binding(
        "fake_quantize_training",
        (
            "FakeQuantize",
            "FusedMovingAvgObsFakeQuantize",
            "enable_observer",
            "disable_observer",
            "enable_fake_quant",
            "disable_fake_quant",
            "torch.fused_moving_avg_obs_fake_quant",
        ),
        plain=_trained,
        fused=_fused,
    ),
    _binding(
        "quantisation_observers",
        (
            "MinMaxObserver",
            "MovingAverageMinMaxObserver",
            "PerChannelMinMaxObserver",
            "MovingAveragePerChannelMinMaxObserver",
            "UniformQuantizationObserverBase",
            "ObserverBase",
        ),
        plain=_observer(False),
        fake_quantize=_observer(True),
    ),
    _binding(
        "folded_batch_norm",
        (
            "torch.nn.utils.fuse_conv_bn_eval",
            "torch.nn.utils.fuse_conv_bn_weights",
            "torch.nn.utils.fuse_linear_bn_eval",
            "torch.nn.utils.fuse_linear_bn_weights",
            "fuse_modules",
        ),
        plain=_fused_layers,
        weights=_fused_weights,
        modules=_fused_modules,
    ),
)

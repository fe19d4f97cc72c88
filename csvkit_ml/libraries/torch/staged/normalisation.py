"""Torch bindings: normalisations."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64", "float16", "bfloat16")
LAYOUTS = ("strided", "transposed", "offset", "unaligned", "channels-last", "expanded")


def _filled(t, m, w=None, b=None):
    """A module with the given parameters; those that are None stay None."""
    if w is not None:
        m.weight = t.nn.Parameter(w, requires_grad=False)
    if b is not None:
        m.bias = t.nn.Parameter(b, requires_grad=False)
    return m


def _batch(t, p, x, mean, var, w=None, b=None):
    return t.nn.functional.batch_norm(x, mean, var, w, b, training=False, eps=p["eps"])


def _batch_module(t, p, x, mean, var, w=None, b=None):
    """Weight and bias come together in the module; a missing bias is one of zeros."""
    made = (t.nn.BatchNorm1d, t.nn.BatchNorm2d, t.nn.BatchNorm3d)[max(0, x.dim() - 3)]
    m = made(x.shape[1], eps=p["eps"], affine=w is not None, dtype=mean.dtype)
    m.running_mean.copy_(mean)
    m.running_var.copy_(var)
    return _filled(t, m, w, b).eval()(x)


def _batch_native(t, p, x, mean, var, w=None, b=None):
    return t.native_batch_norm(x, w, b, mean, var, False, 0.0, p["eps"])[0]


def _batch_differentiable(t, p, x, mean, var, *rest):
    """As in fine-tuning with frozen statistics: everything but the statistics asks for gradients."""
    return _batch(t, p, x.requires_grad_(), mean, var, *[v.requires_grad_() for v in rest])


def _training(t, p, x, mean, var, w=None, b=None):
    """As the module calls it: the share of this batch is the momentum, or one over the number of batches."""
    share = p["momentum"] if p["momentum"] is not None else 1.0 / (p["before"] + 1)
    mean, var = (v.clone(memory_format=t.contiguous_format) for v in (mean, var))
    y = t.nn.functional.batch_norm(x, mean, var, w, b, training=True, momentum=share, eps=p["eps"])
    return y, mean, var


def _training_module(t, p, x, mean, var, w=None, b=None):
    made = (t.nn.BatchNorm1d, t.nn.BatchNorm2d, t.nn.BatchNorm3d)[max(0, x.dim() - 3)]
    m = made(x.shape[1], eps=p["eps"], momentum=p["momentum"], affine=w is not None, dtype=mean.dtype)
    m.running_mean.copy_(mean)
    m.running_var.copy_(var)
    m.num_batches_tracked.fill_(p["before"])
    y = _filled(t, m, w, b).train()(x)
    if int(m.num_batches_tracked) != p["before"] + 1:
        raise ValueError("%d batches counted" % int(m.num_batches_tracked))
    return y, m.running_mean, m.running_var


def _training_differentiable(t, p, x, mean, var, *rest):
    return _training(t, p, x.requires_grad_(), mean, var, *[v.requires_grad_() for v in rest])


def _normalized_shape(p, x):
    return tuple(x.shape[p["axis"] % x.dim() :])


def _layer(t, p, x, w=None, b=None):
    return t.nn.functional.layer_norm(x, _normalized_shape(p, x), w, b, eps=p["eps"])


def _layer_module(t, p, x, w=None, b=None):
    has = {"elementwise_affine": w is not None, "bias": b is not None}
    m = t.nn.LayerNorm(_normalized_shape(p, x), eps=p["eps"], dtype=x.dtype if w is None else w.dtype, **has)
    return _filled(t, m, w, b)(x)


def _layer_native(t, p, x, w=None, b=None):
    return t.native_layer_norm(x, _normalized_shape(p, x), w, b, p["eps"])[0]


def _group(t, p, x, w=None, b=None):
    return t.nn.functional.group_norm(x, p["groups"], w, b, eps=p["eps"])


def _group_torch(t, p, x, *wb):
    return t.group_norm(x, p["groups"], *wb, eps=p["eps"])


def _group_module(t, p, x, w=None, b=None):
    m = t.nn.GroupNorm(p["groups"], x.shape[1], eps=p["eps"], affine=w is not None, dtype=x.dtype)
    return _filled(t, m, w, b)(x)


def _instance(t, p, x, w=None, b=None):
    return t.nn.functional.instance_norm(x, weight=w, bias=b, eps=p["eps"])


def _instance_module(t, p, x, w=None, b=None):
    made = (t.nn.InstanceNorm1d, t.nn.InstanceNorm2d, t.nn.InstanceNorm3d)[x.dim() - 3]
    return _filled(t, made(x.shape[1], eps=p["eps"], affine=w is not None, dtype=x.dtype), w, b)(x)


def _rms(t, p, x, w=None):
    return t.nn.functional.rms_norm(x, _normalized_shape(p, x), w, eps=p["eps"])


def _rms_module(t, p, x, w=None):
    m = t.nn.RMSNorm(_normalized_shape(p, x), eps=p["eps"], elementwise_affine=w is not None, dtype=x.dtype if w is None else w.dtype)
    return _filled(t, m, w)(x)


def _response(t, p, x):
    return t.nn.functional.local_response_norm(x, p["size"], alpha=p["alpha"], beta=p["beta"], k=p["k"])


def _response_module(t, p, x):
    return t.nn.LocalResponseNorm(p["size"], alpha=p["alpha"], beta=p["beta"], k=p["k"])(x)


def _binding(function, forms, *names, dtypes=FLOATS, since="", until=""):
    modes = ("inference-mode", "requires-grad")
    return Binding(function=function, forms=forms, names=names, dtypes=dtypes, layouts=LAYOUTS, modes=modes, since=since, until=until)


BINDINGS = (
    Binding(
        function="batch_norm",
        forms={"plain": _batch, "module": _batch_module, "native": _batch_native, "requires-grad": _batch_differentiable},
        names=(
            "torch.nn.functional.batch_norm", "torch.nn.BatchNorm1d", "torch.nn.BatchNorm2d", "torch.nn.BatchNorm3d",
            "torch.native_batch_norm",
        ),
        dtypes=FLOATS,
        layouts=LAYOUTS,
        modes=("inference-mode",),
    ),
    Binding(
        function="batch_norm_training",
        forms={"plain": _training, "module": _training_module, "requires-grad": _training_differentiable},
        names=("torch.nn.functional.batch_norm", "torch.nn.BatchNorm1d", "torch.nn.BatchNorm2d", "torch.nn.BatchNorm3d"),
        dtypes=FLOATS,
        layouts=LAYOUTS,
        modes=("no-grad",),
    ),
    _binding(
        "layer_norm", {"plain": _layer, "module": _layer_module, "native": _layer_native},
        "torch.nn.functional.layer_norm", "torch.nn.LayerNorm", "torch.native_layer_norm",
    ),
    _binding(
        "group_norm", {"plain": _group, "module": _group_module, "torch": _group_torch},
        "torch.nn.functional.group_norm", "torch.nn.GroupNorm", "torch.group_norm",
    ),
    _binding(
        "instance_norm", {"plain": _instance, "module": _instance_module},
        "torch.nn.functional.instance_norm", "torch.nn.InstanceNorm1d", "torch.nn.InstanceNorm2d", "torch.nn.InstanceNorm3d",
    ),
    _binding("rms_norm", {"plain": _rms, "module": _rms_module}, "torch.nn.functional.rms_norm", "torch.nn.RMSNorm", since="2.4"),
    _binding("rms_norm_16_bit", {"plain": _rms, "module": _rms_module}, "torch.nn.functional.rms_norm", "torch.nn.RMSNorm", dtypes=FLOATS[2:], since="2.8"),
    _binding(
        "rms_norm_eps_of_data", {"plain": _rms, "module": _rms_module}, "torch.nn.functional.rms_norm", "torch.nn.RMSNorm",
        dtypes=FLOATS[2:], since="2.4", until="2.7",
    ),
    _binding(
        "local_response_norm", {"plain": _response, "module": _response_module},
        "torch.nn.functional.local_response_norm", "torch.nn.LocalResponseNorm", dtypes=FLOATS[:2],
    ),
)  # fmt: skip

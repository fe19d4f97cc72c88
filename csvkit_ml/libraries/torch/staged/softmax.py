"""Torch bindings: functions of logits."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64", "float16", "bfloat16")


def _out(name):
    return lambda t, p, x: getattr(t, name)(x, dim=p["axis"], out=t.empty_like(x, memory_format=t.contiguous_format))


def _images(t, p, x, made):
    """The form for channels of images where the sample is of that kind, else the general one."""
    over_channels = x.dim() == 4 and p["axis"] in (1, -3)
    return t.nn.Softmax2d()(x) if over_channels else made(x)


def _forms(name, module):
    return {
        "plain": lambda t, p, x: getattr(t, name)(x, dim=p["axis"]),
        "functional": lambda t, p, x: getattr(t.nn.functional, name)(x, dim=p["axis"]),
        "method": lambda t, p, x: getattr(x, name)(p["axis"]),
        "module": lambda t, p, x: getattr(t.nn, module)(dim=p["axis"])(x),
        "special": lambda t, p, x: getattr(t.special, name)(x, dim=p["axis"]),
        "dtype-given": lambda t, p, x: getattr(t, name)(x, dim=p["axis"], dtype=x.dtype),
        "out": _out(name),
    }


def _binding(name, module, forms, *names):
    return Binding(
        function=name,
        forms=forms,
        names=("torch.nn.functional." + name, "torch.nn." + module, *names),
        dtypes=FLOATS,
        layouts=("strided", "transposed", "offset", "unaligned", "channels-last", "expanded"),
        modes=("inference-mode", "requires-grad"),
    )


BINDINGS = (
    _binding(
        "softmax", "Softmax", {**_forms("softmax", "Softmax"), "images": lambda t, p, x: _images(t, p, x, t.nn.Softmax(p["axis"]))},
        "torch.softmax", "torch.Tensor.softmax", "torch.special.softmax", "torch.nn.Softmax2d",
    ),
    _binding(
        "log_softmax", "LogSoftmax", _forms("log_softmax", "LogSoftmax"),
        "torch.log_softmax", "torch.Tensor.log_softmax", "torch.special.log_softmax",
    ),
    _binding(
        "softmin", "Softmin",
        {
            "plain": lambda t, p, x: t.nn.functional.softmin(x, dim=p["axis"]),
            "module": lambda t, p, x: t.nn.Softmin(dim=p["axis"])(x),
        },
    ),
)  # fmt: skip

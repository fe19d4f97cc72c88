"""Torch bindings: activation functions, functional and as modules."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64", "float16", "bfloat16")


def _activation(function, module, *given, inplace=True, name="", more=None, names=()):
    """functional.NAME(x, parameters), nn.MODULE(parameters)(x), and in place.

    Args:
        given: names of the sample's parameters in the order in which torch takes them.
        more: further forms.
    """
    name = name or function

    def values(p):
        return [p[g] for g in given]

    forms = {
        "plain": lambda t, p, x: getattr(t.nn.functional, name)(x, *values(p)),
        "module": lambda t, p, x: getattr(t.nn, module)(*values(p))(x),
    }
    if inplace:
        forms["inplace"] = lambda t, p, x: getattr(t.nn.functional, name)(x.clone(), *values(p), inplace=True)
    return Binding(
        function=function,
        forms={**forms, **(more or {})},
        names=("torch.nn.functional." + name, "torch.nn." + module, *names),
        dtypes=FLOATS,
        modes=("inference-mode",),
    )


def _own(name):
    """torch.NAME itself."""
    return {"torch": lambda t, p, x: getattr(t, name)(x), "torch-inplace": lambda t, p, x: getattr(t, name + "_")(x.clone())}


BINDINGS = (
    _activation("elu", "ELU", "alpha"),
    _activation("celu", "CELU", "alpha", more={"torch": lambda t, p, x: t.celu(x, p["alpha"])}, names=("torch.celu", "torch.celu_")),
    _activation("selu", "SELU", more=_own("selu"), names=("torch.selu", "torch.selu_")),
    _activation("leaky_relu", "LeakyReLU", "slope"),
    Binding(
        function="rrelu",
        forms={
            "plain": lambda t, p, x: t.nn.functional.rrelu(x, p["lower"], p["upper"]),
            "module": lambda t, p, x: t.nn.RReLU(p["lower"], p["upper"]).eval()(x),
            "torch": lambda t, p, x: t.rrelu(x, p["lower"], p["upper"], False),
        },
        names=("torch.nn.functional.rrelu", "torch.nn.RReLU", "torch.rrelu"),
        dtypes=FLOATS,
        modes=("inference-mode",),
    ),
    Binding(
        function="prelu",
        forms={
            "plain": lambda t, p, x, w: t.nn.functional.prelu(x, w),
            "torch": lambda t, p, x, w: t.prelu(x, w),
            "method": lambda t, p, x, w: x.prelu(w),
        },
        names=("torch.nn.functional.prelu", "torch.prelu", "torch.Tensor.prelu"),
        dtypes=FLOATS,
        modes=("inference-mode",),
    ),
    _activation("glu", "GLU", "axis", inplace=False),
    _activation("softplus", "Softplus", "beta", "threshold", inplace=False),
    _activation("logsigmoid", "LogSigmoid", inplace=False),
    _activation("silu", "SiLU"),
    _activation("mish", "Mish"),
    _activation("softsign", "Softsign", inplace=False),
    _activation("tanhshrink", "Tanhshrink", inplace=False),
    _activation("hardsigmoid", "Hardsigmoid"),
    _activation("hardswish", "Hardswish"),
    _activation("softshrink", "Softshrink", "lambd", inplace=False),
    _activation(
        "hardshrink", "Hardshrink", "lambd", inplace=False, more={"method": lambda t, p, x: x.hardshrink(p["lambd"])},
        names=("torch.hardshrink", "torch.Tensor.hardshrink"),
    ),
    _activation(
        "threshold", "Threshold", "threshold", "value", more={"torch": lambda t, p, x: t.threshold(x, p["threshold"], p["value"])},
        names=("torch.threshold", "torch.threshold_"),
    ),
    _activation("relu6", "ReLU6"),
    _activation("hardtanh", "Hardtanh", "low", "high"),
)  # fmt: skip

"""Torch bindings: elementwise functions of one operand."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64", "float16", "bfloat16")


def _out(name):
    def call(t, p, x):
        y = t.empty_like(x, memory_format=t.contiguous_format)
        return getattr(t, name)(x, out=y)

    return call


def _inplace(name):
    return lambda t, p, x: getattr(x.clone(), name + "_")()


def _unary(name: str, *names: str) -> Binding:
    """torch.NAME, Tensor.NAME, out= and in-place forms."""
    forms = {
        "plain": lambda t, p, x: getattr(t, name)(x),
        "method": lambda t, p, x: getattr(x, name)(),
        "out": _out(name),
        "inplace": _inplace(name),
    }
    return Binding(
        function=name,
        forms=forms,
        names=("torch." + name, "torch.Tensor." + name, "torch.Tensor." + name + "_", *names),
        dtypes=FLOATS,
        modes=("inference-mode",),
    )


BINDINGS = (
    _unary("sqrt"),
    _unary("exp"),
    _unary("log"),
    _unary("tanh"),
    _unary("sigmoid", "torch.nn.Sigmoid"),
    _unary("erf", "torch.special.erf"),
    Binding(
        function="gelu",
        forms={"plain": lambda t, p, x: t.nn.functional.gelu(x), "module": lambda t, p, x: t.nn.GELU()(x)},
        names=("torch.nn.functional.gelu", "torch.nn.GELU"),
        dtypes=FLOATS,
        modes=("inference-mode",),
    ),
    Binding(
        function="gelu_tanh",
        forms={
            "plain": lambda t, p, x: t.nn.functional.gelu(x, approximate="tanh"),
            "module": lambda t, p, x: t.nn.GELU(approximate="tanh")(x),
        },
        names=("torch.nn.functional.gelu", "torch.nn.GELU"),
        dtypes=FLOATS,
    ),
    Binding(
        function="relu",
        forms={
            "plain": lambda t, p, x: t.relu(x),
            "functional": lambda t, p, x: t.nn.functional.relu(x),
            "module": lambda t, p, x: t.nn.ReLU()(x),
            "inplace": lambda t, p, x: t.relu_(x.clone()),
        },
        names=("torch.relu", "torch.relu_", "torch.nn.functional.relu", "torch.nn.ReLU"),
        dtypes=FLOATS,
    ),
)

"""Torch bindings: elementwise arithmetic of two operands.

`number` passes a 0-d operand as a Python number (same dtype of the result); where no operand is 0-d it is the plain form.
In-place forms write into the first operand expanded to the result's shape.
"""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64", "float16", "bfloat16")
INTEGERS = ("int32", "int64")


def _shape(t, x, y):
    return t.broadcast_shapes(x.shape, y.shape)


def _out(name):
    return lambda t, p, x, y: getattr(t, name)(x, y, out=t.empty(_shape(t, x, y), dtype=x.dtype))


def _out_resized(name):
    return lambda t, p, x, y: getattr(t, name)(x, y, out=t.empty(0, dtype=x.dtype))


def _inplace(name):
    return lambda t, p, x, y: getattr(x.expand(_shape(t, x, y)).clone(), name + "_")(y)


def _number(name):
    return lambda t, p, x, y: getattr(t, name)(x, y.item() if y.dim() == 0 else y)


def _forms(name, operator):
    return {
        "plain": lambda t, p, x, y: getattr(t, name)(x, y),
        "method": lambda t, p, x, y: getattr(x, name)(y),
        "operator": lambda t, p, x, y: operator(x, y),
        "out": _out(name),
        "out-resized": _out_resized(name),
        "inplace": _inplace(name),
        "number": _number(name),
        "expanded": lambda t, p, x, y: getattr(t, name)(*t.broadcast_tensors(x, y)),
    }


def _binary(name, operator, dtypes, more, *names):
    return Binding(
        function=name,
        forms={**_forms(name, operator), **more},
        names=("torch." + name, "torch.Tensor." + name, "torch.Tensor." + name + "_", *names),
        dtypes=dtypes,
        modes=("inference-mode",),
    )


def _number_first(t, p, x, y):
    return x.item() + y if x.dim() == 0 else x + y


def _times_number_first(t, p, x, y):
    return x.item() * y if x.dim() == 0 else x * y


BINDINGS = (
    _binary(
        "add",
        lambda x, y: x + y,
        (*FLOATS, *INTEGERS),
        {
            "exchanged": lambda t, p, x, y: t.add(y, x),
            "alpha": lambda t, p, x, y: t.add(x, -y, alpha=-1),
            "number-first": _number_first,
        },
        "torch.Tensor.__add__",
        "torch.Tensor.__radd__",
    ),
    _binary(
        "sub",
        lambda x, y: x - y,
        (*FLOATS, *INTEGERS),
        {
            "alpha": lambda t, p, x, y: t.sub(x, -y, alpha=-1),
            "number-first": lambda t, p, x, y: x.item() - y if x.dim() == 0 else x - y,
            "subtract": lambda t, p, x, y: t.subtract(x, y),
            "rsub": lambda t, p, x, y: t.rsub(y, x),
        },
        "torch.subtract",
        "torch.rsub",
        "torch.Tensor.__sub__",
        "torch.Tensor.__rsub__",
    ),
    _binary(
        "mul",
        lambda x, y: x * y,
        (*FLOATS, *INTEGERS),
        {
            "exchanged": lambda t, p, x, y: t.mul(y, x),
            "multiply": lambda t, p, x, y: t.multiply(x, y),
            "number-first": _times_number_first,
        },
        "torch.multiply",
        "torch.Tensor.__mul__",
        "torch.Tensor.__rmul__",
    ),
    _binary(
        "div",
        lambda x, y: x / y,
        FLOATS,
        {
            "divide": lambda t, p, x, y: t.divide(x, y),
            "true-divide": lambda t, p, x, y: t.true_divide(x, y),
            "no-rounding": lambda t, p, x, y: t.div(x, y, rounding_mode=None),
        },
        "torch.divide",
        "torch.true_divide",
        "torch.Tensor.__truediv__",
    ),
    Binding(
        function="number_div",
        forms={"plain": lambda t, p, x, y: x.item() / y},
        names=("torch.Tensor.__rtruediv__",),
        dtypes=FLOATS,
        modes=("inference-mode",),
    ),
)

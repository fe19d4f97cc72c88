"""Other names of elementwise functions, activations and reductions."""

from __future__ import annotations

from typing import Any, Dict

from csvkit_ml.libraries.torch.staged.aliases import Form, Names, named, truths
from csvkit_ml.libraries.torch.staged.forms import resolve


def _inverse(name: str) -> "Dict[str, Form]":
    """An inverse trigonometric function in place, under both of its names."""
    return named("{0}_ arc{1}_ Tensor.arc{1}_".format(name, name[1:]))


def _compared(name: str, long: str) -> "Dict[str, Form]":
    return {**named("Tensor.%s" % long), **named("Tensor.%s_ Tensor.%s_" % (name, long), after=truths)} if long else named("Tensor.eq_",
        after=truths)


def _bits(name: str) -> "Dict[str, Form]":
    return named("Tensor.__i%s__ Tensor.__r%s__" % (name, name))


def _from_double(t: Any, p: Any, x: Any, y: Any) -> Any:
    """In place only where the operand has the result's dtype."""
    return x.double().float_power_(y)


def _limits(low: str, high: str, method: bool) -> Form:
    """Both limits one after the other, in place."""

    def form(t: Any, p: Any, x: Any, least: Any, most: Any) -> Any:
        y = x.clone()
        if method:
            getattr(getattr(y, low)(least), high)(most)
        else:
            resolve(t, high)(resolve(t, low)(y, least), most)
        return y

    return form


def _along(name: str) -> Form:
    """A reduction as a method: over all, or one axis after the other, as max and prod take them."""

    def form(t: Any, p: Any, x: Any) -> Any:
        if p["axes"] is None and not p["keepdims"]:
            return getattr(x, name)()
        for axis in sorted(range(x.dim()) if p["axes"] is None else (a % x.dim() for a in p["axes"]), reverse=True):
            made = getattr(x, name)(axis, keepdim=p["keepdims"])
            x = made[0] if isinstance(made, tuple) else made
        return x

    return form


def _sum_to_size(t: Any, p: Any, x: Any) -> Any:
    axes = range(x.dim()) if p["axes"] is None else [a % x.dim() for a in p["axes"]]
    y = x.sum_to_size([1 if a in axes else n for a, n in enumerate(x.shape)])
    return y if p["keepdims"] else y.reshape([n for a, n in enumerate(x.shape) if a not in axes])


def _prelu_module(t: Any, p: Any, x: Any, w: Any) -> Any:
    m = t.nn.PReLU(w.numel(), dtype=w.dtype)
    m.weight = t.nn.Parameter(w, requires_grad=False)
    return m(x)


def _static(t: Any, x: Any) -> Any:
    return x.nonzero_static(size=int((x != 0).sum()))


ELEMENTWISE: "Names" = {
    **{n: _inverse(n) for n in ("acos", "acosh", "asin", "asinh", "atan", "atanh")},
    **{
        n: named(n + "_")
        for n in (
            "ceil", "cos", "cosh", "deg2rad", "exp2", "exp", "expm1", "floor", "frac", "ldexp", "log10", "log1p", "log2", "log", "rad2deg",
            "reciprocal", "round", "rsqrt", "sin", "sinc", "sinh", "sqrt", "square", "tan", "xlogy", "erf", "erfc",
        )
    },
    "atan2": named("Tensor.arctan2_"),
    "abs": named("abs_ Tensor.absolute Tensor.absolute_"),
    "trunc": named("trunc_ fix_ Tensor.fix_"),
    "neg": named("neg_ negative_ Tensor.negative Tensor.negative_"),
    "sign": named("Tensor.sgn_"),
    "nan_to_num": named("nan_to_num_", "nan", "posinf", "neginf"),
    "clamp": named("clamp_ clip_ Tensor.clip_", "low", "high"),
    "clamp_tensors": {
        "torch.Tensor.clamp_min": lambda t, p, x, low, high: t.clamp_max(x.clamp_min(low), high),
        "torch.Tensor.clamp_max": lambda t, p, x, low, high: t.clamp_min(x, low).clamp_max(high),
        "torch.Tensor.clamp_min_": _limits("clamp_min_", "clamp_max_", True),
        "torch.Tensor.clamp_max_": _limits("clamp_min_", "clamp_max_", True),
        "torch.clamp_min_": _limits("clamp_min_", "clamp_max_", False),
        "torch.clamp_max_": _limits("clamp_min_", "clamp_max_", False),
    },
    "float_power": {"torch.Tensor.float_power_": _from_double},
    "pow": named("Tensor.__ipow__ Tensor.__rpow__"),
    "i0": named("i0_"),
    "logit": named("logit_", "eps"),
    "add": named("Tensor.__iadd__"),
    "sub": named("Tensor.__isub__ Tensor.subtract Tensor.subtract_"),
    "mul": named("Tensor.__imul__ Tensor.multiply Tensor.multiply_"),
    "div": named("Tensor.__itruediv__ Tensor.divide Tensor.divide_ Tensor.true_divide Tensor.true_divide_"),
    "floor_divide": named("Tensor.__ifloordiv__ Tensor.__rfloordiv__"),
    "remainder": named("Tensor.__imod__ Tensor.__rmod__"),
    "eq": _compared("eq", ""),
    "ne": _compared("ne", "not_equal"),
    "lt": _compared("lt", "less"),
    "le": _compared("le", "less_equal"),
    "gt": _compared("gt", "greater"),
    "ge": _compared("ge", "greater_equal"),
    **{"logical_" + n: named("Tensor.logical_%s_" % n, after=truths) for n in ("and", "or", "xor", "not")},
    **{"bitwise_" + n: _bits(n) for n in ("and", "or", "xor")},
    "gcd": named("gcd_"),
    "lcm": named("lcm_"),
    "left_shift": _bits("lshift"),
    "right_shift": _bits("rshift"),
}
ACTIVATIONS: "Names" = {
    "relu": named("Tensor.relu Tensor.relu_ nn.functional.relu_"),
    "tanh": {**named("tanh_ nn.functional.tanh"), "torch.nn.Tanh": lambda t, p, x: t.nn.Tanh()(x)},
    "sigmoid": named("sigmoid_ nn.functional.sigmoid special.expit"),
    "elu": named("nn.functional.elu_", "alpha"),
    "leaky_relu": named("nn.functional.leaky_relu_", "slope"),
    "hardtanh": named("nn.functional.hardtanh_", "low", "high"),
    "rrelu": named("rrelu_ nn.functional.rrelu_", "lower", "upper"),
    "prelu": {"torch.nn.PReLU": _prelu_module},
    "threshold": named("nn.functional.threshold_", "threshold", "value"),
    "celu": named("nn.functional.celu_", "alpha"),
    "selu": named("nn.functional.selu_"),
}
REDUCTIONS: "Names" = {
    "reduce_max": {"torch.Tensor.amax": _along("amax"), "torch.Tensor.max": _along("max")},
    "reduce_prod": {"torch.Tensor.prod": _along("prod")},
    "argmax": named("Tensor.argmax", "axis", "keepdims"),
    "nonzero": {"torch.Tensor.nonzero_static": lambda t, p, x: _static(t, x)},
    "reduce_sum": {"torch.Tensor.sum_to_size": _sum_to_size},
}

"""Torch bindings: gradients of functions of complex numbers, for pairs of real leaves and for complex leaves."""

from __future__ import annotations

from csvkit_ml.libraries.torch.staged.gradients_losses import bound


def _joined(t, x):
    return t.complex(x[..., 0], x[..., 1])


def _split(t, y):
    return t.view_as_real(t.resolve_conj(y)) if y.is_complex() else y


def _complex_leaves(of, kinds):
    """Leaves and upstream gradient are complex tensors themselves; c = complex, r = real operand."""

    def form(t, p, *inputs):
        leaves = [_joined(t, x) if kind == "c" else x.clone() for kind, x in zip(kinds, inputs[:-1], strict=True)]
        for leaf in leaves:
            leaf.requires_grad_(True)
        y = of(t, *leaves)
        g = inputs[-1]
        y.backward(_joined(t, g) if y.is_complex() else g)
        return tuple(_split(t, leaf.grad) for leaf in leaves)

    return form


def _bound(name, of, kinds="c", path=""):
    def pairs(t, p, *inputs):
        return _split(t, of(t, *(_joined(t, x) if kind == "c" else x for kind, x in zip(kinds, inputs, strict=True))))

    made = bound(name, pairs, len(kinds), path or name)
    return made._replace(forms={**made.forms, "complex-leaves": _complex_leaves(of, kinds)})


BINDINGS = (
    _bound("complex_abs", lambda t, z: t.abs(z), path="abs"),
    _bound("angle", lambda t, z: t.angle(z)),
    _bound("complex_sgn", lambda t, z: t.sgn(z), path="sgn"),
    _bound("complex_mul", lambda t, a, b: a * b, "cc", "mul"),
    _bound("complex_div", lambda t, a, b: a / b, "cc", "div"),
    _bound("complex_reciprocal", lambda t, z: t.reciprocal(z), path="reciprocal"),
    _bound("complex_exp", lambda t, z: t.exp(z), path="exp"),
    _bound("complex_log", lambda t, z: t.log(z), path="log"),
    _bound("complex_sqrt", lambda t, z: t.sqrt(z), path="sqrt"),
    *(_bound("complex_" + name, lambda t, z, name=name: getattr(t, name)(z), path=name) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")),
    _bound("complex_pow", lambda t, a, b: t.pow(a, b), "cc", "pow"),
    _bound("complex_matmul", lambda t, a, b: t.matmul(a, b), "cc", "matmul"),
    _bound("conj", lambda t, z: t.conj(z)),
    _bound("real", lambda t, z: t.real(z)),
    _bound("imag", lambda t, z: t.imag(z)),
    _bound("real_complex_mul", lambda t, a, b: a * b, "rc", "mul"),
    _bound("polar", lambda t, r, angle: t.polar(r, angle), "rr"),
)

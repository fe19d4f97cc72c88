"""Torch bindings: second order of layers by reverse over reverse and forward over reverse mode."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64")
NAMES = ("torch.autograd.grad", "torch.func.vjp", "torch.func.jvp")


def _twice(name, of, leaves=1, path=""):
    """`of(t, p, *operands)`; every form returns the gradients of <h, J^T g> for the operands and for g."""

    def parts(operands):
        return operands[:leaves], operands[leaves], operands[leaves + 1 :]

    def slopes(t, p, operands):
        xs, g, hs = parts(operands)
        made = [x.detach().requires_grad_(True) for x in (*xs, g)]
        first = t.autograd.grad(of(t, p, *made[:-1]), made[:-1], made[-1], create_graph=True)
        return made, first, hs

    def grad(t, p, *operands):
        made, first, hs = slopes(t, p, operands)
        return t.autograd.grad(first, made, hs)

    def backward(t, p, *operands):
        made, first, hs = slopes(t, p, operands)
        t.autograd.backward(first, hs)
        return [x.grad for x in made]

    def pulled(t, p, g, *xs):
        return t.func.vjp(lambda *ws: of(t, p, *ws), *xs)[1](g)

    def reverse_over_reverse(t, p, *operands):
        xs, g, hs = parts(operands)
        return t.func.vjp(lambda *ws: pulled(t, p, ws[-1], *ws[:-1]), *xs, g)[1](tuple(hs))

    def forward_over_reverse(t, p, *operands):
        """The Hessian of <g, f> is symmetric, and J h is f along h."""
        xs, g, hs = parts(operands)
        curved = t.func.jvp(lambda *ws: pulled(t, p, g, *ws), tuple(xs), tuple(hs))[1]
        return (*curved, t.func.jvp(lambda *ws: of(t, p, *ws), tuple(xs), tuple(hs))[1])

    forms = {"grad": grad, "vjp-of-vjp": reverse_over_reverse, "jvp-of-vjp": forward_over_reverse}
    return Binding(
        function="grad_twice_" + name, forms=forms, names=(*NAMES, "torch." + (path or name)), dtypes=FLOATS, layouts=("transposed",),
        aliases={"torch.Tensor.backward": backward},
    )  # fmt: skip


def _layer(t):
    return t.nn.functional


BINDINGS = (
    _twice("matmul", lambda t, p, a, b: t.matmul(a, b), 2),
    _twice("linear", lambda t, p, x, w: _layer(t).linear(x, w), 2, "nn.functional.linear"),
    _twice("conv2d", lambda t, p, x, w: _layer(t).conv2d(x, w, stride=p["stride"]), 2, "nn.functional.conv2d"),
    _twice("softmax", lambda t, p, x: t.softmax(x, -1)),
    _twice("log_softmax", lambda t, p, x: t.log_softmax(x, -1)),
    _twice("logsumexp", lambda t, p, x: t.logsumexp(x, -1)),
    _twice("vector_norm", lambda t, p, x: t.linalg.vector_norm(x, dim=-1), path="linalg.vector_norm"),
    _twice("prod", lambda t, p, x: t.prod(x, -1)),
    _twice("layer_norm", lambda t, p, x, w: _layer(t).layer_norm(x, w.shape, w, eps=p["eps"]), 2, "nn.functional.layer_norm"),
    _twice("batch_norm", lambda t, p, x, w: _layer(t).batch_norm(x, None, None, w, training=True, eps=p["eps"]), 2, "nn.functional.batch_norm"),
)

"""Torch bindings: the promises of automatic differentiation, each by several roads."""

from __future__ import annotations

from typing import Any

from csvkit_ml.libraries.binding import Binding

ALL = ("float32", "float64", "bfloat16")


def _leaf(x):
    return x.detach().clone().requires_grad_(True)


def _accumulated(passes):
    """`passes(t, leaf, g)` runs three backward passes of g x^2."""

    def form(t, p, x, g):
        leaf = _leaf(x)
        passes(t, leaf, g)
        three = leaf.grad.clone()
        leaf.grad = None
        (leaf * leaf).backward(g)
        return [three, leaf.grad]

    return form


def _three_graphs(t, x, g):
    for _ in range(3):
        (x * x).backward(g)


def _one_call(t, x, g):
    t.autograd.backward([x * x, x * x, x * x], [g, g, g])


def _used_three_times(t, x, g):
    ((x * x * g).sum() + (x * x * g).sum() + (x * x * g).sum()).backward()


def _zeroed(t, p, x, g):
    """The optimiser clears by filling with zeros."""
    leaf = _leaf(x)
    optimiser = t.optim.SGD([leaf], lr=0.0)
    _three_graphs(t, leaf, g)
    three = leaf.grad.clone()
    optimiser.zero_grad(set_to_none=False)
    (leaf * leaf).backward(g)
    return [three, leaf.grad]


def _constant(of):
    """`of(t, leaf)` is the factor that must count as a constant."""

    def form(t, p, x, g):
        leaf = _leaf(x)
        (leaf * of(t, leaf)).backward(g)
        return leaf.grad

    return form


def _without_gradients(t, x):
    with t.no_grad():
        return x * 1


def _set_grad_enabled(t, x):
    with t.set_grad_enabled(False):
        return x * 1


def _hooked(hooks):
    def form(t, p, x, g):
        leaf = _leaf(x)
        hooks(t, leaf, g)
        return leaf.grad

    return form


def _on_leaf(t, x, g):
    x.register_hook(lambda v: v * 3)
    x.register_hook(lambda v: v + 1)
    (x * x).backward(g)


def _on_inner(t, x, g):
    inner = x * 1
    inner.register_hook(lambda v: v * 3)
    inner.register_hook(lambda v: v + 1)
    (inner * inner).backward(g)


def _on_node(t, x, g):
    inner = x * 1
    inner.grad_fn.register_prehook(lambda gs: (gs[0] * 3,))
    inner.grad_fn.register_prehook(lambda gs: (gs[0] + 1,))
    (inner * inner).backward(g)


def _on_module(t, x, g):
    module = t.nn.Identity()
    module.register_full_backward_hook(lambda m, gi, go: (gi[0] * 3,))
    module.register_full_backward_hook(lambda m, gi, go: (gi[0] + 1,))
    inner = module(x)
    (inner * inner).backward(g)


def _raises(of):
    try:
        of()
    except RuntimeError:
        return True
    return False


def _retained(t, p, x, g):
    leaf = _leaf(x)
    y = leaf * leaf
    y.backward(g, retain_graph=True)
    y.backward(g)
    twice = leaf.grad.clone()
    return [twice, t.tensor([_raises(lambda: y.backward(g))])]


def _retained_by_grad(t, p, x, g):
    leaf = _leaf(x)
    y = leaf * leaf
    (first,) = t.autograd.grad(y, leaf, g, retain_graph=True)
    (second,) = t.autograd.grad(y, leaf, g)
    return [first + second, t.tensor([_raises(lambda: t.autograd.grad(y, leaf, g))])]


def _remembered(ctx, inputs, output):
    ctx.save_for_backward(*inputs)


def _squared(ctx, x):
    ctx.save_for_backward(x)
    return x * x


def _own(t, setup):
    """A square whose backward is 7 g; `setup` = context saved apart from the forward."""
    apart = {"forward": staticmethod(lambda x: x * x), "setup_context": staticmethod(_remembered)}
    members = apart if setup else {"forward": staticmethod(_squared)}
    square: Any = type("Square", (t.autograd.Function,), {**members, "backward": staticmethod(lambda ctx, g: g * 7)})
    return square.apply


def _custom(setup):
    def form(t, p, x, g):
        leaf = _leaf(x)
        y = _own(t, setup)(leaf)
        y.backward(g)
        return [leaf.grad, y.detach()]

    return form


def _custom_vjp(t, p, x, g):
    y, pull = t.func.vjp(_own(t, True), x)
    return [pull(g)[0], y]


def _viewed(update):
    def form(t, p, x, g):
        leaf = _leaf(x)
        base = leaf * 1
        update(t, base)
        base.backward(g)
        return [leaf.grad, base.detach()]

    return form


def _by_slice(t, base):
    base[1:-1].mul_(3)


def _by_narrow(t, base):
    base.narrow(0, 1, base.shape[0] - 2).mul_(3)


def _by_rows(t, base):
    for i in range(1, base.shape[0] - 1):
        base.select(0, i).mul_(3)


def _by_assignment(t, base):
    base[1:-1] = base[1:-1].clone() * 3


def _by_flat_view(t, base):
    step = base[0].numel()
    base.view(-1)[step : base.numel() - step].mul_(3)


def _expanded(copies):
    def form(t, p, x, g):
        leaf = _leaf(x)
        y = copies(t, leaf, g)
        (y * y).backward(g)
        return leaf.grad

    return form


def _changed(t, p, x, g):
    def after(change):
        leaf = _leaf(x)
        inner = leaf * 1
        y = inner * inner
        if change:
            inner.add_(1)
        return _raises(lambda: y.backward(g))

    return t.tensor([after(True), after(False)])


def _changed_view(t, p, x, g):
    def after(change):
        leaf = _leaf(x)
        inner = leaf * 1
        y = inner * inner
        if change:
            inner.view(-1)[:1].zero_()
        return _raises(lambda: y.backward(g))

    return t.tensor([after(True), after(False)])


def _twice(t, p, x, g):
    leaf = _leaf(x)
    (first,) = t.autograd.grad(leaf * leaf * leaf, leaf, t.ones_like(leaf), create_graph=True)
    return t.autograd.grad(first, leaf, g)[0]


def _backward_twice(t, p, x, g):
    leaf = _leaf(x)
    (first,) = t.autograd.grad((leaf * leaf * leaf).sum(), leaf, create_graph=True)
    first.backward(g)
    return leaf.grad


def _cube(x):
    return (x * x * x).sum()


def _nested(t, p, x, g):
    return t.func.grad(lambda v: (t.func.grad(_cube)(v) * g).sum())(x)


def _forward_over_reverse(t, p, x, g):
    return t.func.jvp(t.func.grad(_cube), (x,), (g,))[1]


def _hessian(t, p, x, g):
    flat = x.reshape(-1)
    return (t.func.hessian(_cube)(flat) @ g.reshape(-1)).reshape(x.shape)


def _field(a):
    return lambda x: a @ x + (x * x).sum()


def _dual(t, p, a, x, tangent):
    ad = t.autograd.forward_ad
    with ad.dual_level():
        return ad.unpack_dual(_field(a)(ad.make_dual(x, tangent))).tangent.clone()


def _linearised(t, p, a, x, tangent):
    return t.func.linearize(_field(a), x)[1](tangent)


def _rows(t, p, a, x):
    out = []
    for row in a:
        leaf = _leaf(x)
        ((row @ leaf) ** 2).backward()
        out.append(leaf.grad)
    return t.stack(out)


def _mapped(t, p, a, x):
    return t.func.vmap(t.func.grad(lambda v, row: (row @ v) ** 2), in_dims=(None, 0))(x, a)


def _batched(t, p, a, x):
    leaf = _leaf(x)
    y = (a @ leaf) ** 2
    return t.autograd.grad(y, leaf, t.eye(len(a), dtype=a.dtype), is_grads_batched=True)[0]


def _checkpointed(around):
    """`around(t, of, x)` calls the block with checkpointing; identical to the plain call with the same seed?"""

    def run(t, x, w, call):
        t.manual_seed(7)
        a, b = _leaf(x), _leaf(w)

        def block(v):
            return t.nn.functional.dropout(t.tanh(v @ b), 0.3) * t.sin(v @ b)

        y = call(block, a).square().mean()
        y.backward()
        return [y.detach(), a.grad, b.grad]

    def form(t, p, x, w):
        plain = run(t, x, w, lambda of, v: of(v))
        saved = run(t, x, w, lambda of, v: around(t, of, v))
        return t.tensor([t.equal(u, v) for u, v in zip(plain, saved)])  # noqa: B905

    return form


def _offloaded(t, of, v):
    """Saved tensors go through a pair of hooks."""
    with t.autograd.graph.saved_tensors_hooks(lambda x: x.clone(), lambda x: x.clone()):
        return of(v)


def _binding(function, names, **forms):
    forms = {n.replace("_", "-"): f for n, f in forms.items()}
    return Binding(function=function, forms=forms, names=names, dtypes=ALL, layouts=("strided", "offset"))


BINDINGS = (
    _binding(
        "autograd_accumulation", ("torch.Tensor.backward", "torch.autograd.backward", "torch.optim.Optimizer.zero_grad"),
        plain=_accumulated(_three_graphs), one_call=_accumulated(_one_call), one_graph=_accumulated(_used_three_times), zeroed=_zeroed,
    ),
    _binding(
        "autograd_detach", ("torch.Tensor.detach", "torch.no_grad", "torch.set_grad_enabled"),
        plain=_constant(lambda t, x: x.detach()), no_grad=_constant(_without_gradients), disabled=_constant(_set_grad_enabled),
        data=_constant(lambda t, x: x.data), cloned=_constant(lambda t, x: x.clone().detach()),
    ),
    _binding(
        "autograd_hooks", ("torch.Tensor.register_hook", "torch.nn.Module.register_full_backward_hook"),
        plain=_hooked(_on_leaf), inner=_hooked(_on_inner), node=_hooked(_on_node), module=_hooked(_on_module),
    ),
    _binding("autograd_retain_graph", ("torch.Tensor.backward", "torch.autograd.grad"), plain=_retained, grad=_retained_by_grad),
    _binding("autograd_custom_function", ("torch.autograd.Function",), plain=_custom(False), setup=_custom(True), func_vjp=_custom_vjp),
    _binding(
        "autograd_views", ("torch.Tensor.narrow", "torch.Tensor.view", "torch.Tensor.select"),
        plain=_viewed(_by_slice), narrow=_viewed(_by_narrow), rows=_viewed(_by_rows), assigned=_viewed(_by_assignment), flat=_viewed(_by_flat_view),
    ),
    _binding(
        "autograd_expanded", ("torch.Tensor.expand", "torch.broadcast_to", "torch.Tensor.repeat"),
        plain=_expanded(lambda t, x, g: x.expand(g.shape)), broadcast=_expanded(lambda t, x, g: t.broadcast_to(x, g.shape)),
        repeated=_expanded(lambda t, x, g: x.repeat(g.shape[0], 1)), implicit=_expanded(lambda t, x, g: x + t.zeros_like(g)),
        stacked=_expanded(lambda t, x, g: t.stack([x] * g.shape[0])),
    ),
    _binding(
        "autograd_checkpoint", ("torch.Tensor.backward",),
        plain=_checkpointed(lambda t, of, v: t.utils.checkpoint.checkpoint(of, v, use_reentrant=False)),
        reentrant=_checkpointed(lambda t, of, v: t.utils.checkpoint.checkpoint(of, v, use_reentrant=True)),
        sequential=_checkpointed(lambda t, of, v: t.utils.checkpoint.checkpoint_sequential([of, lambda u: u], 2, v, use_reentrant=False)),
        saved_tensor_hooks=_checkpointed(_offloaded),
    ),
    _binding("autograd_version_check", ("torch.Tensor.backward",), plain=_changed, view=_changed_view),
    _binding(
        "autograd_second_order", ("torch.autograd.grad", "torch.func.grad", "torch.func.hessian", "torch.func.jvp"),
        plain=_twice, backward=_backward_twice, nested=_nested, forward_over_reverse=_forward_over_reverse, hessian=_hessian,
    ),
    _binding(
        "autograd_forward_mode",
        ("torch.func.jvp", "torch.func.jacfwd", "torch.func.jacrev", "torch.func.linearize", "torch.autograd.forward_ad.make_dual",
         "torch.autograd.functional.jvp"),
        plain=lambda t, p, a, x, v: t.func.jvp(_field(a), (x,), (v,))[1], dual=_dual, linearised=_linearised,
        jacfwd=lambda t, p, a, x, v: t.func.jacfwd(_field(a))(x) @ v, jacrev=lambda t, p, a, x, v: t.func.jacrev(_field(a))(x) @ v,
        functional=lambda t, p, a, x, v: t.autograd.functional.jvp(_field(a), x, v)[1],
    ),
    _binding("autograd_per_sample", ("torch.func.vmap", "torch.func.grad", "torch.autograd.grad"), plain=_rows, vmap=_mapped, batched=_batched),
)  # fmt: skip

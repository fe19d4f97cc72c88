"""Torch bindings: differentiation by functions, dual numbers, leaves and hooks."""

from __future__ import annotations

import copy
import warnings
from typing import Any

from csvkit_ml.libraries.binding import Binding
from csvkit_ml.libraries.torch.staged.autograd import ALL, _field, _leaf
from csvkit_ml.libraries.torch.staged.forms import quiet


def _cubes(x):
    return (x * x * x).sum() + x.sum() * x.sum()


def _jacobian(**how):
    return lambda t, p, a, x: t.autograd.functional.jacobian(_field(a), x, **how)


def _hessian(**how):
    return lambda t, p, x, v: t.autograd.functional.hessian(_cubes, x, **how)


def _vjp(t, p, a, x, g):
    y, pulled = t.autograd.functional.vjp(_field(a), x, g)
    return [pulled, y]


def _pull(t, p, a, x, g):
    y, pull = t.func.vjp(_field(a), x)
    return [pull(g)[0], y]


def _backward(t, p, a, x, g):
    leaf = _leaf(x)
    y = _field(a)(leaf)
    return [t.autograd.grad(y, leaf, g)[0], y.detach()]


def _dual(t, p, x, tangent):
    ad = t.autograd.forward_ad
    with ad.dual_level():
        dual = ad.make_dual(x, tangent)
        y = ad.unpack_dual(dual * dual)
        constant = ad.unpack_dual(x * 2).tangent is None
        primal, slope = y.primal.clone(), y.tangent.clone()
    with ad.dual_level():
        dropped = ad.unpack_dual(dual).tangent is None
    return [primal, slope, t.tensor([dropped, constant])]


def _dual_by_hand(t, p, x, tangent):
    """Levels entered and left by name."""
    ad = t.autograd.forward_ad
    level = ad.enter_dual_level()
    dual = ad.make_dual(x, tangent, level=level)
    y = ad.unpack_dual(dual * dual, level=level)
    constant = ad.unpack_dual(x * 2, level=level).tangent is None
    primal, slope = y.primal.clone(), y.tangent.clone()
    ad.exit_dual_level(level=level)
    with ad.dual_level():
        dropped = ad.unpack_dual(dual).tangent is None
    return [primal, slope, t.tensor([dropped, constant])]


def _leaves(t, p, x, g):
    """z = 3 x^2 through y = x^2, whose gradient is kept."""
    leaf, seen = x.detach().clone(), []
    leaf.requires_grad_()
    leaf.register_post_accumulate_grad_hook(lambda v: seen.append(v.grad.clone()))
    y = leaf * leaf
    y.retain_grad()
    z = y * 3
    z.backward(g)
    parts = t.stack([leaf, leaf * 2]).unbind(0)
    answers = [
        leaf.is_leaf, y.is_leaf, y.retains_grad, z.retains_grad, len(seen) == 1, leaf.grad_fn is None and y.grad_fn is not None,
        [v.output_nr for v in parts] == [0, 1],
    ]  # fmt: skip
    return [leaf.grad, y.grad, seen[0], t.tensor(answers)]


def _leaves_by_data(t, p, x, g):
    """What .data shares, autograd does not see; zero_grad of a module starts anew."""
    module: Any = t.nn.Module()
    module.w = t.nn.Parameter(t.zeros_like(x))
    module.w.data.copy_(x)
    (module.w * module.w).backward(g)
    module.zero_grad()
    leaf, seen = module.w, []
    cleared = leaf.grad is None
    leaf.register_post_accumulate_grad_hook(lambda v: seen.append(v.grad.clone()))
    y = leaf * leaf
    y.retain_grad()
    z = y * 3
    z.backward(g)
    shared = leaf.data.data_ptr() == leaf.data_ptr() and not leaf.data.requires_grad
    answers = [leaf.is_leaf, y.is_leaf, y.retains_grad, z.retains_grad, len(seen) == 1, cleared, shared]
    return [leaf.grad.clone(), y.grad, seen[0], t.tensor(answers)]


def _hooked(change, register):
    """A module that triples; a hook makes the gradient five times as large."""

    def form(t, p, x, g):
        module: Any = type("Triple", (t.nn.Module,), {"forward": lambda self, v: v * 3})()
        seen, unwanted = [], []

        def hook(*given):
            seen.append(given)
            return change(*given)

        register(module, hook)
        register(module, lambda *a: unwanted.append(a)).remove()
        leaf = _leaf(x)
        y = module(leaf)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            y.backward(g)
        outward = seen[0][-1][0] if seen else g * 0
        outward = outward * 5 if register is not _backward_pre else leaf.grad / 3
        return [leaf.grad, outward, t.tensor([len(seen) == 1, not unwanted])]

    return form


def _backward_pre(module, hook):
    return module.register_full_backward_pre_hook(hook)


def _full(module, hook):
    return module.register_full_backward_hook(hook)


def _old(module, hook):
    return module.register_backward_hook(hook)


def _linear(t, w):
    """x -> W x of a matrix, by a parameter that is all zero until another is given."""
    module: Any = type("Times", (t.nn.Module,), {"forward": lambda self, x: self.w @ x})()
    module.w = t.nn.Parameter(t.zeros_like(w))
    return module


def _functional_call(t, p, x, w, g):
    module, leaf = _linear(t, w), _leaf(x)
    y = t.func.functional_call(module, {"w": w}, (leaf,))
    y.backward(g)
    double = t.func.functional_call(module, {"w": 2 * w}, (x,))
    return [leaf.grad, t.stack([y.detach(), double]), _untouched(t, module)]


def _untouched(t, module):
    return t.tensor([not bool(module.w.any()), module.w.grad is None])


def _value_and_gradient(t, p, x, w, g):
    module = _linear(t, w)

    def of(v, given):
        y = t.func.functional_call(module, {"w": given}, (v,))
        return (y * g).sum(), y

    gradient, (_, y) = t.func.grad_and_value(of, has_aux=True)(x, w)
    _, (_, double) = t.func.grad_and_value(of, has_aux=True)(x, 2 * w)
    return [gradient, t.stack([y, double]), _untouched(t, module)]


def _stacked(t, p, x, w, g):
    """Two modules' parameters stacked, one call for both."""
    first = _linear(t, w)
    second = copy.deepcopy(first)
    first.w.data.copy_(w)
    second.w.data.copy_(2 * w)
    parameters, buffers = t.func.stack_module_state([first, second])
    bare = _linear(t, w)
    both = t.func.vmap(lambda q, b, v: t.func.functional_call(bare, (q, b), (v,)), in_dims=(0, 0, None))(parameters, buffers, x)
    gradient = t.func.grad(lambda v: (t.func.functional_call(bare, {"w": w}, (v,)) * g).sum())(x)
    return [gradient, both.detach(), _untouched(t, bare)]


def _stateless(t, p, x, w, g):
    """The older name, and mutations taken out by functionalize."""
    module, leaf = _linear(t, w), _leaf(x)
    y = t.nn.utils.stateless.functional_call(module, {"w": w}, (leaf,))
    y.backward(g)
    double = t.func.functionalize(lambda v: (w @ v).mul_(2))(x)
    return [leaf.grad, t.stack([y.detach(), double]), _untouched(t, module)]


def _binding(function, names, since="", **forms):
    forms = {n.replace("_", "-"): f for n, f in forms.items()}
    return Binding(function=function, forms=forms, names=names, dtypes=ALL, layouts=("strided", "offset"), since=since)


BINDINGS = (
    _binding(
        "autograd_jacobian",
        ("torch.autograd.functional.jacobian",),
        plain=_jacobian(),
        vectorised=_jacobian(vectorize=True),
        forward_mode=_jacobian(vectorize=True, strategy="forward-mode"),
        with_graph=_jacobian(create_graph=True),
    ),
    _binding("autograd_vjp", ("torch.autograd.functional.vjp", "torch.func.vjp"), plain=_vjp, func=_pull, backward=_backward),
    _binding(
        "autograd_hessian",
        ("torch.autograd.functional.hessian", "torch.func.hessian"),
        plain=_hessian(),
        vectorised=_hessian(vectorize=True),
        forward_mode=_hessian(vectorize=True, outer_jacobian_strategy="forward-mode"),
        func=lambda t, p, x, v: t.func.hessian(_cubes)(x),
    ),
    _binding(
        "autograd_hessian_vector",
        ("torch.autograd.functional.hvp", "torch.autograd.functional.vhp"),
        plain=lambda t, p, x, v: t.autograd.functional.hvp(_cubes, x, v)[1],
        vhp=lambda t, p, x, v: t.autograd.functional.vhp(_cubes, x, v)[1],
    ),
    _binding(
        "autograd_dual_numbers",
        (
            "torch.autograd.forward_ad.dual_level",
            "torch.autograd.forward_ad.enter_dual_level",
            "torch.autograd.forward_ad.exit_dual_level",
            "torch.autograd.forward_ad.unpack_dual",
            "torch.autograd.forward_ad.UnpackedDualTensor",
            "torch.autograd.forward_ad.make_dual",
        ),
        plain=_dual,
        by_hand=_dual_by_hand,
    ),
    _binding(
        "autograd_leaves",
        (
            "torch.Tensor.is_leaf",
            "torch.Tensor.requires_grad_",
            "torch.Tensor.retain_grad",
            "torch.Tensor.retains_grad",
            "torch.Tensor.grad_fn",
            "torch.Tensor.output_nr",
            "torch.Tensor.grad",
            "torch.Tensor.data",
            "torch.Tensor.register_post_accumulate_grad_hook",
            "torch.nn.Module.zero_grad",
        ),
        since="2.1",
        plain=_leaves,
        by_data=_leaves_by_data,
    ),
    _binding(
        "autograd_module_hooks",
        (
            "torch.nn.Module.register_full_backward_hook",
            "torch.nn.Module.register_full_backward_pre_hook",
            "torch.nn.Module.register_backward_hook",
        ),
        plain=_hooked(lambda m, gi, go: (gi[0] * 5,), _full),
        pre=_hooked(lambda m, go: (go[0] * 5,), _backward_pre),
        old=quiet(_hooked(lambda m, gi, go: tuple(None if v is None else v * 5 for v in gi), _old)),
    ),
    _binding(
        "func_module_calls",
        (
            "torch.func.functional_call",
            "torch.func.grad_and_value",
            "torch.func.stack_module_state",
            "torch.func.functionalize",
            "torch.nn.utils.stateless.functional_call",
            "torch.func.vmap",
        ),
        plain=_functional_call,
        value_and_gradient=_value_and_gradient,
        stacked=_stacked,
        stateless=quiet(_stateless),
    ),
)

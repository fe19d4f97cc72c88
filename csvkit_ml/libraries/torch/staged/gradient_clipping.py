"""Torch bindings: clipping of gradients, with and without foreach, at once and in two steps."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding, NotSupported

FLOATS = ("float32", "float64")


def _parameters(t, gradients, bare=False):
    """Parameters with these gradients; `bare`: among others that have none."""
    leaves = []
    for g in gradients:
        leaf = t.zeros(g.shape, dtype=g.dtype, requires_grad=True)
        leaf.grad = g
        leaves.append(leaf)
    if bare:
        leaves.insert(1, t.zeros(3, requires_grad=True))
    return leaves


def _by_norm(bare=False, one_at_a_time=False, **how):
    def form(t, p, *gradients):
        leaves = _parameters(t, gradients, bare)
        given = (leaf for leaf in leaves) if one_at_a_time else leaves
        norm = t.nn.utils.clip_grad_norm_(given, p["max_norm"], norm_type=p["norm_type"], **how)
        return [leaf.grad for leaf in leaves if leaf.grad is not None] + [norm]

    return form


def _in_two_steps(t, p, *gradients):
    if not hasattr(t.nn.utils, "get_total_norm"):
        raise NotSupported("torch.nn.utils.get_total_norm")
    leaves = _parameters(t, gradients)
    norm = t.nn.utils.get_total_norm([leaf.grad for leaf in leaves], norm_type=p["norm_type"])
    t.nn.utils.clip_grads_with_norm_(leaves, p["max_norm"], norm)
    return [leaf.grad for leaf in leaves] + [norm]


def _by_value(bare=False, **how):
    def form(t, p, *gradients):
        leaves = _parameters(t, gradients, bare)
        t.nn.utils.clip_grad_value_(leaves, p["clip_value"], **how)
        return [leaf.grad for leaf in leaves if leaf.grad is not None]

    return form


BINDINGS = (
    Binding(
        function="clip_grad_norm",
        forms={
            "plain": _by_norm(),
            "foreach": _by_norm(foreach=True),
            "for-loop": _by_norm(foreach=False),
            "some-without-gradient": _by_norm(bare=True),
            "generator": _by_norm(one_at_a_time=True),
            "two-steps": _in_two_steps,
        },
        names=("torch.nn.utils.clip_grad_norm_", "torch.nn.utils.get_total_norm", "torch.nn.utils.clip_grads_with_norm_"),
        dtypes=FLOATS,
    ),
    Binding(
        function="clip_grad_value",
        forms={
            "plain": _by_value(),
            "foreach": _by_value(foreach=True),
            "for-loop": _by_value(foreach=False),
            "some-without-gradient": _by_value(bare=True),
        },
        names=("torch.nn.utils.clip_grad_value_",),
        dtypes=FLOATS,
    ),
)

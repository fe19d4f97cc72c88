"""Torch bindings: gradients around frozen layers; states and groups of optimisers; clipping; recomputed statistics."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64")


def _layers(t, weights):
    layers = [t.nn.Linear(w.shape[1], w.shape[0], bias=False).to(w.dtype) for w in weights]
    with t.no_grad():
        for layer, w in zip(layers, weights):  # noqa: B905
            layer.weight.copy_(w)
    return layers


def _middle(freeze):
    def form(t, p, x, a, b, c, g):
        first, middle, head = _layers(t, (a, b, c))
        freeze(middle)
        head(middle(first(x).relu()).relu()).backward(g)
        return [first.weight.grad, head.weight.grad, t.tensor([middle.weight.grad is None])]

    return form


def _by_layer(layer):
    layer.requires_grad_(False)


def _by_flag(layer):
    for parameter in layer.parameters():
        parameter.requires_grad = False


def _head(body):
    """`body(t, first, middle, x)` gives features without a gradient for the body."""

    def form(t, p, x, a, b, c, g):
        first, middle, head = _layers(t, (a, b, c))
        head(body(t, first, middle, x)).backward(g)
        return [head.weight.grad, t.tensor([first.weight.grad is None, middle.weight.grad is None])]

    return form


def _features(first, middle, x):
    return middle(first(x).relu()).relu()


def _flagged(t, first, middle, x):
    _by_layer(first)
    _by_layer(middle)
    return _features(first, middle, x)


def _no_grad(t, first, middle, x):
    with t.no_grad():
        return _features(first, middle, x)


def _switched(t, first, middle, x):
    with t.set_grad_enabled(False):
        return _features(first, middle, x)


def _detached(t, first, middle, x):
    return _features(first, middle, x).detach()


def _thaw(add, **how):
    """The body enters as a group of its own on thawing, or was there without gradients."""

    def trained(t, p, build, w, g, v, h):
        body, head = (t.nn.Parameter(x.clone()) for x in (w, v))
        body.requires_grad_(False)
        optimiser = build([head] if add else [body, head])
        for i in range(p["before"] + p["after"]):
            if i == p["before"]:
                body.requires_grad_(True)
                if add:
                    optimiser.add_param_group({"params": [body]})
            head.grad = h.clone()
            body.grad = g.clone() if i >= p["before"] else None
            optimiser.step()
        return optimiser, body, head

    def form(t, p, w, g, v, h):
        _, body, head = trained(t, p, lambda ps: t.optim.SGD(ps, lr=0.25, momentum=0.5, **how), w, g, v, h)
        adam, *both = trained(t, p, lambda ps: t.optim.Adam(ps, lr=0.25, **how), w, g, v, h)
        return [body, head, t.tensor([int(adam.state[q]["step"]) for q in both])]

    return form


def _refuses(of):
    try:
        of()
    except ValueError:
        return True
    return False


def _position(t, p, first, second):
    a, b = (t.nn.Parameter(t.zeros_like(x)) for x in (first, second))
    source = t.optim.SGD([a, b], lr=0.5, momentum=0.5)
    a.grad, b.grad = first.clone(), second.clone()
    source.step()
    target = t.optim.SGD([b, a] if p["swapped"] else [a, b], lr=0.5, momentum=0.5)
    target.load_state_dict(source.state_dict())
    duplicate = _refuses(lambda: target.add_param_group({"params": [a]}))
    shorter = _refuses(lambda: t.optim.SGD([a], lr=0.5, momentum=0.5).load_state_dict(source.state_dict()))
    return [target.state[a]["momentum_buffer"], target.state[b]["momentum_buffer"], t.tensor([duplicate, shorter])]


def _clipping(**how):
    def form(t, p, first, second, left):
        parts = [t.nn.Parameter(t.zeros_like(x)) for x in (first, second, left)]
        for part, g in zip(parts, (first, second, left)):  # noqa: B905
            part.grad = g.clone()
        parts[2].requires_grad_(False)
        if not p["left"]:
            parts[2].grad = None
        norm = t.nn.utils.clip_grad_norm_(parts, 1000.0, **how)
        return [norm, parts[0].grad, parts[1].grad]

    return form


def _segment(of, x, reentrant):
    from torch.utils.checkpoint import checkpoint

    return checkpoint(of, x, use_reentrant=reentrant)


def _pass(t, x, mean, checkpointed, reentrant):
    norm = t.nn.BatchNorm1d(x.shape[1]).to(x.dtype)
    norm.running_mean.copy_(mean)
    leaf = x.clone().requires_grad_(True)

    def segment(v):
        return norm(v).tanh()

    y = _segment(segment, leaf, reentrant) if checkpointed else segment(leaf)
    loss = (y * y * y).sum()
    loss.backward()
    return norm, loss.detach(), (leaf.grad, norm.weight.grad, norm.bias.grad)


def _recomputed(reentrant):
    def form(t, p, x, mean):
        norm, loss, gradients = _pass(t, x, mean, p["again"], reentrant)
        _, true, others = _pass(t, x, mean, False, reentrant)
        same = all(t.equal(a, b) for a, b in zip(gradients, others))  # noqa: B905
        return [norm.running_mean, norm.num_batches_tracked, t.tensor([t.equal(loss, true), same])]

    return form


BINDINGS = (
    Binding(
        function="transfer_frozen_middle", forms={"plain": _middle(_by_layer), "flag": _middle(_by_flag)},
        names=("torch.nn.Module.requires_grad_", "torch.Tensor.backward"), dtypes=(*FLOATS, "bfloat16"), layouts=("strided", "transposed"),
    ),
    Binding(
        function="transfer_head_gradients",
        forms={"plain": _head(_flagged), "no-grad": _head(_no_grad), "switched": _head(_switched), "detached": _head(_detached)},
        names=("torch.nn.Module.requires_grad_", "torch.no_grad", "torch.set_grad_enabled", "torch.Tensor.detach"), dtypes=(*FLOATS, "bfloat16"),
        layouts=("strided", "transposed"),
    ),
    Binding(
        function="transfer_thawed_state",
        forms={"plain": _thaw(False, foreach=False), "foreach": _thaw(False, foreach=True), "fused": _thaw(False, fused=True), "added": _thaw(True)},
        names=("torch.optim.SGD", "torch.optim.Adam", "torch.optim.Optimizer.add_param_group"), dtypes=FLOATS, layouts=(),
    ),
    Binding(
        function="transfer_state_by_position", forms={"plain": _position},
        names=("torch.optim.Optimizer.load_state_dict", "torch.optim.Optimizer.state_dict", "torch.optim.Optimizer.add_param_group"), dtypes=FLOATS, layouts=(),
    ),
    Binding(
        function="transfer_clipping", forms={"plain": _clipping(foreach=False), "foreach": _clipping(foreach=True)},
        names=("torch.nn.utils.clip_grad_norm_",), dtypes=FLOATS, layouts=(),
    ),
    Binding(
        function="transfer_recomputed_statistics", forms={"plain": _recomputed(False), "reentrant": _recomputed(True)},
        names=("torch.nn.BatchNorm1d",), dtypes=FLOATS, layouts=(),
    ),
)  # fmt: skip

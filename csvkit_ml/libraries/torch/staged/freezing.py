"""Torch bindings: training with frozen parts."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64")
CLASSES = {
    "sgd": "SGD", "adam": "Adam", "adamw": "AdamW", "adamax": "Adamax", "nadam": "NAdam", "radam": "RAdam", "adagrad": "Adagrad", "adadelta": "Adadelta",
    "rmsprop": "RMSprop", "rprop": "Rprop", "asgd": "ASGD", "adafactor": "Adafactor", "lbfgs": "LBFGS",
}  # fmt: skip
FUSED = ("sgd", "adam", "adamw", "adagrad")


def _optimiser(t, p, parameters, **how):
    kind = p["optimiser"]
    decay = {"weight_decay": p["decay"]} if p["decay"] else {}
    momentum = {"momentum": 0.9} if kind in ("sgd", "rmsprop") else {}
    return getattr(t.optim, CLASSES[kind])(parameters, lr=0.05, **decay, **momentum, **how)


def _how(p, implementation):
    """Arguments of an implementation, none where the class does not offer it."""
    if p["optimiser"] == "lbfgs" or (implementation == "fused" and p["optimiser"] not in FUSED):
        return {}
    return {implementation: True} if implementation else {}


def _model(t, weight, bias, head, head_bias):
    model = t.nn.Sequential(t.nn.Linear(6, 9), t.nn.Tanh(), t.nn.Linear(9, 3)).to(weight.dtype)
    with t.no_grad():
        for parameter, value in zip(model.parameters(), (weight, bias, head, head_bias)):  # noqa: B905
            parameter.copy_(value)
    return model


def _idle(state):
    """No state, or one that counts no step: some optimisers set it up when they are built."""
    return not state or float(state.get("step", 1)) == 0


def _frozen(implementation="", filtered=False):
    def form(t, p, x, weight, bias, head, head_bias, target):
        model = _model(t, weight, bias, head, head_bias)
        model[0].requires_grad_(False)
        chosen = [q for q in model.parameters() if q.requires_grad or not filtered]
        optimiser = _optimiser(t, p, chosen, **_how(p, implementation))

        def closure():
            optimiser.zero_grad()
            loss = ((model(x) - target) ** 2).mean()
            loss.backward()
            return loss

        for _ in range(p["steps"]):
            optimiser.step(closure)
        frozen = list(model[0].parameters())
        clean = all(q.grad is None for q in frozen)
        idle = p["optimiser"] == "lbfgs" or all(_idle(optimiser.state.get(q)) for q in frozen)  # LBFGS keeps one state for all, under the first
        return [*frozen, t.tensor([bool((model[2].weight != head).any()), clean, idle])]

    return form


def _late(**how):
    def form(t, p, w, g):
        parameter = t.nn.Parameter(w.clone())
        optimiser = t.optim.SGD([parameter], lr=p["rate"], momentum=p["momentum"], weight_decay=p["decay"], **how)
        parameter.grad = g.clone()
        optimiser.step()
        optimiser.zero_grad(set_to_none=p["cleared"] == "none")
        parameter.requires_grad_(False)
        optimiser.step()
        return parameter

    return form


def _statistics(freeze):
    def form(t, p, x, w, b, mean, variance):
        norm = t.nn.BatchNorm1d(x.shape[1], momentum=p["momentum"]).to(x.dtype)
        model = t.nn.Sequential(norm)
        with t.no_grad():
            for slot, value in ((norm.weight, w), (norm.bias, b), (norm.running_mean, mean), (norm.running_var, variance)):
                slot.copy_(value)
        freeze(norm)
        if p["mode"] != "training":
            norm.eval()
        if p["mode"] == "revived":
            model.train()
        model(x)
        return [norm.running_mean, norm.running_var, norm.weight, norm.bias]

    return form


def _freeze_layer(norm):
    norm.requires_grad_(False)


def _freeze_each(norm):
    for parameter in norm.parameters():
        parameter.requires_grad = False


def _without_gradients(t, p, *operands):
    with t.no_grad():
        return _statistics(_freeze_layer)(t, p, *operands)


def _new_head(t, p, x, body, old, new, target):
    model = t.nn.ModuleDict({"body": t.nn.Linear(6, 9, bias=False), "head": t.nn.Linear(9, 3, bias=False)}).to(x.dtype)
    former, latter = model["head"], t.nn.Linear(9, 4, bias=False).to(x.dtype)
    with t.no_grad():
        for layer, value in ((model["body"], body), (former, old), (latter, new)):
            layer.weight.copy_(value)
    optimiser = getattr(t.optim, CLASSES[p["optimiser"]])(model.parameters(), lr=0.05)
    model["head"] = latter
    if p["added"]:
        optimiser.add_param_group({"params": list(latter.parameters())})
    for _ in range(2):
        optimiser.zero_grad()
        ((model["head"](t.tanh(model["body"](x))) - target) ** 2).mean().backward()
        optimiser.step()
    moved = [latter.weight.grad is not None and bool(latter.weight.grad.any()), bool((latter.weight != new).any())]
    return [former.weight, t.tensor([*moved, bool((model["body"].weight != body).any())])]


BINDINGS = (
    Binding(
        function="transfer_frozen_unchanged",
        forms={"plain": _frozen(), "filtered": _frozen(filtered=True), "foreach": _frozen("foreach"), "fused": _frozen("fused")},
        names=("torch.nn.Module.requires_grad_", *("torch.optim." + name for name in CLASSES.values())), dtypes=FLOATS, layouts=(),
    ),
    Binding(
        function="transfer_late_freeze", forms={"plain": _late(foreach=False), "foreach": _late(foreach=True), "fused": _late(fused=True)},
        names=("torch.optim.Optimizer.zero_grad", "torch.nn.Module.requires_grad_", "torch.optim.SGD"), dtypes=FLOATS, layouts=(),
    ),
    Binding(
        function="transfer_batch_norm_statistics",
        forms={"plain": _statistics(_freeze_layer), "each": _statistics(_freeze_each), "no-grad": _without_gradients},
        names=("torch.nn.BatchNorm1d", "torch.nn.Module.train", "torch.nn.Module.eval"), dtypes=FLOATS, layouts=(),
    ),
    Binding(
        function="transfer_new_head", forms={"plain": _new_head}, names=("torch.optim.Optimizer.add_param_group",), dtypes=FLOATS, layouts=(),
    ),
)  # fmt: skip

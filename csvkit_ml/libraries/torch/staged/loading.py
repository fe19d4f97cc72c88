"""Torch bindings: loading of differing checkpoints; parameter groups."""

from __future__ import annotations

import re

from csvkit_ml.libraries.binding import Binding


def _name(key):
    return "module.k%d" % (key - 100) if key >= 100 else "k%d" % key


def _key(name):
    return int(name.rsplit("k", 1)[1]) + (100 if name.startswith("module.") else 0)


def _holder(t, keys, values):
    module = t.nn.Module()
    for key, value in zip(keys.tolist(), values):  # noqa: B905
        module.register_buffer(_name(key), value.clone())
    return module


def _outputs(t, module, keys, missing, unexpected, refused):
    values = [getattr(module, _name(k)) for k in keys.tolist()]
    found = [t.tensor(sorted(map(_key, names)), dtype=t.int64) for names in (missing, unexpected)]
    return [t.stack(values), *found, t.tensor([refused])]


def _checkpoint(keys, values):
    return {_name(k): v for k, v in zip(keys.tolist(), values)}  # noqa: B905


def _refused(t, module, checkpoint, **how):
    """Message of the refusal, '' = there was none."""
    try:
        module.load_state_dict(checkpoint, strict=True, **how)
    except RuntimeError as error:
        return str(error)
    return ""


def _tolerant(assign):
    def form(t, p, model, keys, before, stored):
        checkpoint = _checkpoint(keys, stored)
        module = _holder(t, model, before)
        told = module.load_state_dict(checkpoint, strict=False, assign=assign)
        refused = bool(_refused(t, _holder(t, model, before), checkpoint))
        return _outputs(t, module, model, told.missing_keys, told.unexpected_keys, refused)

    return form


def _listed(message, kind):
    found = re.search(kind + r" key\(s\) in state_dict: (.*?)\. *$", message, re.M)
    return re.findall(r'"([^"]+)"', found.group(1)) if found else []


def _strict(t, p, model, keys, before, stored):
    module = _holder(t, model, before)
    message = _refused(t, module, _checkpoint(keys, stored))
    return _outputs(t, module, model, _listed(message, "Missing"), _listed(message, "Unexpected"), bool(message))


def _groups(build):
    """`build(t, parameters, rates)` gives the optimiser."""

    def form(t, p, *operands):
        n = len(p["rates"])
        weights = [t.nn.Parameter(x.clone()) for x in operands[:n]]
        optimiser = build(t, weights, p["rates"])
        schedule = t.optim.lr_scheduler.StepLR(optimiser, step_size=1, gamma=p["factor"])
        for _ in range(2):
            for w, g in zip(weights, operands[n:]):  # noqa: B905
                w.grad = g.clone()
            optimiser.step()
            schedule.step()
        return weights

    return form


def _at_once(**how):
    return lambda t, ws, rates: t.optim.SGD([{"params": [w], "lr": r} for w, r in zip(ws, rates)], lr=99.0, **how)  # noqa: B905


def _one_by_one(t, ws, rates):
    optimiser = t.optim.SGD([ws[0]], lr=rates[0])
    for w, r in zip(ws[1:], rates[1:]):  # noqa: B905
        optimiser.add_param_group({"params": [w], "lr": r})
    return optimiser


BINDINGS = (
    Binding(
        function="transfer_loading", forms={"plain": _tolerant(False), "assigned": _tolerant(True), "strict": _strict},
        names=("torch.nn.Module.load_state_dict",), dtypes=("int64",), layouts=(),
    ),
    Binding(
        function="transfer_parameter_groups",
        forms={"plain": _groups(_at_once(foreach=False)), "foreach": _groups(_at_once(foreach=True)), "fused": _groups(_at_once(fused=True)),
               "added": _groups(_one_by_one)},
        names=("torch.optim.SGD", "torch.optim.Optimizer.add_param_group", "torch.optim.lr_scheduler.StepLR"), dtypes=("float32", "float64"), layouts=(),
    ),
)  # fmt: skip

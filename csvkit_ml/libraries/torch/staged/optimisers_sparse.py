"""Torch bindings: Adafactor, and optimisers on sparse gradients, coalesced or not."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding
from csvkit_ml.libraries.torch.staged.optimisers import optimiser

_OF_TRAJECTORY = ("lrs", "cuts", "groups", "missing")


def _form(name, coalesced=False, resume=False, **how):
    def form(t, p, x, index, values):
        leaf = x.detach().requires_grad_(True)
        hyper = {k: tuple(v) if isinstance(v, list) else v for k, v in p.items() if k not in _OF_TRAJECTORY}
        owner, rows = getattr(t.optim, name)([leaf], lr=p["lrs"][0], **hyper, **how), []
        for step in range(len(index)):
            if resume and step == len(index) // 2:
                state = owner.state_dict()
                owner = getattr(t.optim, name)([leaf], lr=0.25, **hyper, **how)
                owner.load_state_dict(state)
            g = t.sparse_coo_tensor(index[step].unsqueeze(0), values[step], x.shape)
            leaf.grad = g.coalesce() if coalesced else g
            owner.step()
            rows.append(leaf.detach().clone())
        return t.stack(rows)

    return form


def _sparse(function, name, *ways):
    forms = {"plain": _form(name), "coalesced": _form(name, coalesced=True), "resumed": _form(name, resume=True)}
    for way in ways:
        forms[way] = _form(name, foreach=way == "foreach")
    return Binding(function=function, forms=forms, names=("torch.optim." + name,), dtypes=("float32", "float64"))


BINDINGS = (
    optimiser("adafactor", "Adafactor", "for-loop", "foreach", since="2.5"),
    optimiser("muon", "Muon", since="2.9"),
    _sparse("sparse_adam", "SparseAdam"),
    _sparse("sgd_sparse", "SGD", "for-loop", "foreach"),
    _sparse("adagrad_sparse", "Adagrad", "for-loop", "foreach"),
)

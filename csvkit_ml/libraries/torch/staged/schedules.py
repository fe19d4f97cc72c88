"""Torch bindings: learning-rate schedules, read epoch by epoch, resumed from their state, continued from an epoch, by closed form."""

from __future__ import annotations

import warnings

from csvkit_ml.libraries.binding import Binding

_SGD = {"momentum": 0.9}


def optimiser(t, rates, **more):
    """One parameter a group."""
    groups = [dict({"params": [t.zeros(1, requires_grad=True)], "lr": lr}, **more) for lr in rates]
    return t.optim.SGD(groups, lr=1.0, **_SGD)


def _now(owner):
    return [group["lr"] for group in owner.param_groups]


def _hyper(p):
    return {k: v for k, v in p.items() if k != "epochs"}


def _table(t, rows):
    return t.tensor(rows, dtype=t.float64)


def stepwise(make):
    """make(t, optimiser, hyperparameters) -> scheduler; rates before the first epoch and after each."""

    def form(t, p, base):
        owner = optimiser(t, base.tolist())
        schedule, rows = make(t, owner, _hyper(p)), [_now(owner)]
        for _ in range(p["epochs"]):
            owner.step()
            schedule.step()
            rows.append(_now(owner))
        return _table(t, rows)

    return form


def told(make):
    """What the scheduler says itself."""

    def form(t, p, base):
        owner = optimiser(t, base.tolist())
        schedule = make(t, owner, _hyper(p))
        rows = [schedule.get_last_lr()]
        for _ in range(p["epochs"]):
            owner.step()
            schedule.step()
            rows.append(schedule.get_last_lr())
        return _table(t, rows)

    return form


def resumed(make):
    """Half way, states of optimiser and scheduler go into new ones that started elsewhere."""

    def form(t, p, base):
        owner = optimiser(t, base.tolist())
        schedule, rows = make(t, owner, _hyper(p)), [_now(owner)]
        for epoch in range(p["epochs"]):
            if epoch == p["epochs"] // 2:
                states = owner.state_dict(), schedule.state_dict()
                owner = optimiser(t, [0.5 for _ in base])
                schedule = make(t, owner, _hyper(p))
                owner.load_state_dict(states[0])
                schedule.load_state_dict(states[1])
            owner.step()
            schedule.step()
            rows.append(_now(owner))
        return _table(t, rows)

    return form


def by_epoch(make):
    """Rates asked for by the number of the epoch."""

    def form(t, p, base):
        owner = optimiser(t, base.tolist())
        schedule, rows = make(t, owner, _hyper(p)), []
        owner.step()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for epoch in range(p["epochs"] + 1):
                schedule.step(epoch)
                rows.append(_now(owner))
        return _table(t, rows)

    return form


def schedule(function, name, *, jumps=True):
    """Binding of a class of torch.optim.lr_scheduler whose arguments are named as the function's parameters.

    `jumps`: it can be asked for the rate of any epoch.
    """

    def make(t, owner, hyper):
        return getattr(t.optim.lr_scheduler, name)(owner, **hyper)

    forms = {"plain": stepwise(make), "last-lr": told(make), "resumed": resumed(make)}
    if jumps:
        forms["by-epoch"] = by_epoch(make)
    known = "torch.optim.lr_scheduler."
    names = (known + name, known + "LRScheduler.step", known + "LRScheduler.state_dict", known + "LRScheduler.load_state_dict")
    return Binding(function=function, forms=forms, names=names, dtypes=("float64",), layouts=())


BINDINGS = (
    schedule("step_lr", "StepLR"),
    schedule("cosine_annealing_lr", "CosineAnnealingLR"),
    schedule("multi_step_lr", "MultiStepLR"),
    schedule("constant_lr", "ConstantLR"),
    schedule("linear_lr", "LinearLR"),
    schedule("exponential_lr", "ExponentialLR"),
    schedule("polynomial_lr", "PolynomialLR"),
)

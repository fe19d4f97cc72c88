"""Torch bindings: schedules that come back, with the momentum that goes with them."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding
from csvkit_ml.libraries.torch.staged import schedules


def _cyclic(t, owner, hyper):
    base = [group.get("initial_lr", group["lr"]) for group in owner.param_groups]
    return t.optim.lr_scheduler.CyclicLR(owner, base_lr=base, **dict(hyper, max_lr=[lr * hyper["max_lr"] for lr in base]))


def _one_cycle(t, owner, hyper):
    return t.optim.lr_scheduler.OneCycleLR(owner, max_lr=[group["lr"] for group in owner.param_groups], **hyper)


def _with_momentum(make, halfway=False):
    """Rates and momenta before the first epoch and after each; `halfway`: continued by a new scheduler from the state of the first."""

    def form(t, p, base):
        owner = schedules.optimiser(t, base.tolist())
        hyper = {k: v for k, v in p.items() if k != "epochs"}
        schedule = make(t, owner, hyper)
        rates, momenta = [], []
        for epoch in range(p["epochs"] + 1):
            if epoch:
                owner.step()
                schedule.step()
            if halfway and epoch == p["epochs"] // 2:
                states = owner.state_dict(), schedule.state_dict()
                owner = schedules.optimiser(t, base.tolist())
                schedule = make(t, owner, hyper)
                owner.load_state_dict(states[0])
                schedule.load_state_dict(states[1])
            rates.append([group["lr"] for group in owner.param_groups])
            momenta.append([group["momentum"] for group in owner.param_groups])
        return t.tensor(rates, dtype=t.float64), t.tensor(momenta, dtype=t.float64)

    return form


def _cycled(function, name, make):
    return Binding(
        function=function,
        forms={"plain": _with_momentum(make), "resumed": _with_momentum(make, halfway=True)},
        names=("torch.optim.lr_scheduler." + name,),
        dtypes=("float64",),
        layouts=(),
    )


BINDINGS = (
    schedules.schedule("cosine_annealing_warm_restarts", "CosineAnnealingWarmRestarts"),
    _cycled("cyclic_lr", "CyclicLR", _cyclic),
    _cycled("one_cycle_lr", "OneCycleLR", _one_cycle),
)

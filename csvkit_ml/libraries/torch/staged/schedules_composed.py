"""Torch bindings: schedules made of others, of a user's factors, of a metric."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding
from csvkit_ml.libraries.torch.staged import schedules


def _of_factors(name):
    def make(t, owner, hyper):
        factors = hyper["factors"]
        return getattr(t.optim.lr_scheduler, name)(owner, lambda epoch: factors[epoch % len(factors)])

    return make


def _parts(t, owner, hyper):
    return [getattr(t.optim.lr_scheduler, name)(owner, **dict(how)) for name, how in hyper["parts"]]


def _sequential(t, owner, hyper):
    return t.optim.lr_scheduler.SequentialLR(owner, _parts(t, owner, hyper), milestones=hyper["milestones"])


def _chained(t, owner, hyper):
    return t.optim.lr_scheduler.ChainedScheduler(_parts(t, owner, hyper), optimizer=owner)


def _swa(t, owner, hyper):
    return t.optim.swa_utils.SWALR(owner, **hyper)


def _plateau(halfway=False, told=False):
    def form(t, p, base, metrics):
        owner = schedules.optimiser(t, base.tolist())
        hyper = {k: v for k, v in p.items() if k != "epochs"}
        schedule = t.optim.lr_scheduler.ReduceLROnPlateau(owner, **hyper)
        rows = [[group["lr"] for group in owner.param_groups]]
        for epoch, metric in enumerate(metrics):
            if halfway and epoch == len(metrics) // 2:
                states = owner.state_dict(), schedule.state_dict()
                owner = schedules.optimiser(t, [0.5 for _ in base])
                schedule = t.optim.lr_scheduler.ReduceLROnPlateau(owner, **hyper)
                owner.load_state_dict(states[0])
                schedule.load_state_dict(states[1])
            owner.step()
            schedule.step(metric)
            rows.append(schedule.get_last_lr() if told else [group["lr"] for group in owner.param_groups])
        return t.tensor(rows, dtype=t.float64)

    return form


def _composed(function, make, *names):
    forms = {"plain": schedules.stepwise(make), "last-lr": schedules.told(make), "resumed": schedules.resumed(make)}
    return Binding(function=function, forms=forms, names=names, dtypes=("float64",), layouts=())


KNOWN = "torch.optim.lr_scheduler."

BINDINGS = (
    _composed("lambda_lr", _of_factors("LambdaLR"), KNOWN + "LambdaLR"),
    _composed("multiplicative_lr", _of_factors("MultiplicativeLR"), KNOWN + "MultiplicativeLR"),
    _composed("sequential_lr", _sequential, KNOWN + "SequentialLR"),
    _composed("chained_scheduler", _chained, KNOWN + "ChainedScheduler"),
    _composed("swa_lr", _swa, "torch.optim.swa_utils.SWALR"),
    Binding(
        function="reduce_lr_on_plateau",
        forms={"plain": _plateau(), "last-lr": _plateau(told=True), "resumed": _plateau(halfway=True)},
        names=(KNOWN + "ReduceLROnPlateau",),
        dtypes=("float64",),
        layouts=(),
    ),
)

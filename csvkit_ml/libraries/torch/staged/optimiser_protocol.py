"""Torch bindings: hooks of optimisers, rates that schedules report, batch statistics of averaged weights."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding


def _hooked(rate):
    """`rate(optimiser, schedule)` is what is reported after each step."""

    def form(t, p, g):
        w, called = t.nn.Parameter(t.zeros_like(g)), []
        optimiser = t.optim.SGD([w], lr=1.0)
        schedule = t.optim.lr_scheduler.StepLR(optimiser, step_size=2, gamma=0.5)

        def before(o, args, kwargs):
            called.append("before")
            w.grad.mul_(2)

        def after(o, args, kwargs):
            called.append("after")
            w.data.add_(1)

        optimiser.register_step_pre_hook(before)
        optimiser.register_step_post_hook(after)
        optimiser.register_step_pre_hook(lambda *a: called.append("removed")).remove()
        weights, rates = [], []
        for _ in range(p["steps"]):
            optimiser.zero_grad()
            (w * g).sum().backward()
            optimiser.step()
            schedule.step()
            weights.append(w.detach().clone())
            rates.append(float(rate(optimiser, schedule)))
        kinds = isinstance(optimiser, t.optim.Optimizer) and isinstance(schedule, t.optim.lr_scheduler.LRScheduler)
        ordered = called == ["before", "after"] * p["steps"]
        return [t.stack(weights), t.tensor(rates), t.tensor([ordered, "removed" not in called, kinds])]

    return form


def _updated(t, p, x):
    model = t.nn.Sequential(t.nn.BatchNorm1d(3, momentum=p["momentum"]))
    model.train()(t.full((2, 3), 100.0))
    model.eval()
    t.optim.swa_utils.update_bn(list(x), model)
    norm = model[0]
    return [norm.running_mean, norm.num_batches_tracked.reshape(1), t.tensor([norm.momentum == p["momentum"], not norm.training])]


BINDINGS = (
    Binding(
        function="optimiser_hooks",
        forms={
            "plain": _hooked(lambda o, s: s.get_last_lr()[0]),
            "group": _hooked(lambda o, s: o.param_groups[0]["lr"]),
        },
        names=(
            "torch.optim.Optimizer",
            "torch.optim.Optimizer.register_step_pre_hook",
            "torch.optim.Optimizer.register_step_post_hook",
            "torch.optim.lr_scheduler.LRScheduler",
            "torch.optim.lr_scheduler.LRScheduler.get_last_lr",
        ),
        dtypes=("float32",),
        layouts=(),
    ),
    Binding(
        function="averaged_batch_statistics",
        forms={"plain": _updated},
        names=("torch.optim.swa_utils.update_bn",),
        dtypes=("float32",),
        layouts=(),
    ),
)

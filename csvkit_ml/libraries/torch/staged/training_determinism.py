"""Torch bindings: training repeated from its seed, resumed from checkpoints, and a short training by its loss and outputs."""

from __future__ import annotations

import copy
import io
import os
import tempfile

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64")
_OPTIMISERS = {"sgd": ("SGD", {"momentum": 0.9}), "adam": ("Adam", {}), "adamw": ("AdamW", {})}
_STATE = {"sgd": ("momentum_buffer",), "adam": ("exp_avg", "exp_avg_sq"), "adamw": ("exp_avg", "exp_avg_sq")}
_WIDTHS = {4: "int32", 8: "int64"}


def bits(t, x, y):
    """Bits in which two floating-point tensors differ, as integers."""
    kind = getattr(t, _WIDTHS[x.element_size()])
    return (x.detach().contiguous().view(kind) ^ y.detach().contiguous().view(kind)).to(t.int64)


def generators(t):
    """States of every generator in use: the processor's and those of accelerators."""
    return {"cpu": t.get_rng_state(), "cuda": t.cuda.get_rng_state_all() if t.cuda.is_available() and t.cuda.is_initialized() else []}


def restore(t, states):
    t.set_rng_state(states["cpu"])
    if states["cuda"]:
        t.cuda.set_rng_state_all(states["cuda"])


class _Training:
    """Model, optimiser, schedule and order of the data, all from one seed."""

    def __init__(self, t, p, x, seed, more):
        t.manual_seed(seed)
        self.t, self.p = t, p
        self.model = t.nn.Sequential(t.nn.Linear(6, 9), t.nn.Sigmoid(), t.nn.Dropout(p["p"]), t.nn.Linear(9, 3)).to(x.dtype).train()
        self.first = [q.detach().clone() for q in self.model.parameters()]
        self.prepare(more)
        self.order = t.randperm(len(x))
        self.losses = []

    def prepare(self, more):
        name, options = _OPTIMISERS[self.p["optimiser"]]
        self.optimiser = getattr(self.t.optim, name)(self.model.parameters(), lr=0.05, **options, **more)
        self.schedule = self.t.optim.lr_scheduler.StepLR(self.optimiser, step_size=2, gamma=0.5)

    def run(self, x, target, start, stop, parts=1):
        """Steps start ... stop - 1, each batch in so many parts whose gradients accumulate."""
        t, p = self.t, self.p
        for step in range(start, stop):
            places = (t.arange(step * p["batch"], (step + 1) * p["batch"]) % len(x)).to(self.order.device)
            rows = self.order[places]
            self.optimiser.zero_grad()
            total = 0.0
            for part in rows.tensor_split(parts):
                loss = ((self.model(x[part]) - target[part]) ** 2).sum() / (3 * len(rows))
                loss.backward()
                total = total + loss.detach()
            self.optimiser.step()
            self.schedule.step()
            self.losses.append(total)
        return self

    def curve(self):
        return self.t.stack(self.losses)

    def parameters(self):
        return self.t.cat([q.detach().reshape(-1) for q in self.model.parameters()])

    def state(self):
        kept = [self.optimiser.state[q][name] for q in self.model.parameters() for name in _STATE[self.p["optimiser"]]]
        return self.t.cat([m.reshape(-1) for m in kept])

    def snapshot(self):
        return {
            "model": self.model.state_dict(), "optimiser": self.optimiser.state_dict(), "schedule": self.schedule.state_dict(),
            "generators": generators(self.t), "order": self.order,
        }  # fmt: skip

    def resume(self, saved, assign=None):
        if assign is None:
            self.model.load_state_dict(saved["model"])
        else:
            self.model.load_state_dict(saved["model"], assign=True)
            self.prepare(assign)
        self.optimiser.load_state_dict(saved["optimiser"])
        self.schedule.load_state_dict(saved["schedule"])
        self.order = saved["order"]
        restore(self.t, saved["generators"])
        return self


def _repeated(parts=1, **more):
    def form(t, p, x, target):
        runs = [_Training(t, p, x, seed, more).run(x, target, 0, p["steps"], parts) for seed in (p["seed"], p["seed"], p["seed"] + 1)]
        once, again, other = runs
        moved = all(bool((q != f).any()) for q, f in zip(once.model.parameters(), once.first))  # noqa: B905 - Python 3.9
        curve = once.curve()
        flags = [moved, bool((curve[1:] != curve[:-1]).all()), bool((once.state() != 0).any()), bool((curve != other.curve()).any())]
        found = [bits(t, a, b) for a, b in ((curve, again.curve()), (once.parameters(), again.parameters()), (once.state(), again.state()))]
        return [*found, t.tensor(flags)]

    return form


def _memory(t, run):
    buffer = io.BytesIO()
    t.save(run.snapshot(), buffer)
    buffer.seek(0)
    return t.load(buffer, weights_only=True)


def _file(t, run):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "checkpoint.pt")
        t.save(run.snapshot(), path)
        return t.load(path, weights_only=True)


def _compared(t, p, whole, resumed, before):
    stop = p["stop"]
    moved = bool((resumed.parameters() != before).any())
    flags = [moved, len(resumed.losses) == p["steps"] - stop, bool((resumed.state() != 0).any())]
    pairs = ((whole.curve()[stop:], resumed.curve()), (whole.parameters(), resumed.parameters()), (whole.state(), resumed.state()))
    return [*(bits(t, a, b) for a, b in pairs), t.tensor(flags)]


def _resumed(through, assign=None, **more):
    """Interrupted, saved, loaded into objects made from another seed, continued."""

    def form(t, p, x, target):
        whole = _Training(t, p, x, p["seed"], more).run(x, target, 0, p["steps"])
        first = _Training(t, p, x, p["seed"], more).run(x, target, 0, p["stop"])
        before, saved = first.parameters(), through(t, first)
        del first
        second = _Training(t, p, x, p["seed"] + 1, more).resume(saved, assign)
        return _compared(t, p, whole, second.run(x, target, p["stop"], p["steps"]), before)

    return form


def _copied(t, p, x, target):
    """A deep copy of everything goes on; the original is trained further first, which must not reach the copy."""
    whole = _Training(t, p, x, p["seed"], {}).run(x, target, 0, p["steps"])
    first = _Training(t, p, x, p["seed"], {}).run(x, target, 0, p["stop"])
    before, states = first.parameters(), generators(t)
    copied = copy.deepcopy({"model": first.model.state_dict(), "optimiser": first.optimiser.state_dict(), "schedule": first.schedule.state_dict()})
    first.run(x, target, p["stop"], p["steps"])
    second = _Training(t, p, x, p["seed"] + 1, {}).resume({**copied, "generators": states, "order": first.order})
    return _compared(t, p, whole, second.run(x, target, p["stop"], p["steps"]), before)


def _descent(step):
    """`step(t, parameters, rate)` gives a function that takes the gradients and moves the parameters."""

    def form(t, p, x, target, w, b, v, d, probe):
        theta = [q.clone().requires_grad_(True) for q in (w, b, v, d)]
        move, losses = step(t, theta, p["rate"]), []

        def network(rows):
            hidden = t.sigmoid(t.nn.functional.linear(rows, theta[0], theta[1]))
            return t.nn.functional.linear(hidden, theta[2], theta[3])

        for _ in range(p["steps"]):
            loss = t.nn.functional.mse_loss(network(x), target)
            move(t.autograd.grad(loss, theta))
            losses.append(loss.detach())
        return [t.stack(losses), network(probe)]

    return form


def _by_hand(t, theta, rate):
    def move(gradients):
        with t.no_grad():
            for q, g in zip(theta, gradients):  # noqa: B905 - Python 3.9
                q.sub_(rate * g)

    return move


def _by_optimiser(**more):
    def make(t, theta, rate):
        optimiser = t.optim.SGD(theta, lr=rate, **more)

        def move(gradients):
            for q, g in zip(theta, gradients):  # noqa: B905 - Python 3.9
                q.grad = g
            optimiser.step()

        return move

    return make


_MODES = ("deterministic", "mkldnn-off")
BINDINGS = (
    Binding(
        function="training_repeated",
        forms={"plain": _repeated(), "foreach": _repeated(foreach=True), "loop": _repeated(foreach=False), "accumulated": _repeated(parts=2)},
        names=("torch.manual_seed", "torch.nn.Module.train", "torch.optim.Optimizer.step", "torch.optim.lr_scheduler.StepLR", "torch.randperm"),
        dtypes=FLOATS,
        layouts=(),
        modes=_MODES,
    ),
    Binding(
        function="training_resumed",
        forms={
            "plain": _resumed(_memory), "file": _resumed(_file), "assigned": _resumed(_memory, assign={}), "foreach": _resumed(_memory, foreach=True),
            "copied": _copied,
        },
        names=(
            "torch.save", "torch.load", "torch.nn.Module.state_dict", "torch.nn.Module.load_state_dict", "torch.optim.Optimizer.state_dict",
            "torch.optim.Optimizer.load_state_dict", "torch.get_rng_state", "torch.set_rng_state",
        ),
        dtypes=FLOATS,
        layouts=(),
    ),
    Binding(
        function="training_curve",
        forms={"plain": _descent(_by_hand), "optimiser": _descent(_by_optimiser()), "foreach": _descent(_by_optimiser(foreach=True))},
        names=("torch.autograd.grad", "torch.optim.SGD", "torch.nn.functional.mse_loss"),
        dtypes=FLOATS,
        layouts=("transposed",),
        modes=_MODES,
    ),
)  # fmt: skip

"""Torch bindings: data loaders with and without workers, dropout masks, initial weights, each under a seed."""

from __future__ import annotations

from typing import Any

from csvkit_ml.libraries.binding import Binding
from csvkit_ml.libraries.torch.staged.training_determinism import bits, generators, restore

FLOATS = ("float32", "float64")


class _Items:
    """A map-style data set: an item is its place and a number drawn when it is read."""

    def __init__(self, t, count):
        self.t, self.count = t, count

    def __len__(self):
        return self.count

    def __getitem__(self, place):
        return place, float(self.t.rand((), dtype=self.t.float64, device="cpu"))


def _epochs(t, p, seed, workers, persistent):
    """[(order of the items, bits of what was drawn)] of two epochs."""
    t.manual_seed(seed)
    more = {"num_workers": workers, "multiprocessing_context": "fork", "persistent_workers": persistent} if workers else {}
    with t.device("cpu"):
        loader = t.utils.data.DataLoader(
            _Items(t, p["items"]), batch_size=p["batch"], shuffle=p["shuffle"], generator=t.Generator().manual_seed(seed), **more
        )
        found = []
        for _ in range(2):
            batches = list(loader)
            found.append((t.cat([b[0] for b in batches]), t.cat([b[1] for b in batches]).view(t.int64)))
    return found


def _loader(workers, persistent=False):
    """Workers that stay alive draw the order of later epochs otherwise (their seed is drawn once): those are compared with a second run only."""

    def form(t, p):
        alone, other = (_epochs(t, p, seed, 0, False) for seed in (p["seed"], p["seed"] + 1))
        once, again = (_epochs(t, p, p["seed"], workers, persistent) for _ in range(2))
        fixed = not p["shuffle"] or p["items"] < 22  # so few that another order may be the same
        flags = [fixed or bool((once[0][0] != once[1][0]).any()), fixed or bool((once[0][0] != other[0][0]).any())]
        pairs = [(once[0], alone[0]), (once[0], again[0]), (once[1], again[1])] + ([] if persistent else [(once[1], alone[1])])
        moved = sum((a[0] - b[0]).abs() for a, b in pairs)
        order = once[1][0] if not p["shuffle"] else once[1][0].sort()[0]
        return [moved, order, (once[0][1] ^ again[0][1]) | (once[1][1] ^ again[1][1]), t.tensor(flags)]

    return form


def _masks(drop):
    """`drop(t, p, x)` drops with probability p from the global generator."""

    def form(t, p, a, b):
        def mask(x, seed):
            t.manual_seed(seed)
            return drop(t, p["p"], x) != 0

        first = mask(a, p["seed"])
        t.manual_seed(p["seed"])
        drop(t, p["p"], a)
        states = generators(t)
        once = drop(t, p["p"], b) != 0
        restore(t, states)
        again = drop(t, p["p"], a) != 0
        flags = [bool((first ^ mask(a, p["seed"] + 1)).any()), not bool(first.all()), bool(first.any())]
        return [first ^ mask(b, p["seed"]), once ^ again, t.tensor(flags)]

    return form


def _gradient(t, p, x):
    """The mask that the gradient sees."""
    leaf = x.detach().requires_grad_(True)
    return t.autograd.grad(t.nn.functional.dropout(leaf, p).sum(), leaf)[0]


def _made(t, p, **where):
    kinds: Any = {
        "linear": lambda i, o: [t.nn.Linear(i, o, **where)],
        "conv2d": lambda i, o, k: [t.nn.Conv2d(i, o, k, **where)],
        "embedding": lambda n, d: [t.nn.Embedding(n, d, **where)],
        "lstm": lambda i, h: [t.nn.LSTM(i, h, **where)],
        "network": lambda a, b, c: [t.nn.Linear(a, b, **where), t.nn.Linear(b, c, **where)],
    }
    return kinds[p["kind"]](*p["extents"])


def _flat(t, layers):
    return t.cat([q.detach().reshape(-1) for layer in layers for q in layer.parameters()])


def _weights(again):
    """`again(t, p, kind)` makes the layers once more, under the seed."""

    def form(t, p):
        kind = getattr(t, p["dtype"])
        t.manual_seed(p["seed"])
        once = _flat(t, _made(t, p, dtype=kind))
        t.manual_seed(p["seed"] + 1)
        other = _flat(t, _made(t, p, dtype=kind))
        t.rand(7)
        flags = [bool((once != other).any()), bool((once != once[0]).any())]
        return [bits(t, once, _flat(t, again(t, p, kind))), t.tensor(flags)]

    return form


def _constructed(t, p, kind):
    t.manual_seed(p["seed"])
    return _made(t, p, dtype=kind)


def _restored(t, p, kind):
    t.manual_seed(p["seed"])
    states = generators(t)
    _made(t, p, dtype=kind)
    restore(t, states)
    return _made(t, p, dtype=kind)


def _reset(t, p, kind):
    layers = _made(t, p, dtype=kind)
    t.manual_seed(p["seed"])
    for layer in layers:
        layer.reset_parameters()
    return layers


def _from_meta(t, p, kind):
    """Made without storage, allocated, then initialised."""
    layers = [layer.to_empty(device=t.empty(1).device) for layer in _made(t, p, dtype=kind, device="meta")]
    t.manual_seed(p["seed"])
    for layer in layers:
        layer.reset_parameters()
    return layers


def _forked(t, p, kind):
    """What is drawn inside fork_rng does not reach the layers outside."""
    t.manual_seed(p["seed"])
    with t.random.fork_rng(devices=[]):
        t.rand(100)
    return _made(t, p, dtype=kind)


BINDINGS = (
    Binding(
        function="loader_order",
        forms={"plain": _loader(0), "one-worker": _loader(1), "two-workers": _loader(2), "persistent": _loader(1, True)},
        names=("torch.utils.data.DataLoader", "torch.utils.data.RandomSampler", "torch.utils.data.SequentialSampler", "torch.Generator"),
        dtypes=("int64",),
        layouts=(),
    ),
    Binding(
        function="seeded_masks",
        forms={
            "plain": _masks(lambda t, p, x: t.nn.functional.dropout(x, p)),
            "module": _masks(lambda t, p, x: t.nn.Dropout(p).train()(x)),
            "in-place": _masks(lambda t, p, x: t.nn.functional.dropout(x.clone(), p, inplace=True)),
            "gradient": _masks(_gradient),
        },
        names=("torch.nn.functional.dropout", "torch.nn.Dropout", "torch.manual_seed", "torch.get_rng_state", "torch.set_rng_state"),
        dtypes=(*FLOATS, "bfloat16"),
    ),
    Binding(
        function="seeded_weights",
        forms={
            "plain": _weights(_constructed), "restored": _weights(_restored), "reset": _weights(_reset), "meta": _weights(_from_meta),
            "forked": _weights(_forked),
        },
        names=("torch.nn.Linear", "torch.nn.Conv2d", "torch.nn.Embedding", "torch.nn.LSTM", "torch.manual_seed", "torch.nn.Module.to_empty"),
        dtypes=FLOATS,
        layouts=(),
    ),
)  # fmt: skip

"""Torch bindings: generators as objects, the global generator's state, deprecated initialisers."""

from __future__ import annotations

import warnings

from csvkit_ml.libraries.binding import Binding


def _drawn(t, p, generator=None):
    return t.randint(2 ** p["bits"], (p["count"],), generator=generator)


def _of_generator(t, p):
    g = t.Generator(device="cpu")
    g.manual_seed(p["seed"])
    seed, device = g.initial_seed(), g.device == t.device("cpu")
    first = _drawn(t, p, g)
    state = g.get_state()
    _drawn(t, p, g)
    g.set_state(state)
    second = _drawn(t, p, g)
    fresh = {g.seed() for _ in range(3)}
    return [first, second, t.tensor([seed]), t.tensor([len(fresh) == 3, True, device])]


def _by_clone(t, p):
    """A clone goes on by itself."""
    g = t.Generator().manual_seed(p["seed"])
    first = _drawn(t, p, g)
    clone = g.clone_state()
    wasted = _drawn(t, p, g)
    second = _drawn(t, p, clone)
    apart = t.equal(wasted, second)
    return [first, second, t.tensor([clone.initial_seed()]), t.tensor([g.seed() != p["seed"], apart, g.device.type == "cpu"])]


def _global(manual, initial, seed, get, put):
    """The global generator by one of its two sets of names; `of(t)` gives each."""

    def form(t, p):
        manual(t)(p["seed"])
        known = initial(t)()
        first = _drawn(t, p)
        state = get(t)()
        _drawn(t, p)
        put(t)(state)
        second = _drawn(t, p)
        fresh = {seed(t)() for _ in range(3)}
        return [first, second, t.tensor([known]), t.tensor([len(fresh) == 3, True, known == p["seed"]])]

    return form


def _deprecated(t, p):
    shape, name, outcome = (8, 6), p["name"], []
    more = {"sparse": (0.25,)}.get(name, ())
    for f in (name, name + "_"):
        t.manual_seed(p["seed"])
        x = t.full(shape, float("nan"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            outcome.append((x, getattr(t.nn.init, f)(x, *more)))
    (x, first), (_, second) = outcome
    return t.tensor([t.equal(first, second), t.equal(x, first) and not bool(x.isnan().any())])


def _sparse(t, p):
    t.manual_seed(p["seed"])
    x = t.nn.init.sparse_(t.full(p["shape"], float("nan")), p["share"])
    patterns = {tuple(c.tolist()) for c in (x == 0).T}
    drawn = x[x != 0]
    return [
        (x == 0).sum(0),
        t.tensor([len(patterns) > 1 or x.shape[1] == 1, not bool(drawn.isnan().any()) and drawn.unique().numel() == drawn.numel()]),
    ]


BINDINGS = (
    Binding(
        function="generator_state",
        forms={
            "plain": _of_generator,
            "clone": _by_clone,
            "global": _global(
                lambda t: t.manual_seed, lambda t: t.initial_seed, lambda t: t.seed, lambda t: t.get_rng_state, lambda t: t.set_rng_state
            ),
            "random": _global(
                lambda t: t.random.manual_seed,
                lambda t: t.random.initial_seed,
                lambda t: t.random.seed,
                lambda t: t.random.get_rng_state,
                lambda t: t.random.set_rng_state,
            ),
        },
        names=(
            "torch.Generator.manual_seed",
            "torch.Generator.initial_seed",
            "torch.Generator.seed",
            "torch.Generator.device",
            "torch.Generator.get_state",
            "torch.Generator.set_state",
            "torch.Generator.clone_state",
            "torch.initial_seed",
            "torch.seed",
            "torch.get_rng_state",
            "torch.set_rng_state",
            "torch.random.manual_seed",
            "torch.random.initial_seed",
            "torch.random.seed",
            "torch.random.get_rng_state",
            "torch.random.set_rng_state",
            "torch.manual_seed",
        ),
        dtypes=("int64",),
        layouts=(),
        since="2.3",
    ),
    Binding(
        function="deprecated_initialisers",
        forms={"plain": _deprecated},
        names=tuple(
            "torch.nn.init." + n
            for n in ("kaiming_normal", "kaiming_uniform", "xavier_normal", "xavier_uniform", "normal", "uniform", "orthogonal", "sparse")
        ),
        dtypes=("int64",),
        layouts=(),
    ),
    Binding(function="sparse_initialiser", forms={"plain": _sparse}, names=("torch.nn.init.sparse_",), dtypes=("int64",), layouts=()),
)

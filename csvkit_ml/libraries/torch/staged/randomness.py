"""Torch bindings: generators and samplers, by every road that must give numbers of the same quality."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64")
_SMALL = 13
"""Length of the short draws: below a vectorised block, and odd."""


def _seeded(t, p):
    return t.Generator().manual_seed(p["seed"])


def _restored(t, p, draw, total):
    """Half is drawn, the state saved, numbers wasted, the state restored, the rest drawn."""
    g = _seeded(t, p)
    first = draw(g, total - total // 2)
    state = g.get_state()
    draw(g, 7)
    g.set_state(state)
    return t.cat([first, draw(g, total // 2)])


def _count(shape):
    n = 1
    for extent in shape:
        n *= extent
    return n


def _stream_global(t, p):
    t.manual_seed(p["seed"])
    return t.randint(2 ** p["bits"], (p["count"],))


def _stream_forked(t, p):
    """What happens inside fork_rng does not move the stream outside."""
    t.manual_seed(p["seed"])
    with t.random.fork_rng(devices=[]):
        t.randint(2 ** p["bits"], (p["count"],))
    return t.randint(2 ** p["bits"], (p["count"],))


def _stream(t, p):
    return t.randint(0, 2 ** p["bits"], (p["count"],), generator=_seeded(t, p))


def _stream_in_place(t, p):
    return t.empty(p["count"], dtype=t.int64).random_(0, 2 ** p["bits"], generator=_seeded(t, p))


def _stream_restored(t, p):
    return _restored(t, p, lambda g, n: t.randint(0, 2 ** p["bits"], (n,), generator=g), p["count"])


def _sampler(name, in_place):
    """Forms of one sampler: torch.<name>, an in-place method, the global generator, a restored state, many short draws."""

    def dtyped(function):
        def form(t, p):
            return function(t, p, getattr(t, p["dtype"]), p["shape"])

        return form

    def plain(t, p, dtype, shape):
        return getattr(t, name)(shape, dtype=dtype, generator=_seeded(t, p))

    def method(t, p, dtype, shape):
        return getattr(t.empty(shape, dtype=dtype), in_place)(generator=_seeded(t, p))

    def whole(t, p, dtype, shape):
        t.manual_seed(p["seed"])
        return getattr(t, name)(shape, dtype=dtype)

    def like(t, p, dtype, shape):
        t.manual_seed(p["seed"])
        return getattr(t, name + "_like")(t.empty(shape, dtype=dtype))

    def restored(t, p, dtype, shape):
        drawn = _restored(t, p, lambda g, n: getattr(t, name)(n, dtype=dtype, generator=g), _count(shape))
        return drawn.reshape(shape)

    def short(t, p, dtype, shape):
        g, n = _seeded(t, p), _count(shape)
        pieces = [getattr(t, name)(min(_SMALL, n - at), dtype=dtype, generator=g) for at in range(0, n, _SMALL)]
        return t.cat(pieces).reshape(shape)

    def strided(t, p, dtype, shape):
        """Into every second element of a larger tensor."""
        target = t.full((*shape, 2), float("nan"), dtype=dtype)[..., 0]
        return getattr(target, in_place)(generator=_seeded(t, p))

    forms = {"plain": plain, "in-place": method, "global": whole, "like": like, "restored": restored, "short": short, "strided": strided}
    return {k: dtyped(f) for k, f in forms.items()}


BINDINGS = (
    Binding(
        function="generator_stream",
        forms={
            "plain": _stream,
            "in-place": _stream_in_place,
            "global": _stream_global,
            "restored": _stream_restored,
            "forked": _stream_forked,
        },
        names=(
            "torch.Generator", "torch.manual_seed", "torch.randint", "torch.Tensor.random_", "torch.Generator.get_state",
            "torch.Generator.set_state", "torch.random.fork_rng",
        ),
        dtypes=("int64",),
        layouts=(),
    ),
    Binding(
        function="uniform_generator",
        forms=_sampler("rand", "uniform_"),
        names=("torch.rand", "torch.rand_like", "torch.Tensor.uniform_"),
        dtypes=FLOATS,
        layouts=(),
    ),
    Binding(
        function="normal_generator",
        forms=_sampler("randn", "normal_"),
        names=("torch.randn", "torch.randn_like", "torch.Tensor.normal_"),
        dtypes=FLOATS,
        layouts=(),
    ),
)  # fmt: skip

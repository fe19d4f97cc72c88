"""Torch bindings: gradients of functions that move, select or average elements."""

from __future__ import annotations

from csvkit_ml.libraries.torch.staged.gradients_losses import bound


def _padding(mode):
    return lambda t, p, x: t.nn.functional.pad(x, (2, 3), mode=mode)


def _pool(kind, *how):
    return bound(kind, lambda t, p, x: getattr(t.nn.functional, kind)(x, *how), 1, "nn.functional." + kind)


BINDINGS = (
    bound("flip", lambda t, p, x: t.flip(x, (-1,))),
    bound("roll", lambda t, p, x: t.roll(x, 2, -1)),
    bound("permute", lambda t, p, x: t.permute(x, (2, 0, 1))),
    bound("expand", lambda t, p, x: x.expand(3, 4, 5), 1, "Tensor.expand"),
    bound("repeat", lambda t, p, x: x.repeat(2, 3), 1, "Tensor.repeat"),
    bound("repeat_interleave", lambda t, p, x: t.repeat_interleave(x, 3, dim=-1)),
    bound("cat_twice", lambda t, p, x: t.cat((x, x), dim=0), 1, "cat"),
    bound("stack_twice", lambda t, p, x: t.stack((x, x), dim=1), 1, "stack"),
    *(bound("pad_" + mode, _padding(mode), 1, "nn.functional.pad") for mode in ("constant", "reflect", "replicate", "circular")),
    bound("diagonal", lambda t, p, x: t.diagonal(x, 1)),
    bound("tril", lambda t, p, x: t.tril(x, -1)),
    bound("masked_fill", lambda t, p, x: t.masked_fill(x, x.detach() < 0, 7.0)),
    bound("masked_select", lambda t, p, x: t.masked_select(x, x.detach() > 0), forward=False),  # of a size that vmap cannot know
    bound("sort", lambda t, p, x: t.sort(x, dim=-1)[0]),
    bound("topk", lambda t, p, x: t.topk(x, 3, dim=-1)[0]),
    bound("median", lambda t, p, x: t.median(x, dim=-1)[0]),
    bound("cummax", lambda t, p, x: t.cummax(x, dim=-1)[0]),
    bound("cummin", lambda t, p, x: t.cummin(x, dim=-1)[0]),
    bound("amin", lambda t, p, x: t.amin(x, dim=-1)),
    bound("pixel_shuffle", lambda t, p, x: t.nn.functional.pixel_shuffle(x, 2), 1, "nn.functional.pixel_shuffle"),
    bound("unfold", lambda t, p, x: t.nn.functional.unfold(x, (2, 3)), 1, "nn.functional.unfold"),
    _pool("max_pool1d", 3, 2),
    _pool("max_pool3d", 2, 1),
    _pool("avg_pool1d", 3, 2),
    _pool("avg_pool3d", 2, 1),
    _pool("adaptive_avg_pool1d", 3),
    _pool("adaptive_max_pool1d", 3),
)

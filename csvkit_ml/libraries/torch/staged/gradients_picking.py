"""Torch bindings: gradients of further views, order statistics, and fractional and adaptive pooling."""

from __future__ import annotations

from csvkit_ml.libraries.torch.staged.gradients_losses import bound

_SAMPLE = 0.3125


def _pool(kind, size, forward=True):
    return bound(kind, lambda t, p, x: getattr(t.nn.functional, kind)(x, size), 1, "nn.functional." + kind, forward)


def _fractional(kind, size):
    """With the samples that draw the windows given."""

    def of(t, p, x):
        samples = t.full((*x.shape[:2], len(size)), _SAMPLE, dtype=x.dtype)
        return getattr(t.nn.functional, kind)(x, 2, output_size=size, _random_samples=samples)

    return bound(kind, of, 1, "nn.functional." + kind, False)


BINDINGS = (
    bound("transpose", lambda t, p, x: t.transpose(x, 0, 2)),
    bound("reshape", lambda t, p, x: t.reshape(x, (2, 42))),
    bound("broadcast_to", lambda t, p, x: t.broadcast_to(x, (2, 3, 5, 7))),
    bound("tile", lambda t, p, x: t.tile(x, (2, 1, 3))),
    bound("rot90", lambda t, p, x: t.rot90(x, 1, (1, 2))),
    bound("triu", lambda t, p, x: t.triu(x, 1)),
    bound("diag_embed", lambda t, p, x: t.diag_embed(x, 1)),
    bound("pixel_unshuffle", lambda t, p, x: t.nn.functional.pixel_unshuffle(x, 2), 1, "nn.functional.pixel_unshuffle"),
    bound("channel_shuffle", lambda t, p, x: t.nn.functional.channel_shuffle(x, 2), 1, "nn.functional.channel_shuffle"),
    bound("unfold_axis", lambda t, p, x: x.unfold(-1, 4, 2), 1, "Tensor.unfold"),
    bound("split", lambda t, p, x: t.split(x, 4, dim=-1)[1]),
    bound("kthvalue", lambda t, p, x: t.kthvalue(x, 3, dim=-1)[0]),
    bound("msort", lambda t, p, x: t.msort(x)),
    bound("max_of_rows", lambda t, p, x: t.max(x, dim=-1)[0], 1, "max"),
    bound("aminmax", lambda t, p, x: t.stack(tuple(t.aminmax(x, dim=-1)), dim=-1))._replace(since="2.12"),  # before, it has no derivative
    _pool("adaptive_avg_pool2d", (3, 4)),
    _pool("adaptive_avg_pool3d", (2, 3, 4)),
    _pool("adaptive_max_pool2d", (3, 4)),
    _pool("adaptive_max_pool3d", (2, 3, 4)),
    _fractional("fractional_max_pool2d", (4, 4)),
    _fractional("fractional_max_pool3d", (4, 3, 4)),
)

"""Torch bindings: gradients of reductions of segments and of rows by index, of overlapping views, and of positions in planes and along axes."""

from __future__ import annotations

import warnings

from csvkit_ml.libraries.torch.staged.gradients_losses import bound


def _index_reduced(t, p, x, source, at):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return x.index_reduce(0, at, source, p["reduce"], include_self=p["include_self"])


def _segments(t, p, x):
    return t.segment_reduce(x, p["reduce"], lengths=t.tensor(p["lengths"]), axis=0)


def _written(t, p, x, source):
    return t.as_strided_scatter(x, source, (3, 4), p["stride"], p["start"])


BINDINGS = (
    bound("index_reduce", _index_reduced, 2, "Tensor.index_reduce", forward=False),
    bound("segment_reduce", _segments, forward=False),
    bound("as_strided", lambda t, p, x: t.as_strided(x, (3, 4), p["stride"], p["start"])),
    bound("as_strided_scatter", _written, 2, forward=False),  # cannot be mapped
    bound("diagonal_scatter", lambda t, p, x, s: t.diagonal_scatter(x, s, 1), 2),
    bound("max_unpool2d", lambda t, p, x, at: t.nn.functional.max_unpool2d(x, at, 2), 1, "nn.functional.max_unpool2d"),
    bound("take_along_dim", lambda t, p, x, at: t.take_along_dim(x, at, dim=0)),
)

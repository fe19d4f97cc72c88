"""Torch bindings: gradients of functions that write, add or choose."""

from __future__ import annotations

from csvkit_ml.libraries.torch.staged.gradients_losses import bound


def _reduced(t, p, x, source, at):
    return t.scatter_reduce(x, -1, at, source, p["reduce"], include_self=p["include_self"])


def _fold(t, p, x):
    return t.nn.functional.fold(x, (p["height"], p["width"]), (2, 3), stride=p["stride"])


BINDINGS = (
    bound("scatter_reduce", _reduced, 2),
    bound("index_put", lambda t, p, x, v, i, j: t.index_put(x, (i, j), v, accumulate=p["accumulate"]), 2),
    bound("put", lambda t, p, x, v, at: x.put(at, v, accumulate=p["accumulate"]), 2, "Tensor.put"),
    bound("take", lambda t, p, x, at: t.take(x, at)),
    bound("index_add", lambda t, p, x, s, at: t.index_add(x, 0, at, s, alpha=p["alpha"]), 2),
    bound("index_copy", lambda t, p, x, s, at: t.index_copy(x, 0, at, s), 2),
    bound("index_fill", lambda t, p, x, v, at: t.index_fill(x, 0, at, v), 2),
    bound("scatter", lambda t, p, x, s, at: t.scatter(x, -1, at, s), 2),
    bound("masked_scatter", lambda t, p, x, s, m: t.masked_scatter(x, m == 1, s), 2),
    bound("where", lambda t, p, a, b, m: t.where(m == 1, a, b), 2),
    bound("select_scatter", lambda t, p, x, s: t.select_scatter(x, s, 1, p["at"]), 2),
    bound("slice_scatter", lambda t, p, x, s: t.slice_scatter(x, s, 1, 1, None, p["step"]), 2),
    bound("cat", lambda t, p, a, b: t.cat((a, b), dim=-1), 2),
    bound("fold", _fold, 1, "nn.functional.fold"),
)

"""Torch bindings: gradients of interpolation, grid sampling and bags of embeddings, by every road."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding
from csvkit_ml.libraries.torch.staged.gradients import roads

FLOATS = ("float32", "float64")
ROADS = ("torch.autograd.grad", "torch.Tensor.backward", "torch.func.vjp")


def _interpolated(t, p, x):
    corners = {} if p["mode"] == "nearest" else {"align_corners": p["align_corners"]}
    return t.nn.functional.interpolate(x, size=tuple(p["sizes"]), mode=p["mode"], **corners)


def _last_channels(t, p, x):
    return _interpolated(t, p, x.contiguous(memory_format=t.channels_last))


def _sampled(t, p, x, grid):
    return t.nn.functional.grid_sample(x, grid, mode="bilinear", padding_mode=p["padding"], align_corners=p["align_corners"])


def _sampled_last(t, p, x, grid):
    return _sampled(t, p, x.contiguous(memory_format=t.channels_last), grid)


def _bag(t, p, table, *rest):
    *weights, index, offsets = rest
    more = {"per_sample_weights": weights[0]} if weights else {}
    return t.nn.functional.embedding_bag(index, table, offsets, mode=p["mode"], **more)


def _sparse(t, p, *inputs):
    """The table's gradient is sparse; made dense, repeated rows are added up. The maximum has none: the plain road."""
    count = 2 if p["weighted"] else 1
    leaves, (index, offsets, g) = [x.detach().requires_grad_(True) for x in inputs[:count]], inputs[count:]
    more = {"per_sample_weights": leaves[1]} if p["weighted"] else {}
    y = t.nn.functional.embedding_bag(index, leaves[0], offsets, mode=p["mode"], sparse=p["mode"] != "max", **more)
    y.backward(g)
    return [x.grad.to_dense() if x.grad.is_sparse else x.grad for x in leaves]


def _bound(function, of, leaves, name, **more):
    forms = {**roads(of, leaves), **{n.replace("_", "-"): f for n, f in more.items()}}
    return Binding(function=function, forms=forms, names=(*ROADS, "torch.nn.functional." + name), dtypes=FLOATS, layouts=("transposed",))


BINDINGS = (
    _bound("grad_interpolate", _interpolated, lambda p: 1, "interpolate", channels_last=roads(_last_channels, lambda p: 1)["grad"]),
    _bound("grad_grid_sample", _sampled, lambda p: 2, "grid_sample", channels_last=roads(_sampled_last, lambda p: 2)["grad"]),
    _bound("grad_embedding_bag", _bag, lambda p: 2 if p["weighted"] else 1, "embedding_bag", sparse=_sparse),
)

"""Torch bindings: gradients of views, indexing expressions and joins."""

from __future__ import annotations

from csvkit_ml.libraries.torch.staged.gradients_losses import bound

_CALLED = {
    "movedim": lambda t, x: t.movedim(x, 0, 2),
    "swapaxes": lambda t, x: t.swapaxes(x, 1, 2),
    "flatten": lambda t, x: t.flatten(x, 1),
    "unflatten": lambda t, x: t.unflatten(x, 1, (3, 3)),
    "ravel": lambda t, x: t.ravel(x),
    "squeeze": lambda t, x: t.squeeze(x, 1),
    "unsqueeze": lambda t, x: t.unsqueeze(x, 1),
    "narrow": lambda t, x: t.narrow(x, 1, 2, 4),
    "chunk": lambda t, x: t.chunk(x, 3, dim=1)[2],
    "tensor_split": lambda t, x: t.tensor_split(x, 4, dim=1)[2],
    "hsplit": lambda t, x: t.hsplit(x, 2)[1],
    "unbind": lambda t, x: t.unbind(x, 1)[3],
    "fliplr": lambda t, x: t.fliplr(x),
    "flipud": lambda t, x: t.flipud(x),
    "adjoint": lambda t, x: t.adjoint(x),
    "diagonal": lambda t, x: t.diagonal(x, 0, 1, 2),
}
_INDEXED = {
    "tril_indices": lambda t, x: x[tuple(t.tril_indices(6, 6))],
    "steps": lambda t, x: x[1:, ::2, 1:5],
    "new-axis": lambda t, x: x[None, :, 3],
    "last": lambda t, x: x[..., -1],
    "list": lambda t, x: x[:, [0, 2, 2, 8]],
    "pairs": lambda t, x: x[[0, 2, 0], [1, 1, 1]],
    "mask": lambda t, x: x[t.tensor([True, False, False, True, True])],
    "list-and-slice": lambda t, x: x[[2, 2], 1:3, [0, 5]],
    "negative": lambda t, x: x[[-1, -5, -1]],
}
_JOINED = {
    "stack": lambda t, a, b: t.stack((a, b), dim=1),
    "hstack": lambda t, a, b: t.hstack((a, b)),
    "vstack": lambda t, a, b: t.vstack((a, b)),
    "dstack": lambda t, a, b: t.dstack((a, b)),
    "column_stack": lambda t, a, b: t.column_stack((a, b)),
    "cartesian_prod": lambda t, a, b: t.cartesian_prod(a, b),
    "meshgrid": lambda t, a, b: t.stack(t.meshgrid(a, b, indexing="ij")),
    "broadcast_tensors": lambda t, a, b: t.stack(t.broadcast_tensors(a, b)),
    "twice": lambda t, a, b: t.cat((a, b, a), dim=-1),
}
_VIEWS = {**_CALLED, **_INDEXED}


def _named(made, names):
    return made._replace(names=(*made.names, *("torch." + n for n in names)))


BINDINGS = (
    _named(bound("views", lambda t, p, x: _VIEWS[p["view"]](t, x), 1, "Tensor.__getitem__"), _CALLED),
    _named(bound("joins", lambda t, p, a, b: _JOINED[p["join"]](t, a, b), 2, "cat"), [n for n in _JOINED if n != "twice"]),
)

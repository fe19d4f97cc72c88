"""Torch bindings: operands without an answer, between right ones."""

from __future__ import annotations

from typing import Any, Tuple

from csvkit_ml.libraries.binding import Binding


def _one(i: Any) -> int:
    return int(i[0])


def _scattered(name: str, *how: Any) -> Any:
    return lambda t, x, i: getattr(t, name)(x[:, :, 0], 1, i, t.ones(i.shape, dtype=x.dtype), *how)


def _indexed(name: str, *how: Any) -> Any:
    return lambda t, x, i: getattr(t, name)(x, 0, i, t.ones((len(i), *x.shape[1:]), dtype=x.dtype), *how)


def _put(t: Any, x: Any, i: Any, accumulate: bool = False) -> Any:
    return t.clone(x).put_(i, t.ones(i.shape, dtype=x.dtype), accumulate)


def _masked(t: Any, x: Any, i: Any) -> Any:
    """Three places, values of a number that is given."""
    return x[0, 0].masked_scatter(t.tensor([True, False, True, False, True, False, False]), t.ones(_one(i), dtype=x.dtype))


def _unpooled(t: Any, x: Any, i: Any) -> Any:
    return t.nn.functional.max_unpool1d(x[:1, :1, :3], i.reshape(1, 1, 3), 2, 2)


CALLS = {
    "gather": lambda t, x, i: x[:, i], "gather_elements": lambda t, x, i: t.gather(x[:, :, 0], 1, i),
    "scatter_elements": _scattered("scatter"), "gather_nd": lambda t, x, i: x[i[:, 0], i[:, 1]],
    "scatter_nd": lambda t, x, i: t.index_put(x[:, :, 0], (i[:, 0], i[:, 1]), t.zeros(len(i), dtype=x.dtype)),
    "topk": lambda t, x, i: t.topk(x, _one(i), 1),
    "split": lambda t, x, i: t.split(x, i.tolist(), 1), "reshape": lambda t, x, i: t.reshape(x, i.tolist()),
    "expand": lambda t, x, i: x.expand(i.tolist()),
    "sum": lambda t, x, i: t.sum(x, _one(i)), "unsqueeze": lambda t, x, i: t.unsqueeze(x, _one(i)),
    "cumsum": lambda t, x, i: t.cumsum(x, _one(i)),
    "tile": lambda t, x, i: x.repeat(i.tolist()), "filled": lambda t, x, i: t.zeros(i.tolist()),
    "nll": lambda t, x, i: t.nn.functional.nll_loss(x.reshape(35, 6)[:4], i, reduction="none"),
    "cross_entropy": lambda t, x, i: t.nn.functional.cross_entropy(x.reshape(35, 6)[:4], i, reduction="none"),
    "embedding": lambda t, x, i: t.nn.functional.embedding(i, x.reshape(6, 35)),
    "index_select": lambda t, x, i: t.index_select(x, 0, i), "index_add": _indexed("index_add"), "index_copy": _indexed("index_copy"),
    "index_fill": lambda t, x, i: t.index_fill(x, 0, i, 2.0), "index_reduce": _indexed("index_reduce", "prod"),
    "take": lambda t, x, i: t.take(x, i), "put": _put, "put_add": lambda t, x, i: _put(t, x, i, True),
    "take_along_dim": lambda t, x, i: t.take_along_dim(x[: len(i), :, 0], i, 1), "scatter_add": _scattered("scatter_add"),
    "scatter_reduce": _scattered("scatter_reduce", "amax"), "scatter_number": lambda t, x, i: t.scatter(x[:, :, 0], 1, i, 2.0),
    "embedding_bag": lambda t, x, i: t.nn.functional.embedding_bag(i, x.reshape(5, 42), t.tensor([0, 2])),
    "one_hot": lambda t, x, i: t.nn.functional.one_hot(i, 5), "bincount": lambda t, x, i: t.bincount(i),
    "narrow": lambda t, x, i: t.narrow(x, 1, *i.tolist()), "select": lambda t, x, i: t.select(x, 0, _one(i)),
    "kthvalue": lambda t, x, i: t.kthvalue(x, _one(i)), "permute": lambda t, x, i: t.permute(x, i.tolist()),
    "diagonal": lambda t, x, i: t.diagonal(x, 0, *i.tolist()), "repeat_interleave": lambda t, x, i: t.repeat_interleave(x, i, 0),
    "masked_scatter": _masked, "max_unpool": _unpooled, "unflatten": lambda t, x, i: t.unflatten(x, 1, i.tolist()),
    "chunk": lambda t, x, i: t.chunk(x, _one(i), 1),
}  # fmt: skip
"""By operator: (torch, data, operand)."""


def _bits(y: Any) -> Tuple[Any, ...]:
    parts = y if isinstance(y, tuple) else (y,)
    return tuple((tuple(v.shape), v.dtype, v.tolist()) for v in parts)


def _refused(call: Any) -> int:
    """1 where an error is raised; warnings and answers are none."""
    try:
        call()
    except Exception:
        return 1
    return 0


def _asked(t: Any, p: Any, x: Any) -> Any:
    """(refused, right afterwards)."""
    call, (right, wrong) = CALLS[p["operator"]], (t.tensor(p[k], dtype=t.int64) for k in ("right", "wrong"))
    before = _bits(call(t, x, right))
    refused = _refused(lambda: call(t, x, wrong))
    return t.tensor([refused, int(_bits(call(t, x, right)) == before)], dtype=t.int64)


_NAMES = {
    "refuse_wrong_positions": "gather scatter index_put", "refuse_wrong_sizes": "topk split reshape unsqueeze cumsum",
    "refuse_wrong_labels": "nn.functional.nll_loss nn.functional.cross_entropy nn.functional.embedding",
    "refuse_wrong_arguments": "index_select take narrow kthvalue permute nn.functional.one_hot nn.functional.embedding_bag",
}  # fmt: skip
BINDINGS = tuple(
    Binding(
        function=f, forms={"plain": _asked}, names=tuple("torch." + n for n in names.split()), dtypes=("float32",), layouts=(),
        modes=("inference-mode",), since="2.5",
    )
    for f, names in _NAMES.items()
)  # fmt: skip

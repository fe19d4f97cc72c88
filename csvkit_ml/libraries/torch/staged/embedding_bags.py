"""Torch bindings: bags of embeddings."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding


def _plain(t, p, table, index, offsets, weights=None):
    return t.nn.functional.embedding_bag(index, table, offsets, mode=p["mode"], per_sample_weights=weights, padding_idx=p["ignored"])


def _module(t, p, table, index, offsets, weights=None):
    m = t.nn.EmbeddingBag.from_pretrained(table, mode=p["mode"], padding_idx=p["ignored"])
    return m(index, offsets, per_sample_weights=weights)


def _with_end(t, p, table, index, offsets, weights=None):
    """The end of the last bag given as well."""
    ends = t.cat([offsets, t.tensor([index.shape[0]])])
    more = {"per_sample_weights": weights, "padding_idx": p["ignored"]}
    return t.nn.functional.embedding_bag(index, table, ends, mode=p["mode"], include_last_offset=True, **more)


def _torch(t, p, table, index, offsets, weights=None):
    mode = ("sum", "mean", "max").index(p["mode"])
    ignored = () if p["ignored"] is None else (p["ignored"],)
    return t.embedding_bag(table, index, offsets, False, mode, False, weights, False, *ignored)[0]


BINDINGS = (
    Binding(
        function="embedding_bag",
        forms={"plain": _plain, "module": _module, "with-end": _with_end, "torch": _torch},
        names=("torch.nn.functional.embedding_bag", "torch.nn.EmbeddingBag", "torch.embedding_bag"),
        dtypes=("float32", "float64"),
        modes=("inference-mode",),
    ),
)

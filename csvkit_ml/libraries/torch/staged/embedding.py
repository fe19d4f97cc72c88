"""Torch bindings: embedding."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

BINDINGS = (
    Binding(
        function="embedding",
        forms={
            "plain": lambda t, p, w, i: t.nn.functional.embedding(i, w),
            "module": lambda t, p, w, i: t.nn.Embedding.from_pretrained(w)(i),
            "int32-indices": lambda t, p, w, i: t.nn.functional.embedding(i.to(t.int32), w),
            "indexing": lambda t, p, w, i: w[i],
        },
        names=("torch.nn.functional.embedding", "torch.nn.Embedding", "torch.embedding"),
        dtypes=("float32", "float64", "float16", "bfloat16"),
        modes=("inference-mode",),
    ),
)

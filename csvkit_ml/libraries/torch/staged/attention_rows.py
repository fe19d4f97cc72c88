"""Torch bindings: attention where some queries have no key."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding
from csvkit_ml.libraries.torch.staged.attention import BINDINGS as ATTENTION

_FORMS = ATTENTION[0].forms

BINDINGS = (
    Binding(
        function="attention_masked_rows", forms={k: _FORMS[k] for k in ("plain", "math-kernel", "flash-kernel")},
        names=("torch.nn.functional.scaled_dot_product_attention",), dtypes=("float32", "float64", "float16", "bfloat16"),
        layouts=("transposed",), modes=("inference-mode", "requires-grad"), since="2.5",
    ),
)  # fmt: skip

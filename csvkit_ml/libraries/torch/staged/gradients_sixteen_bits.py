"""Torch bindings: the roads of the other gradients, in bfloat16 and float16."""

from __future__ import annotations

from csvkit_ml.libraries.torch.staged import (
    gradients_contractions,
    gradients_convolution,
    gradients_layers,
    gradients_losses,
    gradients_normalisation,
    gradients_reductions,
    gradients_statistics,
    gradients_structure,
    gradients_vectors,
)

_AREAS = (
    gradients_structure, gradients_layers, gradients_convolution, gradients_normalisation, gradients_contractions, gradients_losses, gradients_reductions,
    gradients_statistics, gradients_vectors,
)  # fmt: skip
CHOSEN = (
    "add", "mul", "div", "sum", "mean", "amax", "cumsum", "logsumexp", "gather", "index_select", "scatter_add", "embedding", "linear", "bmm", "max_pool2d",
    "avg_pool2d", "batch_norm", "scaled_dot_product_attention", "nll_loss", "conv1d", "conv3d", "conv_transpose2d", "group_norm",
    "instance_norm", "rms_norm", "log_softmax", "vector_norm", "matmul_ranks", "huber_loss", "bce_with_logits", "kl_div", "mv", "dot", "addmm", "baddbmm",
    "softmin", "normalize",
)  # fmt: skip
KEPT = ("grad", "func-vjp")
"""Roads that differ in more than where the gradient is put."""


def _narrow(binding):
    forms = {k: f for k, f in binding.forms.items() if k in KEPT}
    return binding._replace(
        function=binding.function + "_16bit", forms=forms, dtypes=("bfloat16", "float16"), layouts=("transposed",), aliases={}, paths=(), once=(), modes=()
    )


_BY_NAME = {b.function: b for area in _AREAS for b in area.BINDINGS}
BINDINGS = tuple(_narrow(_BY_NAME["grad_" + n]) for n in CHOSEN)

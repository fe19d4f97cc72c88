"""Gradients in bfloat16 and float16 of functions that combine elements: the products of the other areas, in the arithmetic of 16-bit formats.

A relative error of 1e-4 is a fortieth of a rounding of bfloat16 and cannot show: what is seeded are errors that a step of training would feel.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from csvkit_ml.model.function import Function
from validation_suites import faults
from validation_suites.training import (
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
from validation_suites.training.losses_pointwise import RUNNING
from validation_suites.vector_jacobian import Product

AREAS = (
    gradients_structure, gradients_layers, gradients_convolution, gradients_normalisation, gradients_contractions, gradients_losses, gradients_reductions,
    gradients_statistics, gradients_vectors,
)  # fmt: skip
CHOSEN = (
    "add", "mul", "div", "sum", "mean", "amax", "cumsum", "logsumexp", "gather", "index_select", "scatter_add", "embedding", "linear", "bmm", "max_pool2d",
    "avg_pool2d", "batch_norm", "scaled_dot_product_attention", "nll_loss", "conv1d", "conv3d", "conv_transpose2d", "group_norm",
    "instance_norm", "rms_norm", "log_softmax", "vector_norm", "matmul_ranks", "huber_loss", "bce_with_logits", "kl_div", "mv", "dot", "addmm", "baddbmm",
    "softmin", "normalize",
)  # fmt: skip
"""By id without `grad_`."""
COARSE = (
    faults.relative(2.0**-5, "gradient-off"), faults.stale(), faults.one_element(),
    faults.changed("wrong-sign", "The sign is wrong.", lambda a: -a.astype(np.float64)),
    faults.changed("shares-exchanged", "Neighbours have each other's gradients.", lambda a: np.flip(a.astype(np.float64))),
)  # fmt: skip


STORED = replace(
    RUNNING, wide_accumulation=False,
    rationale=f"{RUNNING.rationale} In 16-bit formats whatever is stored is rounded to them; sums are carried out in float32 and rounded once.",
    literature=f"{RUNNING.literature}; Blanchard, Higham, Lopez, Mary and Pranesh 2020",
)  # fmt: skip


def _named() -> dict[str, Product]:
    return {p.id: p for area in AREAS for p in area.PRODUCTS}


PRODUCTS = tuple(
    replace(_named()[f"grad_{name}"], id=f"grad_{name}_16bit", dtypes=("bfloat16", "float16"), faults=(), common=COARSE, criterion=STORED) for name in CHOSEN
)
FUNCTIONS: tuple[Function, ...] = tuple(p.function() for p in PRODUCTS)

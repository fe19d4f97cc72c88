"""Products between dequantisation and quantisation, as quantised models are exported: run as written, or fused into one integer kernel.

All scales are powers of two and all sums below 2^24, so that float32 arithmetic is exact and both ways have the same single answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from csvkit_ml.model.function import Function, Sample
from csvkit_ml.model.tensor import Tensor
from validation_suites.inference.integer_products import FUNCTIONS as PRODUCTS

BY_ID = {f.id: f for f in PRODUCTS}


SCALES = (1, 4, 6)
"""Places of the scales among the inputs."""


def _octave(t: Tensor) -> Tensor:
    """The next lower power of two of every scale."""
    return Tensor.of(np.exp2(np.floor(np.log2(t.array()))).astype(np.float32))


def _even(function: Function) -> Callable[[], Iterable[Sample]]:
    def samples() -> Iterable[Sample]:
        for s in function.samples():
            yield replace(s, inputs=tuple(_octave(t) if i in SCALES else t for i, t in enumerate(s.inputs)))

    return samples


def _pattern(id: str, of: str, says: str) -> Function:
    f = BY_ID[of]
    return replace(
        f, id=id, requirement=f"The library shall return {says} between dequantisation and quantisation, fused or not, step for step.",
        source=f"{f.source}; DequantizeLinear, QuantizeLinear", samples=_even(f),
    )  # fmt: skip


FUNCTIONS: tuple[Function, ...] = (
    _pattern("qdq_matmul", "qlinear_matmul", "the product of two matrices"),
    _pattern("qdq_conv", "qlinear_conv", "the cross-correlation, with bias or none"),
)

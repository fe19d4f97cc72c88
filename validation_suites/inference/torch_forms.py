"""Functions that torch alone offers, each the special form of another one: its definition, reference and seeded faults are that one's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from csvkit_ml.model.function import Function, Sample
from validation_suites.inference import convolution, linear_algebra

WIDE = ("float32", "float64")
"""In 16 bits these forms store what others keep in float32."""


def _of(functions: tuple[Function, ...], id: str) -> Function:
    return next(f for f in functions if f.id == id)


def _plain_sequence(p: dict[str, Any]) -> bool:
    """Step, dilation and group of one, and as much padding before as behind."""
    return bool(p["stride"] == p["dilation"] == (1,) and p["groups"] == 1 and p["padding"][0] == p["padding"][1])


def _samples(function: Function, fits: Callable[[dict[str, Any]], bool]) -> Callable[[], Iterable[Sample]]:
    return lambda: (s for s in function.samples() if s.dtype in WIDE and fits(dict(s.params)))


CONVOLUTION, PRODUCT = _of(convolution.FUNCTIONS, "conv1d"), _of(linear_algebra.FUNCTIONS, "gemm")
FUNCTIONS: tuple[Function, ...] = (
    replace(
        CONVOLUTION, id="conv_tbc", samples=_samples(CONVOLUTION, _plain_sequence), source=f"{CONVOLUTION.source}; torch.nn.functional.conv_tbc",
        requirement="The library shall return the cross-correlation over the first axis of sequences whose channels come last.",
    ),
    replace(
        PRODUCT, id="addmv", samples=_samples(PRODUCT, lambda p: True), source=f"{PRODUCT.source}; torch.addmv",
        requirement="The library shall return beta c + alpha A b for a matrix and vectors: column by column the product of matrices.",
    ),
)  # fmt: skip

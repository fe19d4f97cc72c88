"""Sums of products: componentwise bounds on S = |A||B| (dot, matmul, convolution, mean, embedding bag)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from csvkit_ml.criteria.comparison import differences
from csvkit_ml.criteria.formats import FORMATS, gamma
from csvkit_ml.model.function import Expected, Measurement
from csvkit_ml.model.tensor import Array

DELTA = 1e-6
"""Probability with which a correct implementation may exceed the band anywhere in one output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Componentwise:
    """|y - r| <= min(lambda sqrt(n), n) u_acc S + u |r| (band), gamma_n S + u |r| (hard).

    n = Expected.terms, S = Expected.scale, lambda = sqrt(2 ln(2 m / delta)) for m outputs. `u_acc` is the roundoff of the
    format that accumulates: float32 for float16 and bfloat16 data, else the data's own; with `own_format` always the data's own
    (sums that are kept in a tensor of the data's format from one addition to the next).
    """

    own_format: bool = False
    rationale: str = "Rounding errors of a sum of n products grow at most like gamma_n S and with probability 1 - 1e-6 like sqrt(n)."
    literature: str = "Higham 2002, ch. 3; Higham and Mary 2019; Ipsen and Zhou 2020; Blanchard, Higham, Lopez, Mary, Pranesh 2020"
    kind: str = "componentwise"

    @property
    def formula(self) -> str:
        limits = "|y - r| + rad(r) <= min(lambda sqrt(n), n) u_acc S + u|r|, lambda = sqrt(2 ln(2 m / 1e-6)); hard: gamma_n S + u|r|"
        return f"{limits}; u_acc = u" if self.own_format else limits

    def measure(self, actual: Array, expected: Expected) -> Measurement:
        """Judge a floating-point output of m elements."""
        form = FORMATS[expected.dtype]
        accumulate = FORMATS["float32"] if expected.dtype in ("float16", "bfloat16") and not self.own_format else form
        n = expected.terms + 1
        lam = math.sqrt(2 * math.log(2 * max(1, expected.value.size) / DELTA))
        tiny, growth = n * accumulate.tiny, gamma(n, accumulate.u)

        def limits(e: Expected) -> tuple[Array, Array]:
            final = form.u * np.abs(np.nan_to_num(e.value, posinf=0.0, neginf=0.0)) * (1 + form.u) + form.tiny
            scale = np.asarray(e.scale)
            hard = growth * scale + final + tiny
            return np.minimum(lam * math.sqrt(n) * accumulate.u * scale + final + tiny, hard), hard

        return differences(actual, expected, limits)

"""Exponentials and logarithms in every base and form, and the products with logarithms that entropies are made of."""

from __future__ import annotations

import math
from typing import Any

import flint
import numpy as np

from csvkit_ml.model.function import Fault, Function, Sample
from csvkit_ml.model.tensor import Array
from validation_suites import faults
from validation_suites.pointwise import INF, OPENCL, Ball, classed, limits, pointwise, table
from validation_suites.sampling.pointwise import Box

arb = flint.arb
COMPOSED = "no published class: the parts are within 3 ulp (OpenCL C), their sum is judged at the size of its largest part"


def _logarithm(x: float) -> float:
    return table({0.0: -INF, 1.0: 0.0, INF: INF})(x)


def _log1p(x: float) -> float:
    return x if x == 0 else table({-1.0: -INF, INF: INF})(x)


def _larger_first(x: Ball, y: Ball) -> tuple[Ball, Ball]:
    return (x, y - x) if x >= y else (y, x - y)


def _logaddexp(x: Ball, y: Ball) -> Ball:
    top, gap = _larger_first(x, y)
    return top + gap.exp().log1p()


def _logaddexp2(x: Ball, y: Ball) -> Ball:
    top, gap = _larger_first(x, y)
    two = arb.const_log2()
    return top + (gap * two).exp().log1p() / two


def _added(x: float, y: float) -> float:
    """Equal infinities are added to themselves; -inf adds nothing; a result of exactly zero is +0."""
    if math.isnan(x) or math.isnan(y):
        return math.nan
    return max(x, y) if INF in (abs(x), abs(y)) else 0.0


def _size(x: Array, y: Array) -> Array:
    return np.maximum(np.maximum(np.abs(x), np.abs(y)), 1.0)


def _xlogy(x: Ball, y: Ball) -> Ball:
    return x * y.log()


def _xlog1py(x: Ball, y: Ball) -> Ball:
    return x * y.log1p()


def _product(x: float, log: float) -> float:
    """x log: 0 for x = 0 unless the logarithm's argument is NaN (told by log = NaN of it)."""
    return math.nan if math.isnan(x) else 0.0 if x == 0 else x * log


def _xlogy_special(x: float, y: float) -> float:
    return math.nan if math.isnan(y) else _product(x, math.log(y) if 0 < y < INF else {0.0: -INF, INF: INF}.get(y, math.nan))


def _xlog1py_special(x: float, y: float) -> float:
    return math.nan if math.isnan(y) else _product(x, math.log1p(y) if -1 < y < INF else {-1.0: -INF, INF: INF}.get(y, math.nan))


def _inside(x: Ball, eps: float | None) -> Ball:
    if eps is None:
        return x
    low, high = arb(eps), 1 - arb(eps)
    return low if x < low else high if x > high else x


def _logit(x: Ball, eps: float | None = None) -> Ball:
    z = _inside(x, eps)
    return (z / (1 - z)).log()


def _logit_special(x: float, eps: float | None = None) -> float:
    if eps is not None and math.isinf(x):
        return math.copysign(math.log((1 - eps) / eps), x)
    return table({0.0: -INF, 1.0: INF, 0.5: 0.0})(x)


def _entr_special(x: float) -> float:
    return x if math.isnan(x) else 0.0 if x in (0.0, 1.0) else -INF


def _naive(id: str, sentence: str, formula: Any) -> Fault:
    """A textbook formula that loses digits, in the sample's own precision."""

    def compute(sample: Sample) -> Array | None:
        return np.asarray(formula(*sample.arrays())) if sample.dtype in ("float32", "float64") else None

    return faults.computed(id, sentence, compute)


PAIR = Box(low=(-20.0, -20.0), high=(20.0, 20.0))
PRODUCT = Box(low=(-5.0, 0.0), high=(5.0, 20.0))

FUNCTIONS: tuple[Function, ...] = (
    pointwise("exp2", "2^x", lambda x: (x * arb.const_log2()).exp(), limits(0.0, INF), (-140.0, 140.0),
              source=f"IEEE 754-2019, 9.2.1, exp2; {OPENCL}", criterion=classed(3.0)),
    pointwise("expm1", "exp(x) - 1", lambda x: x.expm1(), limits(-1.0, INF), (-20.0, 88.0),
              source=f"IEEE 754-2019, 9.2.1, expm1; {OPENCL}", criterion=classed(3.0),
              extra_faults=(_naive("cancelling", "Computed as exp(x) - 1.", lambda x: np.exp(x) - 1),)),
    pointwise("log2", "the logarithm to base 2", lambda x: x.log() / arb.const_log2(), _logarithm, (0.0, 40.0),
              source=f"IEEE 754-2019, 9.2.1, log2; {OPENCL}", criterion=classed(3.0)),
    pointwise("log10", "the logarithm to base 10", lambda x: x.log() / arb.const_log10(), _logarithm, (0.0, 40.0),
              source=f"IEEE 754-2019, 9.2.1, log10; {OPENCL}", criterion=classed(3.0)),
    pointwise("log1p", "log(1 + x)", lambda x: x.log1p(), _log1p, (-1.0, 40.0),
              source=f"IEEE 754-2019, 9.2.1, logp1; {OPENCL}", criterion=classed(2.0),
              extra_faults=(_naive("cancelling", "Computed as log(1 + x).", lambda x: np.log(1 + x)),)),
    pointwise("logaddexp", "log(exp(x) + exp(y))", _logaddexp, _added, PAIR, source=f"NumPy reference, logaddexp; {COMPOSED}",
              criterion=classed(4.0, c=4.0), scale=_size, any_sign_of_zero=True, narrowed=True,
              extra_faults=(_naive("overflowing", "Computed without the shift by the larger operand.",
                                   lambda x, y: np.log(np.exp(x) + np.exp(y))),)),
    pointwise("logaddexp2", "log2(2^x + 2^y)", _logaddexp2, _added, PAIR, source=f"NumPy reference, logaddexp2; {COMPOSED}",
              criterion=classed(4.0, c=4.0), scale=_size, any_sign_of_zero=True, narrowed=True,
              extra_faults=(_naive("natural-base", "The natural logarithm is taken.", np.logaddexp),)),
    pointwise("xlogy", "x log(y), 0 where x is 0 and y is a number,", _xlogy, _xlogy_special, PRODUCT,
              source=f"PyTorch reference, torch.special.xlogy; {COMPOSED}", criterion=classed(4.0, steps=2), any_sign_of_zero=True,
              narrowed=True,
              extra_faults=(_naive("nan-at-zero", "0 log(0) is NaN.", lambda x, y: x * np.log(y)),)),
    pointwise("xlog1py", "x log(1 + y), 0 where x is 0 and y is a number,", _xlog1py, _xlog1py_special,
              Box(low=(-5.0, -1.0), high=(5.0, 20.0)), source=f"PyTorch reference, torch.special.xlog1py; {COMPOSED}",
              criterion=classed(4.0, steps=2), any_sign_of_zero=True, narrowed=True,
              extra_faults=(_naive("cancelling", "Computed with log(1 + y).", lambda x, y: np.where(x == 0, 0, x * np.log(1 + y))),)),
    pointwise("logit", "log(x / (1 - x)), x held within [eps, 1 - eps] where eps is given,", _logit, _logit_special, (0.0, 1.0),
              source=f"PyTorch reference, torch.special.logit; {COMPOSED}", criterion=classed(4.0, c=4.0, steps=2), scale=lambda x,
              **_: np.ones_like(x),
              settings=({"eps": None}, {"eps": 2.0**-6}),
              extra_faults=(faults.other_params("eps-ignored", "eps is ignored.", eps=None),)),
    pointwise("entr", "-x log(x), 0 at 0 and -inf below,", lambda x: -x * x.log(), _entr_special, (0.0, 10.0),
              source=f"PyTorch reference, torch.special.entr; {COMPOSED}", criterion=classed(4.0, steps=2), any_sign_of_zero=True,
              extra_faults=(_naive("sign", "The sign is lost.", lambda x: np.where(x > 0, x * np.log(x), np.where(x == 0, 0, -np.inf))),)),
)  # fmt: skip

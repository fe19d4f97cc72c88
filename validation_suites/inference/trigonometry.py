"""Trigonometric and hyperbolic functions and their inverses, sinc, hypot, degrees and radians."""

from __future__ import annotations

import math

import flint
import numpy as np

from csvkit_ml.model.function import Function, Sample
from csvkit_ml.model.tensor import Array
from validation_suites import faults
from validation_suites.pointwise import INF, OPENCL, Ball, classed, limits, pointwise, table
from validation_suites.sampling.pointwise import Box

arb = flint.arb
NAN = math.nan
HALF_PI = math.pi / 2
IEEE = "IEEE 754-2019, 9.2.1"


def _atan2(y: Ball, x: Ball) -> Ball:
    return arb.atan2(y, x)


def _atanh_special(x: float) -> float:
    return x if x == 0 else math.copysign(INF, x) if abs(x) == 1 else NAN


def _sinc_special(x: float) -> float:
    """0 at the whole numbers, 1 at zero; at infinity the sources give a formula without a value."""
    return x if math.isnan(x) else 1.0 if x == 0 else 0.0


def _hypot_special(x: float, y: float) -> float:
    return INF if INF in (abs(x), abs(y)) else math.hypot(x, y)


def _low_precision_pi(sample: Sample) -> Array | None:
    """Reduced by pi rounded to float32."""
    if sample.dtype != "float32":
        return None
    (x,) = sample.arrays()
    turn = 2 * np.float64(np.float32(np.pi))
    return np.asarray(np.sin(x.astype(np.float64) - turn * np.rint(x.astype(np.float64) / turn)))


REDUCED = faults.computed("short-pi", "The argument is reduced by a pi of 24 bits.", _low_precision_pi)


def _squares(sample: Sample) -> Array | None:
    x, y = sample.arrays()
    return np.asarray(np.sqrt(x * x + y * y)) if sample.dtype in ("float32", "float64") else None


def _cancelling(sample: Sample) -> Array | None:
    (x,) = sample.arrays()
    return np.asarray(np.log(x + np.sqrt(x * x + 1))) if sample.dtype in ("float32", "float64") else None


def _quotient(sample: Sample) -> Array | None:
    y, x = (a.astype(np.float64) for a in sample.arrays())
    return np.asarray(np.arctan(y / x))


def _unnormalised(sample: Sample) -> Array:
    x = sample.arrays()[0].astype(np.float64)
    return np.asarray(np.where(x == 0, 1.0, np.sin(x) / x))


PLANE = Box(low=(-10.0, -10.0), high=(10.0, 10.0))

FUNCTIONS: tuple[Function, ...] = (
    pointwise("sin", "the sine", lambda x: x.sin(), limits(NAN, NAN), (-100.0, 100.0), source=f"{IEEE}, sin; {OPENCL}",
              criterion=classed(4.0), extra_faults=(REDUCED,)),
    pointwise("cos", "the cosine", lambda x: x.cos(), limits(NAN, NAN), (-100.0, 100.0), source=f"{IEEE}, cos; {OPENCL}",
              criterion=classed(4.0)),
    pointwise("tan", "the tangent", lambda x: x.tan(), limits(NAN, NAN), (-100.0, 100.0), source=f"{IEEE}, tan; {OPENCL}",
              criterion=classed(5.0)),
    pointwise("asin", "the inverse sine", lambda x: x.asin(), limits(NAN, NAN), (-1.0, 1.0), source=f"{IEEE}, asin; {OPENCL}",
              criterion=classed(4.0)),
    pointwise("acos", "the inverse cosine", lambda x: x.acos(), table({1.0: 0.0}), (-1.0, 1.0), source=f"{IEEE}, acos; {OPENCL}",
              criterion=classed(4.0)),
    pointwise("atan", "the inverse tangent", lambda x: x.atan(), limits(-HALF_PI, HALF_PI), (-20.0, 20.0), source=f"{IEEE}, atan; {OPENCL}",
              criterion=classed(5.0)),
    pointwise("atan2", "the angle of the point (x, y)", _atan2, math.atan2, PLANE,
        source=f"{IEEE}, atan2, and 9.2.1 on its zeros; {OPENCL}",
              criterion=classed(6.0), narrowed=True, signed_zeros=True,
              extra_faults=(faults.computed("quadrant-lost", "Computed as the arc tangent of the quotient.", _quotient),)),
    pointwise("sinh", "the hyperbolic sine", lambda x: x.sinh(), limits(-INF, INF), (-88.0, 88.0), source=f"{IEEE}, sinh; {OPENCL}",
              criterion=classed(4.0)),
    pointwise("cosh", "the hyperbolic cosine", lambda x: x.cosh(), limits(INF, INF), (-88.0, 88.0), source=f"{IEEE}, cosh; {OPENCL}",
              criterion=classed(4.0)),
    pointwise("asinh", "the inverse hyperbolic sine", lambda x: x.asinh(), limits(-INF, INF), (-50.0, 50.0),
              source=f"{IEEE}, asinh; {OPENCL}", criterion=classed(4.0),
              extra_faults=(faults.computed("cancelling", "Computed as log(x + sqrt(x^2 + 1)).", _cancelling),)),
    pointwise("acosh", "the inverse hyperbolic cosine", lambda x: x.acosh() if x >= 1 else arb.nan(), table({1.0: 0.0, INF: INF}),
        (1.0, 50.0),
              source=f"{IEEE}, acosh; {OPENCL}", criterion=classed(4.0)),
    pointwise("atanh", "the inverse hyperbolic tangent", lambda x: x.atanh(), _atanh_special, (-1.0, 1.0),
        source=f"{IEEE}, atanh; {OPENCL}",
              criterion=classed(5.0)),
    pointwise("sinc", "sin(pi x) / (pi x)", lambda x: x.sinc_pi(), _sinc_special,
              Box(low=(-10.0,), high=(10.0,), asked=lambda x: ~np.isinf(x)), source="PyTorch reference, torch.sinc; NumPy sinc",
              criterion=classed(5.0, c=4.0,
              rationale="pi x is rounded before the sine is taken: an error of u |pi x| in the phase, u in the quotient."),
              scale=np.ones_like, any_sign_of_zero=True,
              extra_faults=(faults.computed("not-normalised", "pi is left out.", _unnormalised),)),
    pointwise("hypot", "sqrt(x^2 + y^2)", lambda x, y: (x * x + y * y).sqrt(), _hypot_special, PLANE, source=f"{IEEE}, hypot; {OPENCL}",
              criterion=classed(4.0), narrowed=True,
              extra_faults=(faults.computed("overflowing", "The squares overflow or vanish.", _squares),)),
    pointwise("deg2rad", "x pi / 180", lambda x: x * arb.pi() / 180, limits(-INF, INF), (-720.0, 720.0),
              source="PyTorch reference, torch.deg2rad", criterion=classed(2.0,
              rationale="A product with a rounded constant: two roundings.")),
    pointwise("rad2deg", "x 180 / pi", lambda x: x * 180 / arb.pi(), limits(-INF, INF), (-12.0, 12.0),
              source="PyTorch reference, torch.rad2deg", criterion=classed(2.0,
              rationale="A product with a rounded constant: two roundings.")),
)  # fmt: skip

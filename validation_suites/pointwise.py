"""Functions of each element by itself, from their definition on balls: what the areas of elementwise functions are written with."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np

from csvkit_ml.criteria import Ulp
from csvkit_ml.model.function import Criterion, Expected, Fault, Function, Json, Sample, Side
from csvkit_ml.model.tensor import Array
from csvkit_ml.references import elementwise
from validation_suites import faults
from validation_suites.sampling.pointwise import FLOATS, NARROW, Box, one, several

Ball = Any
INF = math.inf
OPENCL = "accuracy class: The OpenCL C Specification, relative error as ULPs"
CERTIFIED = "Arb ball arithmetic (python-flint), certified to 2^-78 relative (results in 64 bits) or 2^-46 (narrower)"


def classed(k: float, c: float = 0.0, *, steps: int = 1, rationale: str = "") -> Callable[[Sample], Criterion]:
    """k ulp or c u s for float32 and float64; 16-bit formats: 1 ulp for each step after which a result may be rounded to them.

    A function that is one operation is computed in float32 and rounded once: 0.5 ulp and the float32 error. One that the sources compose of
    several (x log y) may be rounded after each: u |r| <= 1 ulp a step. Subnormal results may be flushed: vector mathematics does not promise
    gradual underflow.
    """

    def choose(sample: Sample) -> Criterion:
        narrow = sample.dtype in NARROW
        made = Ulp(k=steps, k_hard=2 * steps, c=min(c, 2 * steps), flush=1.0) if narrow else Ulp(k=k, k_hard=16 * k, c=c, flush=1.0)
        return Ulp(k=made.k, k_hard=made.k_hard, c=made.c, flush=1.0, rationale=rationale) if rationale else made

    return choose


def limits(at_minus_inf: float, at_inf: float, at_zero: Callable[[float], float] = lambda z: z,
    elsewhere: float = math.nan) -> Callable[..., float]:
    """Values at NaN, infinities, zero (with its sign), and where the function has no finite value."""

    def value(x: float, **_: Any) -> float:
        if math.isnan(x):
            return x
        if math.isinf(x):
            return at_inf if x > 0 else at_minus_inf
        return at_zero(x) if x == 0 else elsewhere

    return value


def table(values: Mapping[float, float], otherwise: float = math.nan) -> Callable[..., float]:
    """Values at single arguments (0.0 stands for both zeros); NaN stays NaN."""
    return lambda x, **_: values.get(x, x if math.isnan(x) else otherwise)


def reference(
    fn: Callable[..., Ball],
    special: Callable[..., float],
    scale: Callable[..., Array | float] | None = None,
    *,
    any_sign_of_zero: bool = False,
    signed_zeros: bool = False,
    dtype: str | None = None,
) -> Callable[[Sample], tuple[Expected, ...]]:
    """The expected value of a sample: operands broadcast, parameters handed to the definition by name.

    Args:
        scale: natural scale s of the criterion from the operands in float64; where it is not finite, 0.
        dtype: of the result; None = the sample's.
    """

    def expect(sample: Sample) -> tuple[Expected, ...]:
        given = dict(sample.params)
        with np.errstate(all="ignore"):
            operands = np.broadcast_arrays(*(a.astype(np.float64) for a in sample.arrays()))
            s = 0.0 if scale is None else np.nan_to_num(np.asarray(scale(*operands, **given), dtype=np.float64), nan=0.0, posinf=0.0)
        made = elementwise(
            partial(fn, **given), *operands, dtype=dtype or sample.dtype, special=partial(special, **given), scale=s,
            any_sign_of_zero=any_sign_of_zero, signed_zeros=signed_zeros,
        )  # fmt: skip
        return (made,)

    return expect


def pointwise(
    id: str,
    says: str,
    fn: Callable[..., Ball],
    special: Callable[..., float],
    box: Box | tuple[float, float],
    *,
    source: str,
    criterion: Criterion | Callable[[Sample], Criterion],
    scale: Callable[..., Array | float] | None = None,
    dtypes: tuple[str, ...] = FLOATS,
    settings: tuple[Mapping[str, Json], ...] = ({},),
    extra_faults: tuple[Fault, ...] = (),
    any_sign_of_zero: bool = False,
    signed_zeros: bool = False,
    result: str | None = None,
    narrowed: bool = False,
    nan: bool = True,
) -> Function:
    """A function with a certified (Arb) reference.

    Args:
        says: what is returned, to complete the requirement.
        fn: definition on balls, for finite arguments; parameters by name.
        special: definition at NaN, infinities and poles, where there is no real value, and where the exact value is zero (sign matters).
        box: ordinary arguments; a pair is the sweep of one operand.
        settings: parameters; the first in full, the others in part.
        any_sign_of_zero: the sources do not fix the sign of a zero result.
        signed_zeros: the answer depends on the sign of a zero operand, so `special` gives it.
        result: dtype of the result where it is not the sample's.
        nan: NaN is asked, so losing it must show.
        narrowed: the seeded fault of bfloat16 inputs belongs to this function (its cases have many significant bits).
    """
    domain = box if isinstance(box, Box) else Box(low=box[:1], high=box[1:])
    made: Callable[..., Iterable[Sample]] = one if len(domain.low) == 1 else several
    return Function(
        id=id,
        side=Side.INFERENCE,
        area="elementwise",
        requirement=f"The library shall return {says} of every element.",
        source=source,
        oracle=CERTIFIED,
        samples=lambda: made(id, domain, dtypes, settings),
        reference=reference(fn, special, scale, any_sign_of_zero=any_sign_of_zero, signed_zeros=signed_zeros, dtype=result),
        criterion=criterion,
        faults=(
            faults.relative(1e-4), faults.one_element(), faults.stale(), *((faults.nan_lost(),) if nan else ()),
            *((faults.BF16_INPUTS,) if narrowed else ()),
            *extra_faults,
        ),
    )  # fmt: skip

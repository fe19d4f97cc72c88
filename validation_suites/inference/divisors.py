"""Common divisors and multiples, the step function, and whole tensors compared: results without rounding."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from csvkit_ml.criteria import Exact
from csvkit_ml.model.function import Expected, Fault, Function, Results, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import exactly
from validation_suites.inference.comparison import integers
from validation_suites.inference.rounding import exact_function, lifted, wrong
from validation_suites.sampling import normal
from validation_suites.sampling.pieces import moved
from validation_suites.sampling.pointwise import FLOATS, Box, several

WIDTHS = ("int32", "int64", "int8", "int16", "uint8")
ARITHMETIC = "Euclid, Elements, VII, 2 and 34; PyTorch reference, torch."
DTYPES = (*FLOATS, "int64", "int32", "uint8", "bool")


def _divisors(id: str) -> Callable[[], Iterable[Sample]]:
    """Small numbers of both signs, zeros among them, and multiples of common factors in the wide types."""

    def samples() -> Iterable[Sample]:
        yield from integers(id, WIDTHS, 2, whole_range=False)
        for dtype, factor in (("int32", 360), ("int64", 2**20 * 45)):
            n, m = np.arange(-40, 41)[:, None] * factor, np.arange(1, 60)[None, :] * (factor // 3)
            inputs = (Tensor.of(n.astype(dtype)), Tensor.of(m.astype(dtype)))
            yield Sample(name=f"{dtype}-common-factors", dtype=dtype, inputs=inputs, why=SampleClass.CONDITIONED)

    return samples


def _pairs(id: str) -> Callable[[], Iterable[Sample]]:
    """NaN as the first operand is not asked: it is neither negative nor positive nor zero, and the sources differ."""
    return lambda: several(id, Box(low=(-3.0, -3.0), high=(3.0, 3.0), whole=(0,), asked=lambda x, y: ~np.isnan(x)))


def _step(x: Array, y: Array) -> Array:
    """0 below zero, 1 above, the second operand at zero."""
    return np.asarray(np.where(x == 0, y, (x > 0).astype(np.float64)))


def _tensors(id: str) -> Callable[[], Iterable[Sample]]:
    """Equal operands; one element apart, first, in the middle and last; other shapes; nothing."""

    def samples() -> Iterable[Sample]:
        for dtype in DTYPES:
            for n in (17, 65, 1, 0, 4099):
                if n in (0, 4099) and dtype != "float32":
                    continue
                x = moved(dtype, (n,), id, str(n)).array()
                for place in dict.fromkeys((None, 0, n // 2, n - 1)):
                    y = x.copy()
                    if place is not None and n:
                        y[place] = x[place] ^ 1 if x.dtype.kind in "bui" else x[place] + x.dtype.type(1)
                    name = f"{dtype}-n{n}-{'same' if place is None else f'other{place}'}"
                    if place in (None, 0) or n > 2:
                        yield Sample(name=name, dtype=dtype, inputs=(Tensor.of(x), Tensor.of(y)),
                            why=SampleClass.EDGE if n != 17 else SampleClass.ORDINARY)
        for name, a, b in (("zeros", 0.0, -0.0), ("nan", np.nan, np.nan), ("infinite", np.inf, np.inf), ("signs", np.inf, -np.inf)):
            for dtype in FLOATS:
                inputs = tuple(Tensor.of(np.array([1.0, v, 2.0]), dtype) for v in (a, b))
                yield Sample(name=f"{dtype}-{name}", dtype=dtype, inputs=inputs, why=SampleClass.SPECIAL)

    return samples


def _near() -> Iterable[Sample]:
    """Every element clearly inside the limit, or one clearly outside."""
    for equal_nan in (False, True):
        for dtype in FLOATS:
            y = np.round(normal("float32", (65,), "allclose", dtype).array() * 8) / 8
            for name, off in (("inside", 0.75), ("outside", 1.5)):
                x = y.copy()
                x[-1] += off * (2.0**-4 + 2.0**-3 * abs(y[-1]))
                given = params(atol=2.0**-4, rtol=2.0**-3, equal_nan=equal_nan)
                inputs = (Tensor.of(x, dtype), Tensor.of(y, dtype))
                yield Sample(name=f"{dtype}-{name}-equal_nan={equal_nan}".lower(), dtype=dtype, inputs=inputs, params=given)
            nan = Tensor.of(np.array([1.0, np.nan]), dtype)
            yield Sample(name=f"{dtype}-nan-equal_nan={equal_nan}".lower(), dtype=dtype, inputs=(nan, nan), params=given,
                why=SampleClass.SPECIAL)


def _all_near(sample: Sample) -> Any:
    x, y = (a.astype(np.float64) for a in sample.arrays())
    near = np.abs(x - y) <= sample.param("atol") + sample.param("rtol") * np.abs(y)
    return np.all(near | (x == y) | (np.isnan(x) & np.isnan(y) & bool(sample.param("equal_nan"))))


def _turned() -> Fault:
    return Fault(id="turned", sentence="The answer is the opposite.", apply=lambda f, s, true: (np.asarray(~true[0]),))


def _constant(value: bool) -> Fault:
    def apply(_: Function, __: Sample, true: Results) -> Results | None:
        return None if bool(true[0]) is value else (np.asarray(value),)

    return Fault(id=f"always-{str(value).lower()}", sentence=f"The answer is always {value}.", apply=apply)


def _only_first(sample: Sample, true: Results) -> Results | None:
    """Only the first half is looked at."""
    x, y = (a[: max(1, len(a) // 2)] for a in sample.arrays())
    made = bool(np.array_equal(x, y))
    return None if made == bool(true[0]) else (np.asarray(made),)


def _decision(id: str, says: str, source: str, samples: Callable[[], Iterable[Sample]], of: Callable[[Sample], Any]) -> Function:
    def reference(sample: Sample) -> tuple[Expected, ...]:
        with np.errstate(invalid="ignore"):
            return (exactly(np.asarray(bool(of(sample))), dtype="bool"),)

    return Function(
        id=id, side=Side.INFERENCE, area="elementwise", requirement=f"The library shall tell whether {says}.", source=source,
        oracle="exact: a truth value", samples=samples, reference=reference, criterion=Exact(),
        faults=(
            _turned(), _constant(True), _constant(False),
            Fault(id="half-unread", sentence="The second half is not looked at.", apply=lambda f, s, true: _only_first(s, true)),
        ),
    )  # fmt: skip


FUNCTIONS: tuple[Function, ...] = (
    exact_function(
        "gcd", "the greatest common divisor", lifted(np.gcd), f"{ARITHMETIC}gcd", samples=_divisors("gcd"), nan=False,
        wrong=(wrong("signed", "It has the sign of the first operand.", lambda x, y: np.where(x < 0, -1, 1) * np.gcd(x, y)),
               wrong("multiple", "The least common multiple is returned.", np.lcm)),
    ),
    exact_function(
        "lcm", "the least common multiple", lifted(np.lcm), f"{ARITHMETIC}lcm", samples=_divisors("lcm"), nan=False,
        wrong=(wrong("product", "The product is returned.", lambda x, y: np.abs(x * y)),
            wrong("divisor", "The greatest common divisor is returned.", np.gcd)),
    ),
    exact_function(
        "heaviside", "0 where it is negative, 1 where it is positive, the second operand where it is zero", lifted(_step),
        "NumPy reference, heaviside; PyTorch reference, torch.heaviside", samples=_pairs("heaviside"),
        wrong=(wrong("half-at-zero", "One half at zero.", lambda x, y: np.heaviside(x, 0.5)),
            wrong("sign", "The sign is returned.", lambda x, y: np.sign(x))),
    ),
    _decision(
        "equal", "two tensors have the same elements", "PyTorch reference, torch.equal (NaN equals nothing)", _tensors("equal"),
        lambda s: np.array_equal(s.arrays()[0], s.arrays()[1]),
    ),
    _decision("allclose", "every |x - y| <= atol + rtol |y|", "PyTorch reference, torch.allclose", _near, _all_near),
)  # fmt: skip

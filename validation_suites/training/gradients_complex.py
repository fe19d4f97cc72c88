"""Gradients of functions of complex numbers, which are pairs of real ones on the last axis.

A gradient is that of a real function of both parts: d/dx + i d/dy, the conjugate Wirtinger derivative, which points where the function grows. Of
a function w(z) that has a complex derivative it is g conj(w'). Numbers carry rounding errors, and a complex one that of both its parts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from csvkit_ml.model.function import Function, Sample
from validation_suites import faults
from validation_suites.complex_pairs import (
    Pair,
    conjugate,
    exponential,
    hyperbolic,
    joined,
    level,
    logarithm,
    negative,
    one_more,
    over,
    parts_of,
    power_of_two,
    root_of,
    shifted,
    size_of,
    times,
    turn,
    waves,
)  # fmt: skip
from validation_suites.vector_jacobian import Case, Product, dot, like, moved, turned, unbroadcast


def _abs(sample: Sample, z: Any, g: Any) -> tuple[Any, ...]:
    """g z / |z|; at 0 the subgradient of least size, 0."""
    x, y = shifted(parts_of(z), power_of_two(parts_of(z)))
    size = size_of((np.where((x.value == 0) & (y.value == 0), 1.0, x), y))
    return (joined(level((g * (x / size), g * (y / size)))),)


def _angle(sample: Sample, z: Any, g: Any) -> tuple[Any, ...]:
    """g i z / |z|^2 = g i / conj(z)."""
    zero = like(g, np.zeros_like(g.value), np.zeros_like(g.error))
    return (joined(over((zero, g), conjugate(parts_of(z)))),)


def _sgn(sample: Sample, z: Any, g: Any) -> tuple[Any, ...]:
    """What of g is at right angles to z, over |z|: i u Im(conj(u) g) / |z| with u = z / |z|."""
    by = power_of_two(parts_of(z))
    x, y = shifted(parts_of(z), by)
    size = size_of((x, y))
    u = level((x / size, y / size))
    across = times(conjugate(u), parts_of(g))[1] / size
    return (joined(shifted(level((-u[1] * across, u[0] * across)), by)),)


def _polar(sample: Sample, r: Any, angle: Any, g: Any) -> tuple[Any, ...]:
    back = times(conjugate(turn(angle)), parts_of(g))
    return back[0], r * back[1]


def _mul(sample: Sample, a: Any, b: Any, g: Any) -> tuple[Any, ...]:
    x, y, h = parts_of(a), parts_of(b), parts_of(g)
    return unbroadcast(joined(times(h, conjugate(y))), a.value.shape), unbroadcast(joined(times(h, conjugate(x))), b.value.shape)


def _real_mul(sample: Sample, a: Any, b: Any, g: Any) -> tuple[Any, ...]:
    """A real factor gets the real part."""
    return times(parts_of(g), conjugate(parts_of(b)))[0], joined(level((a * g[..., 0], a * g[..., 1])))


def _div(sample: Sample, a: Any, b: Any, g: Any) -> tuple[Any, ...]:
    x, y, h = parts_of(a), parts_of(b), parts_of(g)
    at_a = over(h, conjugate(y))
    return joined(at_a), joined(negative(times(at_a, conjugate(over(x, y)))))


def _reciprocal(sample: Sample, z: Any, g: Any) -> tuple[Any, ...]:
    back = conjugate(parts_of(z))
    return (joined(negative(over(over(parts_of(g), back), back))),)


def _log(sample: Sample, z: Any, g: Any) -> tuple[Any, ...]:
    return (joined(over(parts_of(g), conjugate(parts_of(z)))),)


def _sqrt(sample: Sample, z: Any, g: Any) -> tuple[Any, ...]:
    return (joined(shifted(over(parts_of(g), conjugate(root_of(parts_of(z)))), np.longdouble(2))),)


def _by_slope(slope: Callable[[Pair], Pair]) -> Any:
    """Of a function that has a complex derivative."""

    def product(sample: Sample, z: Any, g: Any) -> tuple[Any, ...]:
        return (joined(times(parts_of(g), conjugate(slope(parts_of(z))))),)

    return product


def _pow(sample: Sample, a: Any, b: Any, g: Any) -> tuple[Any, ...]:
    """a^b = exp(b log a): g conj(b a^b / a), g conj(a^b log a)."""
    x, y, h = parts_of(a), parts_of(b), parts_of(g)
    log = logarithm(x)
    power = exponential(times(y, log))
    at_a = over(times(y, power), x)
    return joined(times(h, conjugate(at_a))), joined(times(h, conjugate(times(power, log))))


def _matmul(sample: Sample, a: Any, b: Any, g: Any) -> tuple[Any, ...]:
    """g B^H and A^H g."""
    x, y, h = parts_of(a), conjugate(parts_of(b)), parts_of(g)
    x = conjugate(x)
    return joined(_matrix_times(h, (turned(y[0]), turned(y[1])))), joined(_matrix_times((turned(x[0]), turned(x[1])), h))


def _matrix_times(a: Pair, b: Pair) -> Pair:
    return level((dot(a[0], b[0]) - dot(a[1], b[1]), dot(a[0], b[1]) + dot(a[1], b[0])))


def _placed(sign: tuple[int, int]) -> Any:
    """The upstream gradient of a part, in its place; of both, with the sign of each."""

    def product(sample: Sample, z: Any, g: Any) -> tuple[Any, ...]:
        h = parts_of(g) if all(sign) else (g, g)
        return (joined((moved(h[0], lambda v: v * sign[0]), moved(h[1], lambda v: v * sign[1]))),)

    return product


def _pairs(*shape: int) -> tuple[int, ...]:
    return (*shape, 2)


def _of_size(size: float, *shape: int) -> Any:
    """Numbers of about this size, none near 0, in every direction."""

    def made(random: np.random.Generator) -> Any:
        r, angle = size * random.uniform(0.5, 2.0, shape), random.uniform(-np.pi, np.pi, shape)
        return np.stack([r * np.cos(angle), r * np.sin(angle)], -1)

    return made


def _some_zero(*shape: int) -> Any:
    """Zero, real and imaginary numbers among others."""

    def made(random: np.random.Generator) -> Any:
        z = random.standard_normal((*shape, 2))
        z[0], z[1, ..., 1], z[2, ..., 0] = 0, 0, 0
        return z

    return made


def _sizes(*shape: int) -> Any:
    return lambda random: random.uniform(0.5, 2.0, shape)


def _cases(operands: Any, *, large: float = 0.0, sizes: tuple[tuple[int, ...], ...] = ((3, 5), (1,), (17,))) -> tuple[Case, ...]:
    """operands(maker of complex operands by shape) -> shapes and makers; of moderate sizes, then of `large` and its inverse."""
    made = [Case(name="x".join(map(str, s)), operands=operands(lambda *n: _of_size(1.0, *n), *s)) for s in sizes]
    extreme = ((f"size{v:g}", v) for v in (large, 1 / large)) if large else ()
    return (*made, *(Case(name=name, operands=operands(lambda *n, v=v: _of_size(v, *n), 7)) for name, v in extreme))


def _one(of: Any, *shape: int) -> tuple[Any, ...]:
    return of(*shape), _pairs(*shape)


def _one_real(of: Any, *shape: int) -> tuple[Any, ...]:
    return of(*shape), shape


def _two(of: Any, *shape: int) -> tuple[Any, ...]:
    return of(*shape), of(*shape), _pairs(*shape)


def _scaled(of: Any, *shape: int) -> tuple[Any, ...]:
    return shape, of(*shape), _pairs(*shape)


LARGE = 1e25
"""Its square is past the range of float32."""
_BROADCAST = tuple(Case(name="x".join(map(str, a)) + "-by-" + "x".join(map(str, b)), operands=(_pairs(*a), _pairs(*b), _pairs(*np.broadcast_shapes(a, b))))
                   for a, b in (((3, 1), (4,)), ((2, 3), ()), ((1, 5), (3, 1))))  # fmt: skip
_PRODUCTS = tuple(Case(name="x".join(map(str, (*lead, m, k, n))), operands=(_pairs(*lead, m, k), _pairs(*lead, k, n), _pairs(*lead, m, n)))
                  for lead, m, k, n in (((), 3, 4, 5), ((), 1, 1, 1), ((2,), 3, 17, 2)))  # fmt: skip
_ZEROS = (Case(name="zeros", operands=(_some_zero(5, 3), (5, 3))),)
CONJUGATED = faults.changed(
    "conjugate", "Every second number, an imaginary part where numbers are pairs, has the other sign.", lambda a: a * (-1.0) ** np.arange(a.shape[-1]),
)  # fmt: skip

SLOPES: tuple[tuple[str, str, Callable[[Pair], Pair]], ...] = (
    ("exp", "exponential", exponential), ("sin", "sine", lambda z: waves(z)[1]), ("cos", "cosine", lambda z: negative(waves(z)[0])),
    ("tan", "tangent", lambda z: one_more(over(*waves(z)), 1.0)), ("sinh", "hyperbolic sine", lambda z: hyperbolic(z)[1]),
    ("cosh", "hyperbolic cosine", lambda z: hyperbolic(z)[0]), ("tanh", "hyperbolic tangent", lambda z: one_more(over(*hyperbolic(z)), -1.0)),
)  # fmt: skip

PRODUCTS = (
    Product(id="grad_complex_abs", of="the absolute value of a complex number, 0 at 0", product=_abs, cases=(*_cases(_one_real, large=LARGE), *_ZEROS)),
    Product(id="grad_angle", of="the angle of a complex number", product=_angle, cases=_cases(_one_real, large=LARGE)),
    Product(id="grad_complex_sgn", of="a complex number over its absolute value", product=_sgn, cases=_cases(_one, large=LARGE)),
    Product(id="grad_complex_mul", of="the product of complex numbers, broadcast, for both factors", product=_mul, cases=(*_cases(_two), *_BROADCAST)),
    Product(id="grad_complex_div", of="the quotient of complex numbers, for both operands", product=_div, cases=_cases(_two, large=LARGE)),
    Product(id="grad_complex_reciprocal", of="the reciprocal of a complex number", product=_reciprocal, cases=_cases(_one)),
    *(Product(id=f"grad_complex_{name}", of=f"the {of} of a complex number", product=_by_slope(slope), cases=_cases(_one)) for name, of, slope in SLOPES),
    Product(id="grad_complex_pow", of="a complex number to a complex power, for both", product=_pow, cases=_cases(_two)),
    Product(id="grad_complex_log", of="the logarithm of a complex number", product=_log, cases=_cases(_one, large=LARGE)),
    Product(id="grad_complex_sqrt", of="the square root of a complex number", product=_sqrt, cases=_cases(_one, large=LARGE)),
    Product(id="grad_complex_matmul", of="the matrix product of complex numbers, for both factors", product=_matmul, cases=_PRODUCTS),
    Product(id="grad_conj", of="the conjugate of a complex number", product=_placed((1, -1)), cases=_cases(_one)),
    Product(id="grad_imag", of="the imaginary part of a complex number", product=_placed((0, 1)), cases=_cases(_one_real)),
)  # fmt: skip
OTHERS = (
    Product(id="grad_real", of="the real part of a complex number", product=_placed((1, 0)), cases=_cases(_one_real), faults=(faults.rolled(),)),
    Product(id="grad_real_complex_mul", of="the product of a real and a complex number, for both factors", product=_real_mul, cases=_cases(_scaled)),
    Product(id="grad_polar", of="the complex number of given size and angle, for both", product=_polar,
            cases=(*(Case(name="x".join(map(str, s)), operands=(_sizes(*s), s, _pairs(*s))) for s in ((3, 5), (1,), (17,))),
                   Case(name="zeros", operands=(lambda random: np.where(np.arange(7) % 3 == 0, 0.0, random.uniform(0.5, 2.0, 7)), (7,), _pairs(7))))),
)  # fmt: skip

FUNCTIONS: tuple[Function, ...] = (*(replace(p, faults=(CONJUGATED, faults.rolled())).function() for p in PRODUCTS), *(p.function() for p in OTHERS))

"""Elementary functions of complex numbers, away from their branch cuts (there, and at infinities, the sources fix no sign)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import flint
import numpy as np

from csvkit_ml.criteria import Scaled
from csvkit_ml.model.function import Expected, Function, Sample, SampleClass, Side
from csvkit_ml.model.tensor import Array
from csvkit_ml.references.balls import ball
from validation_suites import faults
from validation_suites.sampling.matrices import gaussian, stored

COMPLEX = ("complex64", "complex128")
BITS = 200
Ball = Any
"""A flint.acb."""


def _samples(id: str, operands: int, size: float) -> Callable[[], Iterable[Sample]]:
    """Ordinary numbers, lengths around vectors, small and large ones, both half axes off the cuts."""

    def made() -> Iterable[Sample]:
        for dtype in COMPLEX:
            for i, (shape, scale) in enumerate((((65,), 1.0), ((3, 7), 0.125), ((1,), 1.0), ((17,), 2.0**-12), ((33,), size), ((0,), 1.0))):
                xs = [scale * gaussian(dtype, shape, "complex", id, str(i), str(k)) for k in range(operands)]
                why = SampleClass.ORDINARY if i == 0 else SampleClass.CONDITIONED if i > 2 and shape[0] else SampleClass.EDGE
                name = f"{dtype}-{'x'.join(map(str, shape))}-by{scale:g}"
                yield Sample(name=name, dtype=dtype, inputs=tuple(stored(x, dtype) for x in xs), why=why)
            axes = np.array([0.5, 2.0, 0.25j, 1.5j, 1 + 1j, 1 - 1j, 3 - 4j, -2 + 0.5j, -0.5 - 2j, 0.75])
            xs = [np.roll(axes, k) for k in range(operands)]
            yield Sample(name=f"{dtype}-axes", dtype=dtype, inputs=tuple(stored(x, dtype) for x in xs), why=SampleClass.SPECIAL)

    return made


def enclosed(fn: Callable[..., Ball], *z: complex) -> tuple[complex, complex, float]:
    """(value, rest, radius) of fn at exact complex numbers, by balls."""
    with flint.ctx.workprec(BITS):
        y = fn(*(flint.acb(ball(v.real), ball(v.imag)) for v in z))
        high = complex(float(y.real.mid()), float(y.imag.mid()))
        rest = y - flint.acb(ball(high.real), ball(high.imag))
        low = complex(float(rest.real.mid()), float(rest.imag.mid()))
        return high, low, float(rest.real.rad()) + float(rest.imag.rad()) + 2.0**-50 * abs(low)


def _reference(fn: Callable[..., Ball], scale: Callable[..., Array]) -> Callable[[Sample], tuple[Expected, ...]]:
    def reference(sample: Sample) -> tuple[Expected, ...]:
        operands = [x.astype(np.complex128) for x in sample.arrays()]
        rows = [enclosed(fn, *map(complex, z)) for z in zip(*(x.ravel().tolist() for x in operands), strict=True)]
        value, low = (np.array([r[k] for r in rows], dtype=np.complex128).reshape(operands[0].shape) for k in (0, 1))
        radius = np.array([r[2] for r in rows], dtype=np.float64).reshape(operands[0].shape)
        with np.errstate(all="ignore"):
            size = np.asarray(scale(abs(value), *operands), dtype=np.float64)
        return (Expected(name="y", dtype=sample.dtype, value=value, low=low, radius=radius, scale=size, any_sign_of_zero=True),)

    return reference


def _own(size: Array, *_: Array) -> Array:
    return size


def _function(
    id: str, says: str, fn: Callable[..., Ball], wrong: tuple[str, str, Callable[..., Array]], *, scale: Callable[..., Array] = _own,
    told: str = "|y|", operands: int = 1, size: float = 4.0,
) -> Function:  # fmt: skip
    """
    Args:
        says: what is returned.
        fn: by balls.
        wrong: id, sentence and formula of a fault of its own.
        scale: of |value| and the operands.
        size: of the large numbers.
    """
    other = faults.computed(*wrong[:2], lambda s: np.asarray(wrong[2](*(x.astype(np.complex128) for x in s.arrays()))))
    return Function(
        id=id, side=Side.INFERENCE, area="complex numbers", requirement=f"The library shall return {says} of every complex element.",
        source="ISO C, 7.3 (complex functions); PyTorch reference, Complex Numbers", oracle="Arb ball arithmetic (python-flint), 200 bits",
        samples=_samples(id, operands, size), reference=_reference(fn, scale),
        criterion=Scaled(
            c=12.0, c_hard=24.0, scale=told,
            rationale="Each part is a product or a quotient of at most two real functions of 4 ulp (OpenCL C's class): 10 u of the modulus, and "
            "2 u for what is formed before. A logarithm adds the rounding of the modulus, a power that of its exponent.",
            literature="Higham 2002, lemma 3.5; Brent, Percival and Zimmermann 2007; The OpenCL C Specification, relative error as ULPs",
        ),
        faults=(
            faults.relative(1e-4), faults.one_element(), faults.stale(), faults.rolled(), other,
            faults.computed("conjugated", "The imaginary part has the other sign.", lambda s: _conjugated(fn, s)),
        ),
    )  # fmt: skip


def _conjugated(fn: Callable[..., Ball], s: Sample) -> Array | None:
    operands = [x.astype(np.complex128).ravel().tolist() for x in s.arrays()]
    made = np.array([enclosed(fn, *z)[0].conjugate() for z in zip(*operands, strict=True)], dtype=np.complex128)
    return made.reshape(s.inputs[0].shape) if made.size and np.any(made.imag) else None


FUNCTIONS: tuple[Function, ...] = (
    _function("complex_exp", "the exponential", lambda z: z.exp(), ("real-part", "The angle is left out.", lambda z: np.exp(z.real) + 0j)),
    _function(
        "complex_log", "the principal logarithm", lambda z: z.log(), ("of-modulus", "The angle is left out.", lambda z: np.log(abs(z)) + 0j),
        scale=lambda size, z: size + 1, told="|y| + 1", size=100.0,
    ),
    _function(
        "complex_sqrt", "the root with a real part that is not negative", lambda z: z.sqrt(),
        ("other-root", "The other root is taken.", lambda z: -np.sqrt(z)), size=100.0,
    ),
    _function("complex_reciprocal", "the reciprocal", lambda z: 1 / z, ("of-conjugate", "The divisor is conjugated.", lambda z: 1 / z.conj()), size=100.0),
    _function("complex_sin", "the sine", lambda z: z.sin(), ("hyperbolic", "The hyperbolic sine is returned.", np.sinh)),
    _function("complex_cos", "the cosine", lambda z: z.cos(), ("hyperbolic", "The hyperbolic cosine is returned.", np.cosh)),
    _function("complex_tan", "the tangent", lambda z: z.tan(), ("hyperbolic", "The hyperbolic tangent is returned.", np.tanh), size=2.0),
    _function("complex_sinh", "the hyperbolic sine", lambda z: z.sinh(), ("circular", "The sine is returned.", np.sin)),
    _function("complex_cosh", "the hyperbolic cosine", lambda z: z.cosh(), ("circular", "The cosine is returned.", np.cos)),
    _function("complex_tanh", "the hyperbolic tangent", lambda z: z.tanh(), ("circular", "The tangent is returned.", np.tan), size=2.0),
    _function(
        "complex_pow", "the principal power", lambda z, w: (w * z.log()).exp(),
        ("exchanged", "The operands are exchanged.", lambda z, w: np.power(w, z)),
        scale=lambda size, z, w: size * (1 + abs(w) * (abs(np.log(z)) + 1)), told="|y| (1 + |w| (|log z| + 1))", operands=2, size=2.0,
    ),
)  # fmt: skip

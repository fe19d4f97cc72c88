"""Complex numbers: products and quotients, absolute value, angle, sign, polar form, and whether a number is real."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from csvkit_ml.criteria import Exact, Scaled
from csvkit_ml.model.function import Criterion, Expected, Fault, Function, Sample, SampleClass, Side
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import U, exactly
from csvkit_ml.references.factorisations import wide_matrix
from validation_suites import faults
from validation_suites.sampling.matrices import gaussian, stored

COMPLEX = ("complex64", "complex128")
REAL_OF = {"complex64": "float32", "complex128": "float64"}
LENGTHS = (1, 7, 17, 33, 65, 257)
Move = Callable[..., Array]


def _samples(id: str, count: int, dtypes: tuple[str, ...] = COMPLEX) -> Callable[[], Iterable[Sample]]:
    """Ordinary data, lengths, magnitudes from tiny to large, and axes of the plane (no infinite part: the sources differ there)."""

    def made() -> Iterable[Sample]:
        for dtype in dtypes:
            for i, shape in enumerate(((4, 65), *((n,) for n in LENGTHS), (2, 3, 5), (0,))):
                inputs = tuple(stored(gaussian(dtype, shape, id, str(shape), str(k)), dtype) for k in range(count))
                name = f"{dtype}-{'x'.join(map(str, shape))}"
                yield Sample(name=name, dtype=dtype, inputs=inputs, why=SampleClass.EDGE if i else SampleClass.ORDINARY)
            grown = (2.0 ** np.linspace(-30, 30, 129).round() * gaussian(dtype, (129,), id, "grown", str(k)) for k in range(count))
            yield Sample(name=f"{dtype}-graded", dtype=dtype, inputs=tuple(stored(g, dtype) for g in grown), why=SampleClass.CONDITIONED)
            plane = np.array([1, -1, 1j, -1j, 1 + 1j, -1 + 1j, -1 - 1j, 3 - 4j, 5, -0.5j])
            axes = plane if dtype in COMPLEX else plane.real + plane.imag
            grid = (axes[:, None] + 0 * axes, axes[None, :] + 0 * axes[:, None])[:count]
            yield Sample(name=f"{dtype}-axes", dtype=dtype, inputs=tuple(stored(g, dtype) for g in grid), why=SampleClass.SPECIAL)

    return made


def _expected(value: Array, scale: Array, steps: int, dtype: str) -> Expected:
    """`steps` operations in extended precision, each relative to the scale."""
    hi = np.asarray(value.astype(np.complex128 if value.dtype.kind == "c" else np.float64))
    size = np.asarray(scale.astype(np.float64))
    low = np.asarray((value - hi).astype(hi.dtype))
    return Expected(name="y", dtype=dtype, value=hi, low=low, radius=steps * U * size, scale=size, any_sign_of_zero=True)


def _reference(fn: Move, size: Move, real: bool) -> Callable[[Sample], tuple[Expected, ...]]:
    def reference(sample: Sample) -> tuple[Expected, ...]:
        operands = [wide_matrix(a) for a in np.broadcast_arrays(*sample.arrays())]
        with np.errstate(all="ignore"):
            dtype = REAL_OF[sample.dtype] if real else sample.dtype
            return (_expected(np.asarray(fn(*operands)), np.asarray(size(*operands)), 8, dtype),)

    return reference


def _quotient(x: Array, y: Array) -> Array:
    """By the larger part of the divisor, so that nothing overflows on the way (Smith 1962)."""
    return np.asarray(x * y.conj() / (y.real**2 + y.imag**2))


def _sign(x: Array) -> Array:
    size = np.abs(x)
    return np.asarray(np.where(size == 0, 0, x / np.where(size == 0, 1, size)))


def _other(id: str, sentence: str, fn: Move) -> Fault:
    return faults.computed(id, sentence, lambda s: np.asarray(fn(*(a.astype(np.complex128) for a in np.broadcast_arrays(*s.arrays())))))


def _accuracy(c: float, scale: str, why: str) -> Criterion:
    return Scaled(
        c=c, c_hard=2 * c, scale=scale, rationale=why,
        literature="Higham 2002, lemma 3.5 (complex arithmetic); Brent, Percival and Zimmermann 2007; Smith 1962",
    )  # fmt: skip


def _function(
    id: str, says: str, fn: Move, size: Move, criterion: Criterion, *wrong: Fault, count: int = 1, real: bool = False
) -> Function:  # fmt: skip
    return Function(
        id=id, side=Side.INFERENCE, area="complex numbers", requirement=f"The library shall return {says} of every element.",
        source="ISO/IEC 60559 does not bind complex arithmetic; ISO C, annex G; PyTorch reference, Complex Numbers",
        oracle="the definition in extended precision (64 bits)", samples=_samples(id, count), reference=_reference(fn, size, real),
        criterion=criterion, faults=(faults.relative(1e-4), faults.one_element(), faults.stale(), faults.rolled(), *wrong),
    )  # fmt: skip


def _polar_samples() -> Iterable[Sample]:
    for dtype in ("float32", "float64"):
        for i, n in enumerate((65, *LENGTHS)):
            size = np.abs(gaussian("float64", (n,), "polar", "size", str(n)))
            angle = 3 * gaussian("float64", (n,), "polar", "angle", str(n))
            name = f"{dtype}-n{n}{'-ordinary' if not i else ''}"
            why = SampleClass.EDGE if i else SampleClass.ORDINARY
            yield Sample(name=name, dtype=dtype, inputs=(Tensor.of(size, dtype), Tensor.of(angle, dtype)), why=why)


def _polar(sample: Sample) -> tuple[Expected, ...]:
    r, a = map(wide_matrix, sample.arrays())
    to = {"float32": "complex64", "float64": "complex128"}[sample.dtype]
    return (_expected(np.asarray(r * (np.cos(a) + 1j * np.sin(a))), r * 1, 8, to),)


def _polar_wrong(fn: Move) -> Callable[[Sample], Array]:
    return lambda s: np.asarray(fn(*(a.astype(np.float64) for a in s.arrays())))


def _real_samples() -> Iterable[Sample]:
    """Parts that are zero of either sign, NaN, infinite, tiny."""
    for dtype in COMPLEX:
        parts = np.array([0.0, -0.0, 1.0, -2.5, np.nan, np.inf, -np.inf, 1e-30])
        grid = np.empty((8, 8), dtype=np.complex128)
        grid.real, grid.imag = parts[:, None], parts[None, :]
        mixed = gaussian(dtype, (65,), "isreal") * np.where(np.arange(65) % 3, 1, 0)
        yield Sample(name=f"{dtype}-ordinary", dtype=dtype, inputs=(stored(mixed + np.where(np.arange(65) % 2, 0, 1.5), dtype),))
        yield Sample(name=f"{dtype}-special", dtype=dtype, inputs=(stored(grid, dtype),), why=SampleClass.SPECIAL)


def _is_real(sample: Sample) -> tuple[Expected, ...]:
    return (exactly(sample.arrays()[0].imag == 0, dtype="bool"),)


def _product(x: Any, y: Any) -> Array:
    return np.asarray(np.abs(x) * np.abs(y))


FUNCTIONS: tuple[Function, ...] = (
    _function(
        "complex_mul", "the product", lambda x, y: np.asarray(x * y), _product,
        _accuracy(3.0, "|x||y|", "Two products and a sum a part: a relative error of at most sqrt(5) u."),
        _other("conjugated", "The second operand is conjugated.", lambda x, y: x * y.conj()),
        _other("real-parts", "Imaginary parts are not multiplied.", lambda x,
            y: x.real * y.real + 1j * (x.real * y.imag + x.imag * y.real)), count=2,
    ),
    _function(
        "complex_div", "the quotient", _quotient, lambda x, y: np.asarray(np.abs(x) / np.abs(y)),
        _accuracy(10.0, "|x| / |y|", "A product and a squared length, with or without scaling by a part: at most 4 + 4 sqrt(2) roundings."),
        _other("not-conjugated", "The product with the divisor.", lambda x, y: x * y),
        _other("by-real-part", "The imaginary part of the divisor is dropped.", lambda x, y: x / np.where(y.real == 0, 1, y.real)), count=2,
    ),
    _function(
        "complex_abs", "the absolute value", lambda x: np.abs(x), lambda x: np.abs(x),
        _accuracy(2.0, "|x|", "As hypot: squares, a sum and a root, or scaled; at most 2 roundings of the result."),
        _other("sum-of-parts", "The parts' magnitudes are added.", lambda x: np.abs(x.real) + np.abs(x.imag)),
        _other("real-part", "The magnitude of the real part.", lambda x: np.abs(x.real)), real=True,
    ),
    _function(
        "angle", "the angle in (-pi, pi]", lambda x: np.arctan2(x.imag, x.real), lambda x: np.abs(np.arctan2(x.imag, x.real)),
        _accuracy(4.0, "|angle|",
            "As atan2: 4 ulp, the class of vector libraries for inverse trigonometric functions (OpenCL C grants 6)."),
        _other("exchanged", "Parts are exchanged.", lambda x: np.arctan2(x.real, x.imag)),
        _other("first-quadrant", "Signs are lost.", lambda x: np.arctan2(np.abs(x.imag), np.abs(x.real))), real=True,
    ),
    _function(
        "complex_sgn", "x / |x|, zero for zero", _sign, lambda x: np.ones(x.shape),
        _accuracy(4.0, "1", "An absolute value (2 u) and a quotient."),
        _other("unscaled", "The number itself.", lambda x: x),
        _other("real-sign", "The sign of the real part.", lambda x: np.sign(x.real) + 0j),
    ),
    Function(
        id="polar", side=Side.INFERENCE, area="complex numbers",
        requirement="The library shall return r (cos a + i sin a) of every pair of elements.",
        source="PyTorch reference, torch.polar", oracle="the definition in extended precision (64 bits)", samples=_polar_samples,
        reference=_polar,
        criterion=_accuracy(4.0, "r", "A cosine or sine of class 2.5 ulp on its own scale of one, and a product."),
        faults=(
            faults.relative(1e-4), faults.one_element(), faults.stale(), faults.TF32_INPUTS,
            faults.computed("exchanged", "Sine and cosine are exchanged.", _polar_wrong(lambda r, a: r * (np.sin(a) + 1j * np.cos(a)))),
            faults.computed("degrees", "The angle is read in degrees.", _polar_wrong(lambda r, a: r * np.exp(1j * np.deg2rad(a)))),
        ),
    ),
    Function(
        id="isreal", side=Side.INFERENCE, area="complex numbers",
        requirement="The library shall tell of every element whether its imaginary part is zero.",
        source="PyTorch reference, torch.isreal", oracle="exact: a truth value", samples=_real_samples, reference=_is_real,
        criterion=Exact(),
        faults=(
            faults.one_element(), faults.stale(), faults.rolled(),
            faults.computed("no-imaginary-sign", "Only +0 counts.", lambda s: (s.arrays()[0].imag == 0) & ~np.signbit(s.arrays()[0].imag)),
            faults.computed("imaginary", "It tells whether the real part is zero.", lambda s: s.arrays()[0].real == 0),
        ),
    ),
)  # fmt: skip

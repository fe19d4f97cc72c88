"""Fourier transforms over one axis and several, in every norm, with sizes that cut or fill; their frequencies and shifts.

What a transform returns is judged in the norm in which its rounding errors are bounded: relative to the root mean square of the
coefficients over the transformed axes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from csvkit_ml.criteria import Scaled, Ulp
from csvkit_ml.criteria.componentwise import DELTA
from csvkit_ml.model.function import Criterion, Expected, Function, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import expected_extended
from csvkit_ml.references.fourier import hermitian, spectrum
from validation_suites import faults
from validation_suites.moving import moving
from validation_suites.sampling.matrices import gaussian, stored

REAL, COMPLEX = ("float32", "float64"), ("complex64", "complex128")
NORMS = ("backward", "ortho", "forward")
LENGTHS = (1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 30, 31, 32, 60, 64, 97, 100, 127, 128, 243, 257)
"""Powers of two, products of small primes and primes: fixed radices, mixed radices, chirp or cyclic convolutions."""
SOURCE = "Cooley and Tukey 1965; PyTorch reference, torch.fft."
AREA = "Fourier transforms"
Grid = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...] | None]
"""(shape of the data, axes, sizes asked)."""
GRIDS: tuple[Grid, ...] = (
    ((3, 8, 10), (-2, -1), None), ((4, 6, 5), (0, 2), None), ((4, 6, 5), (0, 1, 2), None), ((5, 7), (0, 1), (8, 4)),
    ((6, 9), (1, 0), (5, 12)), ((3, 1, 6), (-2, -1), None), ((16, 17), (0, 1), None), ((2, 3, 4, 5), (1, 2, 3), (4, 4, 4)),
)  # fmt: skip


def levels(count: int) -> int:
    """Stages through which an error passes: log2 of the count, three transforms of twice the length for a count that is no power of two."""
    exact = count & (count - 1) == 0
    return max(1, count.bit_length() - 1) if exact else 3 * (count.bit_length() + 1)


def accuracy(sizes: tuple[int, ...], outputs: int) -> Scaled:
    """Band from independent roundings at every stage, hard bound from the worst case of all of them (2-norm)."""
    stages = sum(map(levels, sizes))
    spread = math.sqrt(2 * math.log(2 * max(1, outputs) / DELTA))
    return Scaled(
        c=1.5 * spread, c_hard=max(8 * math.sqrt(stages * math.prod(sizes)), 3 * spread),
        scale="sqrt(t) rms(r) + |r|, t = log2 n stages (three transforms of twice the length where n is no power of two)",
        rationale="A stage multiplies by rounded roots of unity and adds, with a relative 2-norm error of at most about 7 u; t stages add "
        "up to 7 t u at worst, and to less than 1.5 sqrt(t) u for independent roundings, spread evenly over the coefficients.",
        literature="Higham 2002, theorem 24.2; Gentleman and Sande 1966; Schatzman 1996",
    )  # fmt: skip


def _sizes(sample: Sample) -> tuple[int, ...]:
    """Sizes of the transform: asked, or as the data are; a Hermitian half of m values stands for 2 (m - 1)."""
    if (asked := sample.param("sizes")) is not None:
        return tuple(asked)
    shape, axes = sample.inputs[0].shape, sample.param("axes")
    made = [shape[a] for a in axes]
    return (*made[:-1], sample.param("whole") or made[-1])


def _axes(sample: Sample) -> tuple[int, ...]:
    rank = len(sample.inputs[0].shape)
    return tuple(a % rank for a in sample.param("axes"))


def _output_dtype(kind: str, dtype: str) -> str:
    to = {"float32": "complex64", "float64": "complex128"}
    if kind in ("irfft", "hfft"):
        return {c: r for r, c in to.items()}[dtype]
    return to.get(dtype, dtype)


def _reference(kind: str) -> Callable[[Sample], tuple[Expected, ...]]:
    def expected(sample: Sample) -> tuple[Expected, ...]:
        sizes = _sizes(sample)
        made = spectrum(
            sample.arrays()[0], kind, _axes(sample), sizes, sample.param("norm"), _output_dtype(kind, sample.dtype), sum(map(levels, sizes))
        )
        return (made,)

    return expected


def _criterion(sample: Sample) -> Criterion:
    return accuracy(_sizes(sample), int(np.prod(sample.inputs[0].shape)))


def data(kind: str, dtype: str, shape: tuple[int, ...], axes: tuple[int, ...], last: int, *names: str) -> Tensor:
    """Gaussian data; for a real result the half of an exactly Hermitian spectrum, on a grid so coarse that halves of sums are exact."""
    if kind not in ("irfft", "hfft"):
        return stored(gaussian(dtype, shape, kind, *names), dtype)
    whole = tuple(last if a == axes[-1] % len(shape) else n for a, n in enumerate(shape))
    coarse = np.round(gaussian(dtype, whole, kind, *names) * 1024) / 512
    half = np.take(hermitian(coarse, axes), np.arange(shape[axes[-1]]), axis=axes[-1])
    return stored(half, dtype)


def _sample(kind: str, dtype: str, grid: Grid, norm: str, odd: bool, why: SampleClass) -> Sample:
    """Real results: an even or odd number of values from their half."""
    shape, axes, sizes = grid
    half = kind in ("irfft", "hfft")
    whole = 2 * (shape[axes[-1]] - 1) + odd if half else 0
    if half and sizes is None and (odd or whole < 1):
        whole, sizes = max(1, whole), (*(shape[a] for a in axes[:-1]), max(1, whole))
    asked = "" if sizes is None else f"-to-{'x'.join(map(str, sizes))}"
    name = f"{dtype}-{'x'.join(map(str, shape))}-axes{','.join(map(str, axes))}{asked}-{norm}"
    given = params(axes=axes, sizes=sizes, norm=norm, whole=whole if half else None)
    x = data(kind, dtype, shape, tuple(a % len(shape) for a in axes), max(1, whole), dtype, name)
    return Sample(name=name, dtype=dtype, inputs=(x,), params=given, why=why)


def _lines(kind: str, dtypes: tuple[str, ...]) -> Callable[[], Iterable[Sample]]:
    """One axis: every length in one dtype and norm in turn, the ordinary one in all; other axes; lengths that cut and fill."""

    def made() -> Iterable[Sample]:
        half = kind in ("irfft", "hfft")
        for dtype in dtypes:
            for norm in NORMS:
                yield _sample(kind, dtype, ((4, 33), (-1,), None), norm, False, SampleClass.ORDINARY)
        for i, n in enumerate(LENGTHS):
            extent = n // 2 + 1 if half else n
            dtype, norm = dtypes[i % 2], NORMS[i % 3]
            yield _sample(kind, dtype, ((2, extent), (1,), None), norm, bool(n % 2), SampleClass.EDGE)
        others: tuple[Grid, ...] = (((9, 4), (0,), None), ((2, 9, 3), (1,), None), ((3, 9), (-1,), (6,)), ((3, 9), (-1,), (20,)))
        for i, grid in enumerate(others):
            for norm in NORMS[: 1 if i < 2 else 3]:
                yield _sample(kind, dtypes[i % 2], grid, norm, False, SampleClass.COVERING)
        yield from _peaks(kind, dtypes)

    return made


def _peaks(kind: str, dtypes: tuple[str, ...]) -> Iterable[Sample]:
    """An impulse, a constant and one huge value: spectra in which errors could hide."""
    for dtype in dtypes:
        for name, x in (
            ("impulse", np.eye(1, 33, 5) * 0.1), ("constant", np.full((1, 33), 0.1)),
            ("one-huge", np.where(np.arange(33) == 4, 1e6, gaussian("float64", (1, 33), kind, "huge"))),
        ):  # fmt: skip
            given = params(axes=(-1,), sizes=None, norm="backward", whole=64 if kind in ("irfft", "hfft") else None)
            yield Sample(name=f"{dtype}-{name}", dtype=dtype, inputs=(stored(x, dtype),), params=given, why=SampleClass.CONDITIONED)


def _grids(kind: str, dtypes: tuple[str, ...]) -> Callable[[], Iterable[Sample]]:
    def made() -> Iterable[Sample]:
        for i, grid in enumerate(GRIDS):
            for j, norm in enumerate(NORMS if i < 4 else NORMS[i % 3 : i % 3 + 1]):
                for dtype in dtypes if i == 0 else dtypes[(i + j) % 2 : (i + j) % 2 + 1]:
                    yield _sample(kind, dtype, grid, norm, bool(i % 2), SampleClass.COVERING if i else SampleClass.ORDINARY)

    return made


def _norm(sample: Sample) -> Sample:
    turned = {"backward": "ortho", "ortho": "forward", "forward": "backward"}[sample.param("norm")]
    return replace(sample, params=params(**{**dict(sample.params), "norm": turned}))


def _conjugated(sample: Sample) -> Sample | None:
    """The other sign of the exponent, by way of conjugate data."""
    x = sample.arrays()[0]
    return replace(sample, inputs=(Tensor.of(x.conj()),)) if x.dtype.kind == "c" else None


def _truncated(sample: Sample) -> Sample:
    """The last value along the last axis is taken for zero."""
    x = np.moveaxis(sample.arrays()[0].copy(), sample.param("axes")[-1], -1)
    x[..., -1:] = 0
    return replace(sample, inputs=(Tensor.of(np.moveaxis(x, -1, sample.param("axes")[-1])),))


def _transform(kind: str, several: bool, says: str) -> Function:
    dtypes = REAL if kind in ("rfft", "ihfft") else COMPLEX
    id = f"{kind}n" if several else kind
    return Function(
        id=id, side=Side.INFERENCE, area=AREA,
        requirement=f"The library shall return {says} {'over several axes' if several else 'along an axis'}, in the norm and size asked.",
        source=f"{SOURCE}{id}", oracle="the defining sum in extended precision (64 bits), with its error bound",
        samples=(_grids if several else _lines)(kind, dtypes), reference=_reference(kind), criterion=_criterion,
        faults=(
            faults.relative(1e-4), faults.one_element(), faults.stale(), faults.rolled(),
            faults.TF32_INPUTS if dtypes is REAL else faults.other_sample("conjugated", "The exponent has the other sign.", _conjugated),
            faults.other_sample("other-norm", "It is scaled as another norm says.", _norm),
            faults.other_sample("last-dropped", "The last value of a line is left out.", _truncated),
        ),
    )  # fmt: skip


FREQUENCIES = ((1, 1.0), (2, 1.0), (5, 0.5), (8, 0.1), (33, 3.0), (64, 0.001), (7, 1.0), (10, 0.25))


def _frequency_samples() -> Iterable[Sample]:
    for dtype in REAL:
        for i, (n, d) in enumerate(sorted(FREQUENCIES, key=lambda f: f[0] != 8)):
            why = SampleClass.COVERING if i else SampleClass.ORDINARY
            yield Sample(name=f"{dtype}-n{n}-d{d:g}", dtype=dtype, inputs=(), params=params(n=n, d=d, kind=dtype), why=why)


def _frequencies(half: bool) -> Callable[[Sample], tuple[Expected, ...]]:
    """k / (d n) in the order of the transform: 0, 1, ..., -1; one rounding of an exact quotient is the truth."""

    def expected(sample: Sample) -> tuple[Expected, ...]:
        n, d = sample.param("n"), sample.param("d")
        k = np.arange(n // 2 + 1) if half else np.where(np.arange(n) < (n + 1) // 2, np.arange(n), np.arange(n) - n)
        value = k / (n * np.longdouble(d))
        return (expected_extended(value, dtype=sample.dtype, radius=2.0**-63 * np.abs(value).astype(np.float64), any_sign_of_zero=True),)

    return expected


def _frequency(id: str, half: bool) -> Function:
    def positive(sample: Sample) -> Array | None:
        n = sample.param("n")
        return None if half or n < 3 else np.asarray(np.arange(n) / (n * sample.param("d"))).astype(sample.dtype)

    def unspaced(sample: Sample) -> Array | None:
        d = sample.param("d")
        return None if d == 1 else np.asarray(_frequencies(half)(sample)[0].value.astype(np.float64) * d).astype(sample.dtype)

    return Function(
        id=id, side=Side.INFERENCE, area=AREA, requirement="The library shall return the frequencies of the coefficients of a transform.",
        source=f"{SOURCE}{id}", oracle="the exact quotient, rounded once to 64 bits", samples=_frequency_samples,
        reference=_frequencies(half),
        criterion=Ulp(k=2.0, k_hard=4.0, rationale="1 / (n d) is rounded, then each multiple of it: at most 2 ulp.",
            literature="IEEE 754-2019, 4.3"),
        faults=(
            faults.relative(1e-4), faults.one_element(), faults.stale(), faults.rolled(),
            *(() if half else (faults.computed("only-positive", "Negative frequencies are given as positive ones.", positive),)),
            faults.computed("spacing-ignored", "The spacing is taken for one.", unspaced),
        ),
    )  # fmt: skip


SHIFTS = (((9,), {"axes": (0,)}), ((4, 6), {"axes": (0, 1)}), ((5, 8, 3), {"axes": (1,)}), ((7, 5), {"axes": None}),
    ((1, 2), {"axes": (1,)}),
    ((0, 3), {"axes": (0,)}), ((3, 300), {"axes": (-1,)}))


def _over(p: Any, x: Array) -> tuple[int, ...]:
    return tuple(range(x.ndim)) if p["axes"] is None else tuple(a % x.ndim for a in p["axes"])


def _shift(back: bool) -> Callable[[Any, Array], Array]:
    """Zero frequency to the middle, or from there back."""

    def move(p: Any, x: Array) -> Array:
        for a in _over(p, x):
            n = x.shape[a]
            first = n // 2 if back else (n + 1) // 2
            x = np.concatenate((np.take(x, np.arange(first, n), axis=a), np.take(x, np.arange(first), axis=a)), a)
        return x

    return move


def _only_first(back: bool) -> Callable[[Any, Array], Array]:
    return lambda p, x: _shift(back)({"axes": _over(p, x)[:1]}, x)


FUNCTIONS: tuple[Function, ...] = (
    _transform("fft", False, "the discrete Fourier transform of complex data"),
    _transform("ifft", False, "the inverse discrete Fourier transform of complex data"),
    _transform("rfft", False, "the coefficients of non-negative frequency of real data"),
    _transform("irfft", False, "the real data whose coefficients of non-negative frequency are given"),
    _transform("hfft", False, "the real transform of a signal that is its own conjugate mirror image, of which half is given"),
    _transform("ihfft", False, "half of the conjugate-symmetric inverse transform of real data"),
    _transform("fft", True, "the discrete Fourier transform of complex data"),
    _transform("ifft", True, "the inverse discrete Fourier transform of complex data"),
    _transform("rfft", True, "the coefficients of non-negative last frequency of real data"),
    _transform("irfft", True, "the real data whose coefficients of non-negative last frequency are given"),
    _transform("hfft", True, "the real transform of a signal that is its own conjugate mirror image, of which half is given"),
    _transform("ihfft", True, "half of the conjugate-symmetric inverse transform of real data"),
    _frequency("fftfreq", False),
    _frequency("rfftfreq", True),
    moving(
        "fftshift", "move the coefficient of frequency zero to the middle", f"{SOURCE}fftshift", SHIFTS, _shift(False),
        ("moved-back", "It moves the other way.", _shift(True)), ("one-axis", "Only one axis is moved.", _only_first(False)), area=AREA,
    ),
    moving(
        "ifftshift", "move the coefficient of frequency zero from the middle to the front", f"{SOURCE}ifftshift", SHIFTS, _shift(True),
        ("moved-on", "It moves the other way.", _shift(False)), ("one-axis", "Only one axis is moved.", _only_first(True)), area=AREA,
    ),
)

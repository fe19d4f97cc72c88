"""Signals as the ONNX operators have them: windows, discrete and short-time Fourier transforms of pairs (real, imaginary), mel filters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from csvkit_ml.criteria import Scaled
from csvkit_ml.model.function import Criterion, Expected, Function, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import U, expected_extended, extended
from validation_suites import faults
from validation_suites.moving import PLAIN
from validation_suites.sampling import normal

ONNX = "ONNX operator specification, "
PLAINLY = PLAIN[:3]
PI = np.longdouble("3.14159265358979323846264338327950288")
WINDOWS: dict[str, tuple[Any, ...]] = {
    "hann": (np.longdouble(0.5),) * 2,
    "hamming": (np.longdouble(25) / 46, np.longdouble(21) / 46),
    "blackman": tuple(np.longdouble(v) / 100 for v in (42, 50, 8)),
}
"""Coefficients of 1, -cos(t), cos(2t)."""


def _sample(name: str, dtype: str, inputs: Iterable[Any], i: int, **given: Any) -> Sample:
    made = tuple(a if isinstance(a, Tensor) else Tensor.of(a) for a in inputs)
    return Sample(
        name=f"{dtype}-{name}", dtype=dtype, inputs=made, params=params(**given), why=SampleClass.COVERING if i else SampleClass.ORDINARY
    )


def _window_samples() -> Iterable[Sample]:
    for dtype in ("float32", "float64"):
        for i, n in enumerate((16, 400, 7, 2, 33, 257, 1024)):
            for periodic in (True, False):
                yield _sample(
                    f"n{n}-{'periodic' if periodic else 'symmetric'}", dtype, (np.array(n, dtype=np.int64),), i, periodic=periodic
                )


def _angles(s: Sample, periodic: bool | None = None) -> Any:
    n = int(s.arrays()[0])
    around = s.param("periodic") if periodic is None else periodic
    return 2 * PI * np.arange(n) / (n if around else n - 1)


def _terms(kind: str, t: Any) -> tuple[Any, Any]:
    """(value, scale: each coefficient times 1 + angle |slope|)."""
    a = WINDOWS[kind]
    value = a[0] - a[1] * np.cos(t)
    size = a[0] + a[1] * (1 + t * np.abs(np.sin(t)))
    if len(a) == 3:
        value, size = value + a[2] * np.cos(2 * t), size + a[2] * (1 + 2 * t * np.abs(np.sin(2 * t)))
    return value, size


def _window(kind: str) -> Callable[[Sample], tuple[Expected, ...]]:
    def reference(s: Sample) -> tuple[Expected, ...]:
        value, size = _terms(kind, _angles(s))
        return (expected_extended(value, dtype=s.dtype, radius=16 * U * size + 1e-18, scale=size, any_sign_of_zero=True),)

    return reference


def _other_ends(kind: str) -> Callable[[Sample], Array]:
    return lambda s: np.asarray(_terms(kind, _angles(s, not s.param("periodic")))[0], dtype=np.float64)


def _other_kind(kind: str) -> Callable[[Sample], Array]:
    """The window that is most alike."""
    return lambda s: np.asarray(_terms({"hann": "hamming", "hamming": "hann", "blackman": "hann"}[kind], _angles(s))[0], dtype=np.float64)


def _rounded_coefficients(kind: str) -> Callable[[Sample], Array]:
    """Coefficients of two digits, or the exact Blackman window's."""
    other = {"hann": (0.5, 0.49), "hamming": (0.54, 0.46), "blackman": (7938 / 18608, 9240 / 18608, 1430 / 18608)}[kind]

    def compute(s: Sample) -> Array:
        t = np.asarray(_angles(s), dtype=np.float64)
        return np.asarray(other[0] - other[1] * np.cos(t) + (other[2] * np.cos(2 * t) if len(other) == 3 else 0))

    return compute


WINDOW = Scaled(
    c=4.0,
    c_hard=8.0,
    scale="sum of |a_k| (1 + k t |sin(k t)|), t the angle",
    rationale="The angle takes up to three roundings, which its sine carries on; the cosine, products and sums round to their own size.",
    literature="Higham 2002, 2.2; Harris 1978",
)


def _window_function(kind: str) -> Function:
    name = kind.capitalize()
    return Function(
        id=f"signal_{kind}_window",
        side=Side.INFERENCE,
        area="signals",
        requirement=f"The library shall return the {name} window, periodic or symmetric.",
        source=f"{ONNX}{name}Window; Harris 1978",
        oracle="80-bit extended precision",
        samples=_window_samples,
        reference=_window(kind),
        criterion=WINDOW,
        faults=(
            *PLAINLY,
            faults.computed("other-ends", "Symmetric for periodic, or the other way around.", _other_ends(kind)),
            faults.computed("other-window", "The window that is most alike is returned.", _other_kind(kind)),
            faults.computed("coefficients", "Coefficients are those of a variant.", _rounded_coefficients(kind)),
            faults.relative(1e-4),
        ),
    )


def fourier(x: Any, n: int, *, inverse: bool = False) -> Any:
    """Sum over the last axis, in extended precision; not scaled."""
    k = np.outer(np.arange(n), np.arange(n)) % n
    t = (2 if inverse else -2) * PI * k / n
    return x @ (np.cos(t) + 1j * np.sin(t)).astype(np.clongdouble)


LENGTHS = (8, 16, 1, 2, 7, 12, 33, 64, 100, 257)


def _dft_samples() -> Iterable[Sample]:
    """(2, n, 1 or 2) along axis 1 and (n, 3, 1 or 2) along axis 0; whole and one-sided, inverse, cut and filled up."""
    for dtype in ("float32", "float64"):
        for i, n in enumerate(LENGTHS):
            for pair, inverse, onesided, length in (
                (2, False, False, None),
                (1, False, True, None),
                (2, True, False, None),
                (1, False, False, n + 3),
                (2, False, False, max(1, n // 2)),
            ):
                axis = i % 2
                shape = (n, 3, pair) if axis == 0 else (2, n, pair)
                marks = [m for m, on in (("inverse", inverse), ("onesided", onesided)) if on]
                name = "-".join((f"n{n}-axis{axis}", "complex" if pair == 2 else "real", *marks, f"length{length}".lower()))
                yield _sample(
                    name, dtype, (normal(dtype, shape, "dft", name),), i, axis=axis, inverse=inverse, onesided=onesided, length=length
                )


def _complex(x: Array) -> Any:
    wide = extended(x)
    return (wide[..., 0] + 1j * wide[..., 1] if x.shape[-1] == 2 else wide[..., 0] + 0j).astype(np.clongdouble)


def _transformed(p: dict[str, Any], x: Array) -> tuple[Any, Any, int]:
    """(pairs, scale sqrt(n) ||x||, length)."""
    rows = np.moveaxis(_complex(x), p["axis"], -1)
    n = p["length"] or rows.shape[-1]
    kept = rows[..., :n]
    kept = np.concatenate([kept, np.zeros((*kept.shape[:-1], n - kept.shape[-1]), dtype=np.clongdouble)], axis=-1)
    y = fourier(kept, n, inverse=p["inverse"]) / (n if p["inverse"] else 1)
    size = np.sqrt((np.abs(kept) ** 2).sum(axis=-1, keepdims=True) * n) / (n if p["inverse"] else 1)
    y = y[..., : n // 2 + 1] if p["onesided"] else y
    size = np.broadcast_to(size, y.shape)
    back = (np.moveaxis(a, -1, p["axis"]) for a in (y, size))
    made, scale = back
    return np.stack([made.real, made.imag], axis=-1), np.stack([scale, scale], axis=-1), n


def _known(value: Any, scale: Any, dtype: str) -> tuple[Expected, ...]:
    size = np.asarray(scale, dtype=np.float64)
    return (expected_extended(value, dtype=dtype, radius=64 * U * size, scale=size, any_sign_of_zero=True),)


def _dft(s: Sample) -> tuple[Expected, ...]:
    value, size, _ = _transformed(dict(s.params), s.arrays()[0])
    return _known(value, size, s.dtype)


def transform_criterion(n: int) -> Criterion:
    """c u sqrt(n) ||x||, c = 4 log2(2 n) where n is a power of two, else that of three transforms of the next one from 2 n - 1 on."""
    longer = 2 ** int(np.ceil(np.log2(max(1, 2 * n - 1))))
    c = 4 * np.log2(2 * n) if n & (n - 1) == 0 else 12 * np.log2(2 * longer)
    return Scaled(
        c=float(c),
        c_hard=float(4 * c),
        scale="sqrt(n) ||x||_2",
        rationale="Each of log2(n) stages rounds relative to the norm, which a transform keeps; a length that is no power of two goes "
        "through three transforms of more than twice the length.",
        literature="Higham 2002, ch. 24; Ramos 1971; Bluestein 1970",
    )


def _dft_criterion(s: Sample) -> Criterion:
    return transform_criterion(s.param("length") or s.inputs[0].shape[s.param("axis")])


def _dft_fault(**changes: Any) -> Callable[[Sample], Array | None]:
    def compute(s: Sample) -> Array | None:
        p: dict[str, Any] = dict(s.params)
        return np.asarray(_transformed({**p, **{k: c(p[k]) for k, c in changes.items()}}, s.arrays()[0])[0], dtype=np.float64)

    return compute


def _conjugated(s: Sample) -> Array:
    value = np.asarray(_transformed(dict(s.params), s.arrays()[0])[0], dtype=np.float64).copy()
    value[..., 1] *= -1
    return value


def _unscaled(s: Sample) -> Array | None:
    if not s.param("inverse"):
        return None
    value, _, n = _transformed(dict(s.params), s.arrays()[0])
    return np.asarray(value * n, dtype=np.float64)


FRAMES = ((64, 8, 16), (100, 10, 25), (33, 4, 8), (16, 16, 16), (200, 50, 64), (57, 3, 7))
"""Signal, step, frame."""


def _stft_samples() -> Iterable[Sample]:
    for dtype in ("float32", "float64"):
        for i, (length, step, frame) in enumerate(FRAMES):
            for onesided in (True, False):
                for windowed in (True, False):
                    name = f"n{length}-step{step}-frame{frame}{'-onesided' if onesided else ''}{'-window' if windowed else ''}"
                    given = [normal(dtype, (2, length, 1), "stft", name)]
                    given += [Tensor.of(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(frame) / frame) + 0.1, dtype)] if windowed else []
                    yield _sample(name, dtype, given, i, step=step, frame=frame, onesided=onesided)


def _frames(s: Sample, windowed: bool = True) -> tuple[Any, Any]:
    x, *window = (extended(a) for a in s.arrays())
    n, step = s.param("frame"), s.param("step")
    count = (x.shape[1] - n) // step + 1
    parts = np.stack([x[:, i * step : i * step + n, 0] for i in range(count)], axis=1)
    parts = parts * window[0] if window and windowed else parts
    y = fourier(parts.astype(np.clongdouble), n)
    y = y[..., : n // 2 + 1] if s.param("onesided") else y
    size = np.broadcast_to(np.sqrt((parts * parts).sum(axis=-1, keepdims=True) * n), y.shape)
    return np.stack([y.real, y.imag], axis=-1), np.stack([size, size], axis=-1)


def _stft(s: Sample) -> tuple[Expected, ...]:
    return _known(*_frames(s), s.dtype)


def _window_ignored(s: Sample) -> Array | None:
    return np.asarray(_frames(s, windowed=False)[0], dtype=np.float64) if len(s.inputs) > 1 else None


def _frames_late(s: Sample) -> Array:
    """Every frame is the one before."""
    return np.roll(np.asarray(_frames(s)[0], dtype=np.float64), 1, axis=1)


MELS = (
    (8, 16, 8192, 0.0, 4096.0),
    (20, 256, 16000, 20.0, 8000.0),
    (40, 400, 16000, 0.0, 7600.0),
    (1, 8, 100, 10.0, 50.0),
    (13, 512, 44100, 133.3, 6855.5),
)


def _mel_bins(p: dict[str, Any]) -> Any:
    """Edges and centres in bins, before they are cut to integers."""
    low, high = (2595 * np.log10(1 + np.longdouble(p[k]) / 700) for k in ("low", "high"))
    mel = low + (high - low) / (p["bins"] + 2) * np.arange(p["bins"] + 2)
    return (p["length"] + 1) * (700 * (10 ** (mel / 2595) - 1)) / p["rate"]


def _mel_samples() -> Iterable[Sample]:
    """Only such settings whose edges are not near an integer."""
    for i, values in enumerate(MELS):
        p: dict[str, Any] = dict(zip(("bins", "length", "rate", "low", "high"), values, strict=True))
        edges = np.asarray(_mel_bins(p), dtype=np.float64)
        inside = edges[edges > 1e-9]
        if (np.abs(inside - np.rint(inside)) > 1e-3).all():
            given = (
                np.array(p["bins"]),
                np.array(p["length"]),
                np.array(p["rate"]),
                np.array(p["low"], dtype=np.float32),
                np.array(p["high"], dtype=np.float32),
            )
            yield _sample(f"bins{p['bins']}-n{p['length']}-rate{p['rate']}", "float32", given, i, **p)
            yield _sample(f"bins{p['bins']}-n{p['length']}-rate{p['rate']}", "float64", given, 1, **p)


def _mel_matrix(p: dict[str, Any]) -> Array:
    """Triangles between neighbouring edges: 0 at the lower, 1 at the centre, 0 at the higher."""
    edges = np.floor(np.asarray(_mel_bins(p), dtype=np.float64)).astype(int)
    out = np.zeros((p["length"] // 2 + 1, p["bins"]))
    for m, (low, centre, high) in enumerate(zip(edges, edges[1:], edges[2:], strict=False)):
        rise = centre - low
        for k in range(low, centre + 1):
            out[k, m] = (k - low) / rise if rise else 1.0
        for k in range(centre, high):
            out[k, m] = (high - k) / (high - centre)
    return out


def _mel(s: Sample) -> tuple[Expected, ...]:
    value = _mel_matrix(dict(s.params))
    return (Expected(name="y", dtype=s.dtype, value=value, radius=2.0**-53 * value, scale=value),)


def _linear_scale(s: Sample) -> Array:
    """Edges at equal distances in frequency."""
    p: dict[str, Any] = dict(s.params)
    edges = np.linspace(p["low"], p["high"], p["bins"] + 2) * (p["length"] + 1) / p["rate"]
    k = np.arange(p["length"] // 2 + 1)[:, None]
    a, b, c = (edges[i : i + p["bins"]] for i in range(3))
    return np.asarray(np.clip(np.minimum((k - a) / (b - a), (c - k) / (c - b)), 0, 1))


RATIO = Scaled(
    c=1.0,
    c_hard=2.0,
    scale="|y|",
    rationale="The quotient of two small integers, rounded once or twice.",
    literature="IEEE 754-2019, 5.4.1",
)
FUNCTIONS: tuple[Function, ...] = (
    *(_window_function(kind) for kind in WINDOWS),
    Function(
        id="dft",
        side=Side.INFERENCE,
        area="signals",
        requirement="The library shall return the discrete Fourier transform along an axis, whole or one-sided, "
        "forwards or inverse, of data cut or filled up to a length.",
        source=f"{ONNX}DFT",
        oracle="the defining sum in 80-bit extended precision",
        samples=_dft_samples,
        reference=_dft,
        criterion=_dft_criterion,
        faults=(
            faults.one_element(),
            faults.stale(),
            faults.TF32_INPUTS,
            faults.BF16_INPUTS,
            faults.computed("conjugated", "The imaginary part has the wrong sign.", _conjugated),
            faults.computed(
                "other-direction", "The inverse is taken for the transform, or the other way around.", _dft_fault(inverse=lambda v: not v)
            ),
            faults.computed("not-scaled", "The inverse is not divided by the length.", _unscaled),
        ),
    ),
    Function(
        id="signal_stft",
        side=Side.INFERENCE,
        area="signals",
        requirement="The library shall return the Fourier transforms of the windowed frames of a signal.",
        source=f"{ONNX}STFT",
        oracle="the defining sum in 80-bit extended precision",
        samples=_stft_samples,
        reference=_stft,
        criterion=lambda s: transform_criterion(s.param("frame")),
        faults=(
            faults.one_element(),
            faults.stale(),
            faults.TF32_INPUTS,
            faults.BF16_INPUTS,
            faults.computed("window-ignored", "The window is not applied.", _window_ignored),
            faults.computed("frames-late", "Every frame is the one before.", _frames_late),
        ),
    ),
    Function(
        id="mel_weight_matrix",
        side=Side.INFERENCE,
        area="signals",
        requirement="The library shall return the triangular filters between edges that are evenly spaced on the mel scale.",
        source=f"{ONNX}MelWeightMatrix",
        oracle="exact: quotients of integers; edges in 80-bit extended precision, none near an integer",
        samples=_mel_samples,
        reference=_mel,
        criterion=RATIO,
        faults=(*PLAINLY, faults.computed("linear-scale", "Edges are evenly spaced in frequency.", _linear_scale), faults.relative(1e-4)),
    ),
)

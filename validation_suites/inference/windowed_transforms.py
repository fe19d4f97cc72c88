"""Windows, and Fourier transforms of short overlapping pieces of a signal: forwards and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import flint
import numpy as np

from csvkit_ml.criteria import Scaled
from csvkit_ml.model.function import Criterion, Expected, Fault, Function, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import U, expected_extended, extended
from csvkit_ml.references.fourier import factor, hermitian, judged, real_signal, transformed
from validation_suites import faults
from validation_suites.inference.fourier import AREA, accuracy, levels
from validation_suites.sampling import normal
from validation_suites.sampling.matrices import gaussian, stored

REAL = ("float32", "float64")
COMPLEX_OF = {"float32": "complex64", "float64": "complex128"}
LENGTHS = (16, 1, 0, 2, 3, 7, 8, 33, 64, 257)
HARRIS = "Harris 1978, On the Use of Windows for Harmonic Analysis; PyTorch reference, torch."
Shape = Callable[[Any, Any], Any]
"""(place in [0, 1] of every value, in extended precision; parameters) -> window."""
PI = 4 * np.arctan(np.longdouble(1))


def _cosines(*terms: float) -> Shape:
    """a0 - a1 cos(2 pi t) + a2 cos(4 pi t)."""
    return lambda t, p: sum((-1) ** k * np.longdouble(a) * np.cos(2 * k * PI * t) for k, a in enumerate(terms))


def _hamming(t: Any, p: Any) -> Any:
    return _cosines(p["alpha"], p["beta"])(t, p)


def _kaiser(t: Any, p: Any) -> Any:
    """I_0(beta sqrt(1 - (2 t - 1)^2)) / I_0(beta), by balls."""
    with flint.ctx.workprec(160):
        beta = flint.arb(p["beta"])
        made = [(beta * (4 * flint.arb(k) / d * (1 - flint.arb(k) / d)).sqrt()).bessel_i(0) / beta.bessel_i(0) for k, d in p["places"]]
        return np.array([np.longdouble(float(m)) + np.longdouble(float(m - flint.arb(float(m)))) for m in made], dtype=np.longdouble)


def _ratios(sample: Sample) -> list[tuple[int, int]]:
    """(k, d): place k / d of every value; a periodic window is the front of a symmetric one that is longer by one."""
    n = sample.param("n")
    d = n if sample.param("periodic") else n - 1
    return [(k, max(1, d)) for k in range(n)]


def _window(shape: Shape) -> Callable[[Sample], tuple[Expected, ...]]:
    def reference(sample: Sample) -> tuple[Expected, ...]:
        p: dict[str, Any] = dict(sample.params)
        places = _ratios(sample)
        t = np.array([np.longdouble(k) / d for k, d in places], dtype=np.longdouble)
        value = np.ones(1, dtype=np.longdouble) if p["n"] == 1 else np.asarray(shape(t, {**p, "places": places}) + 0 * t)
        scale = np.ones(p["n"])
        if shape is _kaiser:
            s = np.sqrt(np.clip(4 * t * (1 - t), 1e-30, None)).astype(np.float64)
            scale = value.astype(np.float64) * (1 + np.minimum(p["beta"] ** 2 / 2, p["beta"] / s))
        return (expected_extended(value, dtype=sample.dtype, radius=32 * U * scale, scale=scale, any_sign_of_zero=True),)

    return reference


def _window_samples(settings: tuple[dict[str, float], ...]) -> Callable[[], Iterable[Sample]]:
    def made() -> Iterable[Sample]:
        for dtype in REAL:
            for j, given in enumerate(settings):
                for i, n in enumerate(LENGTHS if j == 0 else LENGTHS[:4]):
                    for periodic in (True, False):
                        label = "-".join(f"{k}{v:g}" for k, v in given.items())
                        name = "-".join(filter(None, (dtype, f"n{n}", "periodic" if periodic else "symmetric", label)))
                        why = SampleClass.EDGE if i else SampleClass.COVERING if j else SampleClass.ORDINARY
                        yield Sample(name=name, dtype=dtype, inputs=(), params=params(n=n, periodic=periodic, kind=dtype, **given), why=why)

    return made


def _squared(sample: Sample, results: tuple[Array, ...]) -> tuple[Array, ...] | None:
    made = results[0] ** 2
    return None if np.array_equal(made, results[0]) else (made,)


def _window_of(id: str, says: str, shape: Shape, *settings: dict[str, float]) -> Function:
    """`settings`: parameters besides length and kind."""
    reference = _window(shape)

    def turned(sample: Sample) -> Sample:
        return replace(sample, params=params(**{**dict(sample.params), "periodic": not sample.param("periodic")}))

    return Function(
        id=id, side=Side.INFERENCE, area=AREA, requirement=f"The library shall return {says}, symmetric or periodic as asked.",
        source=f"{HARRIS}{id}", oracle="the definition in extended precision (64 bits), Bessel functions by balls",
        samples=_window_samples(settings or ({},)), reference=reference,
        criterion=Scaled(
            c=8.0, c_hard=32.0, scale="1; Kaiser: r (1 + min(beta^2 / 2, beta / sqrt(1 - x^2)))",
            rationale="An angle known to 2 pi u moves a cosine by as much; products with coefficients and their sum round on the scale of one.",
            literature="Harris 1978; Higham 2002, ch. 2",
        ),
        faults=(
            faults.relative(1e-4), faults.one_element(), faults.stale(),
            faults.other_sample("other-end", "Symmetric and periodic are exchanged.", turned),
            Fault(id="squared", sentence="The window is squared.", apply=lambda f, s, r: _squared(s, r)),
        ),
    )  # fmt: skip


CASES: tuple[dict[str, Any], ...] = (
    {"length": 200, "fft": 32}, {"length": 64, "fft": 16, "hop": 4}, {"length": 101, "fft": 25, "hop": 5, "center": False},
    {"length": 80, "fft": 32, "win": 20}, {"length": 90, "fft": 30, "hop": 7, "window": False, "center": False},
    {"length": 70, "fft": 16, "normalized": True}, {"length": 70, "fft": 16, "onesided": False, "pad": "constant"},
    {"length": 129, "fft": 64, "hop": 16, "pad": "replicate"}, {"length": 40, "fft": 40, "center": False},
    {"length": 99, "fft": 33, "win": 33, "hop": 11},
)  # fmt: skip
_USUAL: dict[str, Any] = {"hop": None, "win": None, "window": True, "center": True, "pad": "reflect", "normalized": False, "onesided": True}


def _pieces(id: str, back: bool) -> Callable[[], Iterable[Sample]]:
    def made() -> Iterable[Sample]:
        for dtype in REAL:
            for i, case in enumerate(CASES):
                p = {**_USUAL, **case}
                p["hop"], p["win"] = p["hop"] or p["fft"] // 4, p["win"] or p["fft"]
                if back and not p["center"] and p["window"]:
                    continue
                n = p.pop("length")
                name = f"{dtype}-n{n}-" + "-".join(f"{k}{str(v).lower()}" for k, v in case.items() if k != "length")
                w = Tensor.of(0.25 + seed_window(p["win"]), dtype) if p.pop("window") else None
                x = normal(dtype, (2, n), id, name)
                inputs = (x, *((w,) if w else ()))
                kind = dtype
                if back:
                    sample = Sample(name=name, dtype=dtype, inputs=inputs, params=params(**p))
                    spectrum, kind = _forward(sample)[0], COMPLEX_OF[dtype]
                    share = gaussian("float64", spectrum.shape, id, name)
                    share = share if p["onesided"] else hermitian(share, (1,)).real
                    noisy = spectrum * (1 + 0.1 * share)
                    inputs = (stored(noisy.astype(np.complex128), kind), *inputs[1:])
                    p.pop("pad")
                    p["length"] = n
                why = SampleClass.COVERING if i else SampleClass.ORDINARY
                yield Sample(name=name.replace(dtype, kind), dtype=kind, inputs=inputs, params=params(**p), why=why)

    return made


def seed_window(n: int) -> Array:
    """Not symmetric, so that a reversed window shows."""
    return np.asarray(np.sin(np.pi * (np.arange(n) + 0.5) / n) * (1 + np.arange(n) / (2 * n)))


def _weights(sample: Sample) -> Any:
    """The window in the middle of a piece, zeros around it; all ones where none is given."""
    p: dict[str, Any] = dict(sample.params)
    w = extended(sample.arrays()[1] if len(sample.inputs) > 1 else np.ones(p["win"]))
    left = (p["fft"] - p["win"]) // 2
    return np.pad(w, (left, p["fft"] - p["win"] - left))


def _forward(sample: Sample) -> tuple[Any, int]:
    """(coefficients [B, F, T], size): pieces every `hop` values, windowed and transformed."""
    p: dict[str, Any] = dict(sample.params)
    x = extended(sample.arrays()[0])
    if p["center"]:
        mode = {"replicate": "edge"}.get(p["pad"], p["pad"])
        x = np.pad(x, ((0, 0), (p["fft"] // 2,) * 2), mode=mode)
    starts = range(0, x.shape[-1] - p["fft"] + 1, p["hop"])
    pieces = np.stack([x[:, s : s + p["fft"]] for s in starts], axis=1) * _weights(sample)
    made = transformed(pieces, -1, -1)
    if p["onesided"]:
        made = made[..., : p["fft"] // 2 + 1]
    scale = factor("ortho" if p["normalized"] else "backward", p["fft"], inverse=False)
    return np.swapaxes(made, 1, 2) * scale, p["fft"]


def _stft(sample: Sample) -> tuple[Expected, ...]:
    value, n = _forward(sample)
    return (judged(value, (1,), n, COMPLEX_OF[sample.dtype], levels(n)),)


def _stft_criterion(sample: Sample) -> Criterion:
    return accuracy((sample.param("fft"),), int(np.prod(sample.inputs[0].shape)))


def _overlapped(sample: Sample) -> tuple[Any, Any]:
    """(signal [B, n], scale): pieces back, windowed, added where they overlap, divided by the sum of squared windows."""
    p: dict[str, Any] = dict(sample.params)
    w = _weights(sample)
    z = sample.arrays()[0].astype(np.clongdouble)
    n, hop, count = p["fft"], p["hop"], z.shape[-1]
    half = np.swapaxes(z, 1, 2)[..., : n // 2 + 1]
    pieces = real_signal(half, -1, n, 1) * factor("ortho" if p["normalized"] else "backward", n, inverse=True)
    if not p["onesided"]:
        pieces = (transformed(np.swapaxes(z, 1, 2), -1, 1) * factor("ortho" if p["normalized"] else "backward", n, inverse=True)).real
    rms = np.sqrt((np.abs(pieces) ** 2).mean(-1, keepdims=True))
    total = (count - 1) * hop + n
    out, size, weight = (np.zeros((*z.shape[:1], total), np.longdouble) for _ in range(3))
    for t in range(count):
        at = slice(t * hop, t * hop + n)
        out[:, at] += pieces[:, t] * w
        size[:, at] += (np.sqrt(levels(n)) * rms[:, t] + np.abs(pieces[:, t])) * np.abs(w)
        weight[:, at] += w**2
    first = n // 2 if p["center"] else 0
    keep = slice(first, first + p["length"])
    gap = max(0, p["length"] - out[:, keep].shape[1])
    with np.errstate(all="ignore"):
        made = [np.pad(np.where(weight[:, keep] > 0, a[:, keep] / weight[:, keep], 0), ((0, 0), (0, gap))) for a in (out, size)]
    return made[0], made[1]


def _istft(sample: Sample) -> tuple[Expected, ...]:
    value, size = _overlapped(sample)
    dtype = {c: r for r, c in COMPLEX_OF.items()}[sample.dtype]
    scale = size.astype(np.float64)
    n = sample.param("fft")
    radius = (n + 16) * U * np.sqrt(n) * scale
    return (expected_extended(value, dtype=dtype, radius=radius, scale=scale, any_sign_of_zero=True),)


def _no_window(sample: Sample) -> Sample | None:
    return replace(sample, inputs=sample.inputs[:1]) if len(sample.inputs) > 1 else None


def _reversed_window(sample: Sample) -> Sample | None:
    if len(sample.inputs) < 2:
        return None
    return replace(sample, inputs=(sample.inputs[0], Tensor.of(np.ascontiguousarray(sample.arrays()[1][::-1]))))


def _transform_of_pieces(
    id: str, says: str, samples: Callable[[], Iterable[Sample]], reference: Callable[[Sample], tuple[Expected, ...]], *own: Fault
) -> Function:
    return Function(
        id=id, side=Side.INFERENCE, area=AREA, requirement=f"The library shall return {says}.",
        source=f"Griffin and Lim 1984; PyTorch reference, torch.{id}", oracle="the definition in extended precision (64 bits)",
        samples=samples,
        reference=reference, criterion=_stft_criterion,
        faults=(
            faults.relative(1e-4), faults.one_element(), faults.stale(), faults.rolled(),
            faults.other_sample("no-window", "The window is not applied.", _no_window),
            faults.other_sample("window-reversed", "The window is applied backwards.", _reversed_window),
            faults.other_params("norm", "The norm is ignored.", normalized=lambda v: not v), *own,
        ),
    )  # fmt: skip


FUNCTIONS: tuple[Function, ...] = (
    _window_of("bartlett_window", "the triangular window", lambda t, p: 1 - np.abs(2 * t - 1)),
    _window_of("hann_window", "the raised cosine window", _cosines(0.5, 0.5)),
    _window_of("hamming_window", "the raised cosine window on a pedestal", _hamming, {"alpha": 0.54, "beta": 0.46},
        {"alpha": 0.6, "beta": 0.3}),
    _window_of("blackman_window", "the window of three cosines", _cosines(0.42, 0.5, 0.08)),
    _window_of("kaiser_window", "the Kaiser window of the shape asked", _kaiser, {"beta": 12.0}, {"beta": 2.5}, {"beta": 0.5}),
    _transform_of_pieces(
        "stft", "the Fourier transforms of overlapping windowed pieces of a signal", _pieces("stft", False), _stft,
        faults.other_params("padding", "The signal is extended by zeros.", pad=lambda v: "constant"), faults.TF32_INPUTS,
    ),
    _transform_of_pieces(
        "istft", "the signal of which overlapping windowed pieces have the given transforms, in the sense of least squares",
        _pieces("istft", True),
        _istft,
    ),
)  # fmt: skip

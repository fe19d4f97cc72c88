"""Gradients of short-time Fourier transforms and of their inverse, for signal, window and spectrum; complex numbers as pairs on the last axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from csvkit_ml.model.function import Function, Json, Sample, params
from csvkit_ml.references.running_error import ARITHMETIC, Rounded
from validation_suites import faults
from validation_suites.training.gradients_complex import CONJUGATED
from validation_suites.training.gradients_fourier import matrix
from validation_suites.vector_jacobian import Case, Product, dot, moved, scattered, turned


def _known(sample: Sample, m: Any) -> Rounded:
    """A transform's matrix, whose roots of unity and factor a library knows to 4 u."""
    by = ARITHMETIC[sample.dtype]
    return Rounded(m, np.full_like(m, 4 * by.u * np.abs(m).max()), by)


def positions(length: int, fft: int, hop: int, center: bool, pad: str) -> Any:
    """[pieces, fft] places in the signal that each piece reads; -1 where padding is zeros."""
    at = np.arange(length)
    if center and pad == "constant":
        at = np.pad(at, fft // 2, constant_values=-1)
    elif center:
        at = np.pad(at, fft // 2, mode="reflect")
    return np.stack([at[s : s + fft] for s in range(0, len(at) - fft + 1, hop)])


def _settings(sample: Sample) -> tuple[Any, str]:
    p: dict[str, Any] = dict(sample.params)
    return p, "ortho" if p["normalized"] else "backward"


def _stft(sample: Sample, x: Any, w: Any, g: Any) -> tuple[Any, ...]:
    """Pieces of the signal times the window, each transformed: the transform's adjoint, then back to where each number came from."""
    p, norm = _settings(sample)
    fft, win = p["fft"], p["win"]
    at = positions(len(x.value), fft, p["hop"], p["center"], p["pad"])
    upstream = moved(g, lambda v: np.swapaxes(v, 0, 1).reshape(len(at), -1))
    back = dot(upstream, turned(_known(sample, matrix("rfft", (fft,), (0,), (fft,), norm))))
    left = (fft - win) // 2
    inside, places = back[:, left : left + win], at[:, left : left + win]
    read = places >= 0
    pieces = np.where(read, x[np.maximum(places, 0)], 0.0)
    shares = (inside * w)[read]
    return scattered(shares, places[read], len(x.value)), (inside * pieces).sum(axis=0)


def _istft(sample: Sample, z: Any, w: Any, g: Any) -> tuple[Any, ...]:
    """Of pieces transformed back, windowed, added and divided by the sum of squared windows; for the spectrum."""
    p, norm = _settings(sample)
    fft, hop, count = p["fft"], p["hop"], z.value.shape[1]
    start = fft // 2 if p["center"] else 0
    at = np.arange(count)[:, None] * hop + np.arange(fft) - start
    kept = (at >= 0) & (at < len(g.value))
    places = np.where(kept, at, 0)
    weight = scattered(moved(w * w, lambda v: np.broadcast_to(v, at.shape)[kept]), at[kept], len(g.value))
    pieces = np.where(kept, (g / weight)[places], 0.0) * w
    back = dot(pieces, turned(_known(sample, matrix("irfft", (fft // 2 + 1,), (0,), (fft,), norm))))
    return (moved(back, lambda v: np.swapaxes(v.reshape(count, -1, 2), 0, 1)),)


def _window(n: int) -> Any:
    """Positive, not symmetric, so that a reversed one shows."""
    return lambda random: 0.25 + np.sin(np.pi * (np.arange(n) + 0.5) / n) * (1 + np.arange(n) / (2 * n)) + 0.05 * random.random(n)


def _case(length: int, fft: int, hop: int, win: int, center: bool, pad: str, normalized: bool, back: bool) -> Case:
    how: dict[str, Json] = {"fft": fft, "hop": hop, "win": win, "center": center, "normalized": normalized}
    pieces = len(positions(length, fft, hop, center, pad))
    spectrum = (fft // 2 + 1, pieces, 2)
    name = f"n{length}-fft{fft}-hop{hop}-win{win}" + "-centred" * center + "-normalised" * normalized
    if back:
        return Case(name=name, operands=(spectrum, _window(win), ((pieces - 1) * hop + (fft % 2 if center else fft),)), how=params(**how))
    return Case(name=f"{name}-{pad}", operands=((length,), _window(win), spectrum), how=params(pad=pad, **how))


_FORWARD = ((40, 16, 4, 16, True, "reflect", False), (33, 12, 5, 8, True, "constant", True), (30, 9, 3, 9, False, "reflect", False),
            (24, 8, 8, 8, False, "constant", True), (20, 10, 2, 6, True, "reflect", False))  # fmt: skip
_BACK = ((40, 16, 4, 16, True, "reflect", False), (33, 12, 3, 12, False, "reflect", True), (30, 8, 2, 8, True, "reflect", True))
NORM = faults.other_params("other-norm", "The other normalisation is taken.", normalized=lambda v: not v)

PRODUCTS = (
    Product(id="grad_stft", of="the short-time Fourier transform, for signal and window", product=_stft,
            cases=tuple(_case(*c, False) for c in _FORWARD), faults=(NORM, faults.rolled())),
    Product(id="grad_istft", of="the inverse short-time Fourier transform, for the spectrum", product=_istft,
            cases=tuple(_case(*c, True) for c in _BACK), faults=(NORM, faults.rolled(), CONJUGATED)),
)  # fmt: skip

FUNCTIONS: tuple[Function, ...] = tuple(p.function() for p in PRODUCTS)

"""Discrete Fourier transforms by their definition, in extended precision: every coefficient is a sum of n products."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from csvkit_ml.model.function import Expected
from csvkit_ml.model.tensor import Array
from csvkit_ml.references.extended import U, extended
from csvkit_ml.references.factorisations import wide_matrix

Axes = tuple[int, ...]
_TWIDDLE = 8
"""Error of a root of unity in units of U: angle within an octant, sine and cosine."""


@cache
def roots(n: int) -> Array:
    """exp(-2 pi i m / n) for m = 0 .. n - 1, each from an angle below pi / 4 (long double)."""
    m = np.arange(n)
    octant, rest = np.divmod(8 * m, n)
    turned = np.where(octant % 2 == 1, n - rest, rest)
    angle = np.arctan(extended(1.0)) * extended(turned) / n
    c, s = np.cos(angle), np.sin(angle)
    c, s = np.where((octant + 1) // 2 % 2 == 1, s, c), np.where((octant + 1) // 2 % 2 == 1, c, s)
    c = np.where((octant >= 2) & (octant <= 5), -c, c)
    return np.asarray(c - 1j * np.where(octant >= 4, -s, s))


def fitted(x: Array, axis: int, n: int) -> Array:
    """Cut, or filled with zeros, to an extent of n along an axis."""
    kept = np.take(x, np.arange(min(n, x.shape[axis])), axis=axis)
    missing = [(0, n - kept.shape[axis] if a == axis % x.ndim else 0) for a in range(x.ndim)]
    return np.pad(kept, missing)


def transformed(x: Array, axis: int, sign: int) -> Array:
    """sum_j x_j exp(sign 2 pi i j k / n) along an axis."""
    n = x.shape[axis]
    m = np.arange(n)
    w = roots(n)[np.outer(m, m) % n]
    moved = np.moveaxis(x, axis, -1)
    made = np.einsum("...j,jk->...k", moved.astype(np.clongdouble), w if sign < 0 else w.conj())
    return np.asarray(np.moveaxis(made, -1, axis))


def real_signal(half: Array, axis: int, n: int, sign: int) -> Array:
    """The real signal of n values whose spectrum is Hermitian; `half` holds its first n // 2 + 1 coefficients."""
    moved = np.moveaxis(fitted(half, axis, n // 2 + 1), axis, -1)
    mirror = moved[..., 1 : (n + 1) // 2][..., ::-1].conj()
    full = np.concatenate((moved, mirror), axis=-1)
    return np.asarray(np.moveaxis(transformed(full, -1, sign).real, -1, axis))


def hermitian(x: Array, axes: Axes) -> Array:
    """The part of x that equals its own conjugate at negated indices over the axes."""
    y = x
    for a in axes:
        y = np.take(y, -np.arange(y.shape[a]) % y.shape[a], axis=a)
    return np.asarray((x + y.conj()) / 2)


def factor(norm: str, count: int, *, inverse: bool) -> Any:
    """What a transform of `count` points is multiplied by; long double."""
    n = extended(float(count))
    if norm == "ortho":
        return 1 / np.sqrt(n)
    return 1 / n if (norm == "backward") == inverse else extended(1.0)


def spectrum(x: Array, kind: str, axes: Axes, sizes: tuple[int, ...], norm: str, dtype: str, levels: float) -> Expected:
    """A transform over several axes.

    1. Extents are cut or filled to the sizes (of the output, for those that return a real signal).
    2. The last axis is the one along which real data are transformed, or a Hermitian spectrum is; the others follow.
    3. scale = sqrt(levels) times the root mean square of the coefficients over the axes, plus the coefficient's own size.

    Args:
        x: data [..., n, ...], real or complex.
        kind: fft, ifft, rfft, irfft, hfft or ihfft.
        dtype: of the output.
        levels: of the criterion.
    """
    z, last = wide_matrix(x), axes[-1]
    inverse = kind in ("ifft", "irfft", "ihfft")
    sign = 1 if inverse else -1
    for a, n in zip(axes[:-1], sizes[:-1], strict=True):
        z = fitted(z, a, n)
    if kind in ("irfft", "hfft"):
        for a in axes[:-1]:
            z = transformed(z, a, sign)
        made = real_signal(z, last, sizes[-1], sign)
    else:
        made = transformed(fitted(z, last, sizes[-1]), last, sign)
        if kind in ("rfft", "ihfft"):
            made = np.take(made, np.arange(sizes[-1] // 2 + 1), axis=last)
        for a in axes[:-1]:
            made = transformed(made, a, sign)
    count = int(np.prod(sizes))
    value = made * factor(norm, count, inverse=inverse)
    return judged(value, axes, count, dtype, levels)


def judged(value: Array, axes: Axes, count: int, dtype: str, levels: float) -> Expected:
    """An Expected with the scale of the criterion and the error of the definition's own sums."""
    hi = np.asarray(value.astype(np.complex128 if value.dtype.kind == "c" else np.float64))
    size = np.abs(hi)
    rms = np.sqrt((size**2).mean(axis=axes, keepdims=True)) if hi.size else np.zeros(())
    scale = np.sqrt(levels) * rms + size
    radius = (count + _TWIDDLE) * U * np.sqrt(count) * rms + 0 * size
    low = np.asarray((value - hi).astype(hi.dtype))
    return Expected(name="y", dtype=dtype, value=hi, low=low, radius=radius, scale=scale, terms=count, any_sign_of_zero=True)

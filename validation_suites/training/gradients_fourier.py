"""Gradients of Fourier transforms over several axes, cut or filled with zeros, and of those of Hermitian signals; complex numbers as pairs.

Each is a linear map of real numbers: unit vectors give its matrix M, and the gradient is g M^T.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from csvkit_ml.model.function import Function, Json, Sample, params
from csvkit_ml.model.tensor import Array
from csvkit_ml.references.fourier import factor, fitted, real_signal, transformed
from csvkit_ml.references.running_error import ARITHMETIC, Rounded
from validation_suites import faults
from validation_suites.training.gradients_complex import CONJUGATED
from validation_suites.training.gradients_contractions import NORM
from validation_suites.vector_jacobian import Case, Product, dot, turned

Shape = tuple[int, ...]
OF_REAL = ("rfft", "ihfft")
TO_REAL = ("irfft", "hfft")


def family(kind: str) -> str:
    """The transform along one axis that a transform over several repeats: fftn and fft2 -> fft."""
    return kind.rstrip("n2")


def _forward(x: Array, kind: str, axes: Shape, sizes: Shape, norm: str) -> Array:
    """The transform by its definition; sizes are those of the signal."""
    inverse = kind in ("ifft", "irfft", "ihfft")
    sign = 1 if inverse else -1
    for a, n in zip(axes[:-1], sizes[:-1], strict=True):
        x = fitted(x, a, n)
    if kind not in TO_REAL:
        x = transformed(fitted(x, axes[-1], sizes[-1]), axes[-1], sign)
    if kind in OF_REAL:
        x = np.take(x, np.arange(sizes[-1] // 2 + 1), axis=axes[-1])
    for a in axes[:-1]:
        x = transformed(x, a, sign)
    if kind in TO_REAL:
        x = real_signal(x, axes[-1], sizes[-1], sign)
    return np.asarray(x * factor(norm, int(np.prod(sizes)), inverse=inverse))


@cache
def matrix(kind: str, shape: Shape, axes: Shape, sizes: Shape, norm: str) -> Array:
    """[operand's real numbers, result's] of the transform of an operand of this shape (in complex numbers unless `kind` takes real ones)."""
    n = int(np.prod(shape))
    units = np.eye(n, dtype=np.longdouble).reshape(n, *shape)
    moved = tuple(a + 1 if a >= 0 else a for a in axes)
    made = [_forward(u, kind, moved, sizes, norm) for u in ((units,) if kind in OF_REAL else (units, 1j * units))]
    rows = [(m if kind in TO_REAL else np.stack([m.real, m.imag], -1)).reshape(n, -1) for m in made]
    return np.stack(rows, 1).reshape(len(rows) * n, -1)


def _fourier(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    """g M^T; roots of unity and the factor are known to 4 u."""
    kind = family(sample.param("kind"))
    shape = x.value.shape if kind in OF_REAL else x.value.shape[:-1]
    m = matrix(kind, shape, sample.param("axes"), sample.param("sizes"), sample.param("norm"))
    by = ARITHMETIC[sample.dtype]
    known = Rounded(m, np.full_like(m, 4 * by.u * np.abs(m).max()), by)
    return (dot(g.reshape(1, -1), turned(known)).reshape(*x.value.shape),)


def _case(kind: str, signal: Shape, axes: Shape, norm: str, given: int | None) -> Case:
    """A signal of this shape; `given`: the extent of the operand along the first of the axes where it is cut or filled."""
    what, last = family(kind), axes[-1]
    half = [n if i != last % len(signal) else n // 2 + 1 for i, n in enumerate(signal)]
    operand, result = (half if what in TO_REAL else list(signal)), (half if what in OF_REAL else list(signal))
    if given is not None:
        operand[axes[0]] = given
    pairs = [(*operand, 2) if what not in OF_REAL else tuple(operand), (*result, 2) if what not in TO_REAL else tuple(result)]
    sizes = tuple(signal[a] for a in axes)
    how: dict[str, Json] = {"kind": kind, "axes": axes, "sizes": sizes, "norm": norm}
    name = "-".join(["x".join(map(str, signal)), "axes" + ".".join(map(str, axes)), norm, *([f"given{given}"] if given is not None else [])])
    return Case(name=name, operands=tuple(pairs), how=params(**how))


_LINE = (((3, 8), (1,), "backward", None), ((3, 9), (1,), "ortho", None), ((3, 7), (-1,), "forward", None), ((6, 2), (0,), "backward", None),
         ((2, 9), (1,), "backward", 3), ((2, 6), (1,), "ortho", 8))  # fmt: skip
_PLANE = (((2, 3, 4), (-2, -1), "backward", None), ((4, 5), (-2, -1), "ortho", None), ((3, 4), (-2, -1), "forward", None),
          ((4, 3), (-2, -1), "backward", 2), ((2, 4), (-2, -1), "ortho", 5))  # fmt: skip
_SPACE = (((2, 3, 4), (0, 1, 2), "backward", None), ((3, 2, 5), (0, 2), "ortho", None), ((4, 3, 2), (1, 0), "forward", None),
          ((4, 5), (0, 1), "backward", 3), ((2, 3, 3), (1, 2), "ortho", 5))  # fmt: skip
KINDS = (
    ("ifft", "the inverse discrete Fourier transform", _LINE), ("hfft", "the transform of a Hermitian signal to real numbers", _LINE),
    ("ihfft", "the inverse transform of real numbers to a Hermitian signal", _LINE),
    ("hfft2", "the transform of a Hermitian signal over two axes to real numbers", _PLANE),
    ("ihfft2", "the inverse transform of real numbers over two axes to a Hermitian signal", _PLANE),
    ("hfftn", "the transform of a Hermitian signal over several axes to real numbers", _SPACE),
    ("ihfftn", "the inverse transform of real numbers over several axes to a Hermitian signal", _SPACE),
    ("fft2", "the discrete Fourier transform over two axes", _PLANE), ("ifft2", "the inverse transform over two axes", _PLANE),
    ("rfft2", "the discrete Fourier transform of real numbers over two axes", _PLANE),
    ("irfft2", "the inverse transform over two axes to real numbers", _PLANE),
    ("fftn", "the discrete Fourier transform over several axes", _SPACE), ("ifftn", "the inverse transform over several axes", _SPACE),
    ("rfftn", "the discrete Fourier transform of real numbers over several axes", _SPACE),
    ("irfftn", "the inverse transform over several axes to real numbers", _SPACE),
)  # fmt: skip
PRODUCTS = tuple(
    Product(id=f"grad_{kind}", of=of, product=_fourier, cases=tuple(_case(kind, *c) for c in cases), faults=(NORM, faults.rolled(), CONJUGATED))
    for kind, of, cases in KINDS
)

FUNCTIONS: tuple[Function, ...] = tuple(p.function() for p in PRODUCTS)

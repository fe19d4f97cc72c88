"""Gradients of contractions of tensors of every rank and of discrete Fourier transforms: linear in each operand.

Complex numbers are pairs of real ones on the last axis, so that a gradient is that of real operands.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from csvkit_ml.model.function import Function, Sample, params
from csvkit_ml.references.fourier import roots
from csvkit_ml.references.running_error import ARITHMETIC, Rounded
from validation_suites import faults
from validation_suites.vector_jacobian import Case, Product, dot, like, turned

EXTENT = {"a": 2, "b": 3, "i": 5, "j": 17, "k": 4}
EINSUM = ("bij,bjk->bik", "ij,kj->ik", "ijk,k->ij", "i,j->ij", "ij,ij->", "bij,bij->b", "ijk,kjb->bi")
MATMUL = ("ij,jk->ik", "j,j->", "ij,j->i", "i,ij->j", "bij,j->bi", "bij,jk->bik", "ij,bjk->bik", "abij,bjk->abik")


def _contracted(equation: str, a: Rounded, b: Rounded) -> Rounded:
    """Einstein's sum of products; as many terms as the indices that vanish have together."""
    operands, made = equation.split("->")
    n = int(np.prod([EXTENT[c] for c in set(operands) - set(made) - {","}]))
    x, y = np.abs(a.value), np.abs(b.value)
    size = np.einsum(equation, x + a.error, y + b.error)
    inherited = np.einsum(equation, x, b.error) + np.einsum(equation, a.error, y + b.error)
    return like(a, np.einsum(equation, a.value, b.value), inherited + (min(n, 6 * np.sqrt(n)) + 1) * a.by.u * size)


def _einsum(sample: Sample, a: Any, b: Any, g: Any) -> tuple[Any, ...]:
    """Each operand's gradient contracts the upstream gradient with the other operand."""
    operands, made = sample.param("equation").split("->")
    left, right = operands.split(",")
    return _contracted(f"{made},{right}->{left}", g, b), _contracted(f"{made},{left}->{right}", g, a)


def _shape(indices: str) -> tuple[int, ...]:
    return tuple(EXTENT[c] for c in indices)


def _equations(*equations: str) -> tuple[Case, ...]:
    made = []
    for equation in equations:
        operands, result = equation.split("->")
        name = equation.replace("->", "=").replace(",", ".")
        made.append(Case(name=name, operands=(*map(_shape, operands.split(",")), _shape(result)), how=params(equation=equation)))
    return tuple(made)


def _transform(kind: str, n: int) -> tuple[Any, float]:
    """(matrix [operands, results] of the real linear map without its factor, that factor for the default normalisation)."""
    half = n // 2 + 1
    rows, columns = np.arange(n), np.arange(n if kind == "fft" else half)
    w = roots(n)[np.outer(rows, columns) % n]
    if kind == "rfft":
        return _pairs(w.real, w.imag), 1.0
    if kind == "irfft":
        twice = np.where((columns == 0) | (2 * columns == n), 1, 2)
        return np.stack([(w.real * twice).T, (w.imag * twice).T], 1).reshape(2 * half, n), 1 / n
    return np.stack([_pairs(w.real, w.imag), _pairs(-w.imag, w.real)], 1).reshape(2 * n, 2 * n), 1.0


def _pairs(real: Any, imaginary: Any) -> Any:
    """Columns of real and imaginary parts in turn."""
    return np.stack([real, imaginary], -1).reshape(len(real), -1)


def _fourier(sample: Sample, x: Any, g: Any) -> tuple[Any, ...]:
    """g M^T with M the transform's matrix; roots of unity and the factor are known to 4 u."""
    n = sample.param("n")
    matrix, factor = _transform(sample.param("kind"), n)
    matrix = matrix * (1 / np.sqrt(np.longdouble(n)) if sample.param("norm") == "ortho" else factor)
    by = ARITHMETIC[sample.dtype]
    m = Rounded(matrix, np.full_like(matrix, 4 * by.u * np.abs(matrix).max()), by)
    rows = x.value.shape[0]
    return (dot(g.reshape(rows, -1), turned(m)).reshape(*x.value.shape),)


def _transforms(kind: str) -> tuple[Case, ...]:
    made = []
    for n, norm in ((8, "backward"), (9, "ortho"), (16, "ortho"), (7, "backward")):
        pairs, half = (3, n, 2), (3, n // 2 + 1, 2)
        shapes = {"rfft": ((3, n), half), "irfft": (half, (3, n)), "fft": (pairs, pairs)}[kind]
        made.append(Case(name=f"n{n}-{norm}", operands=shapes, how=params(n=n, kind=kind, norm=norm)))
    return tuple(made)


NORM = faults.other_params("other-norm", "The other normalisation is taken.", norm=lambda v: "ortho" if v == "backward" else "backward")

PRODUCTS = (
    Product(id="grad_einsum", of="Einstein's summation, for both operands", product=_einsum, cases=_equations(*EINSUM)),
    Product(id="grad_matmul_ranks", of="the matrix product of vectors, matrices and batches, broadcast, for both factors", product=_einsum,
            cases=_equations(*MATMUL)),
    *(Product(id=f"grad_{kind}", of=says, product=_fourier, cases=_transforms(kind), faults=(NORM, faults.rolled()))
      for kind, says in (("fft", "the discrete Fourier transform of complex numbers, given as pairs"),
                         ("rfft", "the discrete Fourier transform of real numbers"), ("irfft", "the inverse transform to real numbers"))),
)  # fmt: skip

FUNCTIONS: tuple[Function, ...] = tuple(p.function() for p in PRODUCTS)

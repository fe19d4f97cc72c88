"""Products of vectors, matrices and tensors beyond matmul: batched, outer, Kronecker, chained, bilinear, cross, Einstein sums."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from csvkit_ml.criteria import Componentwise
from csvkit_ml.model.function import Expected, Fault, Function, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references.contractions import contraction, summed_up
from csvkit_ml.references.factorisations import wide_matrix
from validation_suites import faults
from validation_suites.sampling.matrices import gaussian, stored

SOLVED = ("float32", "float64", "complex64", "complex128")
NARROW = ("float16", "bfloat16")
Shapes = dict[str, tuple[tuple[int, ...], ...]]


def _samples(id: str, shapes: Shapes, dtypes: tuple[str, ...]) -> Callable[[], Iterable[Sample]]:
    """Gaussian operands of the given shapes; the first shapes are ordinary use, graded operands besides."""

    def made() -> Iterable[Sample]:
        for dtype in dtypes:
            for i, (name, each) in enumerate(shapes.items()):
                inputs = tuple(stored(gaussian(dtype, s, id, name, str(j)), dtype) for j, s in enumerate(each))
                yield Sample(name=f"{dtype}-{name}", dtype=dtype, inputs=inputs, why=SampleClass.COVERING if i else SampleClass.ORDINARY)
            if dtype not in NARROW:
                each = next(iter(shapes.values()))
                grown = (gaussian(dtype, s, id, "graded", str(j)) * 2.0 ** np.linspace(-12, 12, s[-1]).round() for j, s in enumerate(each))
                inputs = tuple(stored(a, dtype) for a in grown)
                yield Sample(name=f"{dtype}-graded", dtype=dtype, inputs=inputs, why=SampleClass.CONDITIONED)

    return made


def _of(equation: str) -> Callable[[Sample], tuple[Expected, ...]]:
    return lambda sample: (contraction(equation, *sample.arrays(), dtype=sample.dtype),)


EQUATIONS: dict[str, tuple[str, tuple[tuple[int, ...], ...]]] = {
    "product": ("ij,jk->ik", ((7, 33), (33, 9))), "square": ("ij,jk->ik", ((8, 8), (8, 8))),
    "transposed": ("ij,kj->ki", ((5, 17), (8, 17))), "batched": ("bij,bjk->bik", ((3, 4, 16), (3, 16, 5))),
    "attention": ("bhqd,bhkd->bhqk", ((2, 3, 5, 16), (2, 3, 7, 16))), "inner": ("i,i->", ((65,), (65,))),
    "outer": ("i,j->ij", ((7,), (9,))), "trace": ("ii->", ((9, 9),)), "diagonal": ("ii->i", ((7, 7),)),
    "sum-axis": ("ijk->ik", ((3, 17, 4),)), "permute": ("abc->cab", ((2, 3, 5),)),
    "bilinear": ("bi,oij,bj->bo", ((5, 6), (4, 6, 7), (5, 7))), "three": ("ij,jk,kl->il", ((4, 9), (9, 8), (8, 3))),
    "contract-two": ("aij,bij->ab", ((4, 5, 6), (3, 5, 6))), "ellipsis": ("...ij,...jk->...ik", ((2, 3, 4, 8), (2, 3, 8, 5))),
    "elementwise": ("ij,ij->ij", ((6, 7), (6, 7))), "diagonal-product": ("ii,ij->j", ((8, 8), (8, 5))),
    "none": ("ij,jk->ik", ((0, 4), (4, 3))), "no-terms": ("ij,jk->ik", ((3, 0), (0, 2))),
}  # fmt: skip


def _einsum_samples() -> Iterable[Sample]:
    for dtype in SOLVED:
        for i, (name, (equation, shapes)) in enumerate(EQUATIONS.items()):
            inputs = tuple(stored(gaussian(dtype, s, "einsum", name, str(j)), dtype) for j, s in enumerate(shapes))
            why = SampleClass.COVERING if i else SampleClass.ORDINARY
            yield Sample(name=f"{dtype}-{name}", dtype=dtype, inputs=inputs, params=params(equation=equation), why=why)


def _einsum(sample: Sample) -> tuple[Expected, ...]:
    return (contraction(str(sample.param("equation")), *sample.arrays(), dtype=sample.dtype),)


def _kron(sample: Sample) -> tuple[Expected, ...]:
    """Single products; the operand of fewer axes gains leading ones."""
    a, b = map(wide_matrix, sample.arrays())
    return (summed_up(np.kron(a, b), np.kron(np.abs(a), np.abs(b)), 4 if a.dtype.kind == "c" else 1, sample.dtype),)


def _vecdot(sample: Sample) -> tuple[Expected, ...]:
    """The first operand is conjugated."""
    a, b = sample.arrays()
    return (contraction("...i,...i->...", a.conj(), b, dtype=sample.dtype),)


def _cross(sample: Sample) -> tuple[Expected, ...]:
    """Differences of two products along an axis of three."""
    axis = int(sample.param("dim"))
    a, b = (np.moveaxis(wide_matrix(x), axis, -1) for x in sample.arrays())
    nxt, last = [1, 2, 0], [2, 0, 1]
    value = a[..., nxt] * b[..., last] - a[..., last] * b[..., nxt]
    scale = np.abs(a[..., nxt] * b[..., last]) + np.abs(a[..., last] * b[..., nxt])
    value, scale = (np.ascontiguousarray(np.moveaxis(v, -1, axis)) for v in (value, scale))
    return (summed_up(value, scale, 8 if a.dtype.kind == "c" else 2, sample.dtype),)


def _cross_samples() -> Iterable[Sample]:
    for dtype in SOLVED:
        for shape, dim in (((9, 3), -1), ((3, 7), 0), ((2, 3, 5), 1), ((3,), -1), ((0, 3), -1)):
            name = f"{dtype}-{'x'.join(map(str, shape))}"
            inputs = tuple(stored(gaussian(dtype, shape, "cross", name, str(j)), dtype) for j in range(2))
            why = SampleClass.COVERING if dim != -1 or len(shape) == 1 else SampleClass.ORDINARY
            yield Sample(name=name, dtype=dtype, inputs=inputs, params=params(dim=dim), why=why)
        a = gaussian(dtype, (8, 3), "cross", "near")
        pair = stored(a, dtype), stored(a * (1 + 1e-3 * gaussian("float64", (8, 3), "cross", "nearer")), dtype)
        yield Sample(name=f"{dtype}-parallel", dtype=dtype, inputs=pair, params=params(dim=-1), why=SampleClass.CONDITIONED)


def _bilinear(sample: Sample) -> tuple[Expected, ...]:
    """sum_ij x_i W_oij z_j + b_o."""
    x, z, w, *bias = sample.arrays()
    return (contraction("...i,oij,...j->...o", x, w, z, dtype=sample.dtype, plus=bias[0] if bias else None),)


def _chained(sample: Sample) -> tuple[Expected, ...]:
    """Of two to five matrices; a first or last vector counts as a row or a column."""
    arrays = sample.arrays()
    letters = "abcdefg"
    parts, at = [], 0
    for a in arrays:
        parts.append(letters[at] if a.ndim == 1 and at else letters[at : at + 2] if a.ndim == 2 else letters[at])
        at += a.ndim == 2
    out = ("" if arrays[0].ndim == 1 else letters[0]) + ("" if arrays[-1].ndim == 1 else letters[at])
    return (contraction(f"{','.join(parts)}->{out}", *arrays, dtype=sample.dtype),)


def _swapped(sample: Sample) -> Sample | None:
    """The first two operands exchanged, where they are of one shape."""
    if len(sample.inputs) < 2 or sample.inputs[0].shape != sample.inputs[1].shape:
        return None
    first, second, *rest = sample.inputs
    return replace(sample, inputs=(second, first, *rest))


def _one_lost(sample: Sample) -> Sample | None:
    """The last element of the first operand is not read."""
    a: Array = sample.arrays()[0].copy()
    if not a.size:
        return None
    a.reshape(-1)[-1] = 0
    return replace(sample, inputs=(Tensor.of(a), *sample.inputs[1:]))


ORACLE = "sums in extended precision (2^-64), radius gamma_n times the sum of magnitudes"
FAULTS = (
    faults.TF32_INPUTS, faults.relative(1e-2), faults.one_element(), faults.stale(),
    faults.other_sample("element-lost", "The last element of the first operand is not read.", _one_lost),
)  # fmt: skip
CONJUGATED = faults.changed("conjugated", "The result is conjugated.", lambda y: y.conj())
SWAPPED = faults.other_sample("operands-swapped", "Operands are exchanged.", _swapped)


def product(
    id: str, requirement: str, samples: Callable[[], Iterable[Sample]], reference: Callable[[Sample], tuple[Expected, ...]], source: str,
    *more: Fault,
) -> Function:  # fmt: skip
    """A function of this area."""
    return Function(
        id=id, side=Side.INFERENCE, area="linear algebra", requirement=f"The library shall return {requirement}.", source=source, oracle=ORACLE,
        samples=samples, reference=reference, criterion=Componentwise(), faults=(*FAULTS, *more),
    )  # fmt: skip


BMM: Shapes = {"ordinary": ((3, 7, 33), (3, 33, 5)), "square": ((2, 16, 16), (2, 16, 16)), "one": ((1, 1, 1), (1, 1, 1)), "many": ((17, 3, 8), (17, 8, 2)),
               "no-terms": ((2, 3, 0), (2, 0, 4)), "no-matrices": ((0, 3, 4), (0, 4, 2))}  # fmt: skip
OUTER: Shapes = {"ordinary": ((17,), (9,)), "one": ((1,), (1,)), "square": ((8,), (8,)), "none": ((0,), (3,))}
KRON: Shapes = {"ordinary": ((3, 4), (5, 2)), "vectors": ((4,), (5,)), "ranks": ((3,), (2, 4)), "three": ((2, 1, 3), (1, 4, 2)), "square": ((3, 3), (3, 3))}
VECDOT: Shapes = {"ordinary": ((5, 33), (5, 33)), "vector": ((65,), (65,)), "batch": ((2, 3, 17), (2, 3, 17)), "none": ((3, 0), (3, 0))}
CHAIN: Shapes = {
    "ordinary": ((5, 17), (17, 4), (4, 9)), "two": ((5, 8), (8, 3)), "vector-first": ((7,), (7, 5), (5, 3)),
    "five": ((3, 4), (4, 6), (6, 2), (2, 5), (5, 3)), "vector-last": ((4, 5), (5, 6), (6,)), "both-vectors": ((4,), (4, 5), (5,)),
    "narrow-middle": ((9, 1), (1, 9), (9, 9)),
}  # fmt: skip
BILINEAR: Shapes = {"ordinary": ((6, 5), (6, 7), (4, 5, 7), (4,)), "no-bias": ((6, 5), (6, 7), (4, 5, 7)), "batch": ((2, 3, 4), (2, 3, 4), (5, 4, 4), (5,))}

FUNCTIONS: tuple[Function, ...] = (
    product("bmm", "the matrix products of two batches", _samples("bmm", BMM, (*SOLVED, *NARROW)), _of("bij,bjk->bik"), "torch.bmm", SWAPPED, CONJUGATED),
    product("outer", "all products of the elements of two vectors", _samples("outer", OUTER, (*SOLVED, *NARROW)), _of("i,j->ij"), "numpy.outer", SWAPPED),
    product("kron", "the Kronecker product", _samples("kron", KRON, SOLVED), _kron, "numpy.kron", SWAPPED),
    product("vecdot", "the inner products along the last axis, the first operand conjugated", _samples("vecdot", VECDOT, SOLVED), _vecdot,
            "Python array API standard, vecdot", CONJUGATED),
    product("cross", "the cross products along an axis of three elements", _cross_samples, _cross, "Python array API standard, linalg.cross", SWAPPED),
    product("multi_dot", "the product of two to five matrices, the first and last possibly vectors", _samples("multi_dot", CHAIN, SOLVED), _chained,
            "numpy.linalg.multi_dot", CONJUGATED),
    product("bilinear", "x' W_o z + b_o for every output o", _samples("bilinear", BILINEAR, ("float32", "float64")), _bilinear, "torch.nn.functional.bilinear",
            SWAPPED),
    product("einsum", "the Einstein sum of an equation with explicit output", _einsum_samples, _einsum, "ONNX operator specification, Einsum; numpy.einsum",
            SWAPPED),
)  # fmt: skip

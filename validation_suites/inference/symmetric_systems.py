"""Symmetric systems by their own factorisation, inverses from Cholesky factors, and singular matrices that must be refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from csvkit_ml.criteria import BackwardError, Exact
from csvkit_ml.model.function import Expected, Fault, Function, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Array
from csvkit_ml.references import exactly
from csvkit_ml.references.factorisations import wide_matrix
from csvkit_ml.references.matrices import adjoint, certified
from validation_suites import faults
from validation_suites.sampling.matrices import DTYPES_SOLVED, definite, gaussian, hermitian, stored

BALLS = "certified: ball arithmetic of 512 bits on the stored data (Arb)"
AREA = "linear algebra"


def _systems() -> Iterable[Sample]:
    """Indefinite matrices, with zeros on the diagonal too, that equal their transposes; complex ones are symmetric, not Hermitian."""
    for dtype in DTYPES_SOLVED:
        for i, (name, n, k) in enumerate((("ordinary", 9, 3), ("one", 1, 1), ("n2", 2, 2), ("n17", 17, 2), ("n33", 33, 1),
                ("zero-diagonal", 8, 2))):
            g = gaussian(dtype, (n, n), "ldl", name)
            a = (g + g.T) / 2
            if name == "zero-diagonal":
                np.fill_diagonal(a, 0)
            inputs = (stored(a, dtype), stored(gaussian(dtype, (n, k), "ldl", name, "b"), dtype))
            why = SampleClass.CONDITIONED if "zero" in name else SampleClass.EDGE if i else SampleClass.ORDINARY
            yield Sample(name=f"{dtype}-{name}", dtype=dtype, inputs=inputs, params=params(hermitian=False), why=why)
        if dtype.startswith("complex"):
            g = hermitian(gaussian(dtype, (9, 9), "ldl", "hermitian"))
            inputs = (stored(g, dtype), stored(gaussian(dtype, (9, 2), "ldl", "hermitian", "b"), dtype))
            yield Sample(name=f"{dtype}-hermitian", dtype=dtype, inputs=inputs, params=params(hermitian=True), why=SampleClass.COVERING)


def _solution(sample: Sample) -> tuple[Expected, ...]:
    a, b = sample.arrays()
    made = certified(lambda x, y: x.solve(y), a, b, shape=b.shape[-2:], dtype=sample.dtype)
    return (replace(made, extra={"a": a, "b": b}),)


def _diagonal_only(sample: Sample) -> Array | None:
    a, b = sample.arrays()
    d = np.diag(a)[:, None]
    return np.asarray(b / d) if np.abs(d).min() > 0 and len(d) > 1 else None


def _conjugate(sample: Sample) -> Array | None:
    a, b = sample.arrays()
    return np.asarray(np.linalg.solve(a.conj(), b)) if a.dtype.kind == "c" and len(a) > 1 else None


def _factors() -> Iterable[Sample]:
    for dtype in DTYPES_SOLVED:
        for upper in (False, True):
            for i, n in enumerate((9, 1, 2, 17, 33)):
                low = np.linalg.cholesky(definite(dtype, (n, n), "cholesky_inverse", str(n)))
                a = low.conj().T if upper else low
                name = f"{dtype}-n{n}-{'upper' if upper else 'lower'}"
                why = SampleClass.EDGE if i else SampleClass.ORDINARY
                yield Sample(name=name, dtype=dtype, inputs=(stored(a, dtype),), params=params(upper=upper), why=why)


def _inverse(sample: Sample) -> tuple[Expected, ...]:
    (f,) = sample.arrays()
    eye = np.eye(len(f), dtype=f.dtype)
    upper = sample.param("upper")
    made = certified(lambda x, y: (adjoint(x) * x if upper else x * adjoint(x)).solve(y), f, eye, shape=f.shape, dtype=sample.dtype)
    wide = wide_matrix(f)
    return (replace(made, extra={"a": wide.conj().T @ wide if upper else wide @ wide.conj().T, "b": eye}),)


def _other_order(sample: Sample) -> Array | None:
    """The factor is multiplied by its adjoint the wrong way around."""
    (f,) = sample.arrays()
    wide = f.astype(np.complex128 if f.dtype.kind == "c" else np.float64)
    made = wide @ wide.conj().T if sample.param("upper") else wide.conj().T @ wide
    return np.asarray(np.linalg.inv(made)) if len(f) > 1 else None


def _product(sample: Sample) -> Array | None:
    (f,) = sample.arrays()
    wide = f.astype(np.complex128 if f.dtype.kind == "c" else np.float64)
    return np.asarray(wide.conj().T @ wide if sample.param("upper") else wide @ wide.conj().T)


def _singular() -> Iterable[Sample]:
    """Exactly singular by a zero row, equal rows or nothing but zeros; beside them regular ones of the same size."""
    for dtype in DTYPES_SOLVED:
        for n in (2, 5):
            regular = np.tril(np.ones((n, n))) + np.eye(n)
            zero_row, equal_rows = regular.copy(), np.ones((n, n))
            zero_row[-1] = 0
            cases = {"regular": regular, "zero-row": zero_row, "equal-rows": equal_rows, "zeros": 0 * regular}
            for name, a in cases.items():
                singular = name != "regular"
                why = SampleClass.SPECIAL if singular else SampleClass.ORDINARY
                yield Sample(name=f"{dtype}-n{n}-{name}", dtype=dtype, inputs=(stored(a, dtype),), params=params(singular=singular),
                    why=why)


def _refused(sample: Sample) -> tuple[Expected, ...]:
    return (exactly(np.asarray(bool(sample.param("singular"))), dtype="bool"),)


def _always(value: bool) -> Fault:
    return Fault(
        id=f"always-{'refused' if value else 'answered'}", sentence=f"Every matrix is {'refused' if value else 'answered'}.",
        apply=lambda f, s, r: None if bool(r[0]) is value else (np.asarray(value),),
    )  # fmt: skip


FUNCTIONS: tuple[Function, ...] = (
    Function(
        id="ldl_solve", side=Side.INFERENCE, area=AREA,
        requirement="The library shall solve systems with symmetric or Hermitian matrices, definite or not, by their own factorisation.",
        source="Bunch and Kaufman 1977; PyTorch reference, torch.linalg.ldl_solve", oracle=BALLS, samples=_systems, reference=_solution,
        criterion=BackwardError(literature="Higham 2002, theorem 11.4 (diagonal pivoting, small growth); LAPACK test ratios (< 30)"),
        faults=(
            faults.relative(1e-3), faults.stale(), faults.one_element(),
            faults.computed("diagonal-only", "Only the diagonal is used.", _diagonal_only),
            faults.computed("conjugated", "The matrix is conjugated.", _conjugate),
        ),
    ),
    Function(
        id="cholesky_inverse", side=Side.INFERENCE, area=AREA,
        requirement="The library shall return the inverse of a matrix from its Cholesky factor.",
        source="PyTorch reference, torch.cholesky_inverse; LAPACK, xPOTRI", oracle=BALLS, samples=_factors, reference=_inverse,
        criterion=BackwardError(
            factor=8.0,
            rationale="A triangular inverse and a product of two such factors: residual of 2 n u each on matrices of moderate condition.",
            literature="Higham 2002, ch. 14 (inverses from triangular factors); Du Croz and Higham 1992",
        ),
        faults=(
            faults.relative(1e-3), faults.stale(), faults.one_element(),
            faults.computed("other-order", "The factors are exchanged.", _other_order),
            faults.computed("product", "The matrix itself is returned.", _product),
        ),
    ),
    Function(
        id="singular_refused", side=Side.INFERENCE, area=AREA,
        requirement="The library shall refuse to invert or solve with a matrix that is exactly singular, and no other.",
        source="PyTorch reference, torch.linalg.LinAlgError", oracle="exact: by construction", samples=_singular, reference=_refused,
        criterion=Exact(rationale="It is refused or it is not.", literature="LAPACK Users' Guide: INFO > 0"),
        faults=(
            _always(True), _always(False),
            Fault(id="turned", sentence="Regular matrices are refused, singular ones answered.", apply=lambda f, s,
                r: (np.asarray(~r[0]),)),
        ),
    ),
)  # fmt: skip

"""References of factorisations, functions of a matrix and contractions against numpy in double; models; seeded faults."""

from __future__ import annotations

import numpy as np
import pytest

from csvkit_ml.model.function import Sample
from tests.unit.validation_suites.onnx_models import check_models
from validation_suites.inference import contractions, factorisations, matrix_functions

FUNCTIONS = (*factorisations.FUNCTIONS, *matrix_functions.FUNCTIONS, *contractions.FUNCTIONS)
BY_ID = {f.id: f for f in FUNCTIONS}


def second(sample: Sample, id: str) -> np.ndarray:
    """numpy's answer in double."""
    a, *rest = (x.astype(np.complex128 if x.dtype.kind == "c" else np.float64) for x in sample.arrays())
    p = dict(sample.params)
    order = {"fro": "fro", "nuc": "nuc", "none": None}
    match id:
        case "det":
            return np.linalg.det(a)
        case "slogdet":
            return np.linalg.slogdet(a)[1]
        case "inv":
            return np.linalg.inv(a)
        case "pinv":
            return np.linalg.pinv(a, rcond=1e-6)
        case "matrix_power":
            return np.linalg.matrix_power(a, p["n"])  # type: ignore[arg-type]
        case "matrix_rank":
            return np.asarray(np.linalg.matrix_rank(a))
        case "matrix_norm":
            return np.linalg.norm(a, ord=order[p["ord"]] if p["ord"] in order else float(p["ord"]), axis=(-2, -1))  # type: ignore[index, arg-type]
        case "cond":
            return np.asarray(np.linalg.cond(a, p=order[p["p"]] if p["p"] in order else float(p["p"])))  # type: ignore[index, arg-type]
        case "matrix_exp":
            return taylor(a)
        case "kron":
            return np.kron(a, rest[0])
        case "cross":
            return np.cross(a, rest[0], axis=p["dim"])  # type: ignore[arg-type]
        case "multi_dot":
            return np.linalg.multi_dot([a, *rest])
        case "vecdot":
            return (a.conj() * rest[0]).sum(-1)
        case "bilinear":
            return np.einsum("...i,oij,...j->...o", a, rest[1], rest[0]) + (rest[2] if len(rest) > 2 else 0)
        case "svdvals":
            return np.linalg.svd(a, compute_uv=False)
        case "eigvalsh":
            return np.linalg.eigvalsh(a, UPLO=p["uplo"])  # type: ignore[arg-type]
        case _:
            raise KeyError(id)


def taylor(a: np.ndarray) -> np.ndarray:
    """The series of A / 1024, squared ten times."""
    term = total = np.broadcast_to(np.eye(a.shape[-1]), a.shape).astype(a.dtype)
    for k in range(1, 14):
        term = term @ a / 1024 / k
        total = total + term
    for _ in range(10):
        total = total @ total
    return total


SECOND = (
    "det", "slogdet", "inv", "pinv", "matrix_power", "matrix_rank", "matrix_norm", "cond", "matrix_exp", "kron", "cross", "multi_dot", "vecdot",
    "bilinear", "svdvals", "eigvalsh",
)  # fmt: skip


@pytest.mark.parametrize("id", SECOND)
def test_references_agree_with_numpy(id: str) -> None:
    compared = 0
    for sample in BY_ID[id].samples():
        if any(0 in t.shape for t in sample.inputs) or "ill" in sample.name or (id == "matrix_norm" and sample.param("ord") == "-2"):
            continue
        made = BY_ID[id].reference(sample)[-1 if id == "slogdet" else 0]
        other = second(sample, id)
        assert made.shape == np.shape(other), sample.name
        assert np.abs(other - made.value).max() <= 1e-9 * max(1e-30, float(np.abs(made.value).max())) + 1e-10, sample.name
        compared += 1
    assert compared >= 8


def test_triangular_solutions_satisfy_their_system() -> None:
    for sample in BY_ID["solve_triangular"].samples():
        (made,) = BY_ID["solve_triangular"].reference(sample)
        a, b = made.extra["a"], made.extra["b"]
        x = made.value if sample.param("left") else np.swapaxes(made.value, -1, -2)
        assert np.abs(a @ x - b).max(initial=0) <= 1e-11 * max(1.0, float(np.abs(x).max(initial=0))), sample.name


def test_every_kind_of_matrix_is_asked() -> None:
    names = {s.name for s in BY_ID["svd"].samples()}
    for kind in ("ill-conditioned", "rank3", "graded", "zero", "nothing", "no-rows", "no-matrices", "batched", "n33"):
        assert any(kind in n for n in names), kind
    assert {s.dtype for s in BY_ID["eigh"].samples()} == {"float32", "float64", "complex64", "complex128"}


def test_contractions_and_determinants_lower_to_valid_models() -> None:
    assert check_models([BY_ID["det"], BY_ID["einsum"]]) > 40

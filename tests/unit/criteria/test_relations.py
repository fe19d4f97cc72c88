"""Relations accept the answers of stable methods and reject those of unstable or wrong ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from csvkit_ml.criteria import BackwardError, CholeskyFactor, Each, Exact, LeastSquares, Ulp
from csvkit_ml.criteria.convex import Optimum, Risk
from csvkit_ml.criteria.joint import Joint, measured
from csvkit_ml.criteria.least_squares import perturbation
from csvkit_ml.model.function import VERDICT, Criterion, Expected, Reason, Verdict

RNG = np.random.default_rng(7)


def passes(criterion: Criterion, answer: np.ndarray, dtype: str = "float64", **extra: np.ndarray) -> bool:
    return VERDICT[criterion.measure(answer, Expected(name="y", dtype=dtype, value=answer, extra=extra)).reason] is Verdict.PASSED


def complex_normal(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape) + 1j * RNG.standard_normal(shape)


def test_backward_error_of_batches_vectors_and_complex_systems() -> None:
    a, b = complex_normal(3, 6, 6), complex_normal(3, 6, 2)
    x = np.linalg.solve(a, b)
    assert passes(BackwardError(), x, "complex128", a=a, b=b)
    assert not passes(BackwardError(), x.conj(), "complex128", a=a, b=b)
    assert not passes(BackwardError(), np.where(np.arange(6)[:, None] == 3, np.inf, x), "complex128", a=a, b=b)
    v = np.linalg.solve(a[0], b[0, :, :1])
    assert passes(BackwardError(), v[:, 0], "complex128", a=a[0], b=b[0, :, :1])
    none = BackwardError().measure(np.zeros((0, 2)), Expected(name="y", dtype="float64", value=np.zeros((0, 2)), extra={}))
    assert none.reason is Reason.EMPTY_AS_DEFINED


def smallest_perturbation(a: np.ndarray, b: np.ndarray, x: np.ndarray) -> float:
    """The exact minimum (Walden, Karlson and Sun 1995) by a singular value decomposition."""
    r = b - a @ x
    theta = np.linalg.norm(a) / np.linalg.norm(b)
    phi = np.linalg.norm(r) / np.sqrt(theta**-2 + np.linalg.norm(x) ** 2)
    away = np.eye(len(b)) - np.outer(r, r.conj()) / (r.conj() @ r).real
    return float(min(phi, np.linalg.svd(np.hstack([a, phi * away]), compute_uv=False)[-1]) / np.linalg.norm(a))


@pytest.mark.parametrize("size", [1e-3, 1e-6, 1e-9])
def test_the_estimate_is_close_to_the_smallest_perturbation(size: float) -> None:
    for kind in (lambda *s: RNG.standard_normal(s), complex_normal):
        a, b = kind(12, 4), kind(12)
        x = np.linalg.lstsq(a, b, rcond=None)[0] * (1 + size) + size * kind(4)
        found = perturbation(a.astype(np.clongdouble), b.astype(np.clongdouble), x.astype(np.clongdouble))
        assert 0.5 <= found / smallest_perturbation(a, b, x) <= 2


def test_least_squares_rejects_what_normal_equations_spoil() -> None:
    a = np.vander(np.linspace(0, 1, 30), 9, increasing=True)
    b = (a @ np.ones(9) + 1e-9 * RNG.standard_normal(30))[:, None]
    assert passes(LeastSquares(), np.linalg.lstsq(a, b, rcond=None)[0], a=a, b=b)
    assert not passes(LeastSquares(), np.linalg.solve(a.T @ a, a.T @ b), a=a, b=b)
    assert not passes(LeastSquares(), np.full((9, 1), np.nan), a=a, b=b)
    assert not passes(LeastSquares(), np.zeros((9, 1)), a=a, b=b)


def test_a_cholesky_factor_is_triangular_positive_and_gives_the_matrix_back() -> None:
    b = complex_normal(7, 7)
    a = b @ b.conj().T + np.eye(7)
    low = np.linalg.cholesky(a)
    assert passes(CholeskyFactor(), low, "complex128", a=a)
    assert passes(CholeskyFactor(upper=True), low.conj().T, "complex128", a=a)
    assert not passes(CholeskyFactor(), low.conj().T, "complex128", a=a)
    assert not passes(CholeskyFactor(), -low, "complex128", a=a)
    assert not passes(CholeskyFactor(), low * (1 + 1e-13), "complex128", a=a)
    assert not passes(CholeskyFactor(), low.conj(), "complex128", a=a)
    small = low.copy()
    small[0, 6] = 1e-300
    assert not passes(CholeskyFactor(), small, "complex128", a=a)


def test_a_graded_matrix_is_judged_row_by_row() -> None:
    grade = 10.0 ** np.arange(0, -12, -2)
    a = np.outer(grade, grade) * (np.eye(6) + 0.1)
    low = np.linalg.cholesky(a)
    assert passes(CholeskyFactor(), low, a=a)
    low[-1] *= 1 + 1e-12
    assert not passes(CholeskyFactor(), low, a=a)


def test_each_output_by_its_own_criterion() -> None:
    each = Each(criteria=(Ulp(k=1, k_hard=4), Exact()))
    true = (Expected(name="y", dtype="float64", value=np.array([1.0])), Expected(name="y1", dtype="int64", value=np.array(3)))
    near = np.array([1.0 + 2.0**-52])
    assert isinstance(each, Joint)
    assert [m.reason for m in measured(each, (near, np.array(3)), true)] == [Reason.WITHIN_BAND, Reason.IDENTICAL]
    assert [VERDICT[m.reason] for m in measured(each, (near, np.array(4)), true)] == [Verdict.PASSED, Verdict.FAILED]
    with pytest.raises(ValueError, match="zip"):
        measured(each, (near,), true[:1])


def ridge() -> tuple[Risk, np.ndarray]:
    design, targets = RNG.standard_normal((20, 3)), RNG.standard_normal(20)
    risk = Risk.of("identity", {"design": design, "targets": targets, "penalty": np.array([0.1, 0.1, 0.0])})
    best = np.linalg.solve(design.T @ design / 20 + np.diag([0.1, 0.1, 0.0]), design.T @ targets / 20)
    return risk, best


def test_an_optimum_is_certified_by_its_gradient_and_its_loss() -> None:
    risk, best = ridge()
    modulus = float(np.linalg.eigvalsh(risk.hessian(best).astype(np.float64))[0]) * 0.999
    criterion = Optimum(link="identity", modulus=modulus, limit=1e-12, hard=1e-11, rate="test")
    extra = {"design": risk.design, "targets": risk.targets, "penalty": risk.penalty}

    def verdicts(w: np.ndarray, loss: float, about: np.ndarray = best) -> list[Verdict]:
        true = (Expected(name="y", dtype="float64", value=about, radius=1e-14, extra=extra), Expected(name="y1", dtype="float64", value=np.array(loss)))
        return [VERDICT[m.reason] for m in measured(criterion, (w, np.array(loss)), true)]

    value = float(risk.loss(best))
    assert verdicts(best, value) == [Verdict.PASSED, Verdict.PASSED]
    assert verdicts(best + 1e-9, value)[0] is Verdict.FAILED
    assert verdicts(best * np.nan, np.nan) == [Verdict.FAILED, Verdict.FAILED]
    assert verdicts(best, value * (1 + 1e-12))[1] is Verdict.FAILED
    assert verdicts(best, value, about=best + 1e-6)[0] is Verdict.INDETERMINATE  # the reference is not the optimum: never the library's failure


@pytest.mark.parametrize("link", ["identity", "logistic"])
def test_the_gradient_is_the_complex_step_derivative_of_the_loss(link: str) -> None:
    design, w = RNG.standard_normal((9, 3)), RNG.standard_normal(3)
    targets = (RNG.standard_normal(9) > 0).astype(float)
    penalty = np.array([0.3, 0.3, 0.0])
    risk = Risk.of(link, {"design": design, "targets": targets, "penalty": penalty})
    for j in range(3):
        moved = w.astype(complex)
        moved[j] += 1e-150j
        z = design @ moved
        terms = (z - targets) ** 2 / 2 if link == "identity" else np.log(1 + np.exp(z)) - targets * z
        slope = (terms.mean() + (penalty * moved**2).sum() / 2).imag / 1e-150
        assert abs(slope - float(risk.gradient(w.astype(np.longdouble))[j])) <= 1e-15
        curve = (risk.gradient(w + np.longdouble(1e-6) * (np.arange(3) == j)) - risk.gradient(w - np.longdouble(1e-6) * (np.arange(3) == j))) / 2e-6
        assert np.abs(curve - risk.hessian(w.astype(np.longdouble))[:, j]).max() <= 1e-11


def test_certified_values_tell_every_digit_and_the_spread() -> None:
    """b = (2, 4) from y = (2, 6, 11): residual (0, 0, 1); a fit that is off by 1e-6 in b2 moves the spread by a third of that."""
    from csvkit_ml.criteria import Certified
    from csvkit_ml.model.function import Expected

    design = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])
    extra = {"certified": np.array([2.0, 4.0]), "level": np.array(2), "design": design, "residual": np.array([0.0, 0.0, 1.0])}
    expected = Expected(name="y", dtype="float64", value=extra["certified"], scale=np.ones(2), extra=extra)
    limit = Certified(c=1e12, c_hard=1e13, scale="1", rationale="r", literature="l")
    found = dict(limit.measure(np.array([2.0, 4.0 + 4e-6]), expected).figures)
    assert found == {"difficulty": "higher", "b1": "15.0", "b2": "6.0", "standard deviations": "5.1"}
    assert limit.measure(np.array([2.0, 4.0]), replace(expected, extra={"certified": extra["certified"]})).figures == (("b1", "15.0"), ("b2", "15.0"))

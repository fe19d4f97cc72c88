"""Every criterion rejects what it must reject and accepts what is true."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csvkit_ml.criteria import FORMATS, BackwardError, Componentwise, Exact, Scaled, Ulp, round_to
from csvkit_ml.model.function import VERDICT, Criterion, Expected, Reason, Verdict
from csvkit_ml.model.tensor import DTYPES


def expected(values: list[float], dtype: str = "float32", **more: object) -> Expected:
    return Expected(name="y", dtype=dtype, value=np.array(values), **more)  # type: ignore[arg-type]


def verdict(criterion: Criterion, actual: list[float], true: Expected) -> Verdict:
    return VERDICT[criterion.measure(np.array(actual, dtype=DTYPES[true.dtype]), true).reason]


def test_every_reason_has_a_verdict() -> None:
    assert set(VERDICT) == set(Reason)


@pytest.mark.parametrize(
    "criterion", [Ulp(k=2, k_hard=8), Exact(), Scaled(c=2, c_hard=8, scale="1", rationale="", literature=""), Componentwise()]
)
def test_special_values_are_values_of_their_own(criterion: Criterion) -> None:
    nan, inf = float("nan"), float("inf")
    assert verdict(criterion, [nan, inf, -inf], expected([nan, inf, -inf])) is Verdict.PASSED
    assert verdict(criterion, [0.0], expected([nan])) is Verdict.FAILED
    assert verdict(criterion, [nan], expected([1.0])) is Verdict.FAILED
    assert verdict(criterion, [-inf], expected([inf])) is Verdict.FAILED
    assert verdict(criterion, [inf], expected([1.0])) is Verdict.FAILED
    assert verdict(criterion, [-0.0], expected([0.0])) is Verdict.FAILED
    assert verdict(criterion, [-0.0], expected([0.0], any_sign_of_zero=True)) is Verdict.PASSED


def test_a_true_value_beyond_the_format_must_overflow() -> None:
    assert verdict(Ulp(k=1, k_hard=2), [float("inf")], expected([1e39])) is Verdict.PASSED
    assert verdict(Ulp(k=1, k_hard=2), [1.0], expected([1e39])) is Verdict.FAILED


def test_ulp_counts_units_of_the_declared_format() -> None:
    one_up = float(np.nextafter(np.float32(1.0), np.float32(2.0)))
    three_up = 1.0 + 3 * 2.0**-23
    assert verdict(Ulp(k=2, k_hard=8), [one_up], expected([1.0])) is Verdict.PASSED
    assert Ulp(k=2, k_hard=8).measure(np.array([three_up], np.float32), expected([1.0])).reason is Reason.BEYOND_BAND
    assert Ulp(k=2, k_hard=8).measure(np.array([1.00001], np.float32), expected([1.0])).reason is Reason.BEYOND_HARD


def test_a_weak_reference_is_never_a_failure() -> None:
    m = Ulp(k=1, k_hard=2).measure(np.array([1.001], np.float32), expected([1.0], radius=0.01))
    assert VERDICT[m.reason] is Verdict.INDETERMINATE


def test_empty_passes_only_where_the_definition_is_empty() -> None:
    m = Ulp(k=1, k_hard=2).measure(np.zeros((0,), np.float32), expected([]))
    assert m.reason is Reason.EMPTY_AS_DEFINED
    assert m.compared == 0


def test_integers_are_compared_as_integers() -> None:
    big = 2**53 + 1
    true = Expected(name="y", dtype="int64", value=np.array([big]))
    assert Exact().measure(np.array([big]), true).reason is Reason.IDENTICAL
    assert VERDICT[Exact().measure(np.array([big - 1]), true).reason] is Verdict.FAILED


@given(st.floats(width=64, allow_nan=False, allow_infinity=False), st.sampled_from(["float16", "bfloat16", "float32"]))
def test_rounding_is_that_of_the_format(x: float, dtype: str) -> None:
    got = round_to(dtype, np.array([x]), np.array([0.0])).astype(np.float64)[0]
    with np.errstate(over="ignore"):
        direct = np.array([x]).astype(DTYPES[dtype]).astype(np.float64)[0]
    assert got == direct


@given(st.integers(2**23, 2**24 - 1), st.integers(-20, 20), st.sampled_from([-1.0, 1.0]))
def test_the_trailing_part_decides_ties(m: int, e: int, side: float) -> None:
    tie = (m + 0.5) * 2.0**e
    got = float(round_to("float32", np.array([tie]), np.array([side * abs(tie) * 2.0**-70]))[0])
    assert got == (m + (1 if side > 0 else 0)) * 2.0**e


@given(st.floats(min_value=2.0**-120, max_value=2.0**120))
def test_ulp_is_the_spacing_of_the_format(x: float) -> None:
    f = np.float32(x)
    assert FORMATS["float32"].ulp(np.array([float(f)]))[0] == np.spacing(f)


def test_componentwise_tells_tf32_from_float32() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((16, 64)).astype(np.float32), rng.standard_normal((64, 16)).astype(np.float32)
    a64, b64 = a.astype(np.float64), b.astype(np.float64)
    true = Expected(name="y", dtype="float32", value=a64 @ b64, scale=np.abs(a64) @ np.abs(b64), terms=64, radius=1e-14)
    assert VERDICT[Componentwise().measure(a @ b, true).reason] is Verdict.PASSED
    mantissa, exponent = np.frexp(a)
    tf32 = np.ldexp(np.round(mantissa * 2**11) / 2**11, exponent).astype(np.float32)
    assert VERDICT[Componentwise().measure(tf32 @ b, true).reason] is Verdict.FAILED


def test_backward_error_accepts_a_solver_and_rejects_a_wrong_one() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.standard_normal((9, 9)), rng.standard_normal((9, 2))
    x = np.linalg.solve(a, b)
    true = Expected(name="y", dtype="float64", value=x, extra={"a": a, "b": b})
    assert VERDICT[BackwardError().measure(x, true).reason] is Verdict.PASSED
    assert VERDICT[BackwardError().measure(x * (1 + 1e-10), true).reason] is Verdict.FAILED
    assert VERDICT[BackwardError().measure(np.full_like(x, np.nan), true).reason] is Verdict.FAILED

"""References of mixed dtypes, whole numbers, single values and long axes by a second route: fractions, Python integers, plain loops."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from csvkit_ml.model.function import Sample
from csvkit_ml.references import nearest
from tests.unit.validation_suites.onnx_models import check_models
from tests.unit.validation_suites.plain_samples import first
from validation_suites.inference import mixed_dtypes, scalar_operands, whole_numbers

MIXED = {f.id: f for f in mixed_dtypes.FUNCTIONS}
WHOLE = {f.id: f for f in whole_numbers.FUNCTIONS}
SINGLE = {f.id: f for f in scalar_operands.FUNCTIONS}
OPERATIONS = {
    "add_mixed": lambda a, b: a + b, "sub_mixed": lambda a, b: a - b, "mul_mixed": lambda a, b: a * b, "div_mixed": lambda a, b: a / b,
    "maximum_mixed": max, "less_mixed": lambda a, b: a < b, "equal_mixed": lambda a, b: a == b,
}  # fmt: skip


def _fractions(s: Sample) -> list[tuple[Fraction, Fraction]]:
    x, y = np.broadcast_arrays(*(a.astype(np.float64) for a in s.arrays()))
    return [(Fraction(a), Fraction(b)) for a, b in zip(x.reshape(-1).tolist(), y.reshape(-1).tolist(), strict=True)]


def test_mixed_operations_in_fractions_rounded_once() -> None:
    """Operands are exact in every dtype, but for whole numbers in 8 bits, which wrap around, and truth values, of which numbers are 1."""
    seen = 0
    for id, operation in OPERATIONS.items():
        for s in MIXED[id].samples():
            if s.dtype in ("int8", "uint8", "bool") or "bool" in (s.param("a"), s.param("b")):
                continue
            exact = [operation(a, b) for a, b in _fractions(s)]
            made = [nearest(v.numerator, v.denominator, s.dtype) if "float" in s.dtype and id in ("add_mixed", "sub_mixed", "mul_mixed",
                "div_mixed")
                else v for v in exact]  # fmt: skip
            np.testing.assert_array_equal(first(MIXED[id], s).reshape(-1), np.array(made, dtype=np.float64), err_msg=f"{id} {s.name}")
            seen += 1
    assert seen > 200


def test_numpy_promotes_pairs_of_numbers_alike() -> None:
    """Where both rules agree: numbers of one category, and reals of 32 bits and more."""
    for s in MIXED["concat_mixed"].samples():
        a, b = s.param("a"), s.param("b")
        if "bfloat16" in (a, b) or ("float" in a) != ("float" in b):
            continue
        x, y = s.arrays()
        np.testing.assert_array_equal(first(MIXED["concat_mixed"], s), np.concatenate([x, y]).astype(np.float64), err_msg=s.name)


def test_sums_and_products_of_whole_numbers_in_python_integers() -> None:
    for id in ("sum_of_whole", "prod_of_whole"):
        for s in WHOLE[id].samples():
            x, axes = s.arrays()[0].astype(object), s.param("axes")
            fn = np.add if id.startswith("sum") else np.multiply
            x = x.reshape(-1) if axes is None else np.moveaxis(x, axes[0], -1)
            rows = [[int(v) for v in x[at].reshape(-1)] for at in np.ndindex(x.shape[:-1])]
            want = np.array([fn.reduce(row) if row else fn.identity for row in rows], dtype=np.int64)
            np.testing.assert_array_equal(first(WHOLE[id], s).reshape(-1), want, err_msg=f"{id} {s.name}")


def test_running_results_by_loops() -> None:
    for id in ("cumsum_of_whole", "cumprod_of_whole"):
        for s in WHOLE[id].samples():
            rows = np.moveaxis(s.arrays()[0], s.param("axis"), -1)
            made = np.moveaxis(first(WHOLE[id], s), s.param("axis"), -1)
            for at in np.ndindex(rows.shape[:-1]):
                state, seen = (0 if id.startswith("cumsum") else 1), []
                for v in rows[at].tolist():
                    state = state + int(v) if id.startswith("cumsum") else state * int(v)
                    seen.append(state)
                np.testing.assert_array_equal(made[at], np.array(seen, dtype=np.int64), err_msg=s.name)


def test_products_of_whole_matrices_stay_in_their_dtype() -> None:
    """One element at a time in Python integers; nothing wraps around."""
    for s in WHOLE["matmul_of_whole"].samples():
        a, b = s.arrays()
        made, info = first(WHOLE["matmul_of_whole"], s), np.iinfo(s.dtype)
        wide = np.einsum("...ij,...jk->...ik", np.atleast_2d(a).astype(object), (b[:, None] if b.ndim == 1 else b).astype(object))
        assert all(info.min <= int(v) <= info.max for v in wide.reshape(-1)), s.name
        np.testing.assert_array_equal(made.reshape(-1).astype(object), wide.reshape(-1))


def test_single_values_by_mathematics() -> None:
    import mpmath

    for s in SINGLE["pointwise_of_scalar"].samples():
        of, x = s.param("of"), mpmath.mpf(float(s.arrays()[0]))
        fn = getattr(mpmath, {"log": "ln"}.get(of, of), None)
        if of in ("sign", "round", "exp2", "log2", "square") or fn is None:
            continue
        (e,) = SINGLE["pointwise_of_scalar"].reference(s)
        assert e.shape == () and abs(float(fn(x)) - float(e.value)) <= 1e-15 * max(1.0, abs(float(e.value))), s.name


def test_long_sums_are_exact_in_any_order() -> None:
    """No partial sum leaves the whole numbers that the dtype holds."""
    for id in ("sum_of_long", "cumsum_of_long"):
        for s in SINGLE[id].samples():
            pattern, tail = (a.astype(np.int64) for a in s.arrays())
            assert s.param("turns") * np.abs(pattern).sum() + np.abs(tail).sum() < 2**24
            whole = np.concatenate([np.tile(pattern, s.param("turns")), tail])
            assert len(whole) > 2**24
            want = whole.sum() if id == "sum_of_long" else np.cumsum(whole)[-7:]
            np.testing.assert_array_equal(first(SINGLE[id], s), want)
            if id == "sum_of_long":
                at = int(whole.argmax())
                assert at == int(first(SINGLE["argmax_of_long"], s)) and at % 2 == 1 and at > 2**24


def test_the_models_are_accepted_by_the_checker() -> None:
    bound = [*(WHOLE[i] for i in ("max_of_whole", "min_of_whole", "sum_of_int32")), SINGLE["operator_of_scalar"],
        SINGLE["reduction_of_scalar"]]
    assert check_models(bound) > 60

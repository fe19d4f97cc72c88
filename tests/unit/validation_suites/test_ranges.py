"""Ranges by numpy and rational numbers; rules of dtypes by numpy's; settings by hand; bags, places and symmetric systems by loops."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from tests.unit.validation_suites.plain_samples import first
from validation_suites.inference.dtype_rules import FUNCTIONS as RULES
from validation_suites.inference.dtype_rules import KINDS, castable, promoted, result
from validation_suites.inference.embedding_bags import FUNCTIONS as BAGS
from validation_suites.inference.execution_settings import FUNCTIONS as SETTINGS
from validation_suites.inference.execution_settings import places
from validation_suites.inference.ranges import FUNCTIONS as RANGES
from validation_suites.inference.symmetric_systems import FUNCTIONS as SYSTEMS
from validation_suites.inference.unpooling import FUNCTIONS as UNPOOLING

ALL = (*RANGES, *RULES, *BAGS, *SETTINGS, *SYSTEMS, *UNPOOLING)
BY_ID = {f.id: f for f in ALL}


def test_ranges() -> None:
    for id in ("linspace", "logspace"):
        for sample in BY_ID[id].samples():
            p = dict(sample.params)
            start, end, n = Fraction(p["start"]), Fraction(p["end"]), p["steps"]
            points = [float(start + k * (end - start) / max(1, n - 1)) for k in range(n)]
            want = points if id == "linspace" else [p["base"] ** v for v in points]
            np.testing.assert_allclose(first(BY_ID[id], sample), want, rtol=1e-13, atol=1e-12, err_msg=sample.name)
    for sample in BY_ID["range"].samples():
        p, want = dict(sample.params), []
        v = Fraction(p["start"])
        while (v <= Fraction(p["end"])) if p["step"] > 0 else (v >= Fraction(p["end"])):
            want.append(float(v))
            v += Fraction(p["step"])
        assert first(BY_ID["range"], sample).tolist() == want, sample.name


NUMPY = [k for k in KINDS if k not in ("bfloat16", "float16", "complex64", "complex128")]


@pytest.mark.parametrize("a", KINDS)
def test_promotion_is_a_lattice(a: str) -> None:
    """Idempotent, commutative, associative, and both operands may be cast to what they promote to."""
    for b in KINDS:
        both = promoted(a, b)
        assert both == promoted(b, a)
        assert promoted(a, a) == a
        assert castable(a, both)
        assert promoted(a, both) == both
        assert all(promoted(promoted(a, b), c) == promoted(a, promoted(b, c)) for c in KINDS)


def test_promotion_of_integers_is_numpys() -> None:
    whole = [k for k in NUMPY if not k.startswith("float")]
    for a in whole:
        for b in whole:
            assert promoted(a, b) == np.promote_types(a, b).name


def test_results_of_tensors_without_dimension() -> None:
    asked = {("int32", "int64", "scalar"): "int32", ("int32", "float64", "scalar"): "float64", ("float16", "float64", "scalar"): "float16",
        ("bool", "int64", "number"): "int64", ("uint8", "float32", "number"): "float32",
        ("int64", "float32", "tensor"): "float32"}  # fmt: skip
    for (a, b, other), want in asked.items():
        assert result({"a": a, "b": b, "other": other}) == want


def test_a_setting_goes_through_all_its_values_and_back() -> None:
    assert places(("off", "on")).tolist() == [[0, 0], [1, 1], [0, 0]]
    for function in SETTINGS:
        for sample in function.samples():
            assert first(function, sample)[0].tolist() == first(function, sample)[-1].tolist() == [0, 0]


def test_bags_and_places_by_loops() -> None:
    for sample in BAGS[0].samples():
        table, index, offsets, *weights = sample.arrays()
        made = first(BAGS[0], sample)
        for b in range(len(offsets)):
            rows = [k for k in range(len(index)) if sum(k >= o for o in offsets) and max(j for j, o in enumerate(offsets) if o <= k) == b]
            rows = [k for k in rows if index[k] != sample.param("ignored")]
            for c in range(table.shape[1]):
                column = [float(table[index[k], c]) * (float(weights[0][k]) if weights else 1.0) for k in rows]
                want = {"sum": sum(column), "mean": sum(column) / max(1, len(column)),
                    "max": max(column, default=0.0)}[sample.param("mode")]
                assert made[b, c] == want, sample.name
    for function in UNPOOLING:
        for sample in function.samples():
            value, index = sample.arrays()
            made = first(function, sample)
            for n, c in np.ndindex(2, 3):
                plane = dict(zip(index[n, c].ravel().tolist(), value[n, c].ravel().tolist(), strict=True))
                assert made[n, c].ravel().tolist() == [plane.get(k, 0.0) for k in range(made[n, c].size)]


def test_symmetric_systems_by_numpy() -> None:
    for sample in BY_ID["ldl_solve"].samples():
        a, b = (v.astype(np.complex128 if v.dtype.kind == "c" else np.float64) for v in sample.arrays())
        np.testing.assert_array_equal(a, a.conj().T if sample.param("hermitian") else a.T)
        np.testing.assert_allclose(first(BY_ID["ldl_solve"], sample), np.linalg.solve(a, b), rtol=1e-6, atol=1e-8, err_msg=sample.name)
    for sample in BY_ID["cholesky_inverse"].samples():
        (f,) = (v.astype(np.complex128 if v.dtype.kind == "c" else np.float64) for v in sample.arrays())
        whole = f.conj().T @ f if sample.param("upper") else f @ f.conj().T
        np.testing.assert_allclose(first(BY_ID["cholesky_inverse"], sample), np.linalg.inv(whole), rtol=1e-8, atol=1e-8,
            err_msg=sample.name)
    for sample in BY_ID["singular_refused"].samples():
        rank = int(np.linalg.matrix_rank(sample.arrays()[0]))
        assert bool(first(BY_ID["singular_refused"], sample)) is (rank < len(sample.arrays()[0]))

"""Rows alone and in reverse order: only where the reference says that rows are independent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from csvkit_ml import registry
from csvkit_ml.model.function import Expected, Function, Sample, params
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.planning.derived import derived

X = np.random.default_rng(1).normal(size=(5, 7)).astype(np.float32)


def function(compute: object) -> Function:
    def reference(sample: Sample) -> tuple[Expected, ...]:
        arrays = [a.astype(np.float64) for a in sample.arrays()]
        return (Expected(name="y", dtype="float32", value=np.asarray(compute(*arrays))),)  # type: ignore[operator]

    return replace(registry.functions()["relu"], reference=reference)


def sample(*arrays: Array, **values: int) -> Sample:
    return Sample(name="s", dtype="float32", inputs=tuple(Tensor.of(a) for a in arrays), params=params(**values))


@pytest.mark.parametrize(
    ("compute", "arrays"),
    [(np.tanh, (X,)), (lambda a, b: a @ b, (X, X.T.copy())), (np.multiply, (X, X + 1)), (lambda a, b: a + b, (X, X[0])), (np.sum, ())],
)
def test_independent_rows(compute: object, arrays: tuple[Array, ...]) -> None:
    made = list(derived(function(compute), sample(*arrays))) if arrays else []
    assert [d.dimension for d in made] == (["batch", "batch", "position"] if arrays else [])
    for d in made:
        whole = function(compute).reference(sample(*arrays))[0].value
        np.testing.assert_allclose(d.of_whole(whole), d.of_part(d.expected[0].value))
        assert d.sample.name.startswith("s-")


@pytest.mark.parametrize("compute", [lambda a: np.cumsum(a, axis=0), lambda a: a.sum(axis=0), lambda a: a[:3]])
def test_rows_that_depend_on_each_other_are_left_alone(compute: object) -> None:
    assert [d for d in derived(function(compute), sample(X)) if d.dimension == "position"] == []
    last = [d for d in derived(function(compute), sample(X)) if d.sample.name.endswith("row-4")]
    assert last == []


def test_rows_that_only_know_each_other_as_a_set_may_be_reversed_but_not_taken_out() -> None:
    assert [d.dimension for d in derived(function(lambda a: a - a.mean(axis=0)), sample(X))] == ["position"]


def test_no_rows_one_row_and_streams() -> None:
    assert list(derived(function(np.tanh), sample(np.float32(1)))) == []
    assert list(derived(function(np.tanh), sample(X[:1]))) == []
    assert list(derived(function(np.tanh), sample(X, seed=1))) == []


@pytest.mark.parametrize("id", ["linear", "conv2d", "matmul", "relu"])
def test_real_functions_have_rows(id: str) -> None:
    f = registry.functions()[id]
    assert any(list(derived(f, s)) for s in list(f.samples())[:6])

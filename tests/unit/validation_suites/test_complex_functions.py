"""References of complex functions against numpy in double, and by the functions that undo them in balls."""

from __future__ import annotations

import flint
import numpy as np
import pytest

from csvkit_ml.model.function import Function
from validation_suites.inference.complex_functions import FUNCTIONS, enclosed

NUMPY = {f"complex_{n}": getattr(np, n) for n in ("exp", "log", "sqrt", "reciprocal", "sin", "cos", "tan", "sinh", "cosh", "tanh")} | {
    "complex_pow": np.power
}


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.id)
def test_numpy_in_double_agrees(function: Function) -> None:
    for sample in function.samples():
        (e,) = function.reference(sample)
        want = NUMPY[function.id](*(x.astype(np.complex128) for x in sample.arrays()))
        assert np.all(abs(e.value - want) <= 1e-13 * np.asarray(e.scale)), sample.name
        assert np.all(np.asarray(e.radius) <= 1e-28 * (1 + abs(e.value)))


def test_a_logarithm_undoes_an_exponential() -> None:
    for z in (0.5 + 1j, -2 - 3j, 1e-3j):
        back, low, radius = enclosed(lambda v: v.exp().log(), z)
        assert abs(back - z) + abs(low) <= 1e-30 + radius
        assert abs(complex(flint.acb(z.real, z.imag).sqrt() ** 2) - z) < 1e-15


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.id)
def test_nothing_lies_on_a_cut(function: Function) -> None:
    """Negative real numbers, and zero."""
    for sample in function.samples():
        for x in sample.arrays()[:1]:
            assert not np.any((x.imag == 0) & (x.real <= 0)), sample.name

"""Exponentials and logarithms: certified references against mpmath, special values against numpy."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np
import pytest

from tests.unit.validation_suites.second_route import Route, agrees
from validation_suites.inference.exponentials import FUNCTIONS

BY_ID = {f.id: f for f in FUNCTIONS}


def _logit(x: Any, eps: float | None) -> Any:
    z = x if eps is None else min(max(x, mp.mpf(eps)), 1 - mp.mpf(eps))
    return mp.log(z) - mp.log1p(-z)


ROUTES: dict[str, Route] = {
    "exp2": lambda x: mp.power(2, x),
    "expm1": mp.expm1,
    "log2": lambda x: mp.log(x, 2),
    "log10": mp.log10,
    "log1p": lambda x: mp.log(1 + x),
    "logaddexp": lambda x, y: mp.log(mp.exp(x) + mp.exp(y)),
    "logaddexp2": lambda x, y: mp.log(mp.power(2, x) + mp.power(2, y), 2),
    "xlogy": lambda x, y: x * mp.log(y),
    "xlog1py": lambda x, y: x * mp.log(1 + y),
    "logit": _logit,
    "entr": lambda x: -x * mp.log(x),
}
HOST = {"exp2": np.exp2, "expm1": np.expm1, "log2": np.log2, "log10": np.log10, "log1p": np.log1p, "logaddexp": np.logaddexp}



@pytest.mark.parametrize("id", ROUTES)
def test_another_formula_agrees(id: str) -> None:
    assert agrees(BY_ID[id], ROUTES[id]) > 10


@pytest.mark.parametrize("id", HOST)
def test_special_values_are_numpys(id: str) -> None:
    """NaN, infinities and zeros in the same places, on every combination of special values."""
    for sample in BY_ID[id].samples():
        if sample.dtype == "float64" and "special" in sample.name:
            (e,) = BY_ID[id].reference(sample)
            with np.errstate(all="ignore"):
                host = HOST[id](*sample.arrays())
            np.testing.assert_allclose(e.value, np.broadcast_to(host, e.shape), rtol=1e-12, atol=0, err_msg=sample.name)

"""Orthogonal polynomials: recurrences against trigonometric forms and hypergeometric series of mpmath."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import pytest

from tests.unit.validation_suites.second_route import Route, agrees
from validation_suites.inference.orthogonal_polynomials import FUNCTIONS

BY_ID = {f.id: f for f in FUNCTIONS}


def _third(x: Any, n: Any) -> Any:
    angle = mp.acos(x)
    return mp.re(mp.cos((n + mp.mpf(1) / 2) * angle) / mp.cos(angle / 2))


def _fourth(x: Any, n: Any) -> Any:
    angle = mp.acos(x)
    return mp.re(mp.sin((n + mp.mpf(1) / 2) * angle) / mp.sin(angle / 2))


def _first(x: Any, n: Any) -> Any:
    return mp.chebyt(n, x)


def _second(x: Any, n: Any) -> Any:
    return mp.chebyu(n, x)


KINDS: dict[str, Route] = {"t": _first, "u": _second, "v": _third, "w": _fourth}
ROUTES: dict[str, Route] = {
    **{f"chebyshev_polynomial_{k}": route for k, route in KINDS.items()},
    **{f"shifted_chebyshev_polynomial_{k}": (lambda x, n, r=route: r(2 * x - 1, n)) for k, route in KINDS.items()},
    "hermite_polynomial_h": lambda x, n: mp.hermite(n, x),
    "hermite_polynomial_he": lambda x, n: mp.power(2, -n / 2) * mp.hermite(n, x / mp.sqrt(2)),
    "laguerre_polynomial_l": lambda x, n: mp.laguerre(n, 0, x),
    "legendre_polynomial_p": lambda x, n: mp.legendre(n, x),
}


@pytest.mark.parametrize("id", BY_ID)
def test_another_form_agrees(id: str) -> None:
    assert agrees(BY_ID[id], ROUTES[id]) > 10

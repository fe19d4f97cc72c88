"""Complex numbers against balls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flint
import numpy as np
import pytest

from validation_suites.inference.complex_numbers import FUNCTIONS

BY_ID = {f.id: f for f in FUNCTIONS}
acb = flint.acb
ROUTES: dict[str, Callable[..., Any]] = {
    "complex_mul": lambda x, y: x * y,
    "complex_div": lambda x, y: x / y,
    "complex_abs": lambda x: acb(abs(x)),
    "angle": lambda x: acb(x.log().imag),
    "complex_sgn": lambda x: x / abs(x),
    "polar": lambda r, a: r * acb(0, a.real).exp(),
}


def _ball(v: complex) -> Any:
    return acb(float(v.real), float(v.imag))


@pytest.mark.parametrize("id", ROUTES)
def test_balls_agree(id: str) -> None:
    compared = 0
    for sample in BY_ID[id].samples():
        (made,) = BY_ID[id].reference(sample)
        rows = [a.ravel()[:40].astype(np.complex128) for a in np.broadcast_arrays(*sample.arrays())]
        radius = np.broadcast_to(np.asarray(made.radius), made.shape).ravel()
        assert made.low is not None
        for k, operands in enumerate(zip(*rows, strict=True)):
            with flint.ctx.workprec(200):
                true = ROUTES[id](*map(_ball, operands))
                error = abs(_ball(complex(made.value.ravel()[k])) + _ball(complex(made.low.ravel()[k])) - true)
            if np.isfinite(float(error)):
                assert float(error) <= radius[k] + 1e-300, (sample.name, k)
                compared += 1
    assert compared > 300


def test_a_number_is_real_where_its_imaginary_part_is_zero() -> None:
    for sample in BY_ID["isreal"].samples():
        want = [complex(v).imag == 0 for v in sample.arrays()[0].ravel()]
        assert BY_ID["isreal"].reference(sample)[0].value.ravel().tolist() == want

"""Automatic differentiation by functions: Jacobians, Hessians, their products with vectors, dual numbers, leaves and hooks; all exact.

Data are small integers, as in `autograd`, so that every sum and product is exact.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from csvkit_ml.model.function import Fault, Function
from validation_suites.training.autograd import MATRIX, Promise, wrong

VECTORS = (("ordinary", ((7,), (7,))), ("n1", ((1,), (1,))), ("n33", ((33,), (33,))))
BATCH = (("ordinary", ((5, 3), (4, 5), (4, 3))), ("one", ((1, 1), (1, 1), (1, 1))), ("wide", ((2, 9), (3, 2), (3, 9))))


def _not(place: int, id: str, sentence: str, output: int = -1) -> Fault:
    """The answer at a place is the opposite."""

    def apply(_: Function, __: Any, results: tuple[Any, ...]) -> tuple[Any, ...]:
        made = results[output].copy()
        made[place] ^= True
        at = output % len(results)
        return (*results[:at], made, *results[at + 1 :])

    return Fault(id=id, sentence=sentence, apply=apply)


def hessian(x: Any) -> Any:
    """Of sum x^3 + (sum x)^2."""
    return np.diag(6 * x) + 2


PROMISES = (
    Promise(
        id="autograd_jacobian",
        requirement="The library shall return the Jacobian matrix of f(x) = A x + (sum x^2).",
        truth=lambda a, x: (a + 2 * x,),
        cases=tuple((n, s[:2]) for n, s in MATRIX),
        faults=(
            wrong("transposed", "Rows and columns are exchanged.", lambda a, x: (a + 2 * x).T.reshape(a.shape)),
            wrong("linear-part", "Only the linear part is differentiated.", lambda a, x: a),
        ),
    ),
    Promise(
        id="autograd_vjp",
        requirement="The library shall return the vector-Jacobian product of f(x) = A x + (sum x^2), and f itself.",
        truth=lambda a, x, g: (a.T @ g + 2 * x * g.sum(), a @ x + (x * x).sum()),
        cases=tuple((n, (a, x, a[:1])) for n, (a, x, _) in MATRIX),
        faults=(
            wrong("ones", "The vector is ignored.", lambda a, x, g: a.T @ np.ones_like(g) + 2 * x * len(g)),
            wrong("linear-part", "Only the linear part is differentiated.", lambda a, x, g: a.T @ g),
        ),
    ),
    Promise(
        id="autograd_hessian",
        requirement="The library shall return the matrix of second derivatives of sum x^3 + (sum x)^2.",
        truth=lambda x, t: (hessian(x),),
        cases=VECTORS,
        faults=(
            wrong("diagonal", "Only the diagonal is given.", lambda x, t: np.diag(6 * x + 2)),
            wrong("halved", "Mixed derivatives are halved.", lambda x, t: np.diag(6 * x) + 1),
        ),
    ),
    Promise(
        id="autograd_hessian_vector",
        requirement="The library shall return the product of the matrix of second derivatives and a vector.",
        truth=lambda x, t: (hessian(x) @ t,),
        cases=VECTORS,
        faults=(
            wrong("diagonal", "Only the diagonal counts.", lambda x, t: (6 * x + 2) * t),
            wrong("no-vector", "The vector is ignored.", lambda x, t: hessian(x).sum(axis=0)),
        ),
    ),
    Promise(
        id="autograd_dual_numbers",
        requirement="The library shall carry tangents beside values within a level, and drop them when it ends: x t + x^2.",
        truth=lambda x, t: (x * x, 2 * x * t, np.array([True, True])),
        cases=VECTORS,
        faults=(
            wrong("tangent-lost", "The value is the tangent.", lambda x, t: 2 * x * t),
            _not(0, "kept", "The tangent outlives its level."),
            _not(1, "no-constant", "A constant has a tangent."),
        ),
    ),
    Promise(
        id="autograd_leaves",
        requirement="The library shall tell leaves from results, keep gradients of results when asked, and hand accumulated gradients to hooks.",
        truth=lambda x, g: (6 * x * g, 3 * g, 6 * x * g, np.array([True, False, True, False, True, True, True])),
        cases=VECTORS,
        faults=(
            wrong("one-factor", "A factor is lost.", lambda x, g: 2 * x * g),
            _not(0, "leaf-denied", "A leaf is not one."),
            _not(1, "result-leaf", "A result is a leaf."),
            _not(4, "hook-not-run", "The hook does not see the gradient."),
        ),
    ),
    Promise(
        id="autograd_module_hooks",
        requirement="The library shall let hooks of a module see and change the gradients of its outputs and inputs.",
        truth=lambda x, g: (15 * g, 5 * g, np.array([True, True])),
        cases=VECTORS,
        faults=(
            wrong("not-changed", "The change is ignored.", lambda x, g: 3 * g),
            _not(0, "not-called", "A hook is not called."),
            _not(1, "removed-called", "A hook that was removed is called."),
        ),
    ),
    Promise(
        id="func_module_calls",
        requirement="The library shall call a module with other parameters, give value and gradient together, and map over stacked parameters.",
        truth=lambda x, w, g: (w.T @ g, np.stack([w @ x, 2 * (w @ x)]), np.array([True, True])),
        cases=BATCH,
        faults=(
            wrong("stale-parameters", "The module's own parameters are used.", lambda x, w, g: np.zeros_like(w.T @ g)),
            _not(0, "kept", "The module keeps the other parameters."),
            _not(1, "module-changed", "Gradients are left in the module."),
        ),
    ),
)
FUNCTIONS: tuple[Function, ...] = tuple(p.function() for p in PROMISES)

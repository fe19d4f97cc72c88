"""What is known of one operator: how it is computed in double precision, and what a library may round in it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from csvkit_ml.model.tensor import Array
from csvkit_ml.references.graphs.reading import Node

Args = tuple[Array | None, ...]
"""Operands; floating-point ones in double, None = left out."""
Results = tuple[Array, ...]
DELTA = 1e-6
"""Probability with which some sum of an operator may round more than it is granted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One execution of a node."""

    node: Node
    args: Args
    outs: Results
    u: float
    """Unit roundoff of the first result's dtype in the model."""
    source_u: float
    """The same of the first floating-point operand, 0 where there is none."""
    certain: bool = True
    """Granted to every element of the result, not only as a standard deviation."""

    def grown(self, n: float, outputs: int) -> float:
        """What n roundings add up to, in units of u: min(lambda sqrt(n), n), lambda = sqrt(2 ln(2 m / delta)); sqrt(n) where typical values do.

        (Higham and Mary 2019.)
        """
        n = max(1.0, float(n))
        return min(math.sqrt(2 * math.log(2 * max(1, outputs) / DELTA) * n), n) if self.certain else math.sqrt(n)


Compute = Callable[[Node, Args], Results]
Error = Callable[[Seen], Array | float]
"""Absolute error of the first result that an execution in the model's own dtypes may have, operands taken as given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """One operator of ai.onnx."""

    compute: Compute
    error: Error


def given(args: Args, index: int) -> Array | None:
    """An operand that may be left out."""
    return args[index] if index < len(args) else None


def need(args: Args, index: int) -> Array:
    """An operand that must be there."""
    found = given(args, index)
    if found is None:
        raise ValueError(f"operand {index} is left out")
    return found


def axes_of(node: Node, args: Args, place: int, rank: int) -> tuple[int, ...] | None:
    """Axes from the attribute of old opsets or the operand of new ones; None = not told."""
    told: Any = node.attributes.get("axes")
    if told is None and (array := given(args, place)) is not None:
        told = array.ravel().tolist()
    return None if told is None else tuple(int(a) % rank for a in told)


def single(number: float) -> float:
    """An attribute: the specification keeps them in single precision, defaults included."""
    return float(np.float32(number))


def exact(_: Seen) -> float:
    """Values are moved, compared or counted: nothing is rounded."""
    return 0.0


def relative(count: float) -> Error:
    """So many roundings of the result itself."""
    return lambda s: count * s.u * np.abs(s.outs[0]) if s.outs[0].dtype.kind == "f" else 0.0


def absolute(count: float, scale: Callable[[Seen], Array | float], own: float = 8.0) -> Error:
    """max(own |y|, count scale) u: functions that saturate are computed from terms of that scale."""
    return lambda s: s.u * np.maximum(own * np.abs(s.outs[0]), count * np.asarray(scale(s)))

"""Raising: a library's operator, as a product uses it, back to a function with parameters and operands. The inverse of a binding, host half."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from csvkit_ml.model.function import Json
from csvkit_ml.model.scope import Operand, Use


class CannotRaise(Exception):
    """Why a use has no function, parameters and operands, in a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One operand in the order of the function's definition."""

    dtype: str
    shape: tuple[int, ...]
    below: int = 0
    """Elements are positions in an axis of this extent; 0 = values in the style of the function's own samples."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """A use in the terms of a function."""

    function: str
    dtype: str
    """Whose arithmetic is judged."""
    operands: tuple[Wanted, ...]
    params: tuple[tuple[str, Json], ...] = ()


Raiser = Callable[[Use, dict[str, Any]], Raised]
"""(use, its attributes by name) -> raised. Raises CannotRaise."""


def raised(function: str, operands: tuple[Operand, ...], **params: Json) -> Raised:
    """A function of floating-point operands of one dtype. Raises CannotRaise."""
    dtypes = {x.dtype for x in operands}
    if len(dtypes) != 1:
        raise CannotRaise(f"its operands have {len(dtypes)} dtypes")
    return Raised(function=function, dtype=operands[0].dtype, operands=tuple(map(wanted, operands)), params=tuple(sorted(params.items())))


def wanted(operand: Operand, below: int = 0) -> Wanted:
    """Raises CannotRaise where the shape is not known."""
    return Wanted(dtype=operand.dtype, shape=shape_of(operand), below=below)


def shape_of(operand: Operand) -> tuple[int, ...]:
    """Raises CannotRaise where an extent is not known."""
    if operand.shape is None or any(n < 0 for n in operand.shape):
        raise CannotRaise("the scope does not tell its shapes")
    return operand.shape


def several(value: Any, count: int) -> tuple[int, ...]:
    """One number for each axis. Raises CannotRaise."""
    values = tuple(value) if isinstance(value, (list, tuple)) else (value,)
    values = values * count if len(values) == 1 else values
    if len(values) != count or not all(isinstance(v, int) for v in values):
        raise CannotRaise(f"an attribute is {str(value)[:60]}, not {count} numbers")
    return values


def exactly(operands: tuple[Operand, ...], *counts: int) -> tuple[Operand, ...]:
    """The operands, of which there must be so many. Raises CannotRaise."""
    if len(operands) not in counts:
        raise CannotRaise(f"it has {len(operands)} tensor operands")
    return operands


def only(attributes: dict[str, Any], **allowed: Any) -> None:
    """Attributes must be absent, or these. Raises CannotRaise."""
    for name, value in attributes.items():
        if name not in allowed or allowed[name] != value:
            raise CannotRaise(f"no case has {name} = {str(value)[:60]}")

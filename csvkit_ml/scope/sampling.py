"""Cases at a product's own shapes, dtypes and attributes. Pure."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from csvkit_ml.libraries.raised import CannotRaise, Raised, Raiser, Wanted
from csvkit_ml.model.canonical import canonical
from csvkit_ml.model.digest import sha256
from csvkit_ml.model.function import Function, Sample, SampleClass, seed_for
from csvkit_ml.model.scope import Scope, Use
from csvkit_ml.model.scoped import NotGenerated
from csvkit_ml.model.tensor import DTYPES, Tensor
from csvkit_ml.scope.verified import name_of

LARGEST = 1 << 18
"""Elements of all operands of a sample together: references are computed element by element in higher precision."""
MOST = 24
"""Samples of one function."""

Generated = tuple[dict[str, tuple[Sample, ...]], tuple[NotGenerated, ...]]


def generate(
    scope: Scope, raisers: Mapping[str, Raiser], functions: Mapping[str, Function], works: Callable[[str, Sample], str] = lambda f, s: ""
) -> Generated:
    """Samples by function, and every use without one with its reason.

    1. A raiser names function, parameters and operands of a use. Uses that differ in phase or layout alone give one sample.
    2. Values are drawn, seeded by what was raised, from those of the function's own first sample of that dtype, so that they lie where the
       function is used; positions are drawn below the extent of their axis.

    Args:
        functions: those of the run.
        works: (function id, sample) -> why it cannot be a case, empty = it can.
    """
    made: dict[str, dict[str, Sample]] = {}
    left_out: dict[NotGenerated, None] = {}
    for use in scope.uses:
        try:
            raised = _raised(use, raisers)
            function = functions.get(raised.function)
            if function is None:
                raise CannotRaise(f"{raised.function} is not in this run")
            of = made.setdefault(raised.function, {})
            sample = sample_of(raised, function)
            if sample.name not in of:
                if len(of) >= MOST:
                    raise CannotRaise(f"{raised.function} has {MOST} such samples already")
                if why := works(raised.function, sample):
                    raise CannotRaise(why)
                of[sample.name] = sample
        except CannotRaise as e:
            left_out.setdefault(NotGenerated(operator=name_of(use.operator), operands=_operands(use), reason=str(e)))
    return {f: tuple(of.values()) for f, of in made.items() if of}, tuple(left_out)


def raised_to(scope: Scope, raisers: Mapping[str, Raiser]) -> frozenset[str]:
    """Functions to which uses can be raised."""
    found: set[str] = set()
    for use in scope.uses:
        with contextlib.suppress(CannotRaise):
            found.add(_raised(use, raisers).function)
    return frozenset(found)


def _raised(use: Use, raisers: Mapping[str, Raiser]) -> Raised:
    raiser = raisers.get(name_of(use.operator))
    if raiser is None:
        raise CannotRaise("nothing tells which function it is")
    try:
        return raiser(use, dict(use.attributes))
    except (KeyError, IndexError, TypeError, ValueError, OverflowError) as e:
        raise CannotRaise(f"its attributes or operands are not as expected ({type(e).__name__})") from e


def sample_of(raised: Raised, function: Function) -> Sample:
    """The sample of a raised use; its name and values depend on nothing but the use. Raises CannotRaise."""
    if any(x.dtype not in DTYPES for x in raised.operands):
        raise CannotRaise("a dtype that no sample can have")
    size = sum(math.prod(x.shape) for x in raised.operands)
    if not 0 < size <= LARGEST:
        raise CannotRaise(f"{size:,} elements, more than {LARGEST:,}" if size else "no elements")
    style = _style(function, raised.dtype, len(raised.operands))
    key = sha256(canonical(raised)).partition(":")[2]
    inputs = tuple(_values(x, style, i, key) for i, x in enumerate(raised.operands))
    return Sample(name=f"scope-{key[:8]}", dtype=raised.dtype, inputs=inputs, params=raised.params, why=SampleClass.SCOPE)


def _style(function: Function, dtype: str, count: int) -> tuple[Tensor, ...]:
    """Operands of the first sample of a dtype that has enough of them; of any number where none has."""
    found: tuple[Tensor, ...] = ()
    for sample in function.samples():
        if sample.dtype == dtype and sample.inputs and all(t.data for t in sample.inputs):
            if len(sample.inputs) >= count:
                return sample.inputs
            found = found or sample.inputs
    if not found:
        raise CannotRaise(f"{function.id} has no sample of {dtype}")
    return found


def _values(x: Wanted, style: Iterable[Tensor], i: int, key: str) -> Tensor:
    rng = seed_for("scope", key, str(i))
    if x.below:
        return Tensor.of(rng.integers(0, x.below, x.shape), x.dtype)
    own = tuple(style)
    source = own[min(i, len(own) - 1)]
    if source.dtype != x.dtype:
        raise CannotRaise(f"operand {i + 1} is {x.dtype}; the function's own samples have {source.dtype} there")
    return Tensor.of(np.asarray(rng.choice(source.array().reshape(-1), size=x.shape)), x.dtype)


def _operands(use: Use) -> str:
    return " ".join(f"{x.dtype}[{'?' if x.shape is None else ','.join('?' if n < 0 else str(n) for n in x.shape)}]" for x in use.operands)

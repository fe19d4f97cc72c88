"""Functions that only move values: cases become samples, a numpy expression the reference, wrong expressions seeded faults."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from csvkit_ml.criteria import Exact
from csvkit_ml.model.function import Criterion, Expected, Fault, Function, Results, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import exactly
from validation_suites import faults
from validation_suites.sampling import special
from validation_suites.sampling.pieces import MOVED, Shape, moved, set_of_floats

ALL = (*MOVED, "int8", "int16")
"""Every dtype whose values are moved."""
WHOLE = ("int64", "int32", "int16", "int8", "uint8")
Case = tuple[Any, Mapping[str, Any]]
"""(shape of the operand or shapes of the operands, parameters)."""
Move = Callable[..., Any]
"""(parameters, *operands) -> array or tuple of arrays."""
Wrong = tuple[str, str, Move]
"""(id, sentence, wrong move); a move that gives the right answer does not apply to a sample."""


def _shapes(given: Any) -> tuple[Shape, ...]:
    return (given,) if all(isinstance(n, int) for n in given) else tuple(given)


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        inner = "_" if any(isinstance(v, tuple) for v in value) else ","
        return inner.join(map(_text, value)) or "none"
    return str(value).lower()


def label(case: Case) -> str:
    """A readable name: extents, then parameters."""
    shapes = ("x".join(map(str, s)) or "scalar" for s in _shapes(case[0]))
    return "-".join(("+".join(shapes), *(f"{k}={_text(v)}" for k, v in sorted(case[1].items()))))


def moves(id: str, cases: tuple[Case, ...], dtypes: tuple[str, ...] = ALL) -> Iterable[Sample]:
    """The first case in every dtype and with special values; every other in the first dtype and one further in turn."""
    for i, case in enumerate(cases):
        for dtype in dtypes if i == 0 else dict.fromkeys((dtypes[0], dtypes[i % len(dtypes)])):
            inputs = tuple(moved(dtype, s, id, label(case), str(k)) for k, s in enumerate(_shapes(case[0])))
            edge = any(np.prod(s) in (0, 1) or np.prod(s) > 5000 or not s for s in _shapes(case[0]))
            why = SampleClass.EDGE if edge else SampleClass.COVERING if i else SampleClass.ORDINARY
            yield Sample(name=f"{dtype}-{label(case)}", dtype=dtype, inputs=inputs, params=params(**case[1]), why=why)
    shapes, given = cases[0]
    for dtype in set_of_floats(dtypes):
        inputs = tuple(Tensor.of(_special(dtype, s)) for s in _shapes(shapes))
        yield Sample(name=f"{dtype}-special", dtype=dtype, inputs=inputs, params=params(**given), why=SampleClass.SPECIAL)


def _special(dtype: str, shape: Shape) -> Array:
    """Special values, every seventh of them NaN."""
    x = np.resize(special(dtype), shape)
    x.reshape(-1)[::7] = np.nan
    return x


def results(made: Any) -> tuple[Array, ...]:
    """One array or several, as a tuple."""
    return tuple(np.asarray(a) for a in made) if isinstance(made, tuple | list) else (np.asarray(made),)


def reference(move: Move, *, dtypes: tuple[str, ...] = ()) -> Callable[[Sample], tuple[Expected, ...]]:
    """The move as a reference; `dtypes` of the outputs, '' or none = the sample's."""

    def expected(sample: Sample) -> tuple[Expected, ...]:
        found = results(move(dict(sample.params), *sample.arrays()))
        kinds = [*dtypes, *[""] * len(found)]
        return tuple(
            exactly(a, dtype=k or sample.dtype, name=f"y{i}" if i else "y") for i, (a, k) in enumerate(zip(found, kinds, strict=False))
        )

    return expected


def fault(id: str, sentence: str, move: Move) -> Fault:
    """A wrong move, where its answer is not the true one (a wrong shape is an answer too)."""

    def apply(_: Function, sample: Sample, true: Results) -> Results | None:
        made = move(dict(sample.params), *sample.arrays())
        if made is None:
            return None
        found = tuple(a.astype(t.dtype) for a, t in zip(results(made), true, strict=False))
        same = all(a.shape == t.shape and a.tobytes() == t.tobytes() for a, t in zip(found, true, strict=False))
        return None if len(found) != len(true) or same else found

    return Fault(id=id, sentence=sentence, apply=apply)


PLAIN = (faults.one_element(), faults.stale(), faults.rolled(), faults.nan_lost())


def moving(
    id: str,
    says: str,
    source: str,
    cases: tuple[Case, ...] | Callable[[], Iterable[Sample]],
    move: Move,
    *wrong: Wrong,
    area: str = "shape",
    dtypes: tuple[str, ...] = ALL,
    outputs: tuple[str, ...] = (),
    general: tuple[Fault, ...] = PLAIN,
    oracle: str = "exact: moves values",
    criterion: Criterion | Callable[[Sample], Criterion] = Exact(),  # noqa: B008 - a frozen value
) -> Function:
    """A function that moves values.

    Args:
        says: completes `The library shall return ...`.
        cases: of which samples are made, or the samples.
        move: the true expression.
        wrong: wrong expressions that must be noticed.
        outputs: dtypes of the outputs, '' or none = the sample's.
        general: faults of every function of the kind.
        oracle: where the true value comes from.
        criterion: exact agreement where nothing else is said.
    """
    samples = cases if callable(cases) else lambda: moves(id, cases, dtypes)
    return Function(
        id=id, side=Side.INFERENCE, area=area, requirement=f"The library shall {says}.", source=source, oracle=oracle,
        samples=samples, reference=reference(move, dtypes=outputs), criterion=criterion, faults=(*general, *(fault(*w) for w in wrong)),
    )  # fmt: skip

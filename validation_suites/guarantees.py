"""Functions whose results are known exactly from their parameters and operands: one row a guarantee.

Truths are written with numpy on float64 or whole numbers; float results are given in the sample's dtype, whole numbers as int64, answers as bool.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from csvkit_ml.criteria import Exact
from csvkit_ml.model.function import Criterion, Expected, Fault, Function, Json, Results, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Array, Tensor
from validation_suites import faults

Truth = Callable[[Sample], tuple[Any, ...]]
EXACT = Exact(
    rationale="The result is a matter of definition: nothing is rounded, or every step is exact in the format.",
    literature="IEEE 754-2019, 4.3",
)


def case(label: str, /, *inputs: Tensor, dtype: str = "int64", **values: Json) -> Sample:
    """A sample by its label, operands and parameters; its class is set by its place in the row."""
    return Sample(name=label, dtype=dtype, inputs=inputs, params=params(**values))


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarantee:
    """One function whose every output is exact."""

    id: str
    area: str
    requirement: str
    source: str
    cases: Callable[[], Iterable[Sample]]
    truth: Truth
    faults: tuple[Fault, ...]
    criterion: Criterion | Callable[[Sample], Criterion] = EXACT
    oracle: str = "exact: the definition"
    side: Side = Side.TRAINING

    def samples(self) -> Iterable[Sample]:
        for i, s in enumerate(self.cases()):
            yield Sample(
                name=s.name, dtype=s.dtype, inputs=s.inputs, params=s.params, why=SampleClass.COVERING if i else SampleClass.ORDINARY
            )

    def reference(self, sample: Sample) -> tuple[Expected, ...]:
        with np.errstate(all="ignore"):
            return tuple(_expected(m, sample.dtype, f"y{i}" if i else "y") for i, m in enumerate(self.truth(sample)))

    def function(self) -> Function:
        return Function(
            id=self.id, side=self.side, area=self.area, requirement=self.requirement, source=self.source, oracle=self.oracle,
            samples=self.samples, reference=self.reference, criterion=self.criterion, faults=(faults.one_element(), *self.faults),
        )  # fmt: skip


def _expected(made: Any, dtype: str, name: str) -> Expected:
    if isinstance(made, Expected):
        return made
    value = np.asarray(made)
    kinds = {"b": "bool", "i": "int64", "u": "int64"}
    given = kinds.get(value.dtype.kind, dtype if dtype not in ("int64", "bool") else "float32")
    return Expected(name=name, dtype=given, value=value.astype(np.float64) if value.dtype.kind in "fV" else value, any_sign_of_zero=True)


def wrong(id: str, sentence: str, truth: Truth) -> Fault:
    """All outputs by another, wrong, definition; applies where shapes fit and a value differs."""

    def apply(_: Function, sample: Sample, results: Results) -> Results | None:
        with np.errstate(all="ignore"):
            made = tuple(np.asarray(m).astype(r.dtype) for m, r in zip(truth(sample), results, strict=True))
        same = all(m.tobytes() == r.tobytes() for m, r in zip(made, results, strict=True))
        return None if same else made

    return Fault(id=id, sentence=sentence, apply=apply)


def denied(id: str, sentence: str, output: int, place: int = 0) -> Fault:
    """The answer at one place of a boolean output is the opposite."""

    def apply(_: Function, __: Sample, results: Results) -> Results | None:
        made = results[output].copy()
        made.reshape(-1)[place] ^= True
        return (*results[:output], made, *results[output + 1 :])

    return Fault(id=id, sentence=sentence, apply=apply)


def yes(*answers: bool) -> Array:
    """Answers as an output."""
    return np.array(answers, dtype=bool)

"""The cases that ONNX publishes for its operators, judged by our own limits: one function for each area, one sample for each case, named as published.

A case of operators that no other function judges makes them exercised, not verified: a handful of numbers is no reference of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np

from csvkit_ml.criteria import Exact, Moved
from csvkit_ml.model.function import Criterion, Expected, Function, Json, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Array, Tensor
from validation_suites import faults
from validation_suites.published import truths
from validation_suites.published.areas import AREAS
from validation_suites.published.frozen import Case, Value, case, index, listed

ALLOWANCE = 4.0
MONTE_CARLO = "Parker 1997 (Monte Carlo arithmetic); Denis, de Oliveira Castro and Petit 2016; Higham and Mary 2019"
EVALUATED = Moved(
    k=ALLOWANCE, k_hard=4 * ALLOWANCE,
    scale="largest distance over 8 evaluations in double in which every operator's result is moved at random by sqrt(n) u S, or what its class rounds",
    rationale="What the graph of the case gives in double precision is the truth, whatever was published; roundings of every operator move it as "
    "random disturbances of the size of its error analysis do.",
    literature=MONTE_CARLO,
)  # fmt: skip
PUBLISHED = Moved(
    k=ALLOWANCE, k_hard=4 * ALLOWANCE,
    scale="sqrt(n) (how far operands off by one roundoff move the published evaluator in double, in 6 draws, + one roundoff of |r| and of the largest "
    "result), n = the longest axis of an operand or the operands' elements for each of the result's",
    rationale="Class of the elementary and composite operators that are not evaluated by us: mixed stability about the published evaluator's value in "
    "double, or the published value; the tolerance of the published runner (relative 1e-3) is not used.",
    literature=MONTE_CARLO,
)  # fmt: skip
MOVED = Exact(rationale="Class of operators that move, choose, count or convert: the published value is exact.", literature="ONNX operator specification")
_CRITERIA: dict[str, Criterion] = {
    truths.GRAPH: EVALUATED, truths.WRITTEN_OUT: EVALUATED, truths.STABLE: PUBLISHED, truths.EXACT: MOVED,
}  # fmt: skip


def _samples(area: str) -> Iterable[Sample]:
    """Operands as the case feeds them, sequences element by element; held: the model's bytes."""
    names = [row.name for row in listed().values() if row.area == area]
    for i, name in enumerate(names):
        known = case(name)
        yield Sample(
            name=name.lower(), dtype=truths.dtype_of(known), inputs=tuple(_tensor(a) for v in known.inputs for a in _each(v)),
            params=params(case=name, digest=known.listed.digest, route=known.listed.route, takes=_counts(known.inputs), gives=_counts(known.outputs)),
            why=SampleClass.COVERING if i else SampleClass.ORDINARY, held=(Tensor.of(np.frombuffer(known.model, dtype=np.uint8)),),
        )  # fmt: skip


def _each(v: Value) -> tuple[Array, ...]:
    return v if isinstance(v, tuple) else (v,)


def _counts(values: tuple[Value, ...]) -> tuple[Json, ...]:
    """Elements of a sequence, -1 for a tensor."""
    return tuple(len(v) if isinstance(v, tuple) else -1 for v in values)


def _tensor(a: Array) -> Tensor:
    return Tensor.of(truths.text(a) if a.dtype.kind == "O" else a)


def reference(sample: Sample) -> tuple[Expected, ...]:
    """By the route that the index names. Raises GraphError."""
    return truths.expected(sample.param("case"), sample.param("route"))


def criterion(sample: Sample) -> Criterion:
    """Of the route."""
    return _CRITERIA[sample.param("route")]


def _known(sample: Sample) -> Case:
    return case(sample.param("case"))


def _oracle(area: str) -> str:
    routes = [row.route for row in listed().values() if row.area == area]
    said = {
        "the graph evaluated in double by the host": routes.count(truths.GRAPH),
        "the graph with the operator written out evaluated in double by the host": routes.count(truths.WRITTEN_OUT),
        "the published value, exactly": routes.count(truths.EXACT),
        "the published evaluator in double, or the published value": routes.count(truths.STABLE),
    }  # fmt: skip
    return "; ".join(f"{n} cases: {text}" for text, n in said.items() if n)


def _rounded_to_half(sample: Sample) -> Any:
    """Every floating-point operand loses its last thirteen digits: results as the published runner still takes them."""
    known = _known(sample)
    return None if sample.dtype != "float32" or sample.param("route") == truths.EXACT else _outputs_off(known)


def _outputs_off(known: Case) -> tuple[Array, ...] | None:
    made = tuple(_half(v) for v in known.outputs if not isinstance(v, tuple))
    return made if len(made) == len(known.outputs) and any(a.dtype.kind == "f" for a in made) else None


def _half(a: Array) -> Array:
    with np.errstate(all="ignore"):
        return a.astype(np.float16).astype(a.dtype) if a.dtype.kind == "f" else a


def _function(area: str, says: str) -> Function:
    return Function(
        id=f"onnx_{area}_cases", side=Side.INFERENCE, area="published cases", samples=partial(_samples, area), reference=reference,
        criterion=criterion, oracle=_oracle(area), source=f"ONNX backend test cases, {index()['package']}",
        requirement=f"The library shall execute the cases that ONNX publishes for its operators, {says}, to our own limits.",
        faults=tuple(f for f in FAULTS if f.id not in _WITHOUT.get(area, ())),
    )  # fmt: skip


FAULTS = (
    faults.relative(9e-4, id="within-loose-tolerance"),
    faults.computed("float16-results", "Results were rounded to float16 on their way, which the published runner lets pass.", _rounded_to_half),
    faults.one_element(), faults.rolled(), faults.stale(),
)  # fmt: skip
_WITHOUT = {"control": ("float16-results",), "quantised": ("within-loose-tolerance",)}
"""Whose few floating-point results are small whole numbers, or not the first result."""

FUNCTIONS: tuple[Function, ...] = tuple(_function(a, w) for a, w in AREAS.items())

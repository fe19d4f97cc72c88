"""A model that an exporter wrote, judged by what it computes: evaluated in double by the host, never executed by a runtime."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from csvkit_ml.criteria import Moved
from csvkit_ml.model.function import Expected, Measurement, Reason
from csvkit_ml.model.tensor import Array
from csvkit_ml.references.graphs import GraphError, evaluate, inlined, read_graph
from validation_suites.graphs.packing import unpacked


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedGraph:
    """The graph's output y for an operand x that the exporter did not see, as `each` judges it.

    `Expected.extra` holds x, y in double, and moved: the scale of `each`.
    """

    each: Moved
    kind: str = "exported graph"

    @property
    def formula(self) -> str:
        return f"the graph in double, for operands of another batch: {self.each.formula}"

    @property
    def rationale(self) -> str:
        return self.each.rationale

    @property
    def literature(self) -> str:
        return self.each.literature

    def measure(self, actual: Array, expected: Expected) -> Measurement:
        """Judge the bytes of a model; they are parsed within the limits of `read_graph`, functions of its own written out."""
        try:
            dtype, value = _answer(unpacked(actual), expected.extra["x"])
        except (GraphError, ValueError) as e:
            return _wrong(expected, Reason.BEYOND_HARD, "a graph that can be evaluated", "".join(c if c.isprintable() else "?" for c in str(e)[:300]))
        truth = Expected(name=expected.name, dtype="float32", value=expected.extra["y"], scale=expected.extra["moved"], any_sign_of_zero=True)
        if dtype != truth.dtype:
            return _wrong(expected, Reason.WRONG_DTYPE, truth.dtype, dtype)
        if value.shape != truth.shape:
            return _wrong(expected, Reason.WRONG_SHAPE, str(list(truth.shape)), str(list(value.shape)))
        return self.each.measure(value, truth)


def _answer(model: bytes, x: Array) -> tuple[str, Array]:
    """dtype and value of the only output for the only operand. Raises GraphError."""
    graph = read_graph(inlined(model))
    if len(graph.inputs) != 1 or graph.outputs != ("y",):
        raise GraphError(f"{len(graph.inputs)} operands, and the outputs {', '.join(graph.outputs)[:100]}")
    values = evaluate(graph, {graph.inputs[0].name: x})
    return values.dtypes["y"], np.asarray(values.arrays["y"])


def _wrong(expected: Expected, reason: Reason, wanted: str, got: str) -> Measurement:
    return Measurement(output=expected.name, reason=reason, compared=0, error=float("inf"), ratio=float("inf"), expected=wanted, actual=got)

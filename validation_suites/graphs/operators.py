"""Bisection: every operator of a model judged by itself, on the values that it met in the library."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from csvkit_ml.criteria import Moved
from csvkit_ml.model.function import VERDICT, Expected, Measurement, Reason, Results, Verdict
from csvkit_ml.model.tensor import Array
from csvkit_ml.references.graphs import Graph, GraphError, Node, ValueInfo, disturbed, read_graph
from csvkit_ml.references.graphs.evaluation import Step, computed, described, own_error

MOST = 48
"""Measurements of one execution that are kept: those of wrong operators first, then the worst."""
BRANCH = 4.0
"""What the operators of a chosen branch are granted together, in units of how far drawing moves its results."""
OWN = 2.0**-24
"""The reference's own error is at most this share of the bound: it has 29 binary digits more than float32. For float64 both get the bound, added."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EveryOperator:
    """Each value against its operator evaluated in double on the library's own operands; the first wrong one in order tells where."""

    each: Moved
    kind: str = "every operator"

    @property
    def formula(self) -> str:
        return f"for every operator, on the operands that the library gave it: {self.each.formula}"

    @property
    def rationale(self) -> str:
        return self.each.rationale

    @property
    def literature(self) -> str:
        return self.each.literature

    def measure(self, actual: Array, expected: Expected) -> Measurement:
        """One value alone says nothing about an operator."""
        return Measurement(output=expected.name, reason=Reason.NOTHING_COMPARED, compared=0)

    def measure_jointly(self, actual: Results, expected: tuple[Expected, ...]) -> tuple[Measurement, ...]:
        """Measurements in the order of the graph. Raises GraphError."""
        graph = read_graph(expected[0].extra["model"].tobytes())
        seen = {e.name: a for e, a in zip(expected, actual, strict=True)}
        feeds = {v.name: expected[0].extra[f"feed {i}"] for i, v in enumerate(graph.inputs)}
        dtypes = {e.name: e.dtype for e in expected}
        known = {**graph.constants, **feeds, **seen}
        dtypes |= {k: v.dtype.name for k, v in (*graph.constants.items(), *feeds.items())}
        found = [m for n in graph.nodes for m in self._node(n, known, dtypes)]
        return kept(found)

    def _node(self, node: Node, known: dict[str, Array], dtypes: dict[str, str]) -> list[Measurement]:
        args = tuple(_double(known[i]) if i else None for i in node.inputs)
        try:
            outs, moved = _branch(node, known) if node.op == "If" else (_computed(node, args), None)
        except GraphError as e:
            return [Measurement(output=_printable(f"{node.label}: {e}"), reason=Reason.REFERENCE_WEAK, compared=0)]
        source, _ = described(node, args, tuple(dtypes.get(i, "") for i in node.inputs), outs)
        found = []
        for place, name in enumerate(node.outputs):
            if name:
                step = Step(node=node, place=place, args=args, outs=outs, dtype=dtypes[name], source=source, follows=True)
                error = own_error(step, certain=True) if moved is None else moved[place]
                found.append(self._measured(step, error, known[name], name))
        return found

    def _measured(self, step: Step, error: Array, actual: Array, name: str) -> Measurement:
        value, label = step.outs[step.place], _printable(f"{step.node.label} -> {name}")
        if value.shape != actual.shape:
            return Measurement(
                output=label, reason=Reason.WRONG_SHAPE, compared=0, error=np.inf, ratio=np.inf, expected=str(list(value.shape)),
                actual=str(list(actual.shape)),
            )  # fmt: skip
        own, scale = (0.0, 2 * error + 2.0**-53 * np.abs(value)) if step.dtype == "float64" else (error * OWN, error)
        expected = Expected(name=label, dtype=step.dtype, value=value, radius=own, scale=scale, any_sign_of_zero=True)
        return self.each.measure(actual, expected)


def kept(found: list[Measurement]) -> tuple[Measurement, ...]:
    """All where they are few; of many, wrong ones first, then those with the worst ratios. In the order of the graph."""
    rank = sorted(range(len(found)), key=lambda i: (VERDICT[found[i].reason] is Verdict.PASSED, -found[i].ratio, i))
    return tuple(found[i] for i in sorted(rank[:MOST]))


def _printable(text: str) -> str:
    """Names in a model may be any text."""
    return "".join(ch if ch.isprintable() else "?" for ch in text[:200])


def _double(x: Array) -> Array:
    return x.astype(np.float64) if x.dtype.kind in "fV" else x


def _computed(node: Node, args: tuple[Array | None, ...]) -> Results:
    with np.errstate(all="ignore"):
        return tuple(_double(y) for y in computed(node, args))


def _branch(node: Node, known: dict[str, Array]) -> tuple[Results, tuple[Array, ...]]:
    """The chosen branch as one operator on the values around it, and how far rounding inside it moves its results."""
    chosen = node.attributes["then_branch" if bool(known[node.inputs[0]].ravel()[0]) else "else_branch"]
    around = tuple(ValueInfo(name=k, dtype=v.dtype.name, shape=None) for k, v in known.items())
    _, found = disturbed(Graph(inputs=around, outputs=chosen.outputs, constants=chosen.constants, nodes=chosen.nodes), known)
    return tuple(d.value for d in found), tuple(BRANCH * d.moved for d in found)

"""Graphs of a maker's model evaluated in double precision, beside what every operator may round: independent of any runtime."""

from csvkit_ml.references.graphs.bounds import Disturbed, disturbed
from csvkit_ml.references.graphs.evaluation import Values, evaluate, rounded_at_every_operator
from csvkit_ml.references.graphs.inlining import inlined
from csvkit_ml.references.graphs.reading import Graph, GraphError, Node, ValueInfo, exposed, read_graph

__all__ = [
    "Disturbed", "Graph", "GraphError", "Node", "ValueInfo", "Values", "disturbed", "evaluate", "exposed", "inlined", "read_graph",
    "rounded_at_every_operator",
]  # fmt: skip

"""What rounding in every operator does to the outputs of a whole model: Monte Carlo arithmetic.

The graph is evaluated in double several times; in each, every result is moved at random by at most what the analysis of its operator
says that roundings typically add up to: sqrt(n) u S for a sum of n products. How far the outputs move estimates the condition of the model as
a whole, kinks of rectifiers and choices of maxima included (Parker 1997; Denis, de Oliveira Castro and Petit 2016).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from csvkit_ml.model.tensor import Array
from csvkit_ml.references.graphs.evaluation import Step, Values, evaluate, own_error, settled
from csvkit_ml.references.graphs.reading import Graph

DRAWS = 8
"""Disturbed evaluations. The chance that an output moves by less than a third of its standard deviation in all of them is 1e-5."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Disturbed:
    """An output, and how far it moves."""

    name: str
    dtype: str
    value: Array
    """Undisturbed, in double or its own exact dtype."""
    moved: Array
    """Largest distance from it; infinite where the shape itself depends on rounding."""


def disturbed(
    graph: Graph, feeds: Mapping[str, Array], names: tuple[str, ...] = (), seed: int = 0
) -> tuple[Values, tuple[Disturbed, ...]]:
    """Every output of a graph (or the values of these names), and all undisturbed values. Raises GraphError."""
    wanted = names or graph.outputs
    granted: dict[tuple[int, str], Array] = {}

    def note(step: Step) -> Array:
        if step.follows and (error := own_error(step, certain=False)).any():
            granted[id(step.node), step.node.outputs[step.place]] = error
        return settled(step)

    plain = evaluate(graph, feeds, note)
    moved = {name: np.zeros(plain.arrays[name].shape) for name in wanted}
    for draw in range(DRAWS if granted else 0):
        rng = np.random.default_rng((seed, draw))

        def move(step: Step, rng: np.random.Generator = rng) -> Array:
            y = settled(step)
            error = granted.get((id(step.node), step.node.outputs[step.place]))
            if error is None or error.shape not in ((), y.shape):
                return y
            off = rng.uniform(-1, 1, y.shape) * error
            return np.asarray(y + (off if y.dtype.kind == "f" else np.rint(off).astype(y.dtype)))

        other = evaluate(graph, feeds, move)
        for name in wanted:
            moved[name] = np.maximum(moved[name], _distance(plain.arrays[name], other.arrays[name]))
    return plain, tuple(Disturbed(name=n, dtype=plain.dtypes[n], value=plain.arrays[n], moved=moved[n]) for n in wanted)


def _distance(a: Array, b: Array) -> Array:
    if a.shape != b.shape:
        return np.full(a.shape, np.inf)
    with np.errstate(all="ignore"):
        away = np.abs(a.astype(np.float64) - b.astype(np.float64))
    same = (a == b) | ((a != a) & (b != b))
    return np.where(same, 0.0, np.where(np.isnan(away), np.inf, away))

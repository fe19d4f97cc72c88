"""A graph evaluated node by node in double precision, with the dtype that every value has in the model."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from csvkit_ml.model.tensor import DTYPES, Array
from csvkit_ml.references.graphs import linear, moves, normalised, pointwise
from csvkit_ml.references.graphs.operator import Args, Operator, Results, Seen
from csvkit_ml.references.graphs.reading import LARGEST, Graph, GraphError, Node, dtype_of, fits
from csvkit_ml.references.graphs.room import elements

OPERATORS: Mapping[str, Operator] = {**pointwise.OPERATORS, **linear.OPERATORS, **normalised.OPERATORS, **moves.OPERATORS}
"""Every operator that is evaluated here; `If` is, too."""
LARGEST_TOGETHER = 1 << 28
"""Elements of all values of a graph."""
LIMIT_S = 300.0
"""For one evaluation of a graph."""
ROUNDOFF = {"float16": 2.0**-11, "bfloat16": 2.0**-8, "float32": 2.0**-24, "float64": 2.0**-53}


@dataclass(slots=True, kw_only=True, eq=False)
class Values:
    """What is known while a graph is evaluated, by name."""

    arrays: dict[str, Array]
    """Floating-point values in double, others in their own dtypes."""
    dtypes: dict[str, str]
    """In the model."""
    follow: set[str]
    """Values that depend on what is fed, not on its shape alone."""
    size: int = 0
    """Elements of all results so far."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Step:
    """One result of a node, just computed."""

    node: Node
    place: int
    """Which of its results."""
    args: Args
    outs: Results
    dtype: str
    source: str
    """dtype of the first floating-point operand, '' where there is none."""
    follows: bool
    """Depends on what is fed."""


Change = Callable[[Step], Array]
"""What goes on in place of a result."""


def settled(step: Step) -> Array:
    """The result as it is; what depends on no data is rounded, as every library rounds it that computes it once."""
    y = step.outs[step.place]
    return y if step.follows or y.dtype.kind != "f" else in_dtype(y, step.dtype)


def in_dtype(y: Array, dtype: str) -> Array:
    """Rounded to a dtype, in double again."""
    with np.errstate(all="ignore"):
        return y.astype(DTYPES[dtype]).astype(np.float64)


def rounded_at_every_operator(step: Step) -> Array:
    """What a library gives whose every operator is correctly rounded."""
    y = step.outs[step.place]
    return y if y.dtype.kind != "f" else in_dtype(y, step.dtype)


def evaluate(graph: Graph, feeds: Mapping[str, Array], change: Change = settled) -> Values:
    """All values of a graph.

    Args:
        feeds: in their own dtypes.
        change: asked for every result.

    Raises:
        GraphError: feeds that do not fit, an operator that is not evaluated here, or a value or a duration past the limits.
    """
    for why in fits(graph, feeds):
        raise GraphError(why)
    values = Values(arrays={}, dtypes={}, follow=set(feeds))
    for name, array in (*graph.constants.items(), *feeds.items()):
        _keep(values, name, array)
    with np.errstate(all="ignore"):
        _nodes(graph, values, change, time.monotonic() + LIMIT_S)
    return values


def _keep(values: Values, name: str, array: Array) -> None:
    """A constant or a feed."""
    values.dtypes[name] = array.dtype.name
    values.arrays[name] = array.astype(np.float64) if array.dtype.kind in "fV" else array


def _nodes(graph: Graph, values: Values, change: Change, until: float) -> None:
    for node in graph.nodes:
        if time.monotonic() > until:
            raise GraphError(f"evaluating the model takes more than {LIMIT_S:g} s")
        if node.op == "If":
            _branch(node, values, change, until)
            continue
        args = tuple(values.arrays[i] if i else None for i in node.inputs)
        outs = computed(node, args)
        source, dtypes = described(node, args, tuple(values.dtypes.get(i, "") for i in node.inputs), outs)
        follows = node.op not in ("Shape", "Size") and any(i in values.follow for i in node.inputs)
        values.size += sum(y.size for y in outs)
        if values.size > LARGEST_TOGETHER:
            raise GraphError(f"{node.label}: the values of the model have more than {LARGEST_TOGETHER} elements together")
        wide = tuple(y.astype(np.float64) if y.dtype.kind in "fV" else y for y in outs)
        for place, name in enumerate(node.outputs[: len(outs)]):
            if name:
                step = Step(node=node, place=place, args=args, outs=wide, dtype=dtypes[place], source=source, follows=follows)
                values.arrays[name], values.dtypes[name] = change(step), dtypes[place]
                values.follow |= {name} if follows else set()


def _branch(node: Node, values: Values, change: Change, until: float) -> None:
    """The branch that the condition chooses, evaluated among the values around it."""
    chosen = node.attributes["then_branch" if bool(values.arrays[node.inputs[0]].ravel()[0]) else "else_branch"]
    inner = Values(arrays=dict(values.arrays), dtypes=dict(values.dtypes), follow=set(values.follow))
    for name, array in chosen.constants.items():
        _keep(inner, name, array)
    _nodes(chosen, inner, change, until)
    for name, made in zip(node.outputs, chosen.outputs, strict=True):
        values.arrays[name], values.dtypes[name] = inner.arrays[made], inner.dtypes[made]
        values.follow |= {name} if made in inner.follow else set()


def computed(node: Node, args: Args) -> Results:
    """The results of one node. Raises GraphError."""
    operator = OPERATORS.get(node.op)
    if operator is None:
        raise GraphError(f"{node.label}: the operator {node.op[:60]} is not evaluated here")
    try:
        if elements(node, args) > LARGEST:
            raise GraphError(f"{node.label} needs more than {LARGEST} elements")
        outs = operator.compute(node, args)
    except GraphError:
        raise
    except Exception as e:  # noqa: BLE001 - what a definition refuses is no result
        raise GraphError(f"{node.label} cannot be evaluated: {type(e).__name__}: {str(e)[:160]}") from e
    if any(y.size > LARGEST for y in outs):
        raise GraphError(f"{node.label} gives more than {LARGEST} elements")
    if len(outs) < len([o for o in node.outputs if o]):
        raise GraphError(f"{node.label}: only its first {len(outs)} results are evaluated here")
    return outs


def described(node: Node, args: Args, dtypes: tuple[str, ...], outs: Results) -> tuple[str, tuple[str, ...]]:
    """(dtype of the first floating-point operand, dtype of every result) in the model."""
    source = next((d for x, d in zip(args, dtypes, strict=True) if x is not None and d in ROUNDOFF), "")
    if node.op == "Cast":
        return source, (dtype_of(int(node.attributes["to"])),)
    if node.op in ("CastLike", "OneHot"):
        return source, (dtypes[1 if node.op == "CastLike" else 2],)
    return source, tuple((source or y.dtype.name) if y.dtype.kind in "fV" else y.dtype.name for y in outs)


def own_error(step: Step, *, certain: bool) -> Array:
    """Absolute error that the library's execution of this operator alone may have in this result.

    Args:
        certain: a bound for every element; otherwise what is typical, for drawing at random.
    """
    u = ROUNDOFF.get(step.dtype, 0.0)
    y = step.outs[step.place]
    if step.place and y.dtype.kind == "f":  # means, deviations and final states: of the size of the first result's errors
        return np.asarray(32 * u * float(np.abs(y).max(initial=0.0)))
    if step.place:
        return np.zeros(())
    seen = Seen(node=step.node, args=step.args, outs=step.outs, u=u, source_u=ROUNDOFF.get(step.source, 0.0), certain=certain)
    with np.errstate(all="ignore"):
        error = OPERATORS[step.node.op].error(seen)
    return np.nan_to_num(np.asarray(error, dtype=np.float64), nan=0.0, posinf=0.0)

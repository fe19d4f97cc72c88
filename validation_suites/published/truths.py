"""What a published case must give: our own evaluation in double precision where it reaches, else the published value with a limit of its class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from csvkit_ml.criteria.formats import FORMATS
from csvkit_ml.model.function import Expected
from csvkit_ml.model.tensor import DTYPES, Array
from csvkit_ml.references.graphs import Disturbed, GraphError, disturbed, read_graph
from csvkit_ml.references.graphs.moves import MOVES
from validation_suites.published.areas import plain
from validation_suites.published.frozen import Case, Value, case, listed

GRAPH, WRITTEN_OUT, EXACT, STABLE = "graph", "written out", "exact", "stable"
"""Routes to an expected value: the case's graph in double; the graph in double of the same case with the operator written out; the published value,
exactly; the published value, to within what rounding of its operands and of the largest result does."""
MOVING = frozenset((
    *MOVES, "ArrayFeatureExtractor", "Binarizer", "BitCast", "CenterCropPad", "ConcatFromSequence", "Hardmax", "Identity", "If", "LabelEncoder",
    "MaxPool", "MaxUnpool", "OptionalGetElement", "ReduceMax", "ReduceMin", "ReverseSequence", "Scatter", "SequenceAt", "SequenceConstruct",
    "SequenceEmpty", "SequenceErase", "SequenceInsert", "SequenceLength", "SequenceMap", "SplitToSequence", "TensorScatter", "TfIdfVectorizer",
    "Unique", "Upsample",
))  # fmt: skip
"""Operators of the exact class whose results may be floating-point numbers: values are moved, chosen or counted."""
DRAWS = 6
_OWN = 2.0**-26
"""Share of the limit that an evaluation in double may be wrong by."""


def route(name: str, operators: frozenset[str]) -> str:
    """How the expected value of a case is known; the builder of the index asks.

    Args:
        operators: of its graph.
    """
    for how in (GRAPH, WRITTEN_OUT):
        try:
            if agreement(name, _evaluated(case(name), how)):
                return how
        except GraphError:
            continue
    floating = any(a.dtype.kind in "fV" for v in case(name).outputs for a in (v if isinstance(v, tuple) else (v,)))
    return STABLE if floating and not operators <= MOVING else EXACT


def agreement(name: str, made: tuple[Disturbed, ...]) -> bool:
    """Whether an evaluation has the shapes and dtypes of the published outputs, and no shape in it depends on rounding."""
    told = case(name).outputs
    return len(made) == len(told) and all(
        not isinstance(o, tuple) and d.value.shape == o.shape and d.dtype == o.dtype.name and np.isfinite(d.moved).all()
        for d, o in zip(made, told, strict=True)
    )


@cache
def expected(name: str, how: str) -> tuple[Expected, ...]:
    """The outputs of a case by one route; sequences element by element, then their length. Raises GraphError."""
    known = case(name)
    if how in (GRAPH, WRITTEN_OUT):
        return tuple(_of_evaluation(d, o) for d, o in zip(_evaluated(known, how), output_names(known), strict=True))
    wide = _wide(known) if how == STABLE else {}
    made: list[Expected] = []
    for i, (output, value) in enumerate(zip(output_names(known), known.outputs, strict=True)):
        if isinstance(value, tuple):
            made += [_published(f"{output}_{k}", v) for k, v in enumerate(value)]
            made.append(Expected(name=f"{output}_length", dtype="int64", value=np.array(len(value), dtype=np.int64)))
        else:
            made.append(_published(output, value) if how != STABLE else _stable(known, output, value, *wide.get(i, (None, None))))
    return tuple(made)


@cache
def output_names(known: Case) -> tuple[str, ...]:
    """As the model names them."""
    import onnx

    return tuple(o.name for o in onnx.load_model_from_string(known.model).graph.output)


def _evaluated(known: Case, how: str) -> tuple[Disturbed, ...]:
    """Raises GraphError."""
    if how == WRITTEN_OUT:
        name = known.listed.name
        others = [n for n in listed() if n != name and plain(n) == name]
        if not others:
            raise GraphError("it is not published written out")
        known = case(others[-1])
    graph = read_graph(known.model)
    feeds = {v.name: a for v, a in zip(graph.inputs, known.inputs, strict=False) if not isinstance(a, tuple)}
    return disturbed(graph, feeds)[1]


def _of_evaluation(d: Disturbed, output: str) -> Expected:
    double = d.dtype == "float64"  # both round alike
    own = 0.0 if double else _OWN * d.moved * (d.value.dtype.kind == "f")
    return Expected(name=output, dtype=d.dtype, value=d.value, radius=own, scale=d.moved * (1 + double), any_sign_of_zero=True)


def _published(output: str, value: Array) -> Expected:
    if value.dtype.kind == "O":
        return Expected(name=output, dtype="uint8", value=text(value))
    wide = value.astype(np.float64) if value.dtype.kind in "fV" else value
    return Expected(name=output, dtype=value.dtype.name, value=wide, any_sign_of_zero=True)


def _stable(known: Case, output: str, value: Array, wide: Array | None, spread: Array | None) -> Expected:
    """The package's own evaluation in double where there is one (published values are rounded, some to four digits), else the published value."""
    plain_ = _published(output, value)
    if value.dtype.kind not in "fV":
        return plain_
    truth = plain_.value if wide is None else wide
    finite = np.abs(np.where(np.isfinite(truth), truth, 0.0))
    roundoff = FORMATS[value.dtype.name].u * (finite + finite.max(initial=0.0))
    return replace(plain_, value=truth, scale=np.sqrt(_terms(known, value)) * (roundoff + (0.0 if spread is None else spread)))


def _terms(known: Case, value: Array) -> float:
    """What one element of a result may be a sum of: an axis of an operand, or all of the largest one, spread over the result."""
    fed = [a for v in known.inputs for a in (v if isinstance(v, tuple) else (v,))]
    return float(max([1, *(n for a in fed for n in a.shape), *(a.size // max(1, value.size) for a in fed)]))


def text(value: Array) -> Array:
    """Text as bytes of UTF-8 along a last axis, as long as the longest, at least 1, filled up with NUL."""
    encoded = [str(t).encode("utf-8") for t in value.reshape(-1).tolist()]
    width = max([1, *map(len, encoded)])
    return np.frombuffer(b"".join(e.ljust(width, b"\0") for e in encoded), dtype=np.uint8).reshape((*value.shape, width))


def _wide(known: Case) -> Mapping[int, tuple[Array | None, Array]]:
    """(value, how far relative disturbances of one roundoff in the operands move it) of each output by the package's own evaluator in double."""
    import onnx
    from onnx.reference import ReferenceEvaluator

    model = onnx.load_model_from_string(known.model)
    names = [i.name for i in model.graph.input]
    try:
        run = ReferenceEvaluator(model).run
        first = run(None, dict(zip(names, map(_double, known.inputs), strict=False)))
        places = [i for i, (v, o) in enumerate(zip(first, known.outputs, strict=True)) if _alike(v, o)]
        found = {i: np.zeros(np.shape(first[i])) for i in places}
        for draw in range(DRAWS):
            rng = np.random.default_rng(draw)
            other = run(None, dict(zip(names, (_off(v, rng) for v in known.inputs), strict=False)))
            found = {i: np.maximum(v, _apart(first[i], other[i])) for i, v in found.items()}
    except Exception:  # noqa: BLE001 - the published value stands where the package evaluates nothing else
        return {}
    return {i: (first[i] if first[i].dtype == np.float64 else None, v) for i, v in found.items()}


def _alike(made: object, told: Value) -> bool:
    return isinstance(made, np.ndarray) and isinstance(told, np.ndarray) and made.shape == told.shape and made.dtype.kind in "fV"


def _double(v: Value) -> Any:
    if isinstance(v, tuple):
        return [_double(x) for x in v]
    return v.astype(np.float64) if v.dtype.kind in "fV" else v


def _off(v: Value, rng: np.random.Generator) -> Any:
    if isinstance(v, tuple):
        return [_off(x, rng) for x in v]
    if v.dtype.kind not in "fV":
        return v
    return v.astype(np.float64) * (1 + FORMATS[v.dtype.name].u * rng.uniform(-1, 1, v.shape))


def _apart(a: Array, b: Array) -> Array:
    if a.shape != b.shape:
        return np.zeros(a.shape)
    with np.errstate(all="ignore"):
        away = np.abs(a.astype(np.float64) - b.astype(np.float64))
    return np.where(np.isfinite(away), away, 0.0)


def dtype_of(known: Case) -> str:
    """The floating-point dtype of least precision among what is fed and given; else of the first value; text crosses as bytes."""
    arrays = [a for v in (*known.outputs, *known.inputs) for a in (v if isinstance(v, tuple) else (v,))]
    names = ["uint8" if a.dtype.kind == "O" else a.dtype.name for a in arrays]
    return max((n for n in names if n in FORMATS), key=lambda n: FORMATS[n].u, default=next((n for n in names if n in DTYPES), "uint8"))

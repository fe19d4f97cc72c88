"""What is asked about a model: samples of the function `whole_model`, from a model's bytes and its inputs. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from csvkit_ml.criteria import FORMATS
from csvkit_ml.model.digest import sha256
from csvkit_ml.model.function import Json, Sample, SampleClass, params
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references.graphs import Graph, evaluate, exposed, read_graph
from csvkit_ml.references.graphs.evaluation import ROUNDOFF

OUTPUTS, OPERATORS, EXPECTED, VALUE = "outputs", "operators", "expected", "value"
"""Ways to ask: the outputs against double precision; every value on its way, operator by operator; the outputs against the maker's values; one
value beside the outputs, so that whatever lies before it may still be fused."""
MOST = 256
"""Values that are asked one by one, evenly spread over the graph."""


def model_of(sample: Sample) -> bytes:
    """The model's bytes."""
    return sample.held[0].data


def feeds_of(sample: Sample) -> tuple[Graph, dict[str, Array]]:
    """The model, and what is fed to it. Raises GraphError."""
    graph = read_graph(model_of(sample))
    return graph, {v.name: t.array() for v, t in zip(graph.inputs, sample.inputs, strict=False)}


def asked(
    name: str, model: bytes, feeds: Mapping[str, Array], *, why: SampleClass = SampleClass.ORDINARY, expected: Mapping[str, Array] | None = None,
    tolerances: tuple[Json, ...] = (), each_value: bool = False,
) -> tuple[Sample, ...]:  # fmt: skip
    """Samples of a model: its outputs, its operators, and where there are any, the maker's expected values.

    Args:
        feeds: by name of input.
        expected: by name of output.
        each_value: ask every value alone, too.
        tolerances: (output, absolute, relative, ulps, reason) of each of them, as texts.

    Raises:
        GraphError: the model cannot be evaluated, or the feeds do not fit.
    """
    graph = read_graph(model)
    values = evaluate(graph, feeds)
    dtype = narrowest(tuple(values.dtypes[o] for o in exposed(graph)))
    inputs = tuple(Tensor.of(feeds[v.name]) for v in graph.inputs)
    held = Tensor.of(np.frombuffer(model, dtype=np.uint8))
    told: dict[str, Json] = {"model": sha256(model), "inputs": tuple(f"{v.name} {t.digest()}" for v, t in zip(graph.inputs, inputs, strict=True))}

    def sample(way: str, *more: Tensor, **extra: Json) -> Sample:
        suffix = "" if way == OUTPUTS else f"-{way}" + (f"-{extra['place']:04d}" if way == VALUE else "")
        return Sample(
            name=name + suffix, dtype=dtype, inputs=inputs, params=params(way=way, **told, **extra), why=why, held=(held, *more)
        )

    made = [sample(OUTPUTS), sample(OPERATORS)]
    if expected is not None:
        its = tuple(Tensor.of(expected[str(t[0])]) for t in tolerances if isinstance(t, tuple))
        made.append(sample(EXPECTED, *its, tolerances=tolerances, values=tuple(t.digest() for t in its)))
    inner = [n for n in exposed(graph) if n not in graph.outputs and n in values.follow] if each_value else []
    step = max(1, -(-len(inner) // MOST))
    made += [sample(VALUE, place=i, value=n) for i, n in enumerate(inner) if i % step == 0]
    return tuple(made)


def narrowest(dtypes: tuple[str, ...]) -> str:
    """The floating-point dtype of least precision among them, else float32."""
    return max((d for d in dtypes if d in ROUNDOFF), key=lambda d: FORMATS[d].u, default="float32")

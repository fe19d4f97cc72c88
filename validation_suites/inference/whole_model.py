"""A whole model as one function: the maker's own, else small ones that qualify the method: by hand, by an exporter, in half precision."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache

import numpy as np
import onnx
from onnx import numpy_helper

from csvkit_ml.criteria import Declared, Each, Moved, round_to
from csvkit_ml.model.function import Criterion, Expected, Fault, Function, Results, Sample, Side
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references.graphs import Disturbed, disturbed, evaluate, exposed, read_graph, rounded_at_every_operator
from validation_suites import faults
from validation_suites.graphs.asking import EXPECTED, OPERATORS, VALUE, asked, feeds_of, model_of
from validation_suites.graphs.exported import exported
from validation_suites.graphs.operators import EveryOperator
from validation_suites.graphs.small import batch, convolutional, half, perceptron

_ALLOWANCE = 4.0
_REFERENCE = 2.0**-26
"""Share of its limit that the reference, in double, may be wrong by."""
_SHAPES = {"perceptron": (4, 20), "convolutional": (3, 3, 10, 10)}

WHOLE = Moved(
    k=_ALLOWANCE,
    k_hard=4 * _ALLOWANCE,
    scale="largest distance over 8 evaluations in which every operator's result is moved at random by sqrt(n) u S, or what its class rounds",
    rationale="Roundings of every operator act as random disturbances of the size that its error analysis gives; how far they move an output "
    "shows the condition of the whole model, kinks and choices included. Four times the largest of eight draws is about six standard "
    "deviations; exact outputs (classes, indices) may differ only where such disturbances change them.",
    literature="Parker 1997 (Monte Carlo arithmetic); Denis, de Oliveira Castro and Petit 2016; Higham and Mary 2019",
)
LOCAL = EveryOperator(
    each=Moved(
        k=1.0,
        k_hard=4.0,
        scale="lambda sqrt(n) u S for sums of n products, |x - max| and n for softmax, (|x| + mean|x|) / sd for normalisations, 8 u |y| for "
        "transcendental functions, 0 where values are only moved or compared",
        rationale="An operator on operands that are taken as given rounds only by itself: the criterion of its class holds whatever came before, "
        "so that the first operator past its limit is where a wrong result begins.",
        literature="Higham 2002, ch. 3; Higham and Mary 2019; Blanchard, Higham and Higham 2021",
    )
)


def samples() -> Iterable[Sample]:
    """(operands of the model); held: (bytes of the model, expected values)."""
    dense, image = perceptron().SerializeToString(deterministic=True), convolutional().SerializeToString(deterministic=True)
    yield from asked("perceptron", dense, {"x": batch("mlp", (6, 20))})
    feeds = {"x": batch("cnn", (3, 3, 10, 10))}
    cnn = asked("convolutional", image, feeds)
    truth = {e.name: round_to(e.dtype, e.value) for e in _outputs(cnn[0])}
    plan = (("y", "1e-05", "1e-05", "0.0", "two digits more than the decision threshold of this example"),)
    yield from asked("convolutional", image, feeds, expected=truth, tolerances=plan)
    for name, data in exported().items():
        yield from asked(f"exported-{name}", data, {"x": batch(f"exported {name}", _SHAPES[name])})
    for name, made in (("perceptron", perceptron()), ("convolutional", convolutional())):
        x = batch(f"half {name}", _SHAPES[name]).astype(np.float16)
        yield from asked(f"{name}-float16", half(made).SerializeToString(deterministic=True), {"x": x})


def reference(sample: Sample) -> tuple[Expected, ...]:
    """By way of asking. Raises GraphError."""
    return {OPERATORS: _operators, EXPECTED: _expected, VALUE: _value}.get(sample.param("way"), _outputs)(sample)


def _outputs(sample: Sample) -> tuple[Expected, ...]:
    """The model in double, and how far rounding moves its outputs."""
    graph, feeds = feeds_of(sample)
    return tuple(map(_expected_of, disturbed(graph, feeds)[1]))


def _value(sample: Sample) -> tuple[Expected, ...]:
    """The outputs, and one value that is kept beside them."""
    names = (*read_graph(model_of(sample)).outputs, sample.param("value"))
    known = _every(model_of(sample), sample.inputs)
    return tuple(known[n] for n in names)


@lru_cache(maxsize=1)
def _every(model: bytes, inputs: tuple[Tensor, ...]) -> dict[str, Expected]:
    """All values of a model: its samples ask for them one after the other."""
    graph = read_graph(model)
    feeds = {v.name: t.array() for v, t in zip(graph.inputs, inputs, strict=False)}
    return {d.name: _expected_of(d) for d in disturbed(graph, feeds, exposed(graph))[1]}


def _expected_of(d: Disturbed) -> Expected:
    """Where rounding decides the shape, nothing is known."""
    open_ = ~np.isfinite(d.moved)
    moved = np.where(open_, 0.0, d.moved)
    double = d.dtype == "float64"  # then the reference rounds as much as the library: both get the bound, added
    own = 0.0 if double else _REFERENCE * moved * (d.value.dtype.kind == "f")
    radius = np.where(open_, np.inf, own)
    return Expected(name=d.name, dtype=d.dtype, value=d.value, radius=radius, scale=moved * (1 + double), any_sign_of_zero=True)


def _operators(sample: Sample) -> tuple[Expected, ...]:
    """Names, dtypes and shapes of all values; what each must be is asked on the library's own operands."""
    graph, feeds = feeds_of(sample)
    values = evaluate(graph, feeds, rounded_at_every_operator)
    more = {"model": np.frombuffer(model_of(sample), dtype=np.uint8), **{f"feed {i}": feeds[v.name] for i, v in enumerate(graph.inputs)}}
    names = exposed(graph)
    return tuple(
        Expected(name=n, dtype=values.dtypes[n], value=values.arrays[n], any_sign_of_zero=True, extra=more if n == names[0] else {})
        for n in names
    )


def _expected(sample: Sample) -> tuple[Expected, ...]:
    """The maker's values, of outputs in the order of the model."""
    graph, _ = feeds_of(sample)
    its = {str(t[0]): v for t, v in zip(sample.param("tolerances"), sample.held[1:], strict=True)}
    return tuple(
        Expected(name=n, dtype=its[n].dtype, value=_exactly(its[n].array()), any_sign_of_zero=True) for n in graph.outputs if n in its
    )


def _exactly(a: Array) -> Array:
    return a.astype(np.float64) if a.dtype.kind in "fV" else a


def criterion(sample: Sample) -> Criterion:
    """By way of asking."""
    if sample.param("way") == EXPECTED:
        graph, _ = feeds_of(sample)
        told = {str(t[0]): t for t in sample.param("tolerances")}
        limits = [told[n] for n in graph.outputs if n in told]
        return Each(
            criteria=tuple(
                Declared(output=t[0], absolute=float(t[1]), relative=float(t[2]), ulps=float(t[3]), reason=t[4]) for t in limits
            )
        )
    return LOCAL if sample.param("way") == OPERATORS else WHOLE


def _altered(id: str, sentence: str, change: Callable[[onnx.ModelProto], None]) -> Fault:
    """What a library answers that executes another model than it was given."""

    def apply(function: Function, sample: Sample, _: Results) -> Results | None:
        if sample.param("way") == EXPECTED:
            return None
        model = onnx.load_model_from_string(model_of(sample))
        change(model)
        other = Tensor.of(np.frombuffer(model.SerializeToString(deterministic=True), dtype=np.uint8))
        return faults.truth(function, replace(sample, held=(other, *sample.held[1:])))

    return Fault(id=id, sentence=sentence, apply=apply)


def _constant(model: onnx.ModelProto, name: str, change: Callable[[Array], Array]) -> None:
    for t in model.graph.initializer:
        if t.name == name:
            t.CopyFrom(numpy_helper.from_array(change(numpy_helper.to_array(t)), name))


def _flip(w: Array) -> Array:
    """The sign of the largest element."""
    flat = w.ravel().copy()
    flat[np.abs(flat).argmax()] *= -1
    return np.asarray(flat.reshape(w.shape))


def _epsilon(model: onnx.ModelProto) -> None:
    for n in model.graph.node:
        if n.op_type in ("LayerNormalization", "BatchNormalization"):
            n.attribute.append(onnx.helper.make_attribute("epsilon", 1e-4))


FUNCTIONS = (
    Function(
        id="whole_model",
        side=Side.INFERENCE,
        area="whole models",
        requirement="The library shall execute a model as the operators of its graph define it, whatever it folds, fuses or rearranges.",
        source="ONNX operator specification, of every operator of the model",
        oracle="the graph evaluated in double precision by the host, node by node; every node again on the values that the library gave it",
        samples=samples,
        reference=reference,
        criterion=criterion,
        faults=(
            faults.TF32_INPUTS,
            faults.BF16_INPUTS,
            _altered("flipped-weight", "One weight of the second product has the wrong sign.", lambda m: _constant(m, "w2", _flip)),
            _altered("dropped-bias", "The bias of the second product is lost when layers are fused.", lambda m: _constant(m, "b2", np.zeros_like)),
            _altered("wrong-epsilon", "Normalisation adds ten times as much to the variance.", _epsilon),
            faults.one_element(),
        ),
    ),
)

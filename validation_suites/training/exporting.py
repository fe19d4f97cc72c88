"""Export of small networks to ONNX: the written graph is evaluated by the host, so that a wrong export shows without trusting any runtime."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import onnx
from onnx import ModelProto, numpy_helper

from csvkit_ml.criteria import Moved
from csvkit_ml.model.function import Expected, Fault, Function, Results, Sample, Side, params
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references.graphs import disturbed, read_graph
from validation_suites.graphs.exported_graph import ExportedGraph
from validation_suites.graphs.packing import altered, packed
from validation_suites.graphs.small import batch, convolutional, perceptron

NETWORKS: dict[str, tuple[Callable[[], ModelProto], tuple[int, ...]]] = {"perceptron": (perceptron, (20,)), "convolutional": (convolutional, (3, 10, 10))}
"""The network as a graph of its own making, and the shape of one operand."""
EXAMPLE, JUDGED = 2, 5
"""Operands that the exporter sees, and that the graph is judged with: another batch."""
OPSET, EARLIER = 17, 13


def model_of(sample: Sample) -> bytes:
    """The network as the graph of its definition."""
    return sample.held[0].data


def samples() -> Iterable[Sample]:
    """(x, weights in the order of the definition's constants); held: (the definition as a graph)."""
    for name, opset in (*((n, OPSET) for n in NETWORKS), ("perceptron", EARLIER)):
        make, shape = NETWORKS[name]
        made = make()
        weights = tuple(Tensor.of(numpy_helper.to_array(t)) for t in made.graph.initializer)
        inputs = (Tensor.of(batch(f"{name} example", (EXAMPLE, *shape))), *weights)
        held = Tensor.of(np.frombuffer(made.SerializeToString(deterministic=True), dtype=np.uint8))
        label = f"float32-{name}" + f"-opset{opset}" * (opset != OPSET)
        yield Sample(name=label, dtype="float32", inputs=inputs, params=params(network=name, opset=opset), held=(held,))


def reference(sample: Sample) -> tuple[Expected, ...]:
    """The definition's own bytes stand for any right export; what a graph must compute lies beside them."""
    _, shape = NETWORKS[str(sample.param("network"))]
    x = batch(f"{sample.param('network')} judged", (JUDGED, *shape))
    (y,) = disturbed(read_graph(model_of(sample)), {"x": x})[1]
    return (Expected(name="y", dtype="uint8", value=packed(model_of(sample)), extra={"x": x, "y": y.value, "moved": y.moved}),)


def _altered(id: str, sentence: str, change: Callable[[ModelProto], None]) -> Fault:
    return altered(id, sentence, model_of, change)


def _constant(name: str, change: Callable[[Array], Array]) -> Callable[[ModelProto], None]:
    def changed(model: ModelProto) -> None:
        for t in model.graph.initializer:
            if t.name == name:
                t.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(change(numpy_helper.to_array(t))), name))

    return changed


def _epsilon(model: ModelProto) -> None:
    for n in model.graph.node:
        if n.op_type in ("LayerNormalization", "BatchNormalization"):
            n.attribute.append(onnx.helper.make_attribute("epsilon", 1e-3))


def _baked(model: ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = EXAMPLE


def _without_activation(model: ModelProto) -> None:
    for n in model.graph.node:
        if n.op_type in ("Relu", "Tanh"):
            n.op_type = "Identity"
            return


def _cut_off(_: Function, sample: Sample, __: Results) -> Results:
    return (packed(model_of(sample)[:-200]),)


FUNCTIONS = (
    Function(
        id="onnx_export", side=Side.TRAINING, area="networks",
        requirement="The library shall export a network to ONNX as a graph that computes what the network's layers define, for any batch.",
        source="ONNX operator specification, of every operator of the exported graph; PyTorch reference, torch.onnx.export",
        oracle="the network in double precision, and the exported graph evaluated in double by the host, node by node",
        samples=samples, reference=reference,
        criterion=ExportedGraph(
            each=Moved(
                k=4.0, k_hard=16.0,
                scale="largest distance over 8 evaluations of the network in which every operator's result is moved at random by what its class rounds",
                rationale="An exporter may fold constants and fuse operators, which rounds weights anew: no more than executing the network in "
                "float32 would. Evaluating both graphs in double leaves nothing else to differ.",
                literature="Parker 1997 (Monte Carlo arithmetic); Higham 2002, ch. 3",
            )
        ),
        faults=(
            _altered("transposed-weight", "A matrix of weights is written in the other order.", _constant("w2", lambda w: w[::-1])),
            _altered("dropped-bias", "A bias is left out.", _constant("b2", np.zeros_like)),
            _altered("float16-weights", "Weights are written in half precision.", _constant("w2", lambda w: w.astype(np.float16).astype(np.float32))),
            _altered("wrong-epsilon", "The normalisation's epsilon is another.", _epsilon),
            _altered("batch-baked", "The batch of the example is part of the graph.", _baked),
            _altered("no-activation", "An activation is left out.", _without_activation),
            Fault(id="cut-off", sentence="The file ends too early.", apply=_cut_off),
        ),
    ),
)  # fmt: skip

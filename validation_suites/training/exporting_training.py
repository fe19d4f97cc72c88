"""Export of networks in training mode: layers that train stay in the graph, and weights are copied bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from csvkit_ml.model.function import Criterion, Expected, Fault, Function, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Array
from validation_suites.graphs.exported_training import TrainingGraph
from validation_suites.graphs.packing import altered, packed
from validation_suites.sampling import normal, positive

RATE, MOMENTUM, EPS = 0.25, 0.125, 2.0**-10
KINDS = {"dense": (6,), "convolutional": (3, 5, 5)}
"""Shape of one operand."""
NAMES = ("first", "first_bias", "scale", "shift", "mean", "variance", "second", "second_bias")
CHANNELS, OUTPUTS = 8, 4


def _samples() -> Iterable[Sample]:
    """(x of three, then the weights in the order of NAMES)."""
    for i, (kind, opset) in enumerate((k, o) for k in KINDS for o in (14, 17)):
        shape = KINDS[kind]
        first = (CHANNELS, *shape) if kind == "dense" else (CHANNELS, 3, 3, 3)
        second = (OUTPUTS, CHANNELS if kind == "dense" else CHANNELS * 25)
        shapes = (first, (CHANNELS,), (CHANNELS,), (CHANNELS,), (CHANNELS,), (CHANNELS,), second, (OUTPUTS,))
        made = [(positive if n in ("scale", "variance") else normal)("float32", s, "exported", kind, n) for n, s in zip(NAMES, shapes, strict=True)]
        x = normal("float32", (3, *shape), "exported x", kind)
        how = params(kind=kind, opset=opset, rate=RATE, momentum=MOMENTUM, eps=EPS)
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        yield Sample(name=f"{kind}-opset{opset}", dtype="float32", inputs=(x, *made), params=how, why=why)


def weights(sample: Sample) -> dict[str, Array]:
    """By name."""
    return dict(zip(NAMES, sample.arrays()[1:], strict=True))


def copied(sample: Sample) -> dict[str, Array]:
    """Weights that an export copies; running statistics are moved by the example that goes through the network (a trap: a maker puts them back)."""
    return {k: a for k, a in weights(sample).items() if k not in ("mean", "variance")}


def _nodes(kind: str) -> list[NodeProto]:
    make = helper.make_node
    norm = make("BatchNormalization", ["a", "scale", "shift", "mean", "variance"], ["b", "m", "v"], name="norm", training_mode=1, epsilon=EPS,
                momentum=1 - MOMENTUM)  # fmt: skip
    rest = [norm, make("Relu", ["b"], ["c"]), make("Dropout", ["c", "rate", "on"], ["d"], name="drop")]
    last = make("Gemm", ["f" if kind != "dense" else "d", "second", "second_bias"], ["y"], transB=1)
    if kind == "dense":
        return [make("Gemm", ["x", "first", "first_bias"], ["a"], transB=1), *rest, last]
    return [make("Conv", ["x", "first", "first_bias"], ["a"], pads=[1, 1, 1, 1], kernel_shape=[3, 3]), *rest, make("Flatten", ["d"], ["f"]), last]


def definition(sample: Sample) -> ModelProto:
    """A right export, of our own making."""
    kind = str(sample.param("kind"))
    held = {**weights(sample), "rate": np.array(RATE, dtype=np.float32), "on": np.array(True)}
    ends = ("x", ["n", *KINDS[kind]]), ("y", ["n", OUTPUTS])
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in ends)
    graph = helper.make_graph(_nodes(kind), "training", [x], [y], [numpy_helper.from_array(a, n) for n, a in held.items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", int(sample.param("opset")))], ir_version=8)


def model_of(sample: Sample) -> bytes:
    """Its bytes."""
    return bytes(definition(sample).SerializeToString(deterministic=True))


def reference(sample: Sample) -> tuple[Expected, ...]:
    """The definition's own bytes stand for any right export; the weights lie beside them."""
    return (Expected(name="y", dtype="uint8", value=packed(model_of(sample)), extra=copied(sample)),)


def _judged(sample: Sample) -> Criterion:
    kind = str(sample.param("kind"))
    layers = ("Gemm" if kind == "dense" else "Conv", "BatchNormalization", "Relu", "Dropout", "Gemm")
    return TrainingGraph(layers=layers, shape=KINDS[kind], rate=RATE, momentum=MOMENTUM, eps=EPS)


def _altered(id: str, sentence: str, change: Callable[[ModelProto], None]) -> Fault:
    return altered(id, sentence, model_of, change)


def _set(model: ModelProto, name: str, value: Array) -> None:
    for t in model.graph.initializer:
        if t.name == name:
            t.CopyFrom(numpy_helper.from_array(value, name))


def _next(model: ModelProto) -> None:
    """The last bit of one weight is another."""
    held = next(numpy_helper.to_array(t).copy() for t in model.graph.initializer if t.name == "first")
    held.reshape(-1)[-1] = np.nextafter(held.reshape(-1)[-1], np.float32(9))
    _set(model, "first", held)


def _without_dropout(model: ModelProto) -> None:
    next(n for n in model.graph.node if n.op_type == "Dropout").CopyFrom(onnx.helper.make_node("Identity", ["c"], ["d"]))


def _for_use(model: ModelProto) -> None:
    norm = next(n for n in model.graph.node if n.op_type == "BatchNormalization")
    del norm.output[1:]
    next(a for a in norm.attribute if a.name == "training_mode").i = 0


def _own_momentum(model: ModelProto) -> None:
    """The share of the batch where the share of what was before belongs."""
    next(a for n in model.graph.node for a in n.attribute if a.name == "momentum").f = MOMENTUM


def _baked(model: ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 3


FUNCTIONS = (
    Function(
        id="onnx_export_training", side=Side.TRAINING, area="networks",
        requirement="The library shall export a network in training mode with its dropout and batch norms training, and every parameter bit for bit.",
        source="ONNX operator specification, BatchNormalization and Dropout; PyTorch reference, torch.onnx.export (training, do_constant_folding)",
        oracle="exact: the network's layers and the weights' own bits", samples=_samples, reference=reference, criterion=_judged,
        faults=(
            _altered("no-dropout", "Dropout is left out.", _without_dropout),
            _altered("dropout-off", "Dropout is switched off.", lambda m: _set(m, "on", np.array(False))),
            _altered("other-rate", "Dropout has the rate of what is kept.", lambda m: _set(m, "rate", np.array(1 - RATE, dtype=np.float32))),
            _altered("norm-for-use", "The batch norm uses its running statistics.", _for_use),
            _altered("own-momentum", "The momentum is not that of the operator's definition.", _own_momentum),
            _altered("last-bit", "The last bit of one weight is another.", _next),
            _altered("batch-baked", "The batch of the example is part of the graph.", _baked),
        ),
    ),
)  # fmt: skip

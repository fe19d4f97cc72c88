"""ONNX lowering: a model is executed as it is; where its operators are asked, with every value as an output."""

from __future__ import annotations

import onnx

from csvkit_ml.libraries.onnxruntime.lowering.model import VARIANTS, Lowering
from csvkit_ml.model.function import Sample


def program(sample: Sample) -> bytes:
    """The bytes that a session is made of."""
    model = sample.held[0].data
    if sample.param("way") == "value":
        return _exposing(model, (sample.param("value"),))
    return _exposing(model) if sample.param("way") == "operators" else model


def build(sample: Sample) -> onnx.ModelProto:
    """The same, parsed."""
    return onnx.load_model_from_string(program(sample))


def _exposing(data: bytes, wanted: tuple[str, ...] = ()) -> bytes:
    """Outputs first, then the results of the nodes in order (or the wanted ones), each once."""
    model = onnx.load_model_from_string(data)
    known = {o.name for o in model.graph.output}
    for name in dict.fromkeys(wanted or (o for n in model.graph.node for o in n.output if o)):
        if name not in known:
            model.graph.output.append(onnx.ValueInfoProto(name=name))
    return bytes(model.SerializeToString(deterministic=True))


LOWERINGS = (
    Lowering(
        function="whole_model",
        names=("onnxruntime.InferenceSession",),
        build=build,
        program=program,
        dtypes=("float16", "bfloat16", "float32", "float64"),
        variants=(*VARIANTS, "parallel"),
    ),
)

"""ONNX lowering: Attention of opset 23."""

from __future__ import annotations

from typing import Any

import onnx
from onnx import helper

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, graph
from csvkit_ml.model.function import Sample


def _attention(sample: Sample) -> onnx.ModelProto:
    """Rank 4 as it is; rank 3 is ONNX's form with all heads side by side, of which there is one. Masks are lifted to rank 4."""
    feeds = {f"x{i}": t for i, t in enumerate(sample.inputs)}
    given: dict[str, Any] = {"is_causal": int(sample.param("causal"))}
    if sample.param("scale") is not None:
        given["scale"] = float(sample.param("scale"))
    nodes, names = [], list(feeds)
    if len(sample.inputs[0].shape) == 3:
        given.update(q_num_heads=1, kv_num_heads=1)
        if len(sample.inputs) > 3 and len(sample.inputs[3].shape) == 3:
            axis = helper.make_node("Constant", [], ["axis"], value_ints=[1])
            nodes += [axis, helper.make_node("Unsqueeze", [names[3], "axis"], ["mask"])]
            names[3] = "mask"
    nodes.append(helper.make_node("Attention", names, ["y"], **given))
    return graph(nodes, feeds, {"y": sample.dtype}, opset=23)


LOWERINGS = (
    Lowering(
        function="scaled_dot_product_attention",
        names=("ai.onnx.Attention",),
        build=_attention,
        dtypes=("float32", "float16"),
        since="1.23",
    ),
)

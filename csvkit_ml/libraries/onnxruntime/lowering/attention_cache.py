"""ONNX lowering: Attention of opset 23 with a cache, a cap, heads side by side, and scores as an output."""

from __future__ import annotations

from typing import Any

import onnx
from onnx import helper

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, graph
from csvkit_ml.model.function import Sample


def _attention(sample: Sample) -> onnx.ModelProto:
    """Outputs in the operator's order; those not asked have no name."""
    p: dict[str, Any] = dict(sample.params)
    feeds = {f"x{i}": t for i, t in enumerate(sample.inputs)}
    names = [*list(feeds)[:3], "x3" if p["masked"] else "", *(list(feeds)[-2:] if p["cached"] else [])]
    given: dict[str, Any] = {"scale": p["scale"], "softcap": p["softcap"] or None, "qk_matmul_output_mode": p["mode"]}
    if p["form"] == "3d":
        given.update(q_num_heads=p["heads"][0], kv_num_heads=p["heads"][1])
    out = ["y", *(["y1", "y2"] if p["cached"] else [])]
    asked = [*out, *([] if p["cached"] or p["mode"] is None else ["", ""]), *([f"y{len(out)}"] if p["mode"] is not None else [])]
    made = helper.make_node("Attention", names, asked, **{k: v for k, v in given.items() if v is not None})
    return graph([made], feeds, {n: sample.dtype for n in asked if n}, opset=23)


LOWERINGS = tuple(
    Lowering(function=f"attention_{kind}", names=("ai.onnx.Attention",), build=_attention, dtypes=("float32", "float16"), since="1.23")
    for kind in ("cache", "softcap", "scores")
)

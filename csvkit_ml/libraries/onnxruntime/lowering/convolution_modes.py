"""ONNX lowering: Pad in the mode asked, then Conv, which an optimiser may join only where padding is of zeros."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import helper

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, graph
from csvkit_ml.model.function import Sample
from csvkit_ml.model.tensor import Tensor

MODES = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def _build(s: Sample) -> onnx.ModelProto:
    """Weight and bias are constants: otherwise nothing is joined."""
    p: dict[str, Any] = dict(s.params)
    given = {f"x{i}": t for i, t in enumerate(s.inputs)}
    given["pads"] = Tensor.of(np.array([0, 0, *p["pads"]] * 2, dtype=np.int64))
    nodes = [
        helper.make_node("Pad", ["x0", "pads"], ["wide"], mode=MODES[p["mode"]]),
        helper.make_node("Conv", ["wide", *(f"x{i}" for i in range(1, len(s.inputs)))], ["y"], strides=list(p["stride"]),
            dilations=list(p["dilation"]), group=p["groups"], kernel_shape=list(s.inputs[1].shape[2:])),
    ]  # fmt: skip
    return graph(nodes, {"x0": given.pop("x0")}, {"y": s.dtype}, opset=19, initialisers=given)


LOWERINGS = (Lowering(function="conv_padding_modes", names=("ai.onnx.Conv", "ai.onnx.Pad"), build=_build),)

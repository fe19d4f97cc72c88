"""ONNX lowering: one LSTM node with all its operands, peepholes included."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, graph
from csvkit_ml.model.function import Sample
from csvkit_ml.model.tensor import Tensor


def _lstm(s: Sample) -> onnx.ModelProto:
    feeds = {f"x{i}": t for i, t in enumerate(s.inputs)}
    steps, batch, _ = s.inputs[0].shape
    lengths = {"lengths": Tensor.of(np.full(batch, steps, dtype=np.int32))}
    direction = "bidirectional" if s.inputs[1].shape[0] == 2 else "forward"
    given = ["x0", "x3", "x4", "x5", "lengths", "x1", "x2", "x6"]
    made = helper.make_node("LSTM", given, ["y", "y1", "y2"], hidden_size=int(s.param("hidden")), direction=direction)
    return graph([made], feeds, dict.fromkeys(("y", "y1", "y2"), "float32"), initialisers=lengths)


LOWERINGS = (Lowering(function="lstm_peephole", names=("ai.onnx.LSTM",), build=_lstm),)

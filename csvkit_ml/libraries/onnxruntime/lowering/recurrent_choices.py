"""ONNX lowering: recurrent nodes with their activations, numbers of activations, clipping and coupled gates."""

from __future__ import annotations

from typing import Any

import onnx
from onnx import helper

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, graph
from csvkit_ml.model.function import Sample

TITLES = {
    "sigmoid": "Sigmoid", "tanh": "Tanh", "relu": "Relu", "hardsigmoid": "HardSigmoid", "softsign": "Softsign", "leakyrelu": "LeakyRelu",
    "scaledtanh": "ScaledTanh", "affine": "Affine",
}  # fmt: skip
NUMBERS = {"hardsigmoid": (0.25, 0.5), "leakyrelu": (0.0625,), "scaledtanh": (1.5, 0.75), "affine": (0.5, 0.125)}


def _build(s: Sample) -> onnx.ModelProto:
    """Numbers are told in the order of the activations that have any, once for each direction."""
    p: dict[str, Any] = dict(s.params)
    both = s.inputs[1].shape[0] == 2
    asked = list(p["activations"]) * (1 + both)
    alpha, beta = ([NUMBERS[a][k] for a in asked if len(NUMBERS.get(a, ())) > k] for k in (0, 1))
    given: dict[str, Any] = {"hidden_size": int(p["hidden"]), "activations": [TITLES[a] for a in asked]}
    given |= {k: v for k, v in (("activation_alpha", alpha), ("activation_beta", beta)) if v}
    given |= {"direction": "bidirectional"} if both else {}
    given |= {"clip": float(p["clip"])} if p["clip"] is not None else {}
    given |= {"input_forget": 1} if p["coupled"] else {}
    lstm = p["kind"] == "lstm"
    w = ["x3", "x4", "x5"] if lstm else ["x2", "x3", "x4"]
    feeds = {f"x{i}": t for i, t in enumerate(s.inputs)}
    outputs = ["y", "y1", "y2"][: 2 + lstm]
    made = helper.make_node(p["kind"].upper(), ["x0", *w, "", "x1", *(["x2"] if lstm else [])], outputs, **given)
    return graph([made], feeds, dict.fromkeys(outputs, "float32"))


LOWERINGS = tuple(Lowering(function=f"{kind}_choices", names=(f"ai.onnx.{kind.upper()}",), build=_build) for kind in ("rnn", "gru", "lstm"))

"""ONNX lowering: RNN, LSTM and GRU, one node a layer; weights reordered to ONNX's gates (i o f c; z r h), fed or as constants."""

from __future__ import annotations

from functools import partial

import numpy as np
import onnx
from onnx import helper

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, graph
from csvkit_ml.model.function import Sample
from csvkit_ml.model.tensor import Tensor

ORDER = {"RNN": (0,), "LSTM": (0, 3, 1, 2), "GRU": (1, 0, 2)}
"""Place of each ONNX gate among the samples' (i f g o; r z n)."""


class _Builder:
    """Collects nodes and constants of one model."""

    def __init__(self, op: str, sample: Sample, reset_after: bool) -> None:
        self.op, self.sample, self.reset_after = op, sample, reset_after
        self.states = 2 if op == "LSTM" else 1
        self.layers, self.directions = int(sample.param("layers")), 2 if sample.param("bidirectional") else 1
        self.first = 1 + (self.states if sample.param("initial") else 0)
        self.feeds = {f"x{i}": t for i, t in enumerate(sample.inputs)}
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, Tensor] = {"joined": _ints(0, 0, -1), "axis": _ints(0)}

    def add(self, op: str, inputs: list[str], *outputs: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(op, inputs, list(outputs), **attributes))
        return outputs[0]

    def weights(self, layer: int, places: tuple[int, ...], name: str) -> str:
        """W, R or B of a layer, (directions, ...); places are those of the weights that are joined for a direction."""
        each = 4 if self.sample.param("bias") else 2
        start = self.first + layer * self.directions * each
        rows = [[start + d * each + p for p in places] for d in range(self.directions)]
        if self.sample.param("constant"):
            stacked = np.stack([np.concatenate([self.reordered(i) for i in row]) for row in rows])
            self.constants[name] = Tensor.of(stacked)
            return name
        made = [self.fed(row, f"{name}-{d}") for d, row in enumerate(rows)]
        return self.add("Concat", made, name, axis=0)

    def reordered(self, index: int) -> np.ndarray:
        blocks = np.split(self.sample.inputs[index].array(), len(ORDER[self.op]))
        return np.concatenate([blocks[i] for i in ORDER[self.op]])

    def fed(self, row: list[int], name: str) -> str:
        parts = []
        for index in row:
            gates = [f"{name}-{index}-{g}" for g in range(len(ORDER[self.op]))]
            self.add("Split", [f"x{index}"], *gates, axis=0)
            parts += [gates[i] for i in ORDER[self.op]]
        return self.add("Unsqueeze", [self.add("Concat", parts, f"{name}-flat", axis=0), "axis"], name)

    def start(self, state: int, layer: int) -> str:
        """Initial state of a layer, '' = none."""
        if not self.sample.param("initial"):
            return ""
        if self.layers == 1:
            return f"x{1 + state}"
        if layer == 0:
            self.add("Split", [f"x{1 + state}"], *(f"start{state}-{n}" for n in range(self.layers)), axis=0)
        return f"start{state}-{layer}"

    def layer(self, n: int, x: str) -> str:
        bias = self.weights(n, (2, 3), f"B{n}") if self.sample.param("bias") else ""
        given = [x, self.weights(n, (0,), f"W{n}"), self.weights(n, (1,), f"R{n}"), bias, self.lengths()]
        given += [self.start(s, n) for s in range(self.states)]
        while not given[-1]:
            given.pop()
        more = {} if self.op != "GRU" else {"linear_before_reset": int(self.reset_after)}
        outs = [f"Y{n}", *(f"final{s}-{n}" for s in range(self.states))]
        direction = "bidirectional" if self.directions == 2 else "forward"
        self.add(self.op, given, *outs, hidden_size=int(self.sample.param("hidden")), direction=direction, **more)
        turned = self.add("Transpose", [f"Y{n}"], f"turned{n}", perm=[0, 2, 1, 3])
        return self.add("Reshape", [turned, "joined"], f"joined{n}")

    def lengths(self) -> str:
        if self.sample.param("lengths") is None:
            return ""
        self.constants["lengths"] = Tensor.of(np.array(self.sample.param("lengths"), dtype=np.int32))
        return "lengths"

    def build(self) -> onnx.ModelProto:
        x = "x0"
        for n in range(self.layers):
            x = self.layer(n, x)
        self.ended(x)
        names = ["y1", "y2"][: self.states]
        for s, name in enumerate(names):
            self.add("Concat", [f"final{s}-{n}" for n in range(self.layers)], name, axis=0)
        outputs = dict.fromkeys(["y", *names], self.sample.dtype)
        return graph(self.nodes, self.feeds, outputs, initialisers=self.constants)

    def ended(self, x: str) -> None:
        """y, with what lies past the end of a sequence, of which ONNX says nothing, set to zero."""
        lengths = self.sample.param("lengths")
        if lengths is None:
            self.add("Identity", [x], "y")
            return
        steps = self.sample.inputs[0].shape[0]
        self.constants["inside"] = Tensor.of((np.arange(steps)[:, None] < np.array(lengths))[..., None])
        self.constants["zero"] = Tensor.of(np.zeros(1), self.sample.dtype)
        self.add("Where", ["inside", x, "zero"], "y")


def _ints(*values: int) -> Tensor:
    return Tensor.of(np.array(values, dtype=np.int64))


def _build(op: str, reset_after: bool, sample: Sample) -> onnx.ModelProto:
    return _Builder(op, sample, reset_after).build()


LOWERINGS = (
    Lowering(function="rnn", names=("ai.onnx.RNN",), build=partial(_build, "RNN", False)),
    Lowering(function="lstm", names=("ai.onnx.LSTM",), build=partial(_build, "LSTM", False)),
    Lowering(function="gru", names=("ai.onnx.GRU",), build=partial(_build, "GRU", True)),
    Lowering(function="gru_reset_before", names=("ai.onnx.GRU",), build=partial(_build, "GRU", False)),
)

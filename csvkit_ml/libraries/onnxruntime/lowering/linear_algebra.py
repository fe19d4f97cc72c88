"""ONNX lowering: matrix products, Einstein sums, determinants."""

from __future__ import annotations

import onnx
from onnx import helper

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, graph, node
from csvkit_ml.model.function import Sample

DTYPES = ("float32", "float64")


def _linear(sample: Sample) -> onnx.ModelProto:
    """Gemm for matrices, else Transpose, MatMul and Add, as exporters do."""
    if len(sample.inputs[0].shape) == 2:
        return node("Gemm", sample, transB=1)
    feeds = {f"x{i}": t for i, t in enumerate(sample.inputs)}
    has_bias = len(feeds) == 3
    nodes = [
        helper.make_node("Transpose", ["x1"], ["wt"], perm=[1, 0]),
        helper.make_node("MatMul", ["x0", "wt"], ["product" if has_bias else "y"]),
    ]
    if has_bias:
        nodes.append(helper.make_node("Add", ["product", "x2"], ["y"]))
    return graph(nodes, feeds, {"y": sample.dtype})


def _gemm(sample: Sample) -> onnx.ModelProto:
    p = dict(sample.params)
    return node("Gemm", sample, alpha=p["alpha"], beta=p["beta"], transA=int(bool(p["trans_a"])), transB=int(bool(p["trans_b"])))


LOWERINGS = (
    Lowering(function="matmul", names=("ai.onnx.MatMul",), build=lambda s: node("MatMul", s), dtypes=DTYPES),
    Lowering(function="linear", names=("ai.onnx.Gemm", "ai.onnx.MatMul", "ai.onnx.Add"), build=_linear, dtypes=DTYPES),
    Lowering(function="gemm", names=("ai.onnx.Gemm",), build=_gemm, dtypes=DTYPES),
    Lowering(function="einsum", names=("ai.onnx.Einsum",), build=lambda s: node("Einsum", s, equation=s.param("equation")), dtypes=DTYPES),
    Lowering(function="det", names=("ai.onnx.Det",), build=lambda s: node("Det", s), dtypes=("float32",)),
)

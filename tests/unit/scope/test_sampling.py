"""Cases of a product's own shapes: each raiser names operands that its function's reference accepts; what is left out has a reason."""

from __future__ import annotations

from typing import Any

import pytest

from csvkit_ml import registry
from csvkit_ml.model.function import SampleClass
from csvkit_ml.model.scope import Operand, Phase, Use
from csvkit_ml.scope.collect import gather
from csvkit_ml.scope.sampling import LARGEST, MOST, Generated, generate
from tests.worlds.intended_use import SOURCE

FUNCTIONS = registry.functions()
X, W, V = (2, 4, 9, 9), (6, 4, 3, 3), (4,)
CONV = {"stride": (2, 2), "padding": (1, 0), "dilation": (1, 1), "transposed": False, "output_padding": (0, 0), "groups": 1}
TORCH: list[tuple[str, list[tuple[int, ...]], dict[str, Any], str]] = [
    ("aten::relu.default", [(3, 5)], {}, "relu"),
    ("aten::gelu.default", [(3, 5)], {"approximate": "tanh"}, "gelu_tanh"),
    ("aten::add.Tensor", [(3, 5), (5,)], {}, "add"),
    ("aten::mul_.Tensor", [(3, 5), (3, 1)], {}, "mul"),
    ("aten::mm.default", [(3, 5), (5, 2)], {}, "matmul"),
    ("aten::bmm.default", [(2, 3, 5), (2, 5, 2)], {}, "bmm"),
    ("aten::linear.default", [(3, 5), (2, 5), (2,)], {}, "linear"),
    ("aten::addmm.default", [(2,), (3, 5), (5, 2)], {"alpha": 2}, "gemm"),
    ("aten::convolution.default", [X, W], {"bias": None} | CONV, "conv2d"),
    ("aten::convolution.default", [X, (4, 3, 3, 3), (3,)], CONV | {"transposed": True, "output_padding": (1, 0)}, "conv_transpose2d"),
    ("aten::conv1d.default", [(2, 4, 9), (6, 4, 3)], {}, "conv1d"),
    ("aten::max_pool2d_with_indices.default", [X], {"kernel_size": (3, 3), "stride": (2, 2), "padding": (1, 1)}, "max_pool2d"),
    ("aten::avg_pool2d.default", [X], {"kernel_size": (3,), "stride": ()}, "avg_pool2d"),
    ("aten::_softmax.default", [(3, 5)], {"dim": -1, "half_to_float": False}, "softmax"),
    ("aten::_log_softmax.default", [(3, 5)], {"dim": 1, "half_to_float": False}, "log_softmax"),
    ("aten::native_batch_norm.default", [X, V, V, V, V], {"training": False, "momentum": 0.1, "eps": 1e-5}, "batch_norm"),
    ("aten::native_layer_norm.default", [(3, 5), (5,), (5,)], {"normalized_shape": (5,), "eps": 1e-5}, "layer_norm"),
    ("aten::mean.dim", [(3, 5, 2)], {"dim": (1, -1), "keepdim": True}, "reduce_mean"),
    ("aten::sum.default", [(3, 5)], {}, "reduce_sum"),
    ("aten::cat.default", [(3, 5), (2, 5)], {}, "concat"),
]
ONNX: list[tuple[str, list[tuple[int, ...]], dict[str, Any], str]] = [
    ("ai.onnx.Relu", [(3, 5)], {}, "relu"),
    ("ai.onnx.MatMul", [(3, 5), (5, 2)], {}, "matmul"),
    ("ai.onnx.Gemm", [(3, 5), (2, 5), (2,)], {"transB": 1, "alpha": 1.0}, "gemm"),
    ("ai.onnx.Conv", [X, W], {"pads": (0, 1, 2, 1), "strides": (2, 1)}, "conv2d"),
    ("ai.onnx.ConvTranspose", [X, (4, 3, 3, 3)], {"strides": (2, 2), "output_padding": (1, 1)}, "conv_transpose2d"),
    ("ai.onnx.MaxPool", [X], {"kernel_shape": (2, 2), "strides": (2, 2)}, "max_pool2d"),
    ("ai.onnx.AveragePool", [X], {"kernel_shape": (3, 3), "pads": (1, 1, 1, 1)}, "avg_pool2d"),
    ("ai.onnx.Softmax", [(3, 5)], {"axis": 1}, "softmax"),
    ("ai.onnx.BatchNormalization", [X, V, V, V, V], {"epsilon": 1e-3}, "batch_norm"),
    ("ai.onnx.LayerNormalization", [(3, 5), (5,)], {}, "layer_norm"),
    ("ai.onnx.Concat", [(3, 5), (3, 1)], {"axis": 1}, "concat"),
]


def used(operator: str, shapes: list[tuple[int, ...]], attributes: dict[str, Any], *dtypes: str, phase: Phase = Phase.FORWARD) -> Use:
    kinds = dtypes or ("float32",) * len(shapes)
    operands = tuple(Operand(dtype=d, shape=s) for d, s in zip(kinds, shapes, strict=True))
    return Use(operator=operator, version=17, phase=phase, operands=operands, attributes=tuple(sorted(attributes.items())))


def made(library: str, *uses: Use) -> Generated:
    return generate(gather(library, (SOURCE,), uses), registry.library(library).raisers(), FUNCTIONS)


ROWS = [*(("torch", r) for r in TORCH), *(("onnxruntime", r) for r in ONNX)]


@pytest.mark.parametrize(("library", "row"), ROWS, ids=lambda v: v if isinstance(v, str) else v[0])
def test_a_use_becomes_a_case_with_a_reference(library: str, row: tuple[str, list[tuple[int, ...]], dict[str, Any], str]) -> None:
    operator, shapes, attributes, function = row
    samples, left_out = made(library, used(operator, shapes, attributes))
    assert left_out == ()
    (sample,) = samples[function]
    assert sorted(t.shape for t in sample.inputs) == sorted(shapes)
    assert sample.why is SampleClass.SCOPE and sample.name.startswith("scope-")
    own = {tuple(n for n, _ in s.params) for s in FUNCTIONS[function].samples()}
    assert tuple(n for n, _ in sample.params) in own
    assert FUNCTIONS[function].reference(sample)
    registry.library(library).lower(function, sample)


@pytest.mark.parametrize(
    ("operator", "function", "attributes"),
    [("aten::embedding.default", "embedding", {}), ("aten::gather.default", "gather", {"dim": 0}), ("aten::index_select.default", "index_select", {"dim": 0})],
)
def test_positions_lie_inside_their_axis(operator: str, function: str, attributes: dict[str, Any]) -> None:
    at = (4, 3) if function != "index_select" else (9,)
    samples, left_out = made("torch", used(operator, [(5, 3), at], attributes, "float32", "int64"))
    (sample,) = samples[function]
    assert left_out == () and set(sample.arrays()[1].reshape(-1).tolist()) <= set(range(5))
    assert FUNCTIONS[function].reference(sample)


def test_the_same_use_gives_the_same_sample_whatever_the_phase() -> None:
    one, two = (used("aten::relu.default", [(3, 5)], {}, phase=p) for p in (Phase.FORWARD, Phase.INFERENCE))
    assert made("torch", one) == made("torch", one, two) == made("torch", two)
    assert made("torch", one)[0] != made("torch", used("aten::relu.default", [(5, 3)], {}))[0]


@pytest.mark.parametrize(
    ("use", "reason"),
    [
        (used("aten::fft_fft.default", [(3,)], {}), "nothing tells which function it is"),
        (used("aten::relu.default", [(-1, 3)], {}), "the scope does not tell its shapes"),
        (used("aten::relu.default", [(LARGEST + 1,)], {}), "elements, more than"),
        (used("aten::relu.default", [(0, 3)], {}), "no elements"),
        (used("aten::relu.default", [(3,)], {}, "quint8"), "a dtype that no sample can have"),
        (used("aten::log.default", [(3,)], {}, "int64"), "has no sample of int64"),
        (used("aten::add.Tensor", [(3,), (3,)], {}, "float32", "float64"), "its operands have 2 dtypes"),
        (used("aten::add.Tensor", [(3,), (3,)], {"alpha": 3}), "no case has alpha = 3"),
        (used("aten::add.Tensor", [(3,)], {"other": 1}), "no case has other = 1"),
        (used("aten::convolution.default", [X, W], CONV | {"stride": "2..."}), "an attribute is 2..."),
        (used("aten::max_pool2d.default", [X], {}), "not as expected (KeyError)"),
        (used("aten::native_batch_norm.default", [X, V, V, V, V], {"training": True}), "statistics of the batch"),
    ],
)
def test_what_cannot_be_raised_is_listed_with_its_reason(use: Use, reason: str) -> None:
    samples, (left_out,) = made("torch", use)
    assert samples == {}
    assert reason in left_out.reason
    assert left_out.operands.startswith(use.operands[0].dtype)


def test_functions_have_a_bounded_number_of_such_samples() -> None:
    samples, left_out = made("torch", *(used("aten::relu.default", [(n + 1,)], {}) for n in range(MOST + 3)))
    assert (len(samples["relu"]), len(left_out)) == (MOST, 3)


def test_a_function_outside_the_run_or_a_case_that_does_not_work_is_listed() -> None:
    scope, raisers = gather("torch", (SOURCE,), [used("aten::relu.default", [(3,)], {})]), registry.library("torch").raisers()
    assert [n.reason for n in generate(scope, raisers, {})[1]] == ["relu is not in this run"]
    assert [n.reason for n in generate(scope, raisers, FUNCTIONS, lambda f, s: f"{f} breaks")[1]] == ["relu breaks"]

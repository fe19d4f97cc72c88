"""Every operator in double precision against a second route: the onnx package's evaluator, or the mathematics of Python's own library."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from onnx.reference import ReferenceEvaluator

from csvkit_ml.model.tensor import Array
from csvkit_ml.references.graphs import GraphError, evaluate, read_graph
from csvkit_ml.references.graphs.evaluation import OPERATORS
from csvkit_ml.references.graphs.moves import MOVES, RECURRENT
from tests.unit.references.graphs.one_node import one

RNG = np.random.default_rng(7)
INTS = np.array


def d(*shape: int, low: float = -2.0, high: float = 2.0) -> Array:
    """Doubles that no float32 is: what passes through single precision shows."""
    return RNG.uniform(low, high, shape)


X = d(2, 3, 5, 6)
I = np.int64  # noqa: E741
CASES: tuple[tuple[str, tuple[Any, ...], dict[str, Any]], ...] = (
    *((op, (X,), {}) for op in ("Abs", "Neg", "Floor", "Ceil", "Round", "Sign", "Relu", "Exp", "Sin", "Cos", "Tan", "Atan", "Sinh", "Cosh",
                                "Asinh", "Tanh", "Sigmoid", "Softsign", "Elu", "Selu", "LeakyRelu", "Identity", "Celu", "Mish",
                                "Softplus", "GlobalAveragePool", "GlobalMaxPool", "Shape", "Size", "Not", "IsNaN", "IsInf", "NonZero"))
    , *((op, (d(3, 4, low=0.1, high=0.9),), {}) for op in ("Sqrt", "Log", "Reciprocal", "Asin", "Acos", "Atanh")),
    ("Acosh", (d(7, low=1.1, high=4.0),), {}), ("ThresholdedRelu", (X,), {"alpha": 0.75}), ("Elu", (X,), {"alpha": 0.5}),
    *((op, (d(2, 3, 4), d(3, 1)), {}) for op in ("Add", "Sub", "Mul", "Div", "Greater", "LessOrEqual", "PRelu")),
    ("Div", (INTS([7, -7, 9], dtype=I), INTS([2, 2, -4], dtype=I)), {}), ("Pow", (d(5, low=0.2), INTS([2.5])), {}),
    *((op, (d(2, 3), d(2, 3), d(3)), {}) for op in ("Sum", "Mean", "Max", "Min")), ("Clip", (X, np.float64(-0.5), np.float64(0.7)), {}),
    ("MatMul", (d(2, 1, 4, 5), d(3, 5, 2)), {}), ("Gemm", (d(5, 4), d(6, 5), d(6)), {"transA": 1, "transB": 1, "alpha": 0.5, "beta": 2.0}),
    ("Einsum", (d(2, 3, 4), d(2, 4, 5)), {"equation": "bij,bjk->bik"}),
    ("Conv", (X, d(4, 3, 3, 2), d(4)), {"pads": [1, 0, 2, 1], "strides": [2, 1], "dilations": [1, 2]}),
    ("Conv", (d(1, 4, 7, 7), d(6, 2, 3, 3)), {"group": 2, "auto_pad": "SAME_UPPER", "strides": [2, 2]}),
    ("Conv", (d(2, 3, 9), d(4, 3, 3)), {"auto_pad": "SAME_LOWER"}),
    ("ConvTranspose", (d(1, 4, 4, 5), d(4, 3, 3, 3), d(3)), {"strides": [2, 2], "pads": [1, 1, 1, 1], "output_padding": [1, 1]}),
    ("MaxPool", (X,), {"kernel_shape": [3, 2], "strides": [2, 2], "pads": [1, 0, 1, 1], "ceil_mode": 1}),
    ("AveragePool", (X,), {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}),
    ("AveragePool", (X,), {"kernel_shape": [3, 3], "strides": [1, 1], "pads": [1, 1, 1, 1], "count_include_pad": 1}),
    *((op, (X, INTS([1, 3], dtype=I)), {"keepdims": k}) for op in ("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1",
                                                                   "ReduceL2", "ReduceSumSquare", "ReduceLogSumExp") for k in (0, 1)),
    ("CumSum", (d(3, 4), INTS(1, dtype=I)), {"exclusive": 1, "reverse": 1}), ("Softmax", (X,), {"axis": 1}), ("LogSoftmax", (X,), {"axis": -1}),
    ("BatchNormalization", (X, d(3), d(3), d(3), d(3, low=0.5)), {"epsilon": 1e-3}), ("LayerNormalization", (X, d(6), d(6)), {"axis": -1}),
    ("InstanceNormalization", (X, d(3), d(3)), {}), ("LpNormalization", (X,), {"axis": 1, "p": 2}),
    ("Concat", (d(2, 3), d(2, 1)), {"axis": 1}), ("Transpose", (X,), {"perm": [0, 2, 3, 1]}), ("Reshape", (X, INTS([6, -1], dtype=I)), {}),
    ("Flatten", (X,), {"axis": 2}), ("Squeeze", (d(1, 3, 1), INTS([0], dtype=I)), {}), ("Unsqueeze", (d(3), INTS([0, 2], dtype=I)), {}),
    ("Slice", (X, INTS([1], dtype=I), INTS([4], dtype=I), INTS([2], dtype=I), INTS([2], dtype=I)), {}), ("Gather", (d(5, 3), INTS([4, 0], dtype=I)), {}),
    ("GatherElements", (d(3, 3), INTS([[0, 2, 1]], dtype=I)), {}), ("GatherND", (d(3, 3), INTS([[0, 2], [1, 1]], dtype=I)), {}),
    ("Expand", (d(3, 1), INTS([2, 3, 4], dtype=I)), {}), ("Tile", (d(2, 3), INTS([2, 2], dtype=I)), {}), ("Trilu", (d(4, 4),), {"upper": 0}),
    ("Pad", (d(2, 3), INTS([1, 0, 0, 2], dtype=I), np.float64(0.1)), {}), ("Where", (INTS([True, False]), d(3, 2), d(2)), {}),
    ("DepthToSpace", (d(1, 8, 2, 3),), {"blocksize": 2}), ("SpaceToDepth", (d(1, 2, 4, 6),), {"blocksize": 2}),
    ("ScatterElements", (d(3, 3), INTS([[0, 2, 1]], dtype=I), d(1, 3)), {}), ("ScatterND", (d(4, 2), INTS([[1], [3]], dtype=I), d(2, 2)), {}),
    ("ArgMax", (X,), {"axis": 1}), ("ArgMin", (X,), {"axis": 2, "keepdims": 0}), ("Mod", (d(4), INTS([0.7])), {"fmod": 1}),
    ("OneHot", (INTS([1, 0], dtype=I), INTS(3, dtype=I), d(2)), {}), ("Compress", (d(3, 2), INTS([True, False, True])), {"axis": 0}),
    ("Equal", (INTS([1, 2]), INTS([1, 3])), {}), ("And", (INTS([True, True]), INTS([True, False])), {}), ("Or", (INTS([False]), INTS([True])), {}),
    ("Xor", (INTS([True]), INTS([True])), {}), ("Less", (d(3), d(3)), {}), ("GreaterOrEqual", (d(3), d(3)), {}),
    ("Range", (np.float64(0.1), np.float64(2.0), np.float64(0.3)), {}),
    ("Resize", (X, None, INTS([1, 1, 2, 1.5], dtype=np.float32)), {"mode": "linear"}), ("CastLike", (d(3), d(1)), {}),
)  # fmt: skip


@pytest.mark.parametrize(("op", "operands", "attributes"), CASES, ids=[f"{c[0]}-{i}" for i, c in enumerate(CASES)])
def test_the_onnx_package_agrees(op: str, operands: tuple[Any, ...], attributes: dict[str, Any]) -> None:
    if op in ("Not",):
        operands = (operands[0] > 0,)
    model, feeds = one(op, *operands, opset=22, **attributes)
    made = evaluate(read_graph(model.SerializeToString()), feeds).arrays["y0"]
    (wanted,) = ReferenceEvaluator(model).run(None, feeds)
    assert made.shape == np.shape(wanted)
    assert made.dtype.kind == np.asarray(wanted).dtype.kind
    room = 0.0 if op in MOVES else 1e-13
    assert np.allclose(made, wanted, rtol=room, atol=room)


@pytest.mark.parametrize(
    ("op", "truth", "attributes"),
    [
        ("Erf", math.erf, {}), ("Gelu", lambda x: x * math.erfc(-x / math.sqrt(2)) / 2, {}), ("Tanh", math.tanh, {}),
        ("Gelu", lambda x: x / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))), {"approximate": "tanh"}),
        ("Mish", lambda x: x * math.tanh(math.log1p(math.exp(x))), {}), ("Softplus", lambda x: math.log1p(math.exp(x)), {}),
        ("HardSwish", lambda x: x * min(1.0, max(0.0, x / 6 + 0.5)), {}),
        ("HardSigmoid", lambda x: min(1.0, max(0.0, float(np.float32(0.2)) * x + 0.5)), {}),
        ("Celu", lambda x: max(0.0, x) + min(0.0, 1.5 * math.expm1(x / 1.5)), {"alpha": 1.5}),
    ],
)  # fmt: skip
def test_the_mathematics_agrees(op: str, truth: Any, attributes: dict[str, Any]) -> None:
    x = np.array([-4.25, -1.1, -0.3, 0.0, 1e-9, 0.7, 2.6, 5.0])
    model, feeds = one(op, x, opset=20, **attributes)
    made = evaluate(read_graph(model.SerializeToString()), feeds).arrays["y0"]
    assert np.allclose(made, [truth(float(v)) for v in x], rtol=4e-15, atol=1e-16)


def test_local_response_by_its_formula() -> None:
    """The onnx package divides alpha by the size in single precision, and counts images instead of channels."""
    x = d(2, 5, 1, 2)
    model, feeds = one("LRN", x, size=4, alpha=0.5, beta=0.75, bias=2.0)
    made = evaluate(read_graph(model.SerializeToString()), feeds).arrays["y0"]
    for n, c, _, j in np.ndindex(*x.shape):
        near = sum(x[n, k, 0, j] ** 2 for k in range(5) if -1 <= k - c <= 2)
        assert math.isclose(made[n, c, 0, j], x[n, c, 0, j] / (2 + 0.125 * near) ** 0.75, rel_tol=1e-14)


@pytest.mark.parametrize("op", RECURRENT)
def test_recurrent_layers_stay_in_double(op: str) -> None:
    gates = {"GRU": 3, "LSTM": 4, "RNN": 1}[op]
    x, w, r = d(4, 2, 3), d(1, gates * 5, 3), d(1, gates * 5, 5)
    model, feeds = one(op, x, w, r, hidden_size=5)
    double = evaluate(read_graph(model.SerializeToString()), feeds).arrays["y0"]
    moved = evaluate(read_graph(model.SerializeToString()), {**feeds, "x0": x * (1 + 2.0**-40)}).arrays["y0"]
    assert double.dtype == np.float64
    assert 0 < np.abs(double - moved).max() < 1e-10


def test_recurrent_layers_that_are_not_evaluated_are_refused() -> None:
    operands = (d(4, 2, 3), d(1, 20, 3), d(1, 20, 5), None)
    usual, _ = one("LSTM", *operands, INTS([4, 4], dtype=np.int32), hidden_size=5, input_forget=0, activations=["Sigmoid", "Tanh", "Tanh"])
    for lengths, attributes, part in (
        ([4, 2], {}, "lengths"), ([4, 4], {"clip": 1.0}, "clip"), ([4, 4], {"activations": ["Relu", "Tanh", "Tanh"]}, "activations"),
    ):  # fmt: skip
        model, feeds = one("LSTM", *operands, INTS(lengths, dtype=np.int32), hidden_size=5, **attributes)
        with pytest.raises(GraphError, match=part):
            evaluate(read_graph(model.SerializeToString()), feeds)
    assert evaluate(read_graph(usual.SerializeToString()), feeds | {"x4": INTS([4, 4], dtype=np.int32)}).arrays["y0"].shape == (4, 1, 2, 5)


def test_quantisation_is_half_to_even_and_saturates() -> None:
    x, scale, zero = np.array([0.5, 1.5, -0.5, 300.0, -300.0, 2.49]), np.float64(1.0), np.int8(1)
    model, feeds = one("QuantizeLinear", x, scale, zero)
    made = evaluate(read_graph(model.SerializeToString()), feeds).arrays["y0"]
    assert made.tolist() == [1, 3, 1, 127, -128, 3]
    assert made.dtype == np.int8
    back, feeds = one("DequantizeLinear", made, np.float64(0.5), zero)
    assert evaluate(read_graph(back.SerializeToString()), feeds).arrays["y0"].tolist() == [0.0, 1.0, 0.0, 63.0, -64.5, 1.0]


def test_every_move_is_compared_above() -> None:
    """Those that are not have no operand in double, or are compared by value elsewhere."""
    assert set(MOVES) - {c[0] for c in CASES} == {"BitShift", "Constant", "ConstantOfShape", "EyeLike", "Split", "TopK"}
    assert len(OPERATORS) > 100


@pytest.mark.parametrize("attributes", [{"strides": [2, 2], "pads": [1, 0, 1, 1], "ceil_mode": 1}, {"dilations": [1, 2]}])
def test_positions_of_maxima_lead_to_the_maxima(attributes: dict[str, Any]) -> None:
    x = np.round(X * 2)  # ties
    model, feeds = one("MaxPool", x, results=2, kernel_shape=[3, 2], opset=22, **attributes)
    made = evaluate(read_graph(model.SerializeToString()), feeds).arrays
    assert made["y1"].dtype == np.int64
    assert x.ravel()[made["y1"]].tolist() == made["y0"].tolist()
    assert made["y1"].tolist() == np.asarray(ReferenceEvaluator(model).run(None, feeds)[1]).tolist()
    columns, _ = one("MaxPool", x, results=2, kernel_shape=[3, 2], storage_order=1, opset=22, **attributes)
    with pytest.raises(GraphError, match="first 1 results"):
        evaluate(read_graph(columns.SerializeToString()), feeds)

"""Every function that fails on an ONNX Runtime release, proven in a few lines of onnxruntime, onnx and numpy; nothing of mlcsv is used.

    PYTHON specs/findings/onnxruntime_proofs.py [--json]

Each proof returns what the library gave and what the definition gives, and is *wrong* where they differ by more than the stated
allowance. One line a proof: wrong | ok | not here (the release does not load or implement it), what, got, expected. `#n` is the
issue or request of that number at microsoft/onnxruntime, found by its text.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

Result = tuple[bool, object, object]
INF, NAN = math.inf, math.nan
F32, F64, F16, I64 = np.float32, np.float64, np.float16, np.int64
IR = {16: 8, 17: 8, 18: 8, 19: 9, 20: 9, 21: 10, 23: 11, 24: 12}
ABSENT = ("NOT_IMPLEMENTED", "under development", "only *guarantees*", "Unsupported model IR version", "No Op registered")
"""How the library says that it does not have something."""


@dataclass(frozen=True)
class Proof:
    """One statement about the library."""

    functions: str
    """Function ids of the suites, space separated."""
    says: str
    run: Callable[[], Result]
    alone: bool = False
    """The library may end the process."""


PROOFS: list[Proof] = []


def proof(functions: str, says: str, *, alone: bool = False) -> Callable[[Callable[[], Result]], Callable[[], Result]]:
    """Enter a proof."""

    def enter(run: Callable[[], Result]) -> Callable[[], Result]:
        PROOFS.append(Proof(functions, says, run, alone))
        return run

    return enter


def kind(x: Any) -> int:
    """Type of a graph's input."""
    return int(TensorProto.STRING if x.dtype == object else helper.np_dtype_to_tensor_dtype(x.dtype))


def graph(nodes: list[Any], fed: dict[str, Any], out: dict[str, int], *, opset: int = 18, held: Any = None, off: bool = False, calls: int = 1) -> list[Any]:
    """Outputs of a model's last call; `off` is without optimisation and without memory of the library's own."""
    inputs = [helper.make_tensor_value_info(n, kind(x), x.shape) for n, x in fed.items()]
    outputs = [helper.make_tensor_value_info(n, t, None) for n, t in out.items()]
    made = helper.make_graph(nodes, "proof", inputs, outputs, [numpy_helper.from_array(x, n) for n, x in (held or {}).items()])
    domains = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 5 if nodes[0].op_type == "TreeEnsemble" else 3)]
    model = helper.make_model(made, opset_imports=domains, ir_version=IR[opset])
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    if off:
        options.enable_cpu_mem_arena = False
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return [list(session.run(None, fed)) for _ in range(calls)][-1]


def op(name: str, *x: Any, opset: int = 18, out: int = 0, held: tuple[int, ...] = (), domain: str = "", **attributes: Any) -> Any:
    """First output of one operator. Operands that are None are left out; those whose places are in `held` are constants."""
    names = ["" if v is None else f"x{i}" for i, v in enumerate(x)]
    fed = {n: v for i, (n, v) in enumerate(zip(names, x, strict=True)) if n and i not in held}
    results = ["y", "places"] if name == "TopK" else ["y"]
    kinds = {"y": out or kind(x[0])} | ({"places": TensorProto.INT64} if name == "TopK" else {})
    node = helper.make_node(name, names, results, domain=domain, **attributes)
    return graph([node], fed, kinds, opset=opset, held={f"x{i}": x[i] for i in held})[0]


def full(value: float, n: int = 17, dtype: Any = F32) -> Any:
    """n times the value: vectorised kernels begin at 8 or 16."""
    return np.full(n, value, dtype)


def below(error: Any, limit: float) -> Result:
    """Wrong where an error exceeds the allowance."""
    return float(error) > limit, f"an error of {float(error):.2g}", f"at most {limit:.2g}"


def near(got: Any, want: float, relative: float) -> Result:
    """Wrong where the relative error exceeds the allowance."""
    value = float(np.asarray(got).item())
    if not math.isfinite(value):
        return repr(value) != repr(float(want)), value, want
    return abs(value - want) > relative * abs(want), f"{value:.10g}", f"{want:.10g}"


def equal(got: Any, want: Any) -> Result:
    """Wrong where they differ; NaN equals NaN, -0 is not 0."""
    shown = got.item() if hasattr(got, "item") and got.size == 1 else got.tolist() if hasattr(got, "tolist") else got
    return repr(shown) != repr(want), f"{shown:.10g}" if isinstance(shown, float) else shown, want


def runs(call: Callable[[], Any]) -> Result:
    """Wrong where a defined call is refused."""
    try:
        call()
    except Exception as error:
        if any(text in str(error) for text in ABSENT):
            raise
        return True, f"refused: {' '.join(str(error).split()[-6:])}", "a value"
    return False, "a value", "a value"


def rows(x: Any) -> Any:
    """The second axis, as an operand."""
    return (x, np.array([1], I64))


# --- NaN, infinity, signed zero ---------------------------------------------------------------------------------------------


@proof("maximum minimum max_of_many min_of_many", "#21455: Max(NaN, 0) is NaN")
def max_nan() -> Result:
    return equal(op("Max", np.array([[NAN], [1]], F32), np.array([0, 1], F32))[0, 0], NAN)


@proof("reduce_max reduce_min", "#10514: ReduceMax of a row of 19 that holds NaN is NaN")
def reduce_nan() -> Result:
    x = np.zeros((1, 19), F32)
    x[0, 7], x[0, 17] = NAN, 1
    return equal(op("ReduceMax", *rows(x), held=(1,), keepdims=0), NAN)


@proof("argmax argmin", "ArgMax of a row of 19 that holds NaN at 7 is 7, as for ReduceMax")
def arg_nan() -> Result:
    x = np.zeros((1, 19), F32)
    x[0, 7], x[0, 17] = NAN, 1
    return equal(op("ArgMax", x, out=TensorProto.INT64, axis=1, keepdims=0), 7)


@proof("max_pool1d max_pool2d max_pool3d", "MaxPool passes NaN on: window (NaN, 1)")
def pool_nan() -> Result:
    return equal(op("MaxPool", np.array([[[NAN, 1]]], F32), kernel_shape=[2]), NAN)


@proof("max_pool1d max_pool2d max_pool3d", "MaxPool of a window of -inf is -inf")
def pool_infinite() -> Result:
    return equal(op("MaxPool", np.full((1, 1, 2), -INF, F32), kernel_shape=[2]), -INF)


@proof("global_max_pool", "GlobalMaxPool passes NaN on")
def global_nan() -> Result:
    return equal(op("GlobalMaxPool", np.array([[[1, NAN, 2]]], F32)), NAN)


@proof("erf", "#28462: erf(NaN) is NaN")
def erf_nan() -> Result:
    return equal(op("Erf", full(NAN))[0], NAN)


@proof("prelu", "#28732: PRelu(inf) is inf, with slope 0")
def prelu_infinite() -> Result:
    return equal(op("PRelu", full(INF, 2), full(0, 2))[0], INF)


@proof("lstm", "LSTM with NaN in its input: NaN, not tanh(1)")
def lstm_nan() -> Result:
    x, one = np.full((1, 3, 5), NAN, F32), [np.ones(s, F32) for s in ((1, 32, 5), (1, 32, 8), (1, 64))]
    return equal(op("LSTM", x, *one, hidden_size=8)[0, 0, 1, 0], NAN)


@proof("gru gru_reset_before", "GRU with NaN in its input: NaN, not 0")
def gru_nan() -> Result:
    x, one = np.full((1, 3, 5), NAN, F32), [np.ones(s, F32) for s in ((1, 24, 5), (1, 24, 8), (1, 48))]
    return equal(op("GRU", x, *one, hidden_size=8)[0, 0, 1, 0], NAN)


@proof("log_softmax", "LogSoftmax of doubles: a row with NaN is NaN throughout")
def log_softmax_nan() -> Result:
    return equal(op("LogSoftmax", np.array([[1, NAN, 2] + [0.0] * 9]))[0, 0], NAN)


@proof("where", "Where(true, -0, 1) is -0")
def where_zero() -> Result:
    return equal(op("Where", np.array([True]), full(-0.0, 1), full(1, 1), out=TensorProto.FLOAT), -0.0)


@proof("ceil", "Ceil(-0.5) is -0")
def ceil_zero() -> Result:
    return equal(op("Ceil", full(-0.5))[0], -0.0)


@proof("floor", "Floor(-0) is -0: the definition returns an integral x itself")
def floor_zero() -> Result:
    return equal(op("Floor", full(-0.0))[0], -0.0)


@proof("sqrt reduce_l2", "Sqrt(inf) is inf")
def sqrt_infinite() -> Result:
    return equal(op("Sqrt", full(INF))[0], INF)


@proof("local_response_norm", "LRN of size 1: an infinite channel leaves the others finite")
def lrn_infinite() -> Result:
    return near(op("LRN", np.array([INF, 1, 1, 1], F32).reshape(1, 4, 1, 1), size=1, alpha=1.0, beta=1.0, bias=1.0)[0, 3, 0, 0], 0.5, 1e-6)


# --- accuracy ---------------------------------------------------------------------------------------------------------------


@proof("sqrt", "Sqrt is correctly rounded: float32 0.05250347 gives 0.22913636")
def sqrt_rounded() -> Result:
    x = full(0.0525034703, 32)
    return equal(op("Sqrt", x)[0], np.sqrt(x)[0].item())


@proof("log umath_log", "Log of a subnormal: log(1e-40)")
def log_subnormal() -> Result:
    return near(op("Log", full(1e-40))[0], -92.10341, 1e-6)


@proof("sin", "Sin of doubles beside -pi: relative error below 1e-15")
def sin_double() -> Result:
    x = np.linspace(-3.2, -3.1, 64)
    return below(np.abs(op("Sin", x) / np.array([math.sin(v) for v in x]) - 1).max(), 1e-15)


@proof("tanh", "Tanh of doubles beside 18: error of at most 4 u")
def tanh_double() -> Result:
    x = np.linspace(17, 19, 64)
    return below(np.abs(op("Tanh", x) - np.array([math.tanh(v) for v in x])).max(), 4 * 2.0**-53)


@proof("cast narrow_round_trip", "Cast double to float16 rounds once: 1 + 2^-11 + 2^-40 gives 1 + 2^-10")
def cast_once() -> Result:
    return equal(op("Cast", full(1 + 2**-11 + 2**-40, 1, F64), out=TensorProto.FLOAT16, to=TensorProto.FLOAT16), 1 + 2**-10)


@proof("narrow_round_trip", "#8787, #17953: float to float16 and back rounds: 1e6 gives inf, at level none too")
def cast_pair() -> Result:
    nodes = [helper.make_node("Cast", ["x"], ["q"], to=TensorProto.FLOAT16), helper.make_node("Cast", ["q"], ["y"], to=TensorProto.FLOAT)]
    return equal(graph(nodes, {"x": full(1e6, 1)}, {"y": TensorProto.FLOAT}, off=True)[0], INF)


@proof("hardshrink softshrink", "Shrink of doubles keeps doubles: 1.1 with lambd 0.5")
def shrink_double() -> Result:
    return near(op("Shrink", full(1.1, 1, F64), lambd=0.5), 1.1, 1e-15)


@proof("affine_grid", "AffineGrid of doubles: 0.1 * 2/3")
def affine_double() -> Result:
    theta = np.array([[[0.1, 0, 0], [0, 0.1, 0]]])
    return near(op("AffineGrid", theta, np.array([1, 1, 3, 3]), opset=20, held=(1,), align_corners=0).ravel()[-1], 0.1 * 2 / 3, 1e-15)


@proof("integer_pow", "Pow of int64: 3^39 exactly")
def pow_whole() -> Result:
    return equal(op("Pow", np.array([3]), np.array([39])), 3**39)


@proof("fmod", "Mod of int64 with fmod = 1: (2^62 + 1) mod 2^61 is 1")
def mod_whole() -> Result:
    return equal(op("Mod", np.array([2**62 + 1]), np.array([2**61]), fmod=1), 1)


@proof("reduce_l2", "ReduceL2 of doubles keeps doubles: (1, 1)")
def l2_double() -> Result:
    return near(op("ReduceL2", np.ones(2), np.array([0]), held=(1,), keepdims=0), math.sqrt(2), 1e-15)


@proof("logsumexp", "ReduceLogSumExp of float16 does not overflow: 33 times 1000")
def lse_half() -> Result:
    return near(op("ReduceLogSumExp", *rows(np.full((1, 33), 1000, F16)), held=(1,), keepdims=0), 1000 + math.log(33), 1e-3)


@proof("layer_norm", "#28463: LayerNormalization of 40000 .. 40003 has no NaN")
def layer_offset() -> Result:
    return near(op("LayerNormalization", np.arange(40000, 40004, dtype=F32)[None], np.ones(4, F32))[0, 3], 1.3416354, 1e-3)


@proof("group_norm", "GroupNormalization of 10000 .. 10003, like #28463")
def group_offset() -> Result:
    x = np.arange(10000, 10008, dtype=F32).reshape(1, 2, 4)
    return near(op("GroupNormalization", x, np.ones(2, F32), np.zeros(2, F32), opset=21, num_groups=2)[0, 0, 3], 1.3416354, 1e-3)


@proof("local_response_norm", "LRN of size 1: a large channel leaves no trace in the next")
def lrn_running() -> Result:
    return near(op("LRN", np.array([1e4, 1, 1, 1], F32).reshape(1, 4, 1, 1), size=1, alpha=1.0, beta=1.0, bias=1.0)[0, 1, 0, 0], 0.5, 1e-6)


@proof("dft", "DFT inverse of doubles, n = 6: error below 1e-14")
def dft_inverse() -> Result:
    x = np.stack([np.arange(6.0), np.zeros(6)], -1)[None]
    y = op("DFT", x, opset=17, axis=1, inverse=1)
    return below(np.abs(y[..., 0] + 1j * y[..., 1] - np.fft.ifft(np.arange(6.0))).max(), 1e-14)


@proof("dft", "DFT of 257 doubles of size 1: error below 1e-12")
def dft_long() -> Result:
    x = np.random.default_rng(0).standard_normal(257)
    y = op("DFT", np.stack([x, 0 * x], -1)[None], opset=17, axis=1)
    return below(np.abs(y[..., 0] + 1j * y[..., 1] - np.fft.fft(x)).max(), 1e-12)


@proof("signal_hamming_window", "HammingWindow of doubles begins with 4/46")
def hamming() -> Result:
    return near(op("HammingWindow", np.array(8), opset=17, out=TensorProto.DOUBLE, output_datatype=TensorProto.DOUBLE)[0], 4 / 46, 1e-15)


@proof("signal_blackman_window", "BlackmanWindow of doubles begins with 0")
def blackman() -> Result:
    return below(op("BlackmanWindow", np.array(8), opset=17, out=TensorProto.DOUBLE, output_datatype=TensorProto.DOUBLE)[0], 1e-15)


@proof("bernoulli", "Bernoulli(0.02): 2 % ones")
def complement() -> Result:
    return near(op("Bernoulli", full(0.02, 100000), seed=1.0).mean(dtype=F64), 0.02, 0.1)


# --- windows, regions, grids ------------------------------------------------------------------------------------------------


@proof("avg_pool1d avg_pool2d avg_pool3d", "#16203: the overhang of ceil mode is not counted: ones give ones")
def average_overhang() -> Result:
    y = op("AveragePool", np.ones((1, 1, 4), F32), opset=19, kernel_shape=[3], strides=[2], ceil_mode=1, count_include_pad=1)
    return equal(y, [[[1.0, 1.0]]])


@proof("avg_pool2d", "#27375: no padding at the ends of the first axis: its divisor is not cut by the second's")
def average_axes() -> Result:
    how: dict[str, Any] = {"kernel_shape": [3, 2], "strides": [2, 2], "pads": [0, 1, 0, 1], "ceil_mode": 1, "count_include_pad": 1}
    return equal(op("AveragePool", np.ones((1, 1, 4, 4), F32), opset=19, **how)[0, 0, 1], [0.5, 1.0, 0.5])


@proof("avg_pool2d avg_pool3d max_pool3d max_pool3d_positions", "#16351: no window begins past the data: 6 elements, kernel 1, stride 2, ceil mode")
def pool_beyond() -> Result:
    return equal(op("MaxPool", np.arange(6, dtype=F32).reshape(1, 1, 6), kernel_shape=[1], strides=[2], ceil_mode=1), [[[0.0, 2.0, 4.0]]])


@proof("lp_pool2d", "LpPool, the same: 12 x 15 with kernel 2 x 2, stride 3 x 2 gives 4 x 8")
def lp_beyond() -> Result:
    return equal(list(op("LpPool", np.ones((1, 1, 12, 15), F32), kernel_shape=[2, 2], strides=[3, 2], ceil_mode=1).shape), [1, 1, 4, 8])


@proof("roi_align_max", "#6146, onnx/onnx#4764: RoiAlign interpolates, then takes the maximum: 11.25 at (2.25, 2.25)")
def region_maximum() -> Result:
    how: dict[str, Any] = {"mode": "max", "output_height": 1, "output_width": 1, "sampling_ratio": 2}
    x, rois = np.arange(16, dtype=F32).reshape(1, 1, 4, 4), np.array([[0, 0, 3, 3]], F32)
    return equal(op("RoiAlign", x, rois, np.array([0]), coordinate_transformation_mode="output_half_pixel", **how), 11.25)


@proof("grid_sample_cubic", "#10607: bicubic with border: beyond the edge it is as if the edge went on")
def grid_border() -> Result:
    how: dict[str, Any] = {"mode": "bicubic", "padding_mode": "border", "align_corners": 1}
    x = np.arange(4, dtype=F32)
    long = op("GridSample", np.pad(x, 8, "edge").reshape(1, 1, 1, 20), np.array([[[[11.3 / 19 * 2 - 1, 0]]]], F32), opset=16, **how).item()
    return near(op("GridSample", x.reshape(1, 1, 1, 4), np.array([[[[1.2, 0]]]], F32), opset=16, **how).item(), long, 1e-5)


# --- trees ------------------------------------------------------------------------------------------------------------------


def tree(modes: list[str], values: list[float], features: list[int], ways: list[tuple[int, int]], x: Any) -> Any:
    """A regression tree whose leaves weigh 10, 20, ... in order; a missing value takes the false branch."""
    leaves = [i for i, m in enumerate(modes) if m == "LEAF"]
    n = len(modes)
    how: dict[str, Any] = {
        "nodes_treeids": [0] * n, "nodes_nodeids": list(range(n)), "nodes_featureids": features, "nodes_modes": modes, "nodes_values": values,
        "nodes_truenodeids": [w[0] for w in ways], "nodes_falsenodeids": [w[1] for w in ways], "nodes_missing_value_tracks_true": [0] * n,
        "target_treeids": [0] * len(leaves), "target_nodeids": leaves, "target_ids": [0] * len(leaves),
        "target_weights": [10.0 * (i + 1) for i in range(len(leaves))], "n_targets": 1,
    }  # fmt: skip
    return op("TreeEnsembleRegressor", np.array(x, F32), domain="ai.onnx.ml", **how).ravel()


@proof("tree_ensemble tree_ensemble_regressor tree_ensemble_classifier", "BRANCH_NEQ: a missing value that does not track true takes the false branch")
def tree_missing() -> Result:
    return equal(tree(["BRANCH_NEQ", "LEAF", "LEAF"], [5.0, 0, 0], [0] * 3, [(1, 2), (0, 0), (0, 0)], [[NAN], [5], [4]]), [20.0, 20.0, 10.0])


@proof("tree_ensemble tree_ensemble_regressor tree_ensemble_classifier", "#24636 (like): BRANCH_EQ after BRANCH_EQ -0.75 on another feature: (1, 1)")
def tree_equal() -> Result:
    modes, ways = ["BRANCH_EQ", "LEAF", "BRANCH_EQ", "LEAF", "LEAF"], [(1, 2), (0, 0), (3, 4), (0, 0), (0, 0)]
    return equal(tree(modes, [-0.75, 0, 1, 0, 0], [0, 0, 1, 0, 0], ways, [[1, 1], [-0.75, 1], [1, 0]]), [20.0, 10.0, 30.0])


@proof("tree_ensemble", "BRANCH_MEMBER of {-1, 0, 1}: 1 is a member, 0.25 is not")
def tree_member() -> Result:
    held = {"nodes_modes": np.array([6], np.uint8), "nodes_splits": full(0, 1), "leaf_weights": np.array([5, 7], F32)}
    held |= {"membership_values": np.array([-1, 0, 1, NAN], F32)}
    how: dict[str, Any] = {k: numpy_helper.from_array(v) for k, v in held.items()}
    how |= {"tree_roots": [0], "nodes_featureids": [0], "nodes_truenodeids": [0], "nodes_falsenodeids": [1], "nodes_trueleafs": [1]}
    x = np.array([[-1], [0.25], [1], [3]], F32)
    how |= {"n_targets": 1, "nodes_falseleafs": [1], "leaf_targetids": [0, 0]}
    return equal(op("TreeEnsemble", x, opset=20, domain="ai.onnx.ml", **how).ravel(), [5.0, 7.0, 5.0, 7.0])


# --- empty and refused ------------------------------------------------------------------------------------------------------


@proof("einsum", "#23379: Einsum over no terms is 0; the process ends", alone=True)
def einsum_empty() -> Result:
    return equal(op("Einsum", np.ones((1, 0), F32), np.ones((0, 1), F32), equation="ij,jk->ik"), 0.0)


@proof("topk topk_ties_by_position", "TopK of no rows is empty; the process ends", alone=True)
def topk_empty() -> Result:
    return equal(list(op("TopK", np.ones((0, 5), F32), np.array([2]), held=(1,)).shape), [0, 2])


@proof("matmul", "#21803: MatMul over no terms is 0, not what the memory held", alone=True)
def matmul_empty() -> Result:
    dirty, node = False, helper.make_node("MatMul", ["a", "b"], ["y"])
    for rows_, columns in ((2, 3), (2, 64), (1, 5)):
        fed = {"a": np.ones((rows_, 0), F32), "b": np.ones((0, columns), F32)}
        for _ in range(8):
            for off in (True, False):
                held = [full(3.25, rows_ * columns) for _ in range(64)]
                del held
                y = graph([node], fed, {"y": TensorProto.FLOAT}, off=off)[0]
                dirty = dirty or any(y.tobytes())
    return dirty, "what the memory held" if dirty else "0", "0"


@proof("reduce_sum reduce_prod reduce_l1 reduce_l2 reduce_log_sum reduce_sum_square logsumexp nll_loss", "the sum of nothing is 0: 3 x 0")
def reduce_empty() -> Result:
    return runs(lambda: op("ReduceSum", *rows(np.ones((3, 0), F32)), held=(1,), keepdims=0))


@proof("reduce_l1 reduce_l2 reduce_log_sum reduce_sum_square logsumexp", "ReduceL1 of doubles over all axes is defined")
def reduce_all() -> Result:
    return runs(lambda: op("ReduceL1", np.ones((2, 3)), keepdims=0))


@proof("softmax_cross_entropy_loss", "SoftmaxCrossEntropyLoss of an empty batch, reduction sum, is 0")
def loss_empty() -> Result:
    return runs(lambda: op("SoftmaxCrossEntropyLoss", np.ones((0, 5), F32), np.ones(0, I64), reduction="sum"))


@proof("group_norm", "GroupNormalization of an empty batch is empty")
def group_empty() -> Result:
    return runs(lambda: op("GroupNormalization", np.ones((0, 4, 2), F32), np.ones(4, F32), np.zeros(4, F32), opset=21, num_groups=2))


@proof("layer_norm", "LayerNormalization of one element is its bias")
def layer_one() -> Result:
    return runs(lambda: op("LayerNormalization", np.ones((2, 1), F32), np.ones(1, F32), np.zeros(1, F32)))


@proof("rms_norm", "RMSNormalization of one element is its sign")
def rms_one() -> Result:
    return runs(lambda: op("RMSNormalization", np.ones((2, 1), F32), np.ones(1, F32), opset=23))


@proof("local_response_norm", "LRN takes any number of axes: 1 x 2 x 3")
def lrn_axes() -> Result:
    return runs(lambda: op("LRN", np.ones((1, 2, 3), F32), size=1))


@proof("scaled_dot_product_attention", "Attention broadcasts its mask: 2 x 1 x 1 x 4 for 2 x 3 x 4 x 4")
def attention_mask() -> Result:
    q = np.ones((2, 3, 4, 8), F32)
    return runs(lambda: op("Attention", q, q, q, np.ones((2, 1, 1, 4), bool), opset=23))


@proof("conv_transpose1d", "ConvTranspose: output_padding 1 with stride 1, dilation 2")
def transpose_padding() -> Result:
    return runs(lambda: op("ConvTranspose", np.ones((1, 1, 4), F32), np.ones((1, 1, 1), F32), dilations=[2], output_padding=[1], strides=[1]))


@proof("signal_stft", "STFT: one frame of the whole signal")
def stft_whole() -> Result:
    return runs(lambda: op("STFT", np.ones((1, 16, 1), F32), np.array(16), None, np.array(16), held=(1, 3), opset=17))


@proof("string_normalizer", "StringNormalizer: stop words that are equal without their case")
def stop_words() -> Result:
    how: dict[str, Any] = {"is_case_sensitive": 0, "stopwords": ["Monday", "monday"], "locale": "C", "case_change_action": "NONE"}
    return runs(lambda: op("StringNormalizer", np.array(["a", "Monday"], object), **how))


@proof("silu", "#32421: x sigmoid(x) of doubles runs at every level; the fused operator has no kernel")
def silu_double() -> Result:
    nodes = [helper.make_node("Sigmoid", ["x"], ["s"]), helper.make_node("Mul", ["x", "s"], ["y"])]
    try:
        graph(nodes, {"x": full(1, 1, F64)}, {"y": TensorProto.DOUBLE})
    except Exception as error:
        if "QuickGelu" not in str(error):
            raise
        return True, "refused: no kernel of QuickGelu", "a value"
    return False, "a value", "a value"


# --- eight bits, attention, published cases -----------------------------------------------------------------------------------


def through_float8(x: float, to: int, saturate: int) -> float:
    """A double through an 8-bit float and back."""
    nodes = [helper.make_node("Cast", ["x"], ["narrow"], to=to, saturate=saturate), helper.make_node("Cast", ["narrow"], ["y"], to=TensorProto.DOUBLE)]
    return float(graph(nodes, {"x": np.array([x])}, {"y": TensorProto.DOUBLE}, opset=19)[0][0])


@proof("float8_cast_saturating", "Cast of a double just inside the tie -432 goes to e4m3fn's nearer -416, rounded once")
def eight_bits_twice() -> Result:
    return equal(through_float8(math.nextafter(-432.0, 0.0), TensorProto.FLOAT8E4M3FN, 1), -416.0)


@proof("float8_cast_unsaturated", "Cast without saturation of 492.8, past 464, the last that rounds to 448, is NaN in e4m3fn")
def eight_bits_past_the_end() -> Result:
    return equal(through_float8(492.8, TensorProto.FLOAT8E4M3FN, 0), NAN)


@proof("float8_cast_unsaturated", "Cast without saturation of 63078, past 61440, is infinite in e5m2")
def eight_bits_infinite() -> Result:
    return equal(through_float8(63078.0, TensorProto.FLOAT8E5M2, 0), INF)


@proof("float8_cast_saturating float8_cast_unsaturated", "#18473: Cast of -1e-6 to e4m3fnuz is 0, its only zero, and not NaN")
def eight_bits_one_zero() -> Result:
    return equal(through_float8(-1e-6, TensorProto.FLOAT8E4M3FNUZ, 1), 0.0)


@proof("float8_quantised", "#18473: QuantizeLinear of -1e-6 to e4m3fnuz with scale 1 is 0, not NaN")
def eight_bits_quantised() -> Result:
    held = {"zero": helper.make_tensor("zero", TensorProto.FLOAT8E4M3FNUZ, (), bytes(1), raw=True)}
    nodes = [
        helper.make_node("Constant", [], ["zero"], value=held["zero"]), helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["y"]),
    ]  # fmt: skip
    return equal(graph(nodes, {"x": full(-1e-6, 1), "scale": np.array(1, F32)}, {"y": TensorProto.FLOAT}, opset=19)[0], 0.0)


@proof("onnx_attention_cases", "#29235: float16 MatMul, Cast to float16, Add run at level none as they do at every other")
def half_cast_to_itself() -> Result:
    nodes = [
        helper.make_node("MatMul", ["x", "x"], ["product"]), helper.make_node("Cast", ["product"], ["same"], to=TensorProto.FLOAT16),
        helper.make_node("Add", ["same", "x"], ["y"]),
    ]  # fmt: skip
    return runs(lambda: graph(nodes, {"x": np.eye(2, dtype=F16)}, {"y": TensorProto.FLOAT16}, off=True))


@proof("whole_model", "#27768: float16 LayerNormalization, then Tanh: the second call gives what the first gave")
def second_call() -> Result:
    nodes = [helper.make_node("LayerNormalization", ["x", "scale", "shift"], ["n"]), helper.make_node("Tanh", ["n"], ["y"])]
    x, held = np.random.default_rng(0).standard_normal((4, 32)).astype(F16), {"scale": full(1, 32, F16), "shift": full(0, 32, F16)}
    first, second = (graph(nodes, {"x": x}, {"y": TensorProto.FLOAT16}, opset=17, held=held, calls=n)[0].astype(F64) for n in (1, 2))
    return below(np.abs(second - first).max(), 1e-3)


@proof("quantize_linear_4 dequantize_linear_4", "A model with a constant of four bits that the library writes in its ORT format is one that it reads")
def four_bits_saved() -> Result:
    zero = helper.make_tensor("zero", TensorProto.INT4, (), bytes(1), raw=True)
    nodes = [helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["q"]), helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["y"])]
    fed, given = ([helper.make_tensor_value_info(n, TensorProto.FLOAT, d) for n, d in of] for of in ((("x", [2]), ("scale", [])), (("y", None),)))
    made = helper.make_graph(nodes, "proof", fed, given, [zero])
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 21)], ir_version=IR[21])
    with tempfile.TemporaryDirectory() as folder:
        options = onnxruntime.SessionOptions()
        options.log_severity_level, options.optimized_model_filepath = 4, f"{folder}/m.ort"
        options.add_session_config_entry("session.save_model_format", "ORT")
        onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        return runs(lambda: onnxruntime.InferenceSession(f"{folder}/m.ort", providers=["CPUExecutionProvider"]))


@proof("onnx_attention_cases", "Attention of bfloat16 with a mask of bfloat16 has no conflict of types")
def bfloat16_mask() -> Result:
    nodes = [helper.make_node("Cast", [n], [f"{n}_"], to=TensorProto.BFLOAT16) for n in ("q", "mask")]
    nodes += [helper.make_node("Attention", ["q_", "q_", "q_", "mask_"], ["y_"]), helper.make_node("Cast", ["y_"], ["y"], to=TensorProto.FLOAT)]
    return runs(lambda: graph(nodes, {"q": np.ones((1, 1, 2, 4), F32), "mask": np.zeros((1, 1, 2, 2), F32)}, {"y": TensorProto.FLOAT}, opset=23))


@proof("onnx_attention_cases", "Attention, causal: the logit that softmax takes of a later key is -inf in qk_matmul_output")
def causal_logit() -> Result:
    node = helper.make_node("Attention", ["q", "q", "q"], ["y", "", "", "logits"], is_causal=1, qk_matmul_output_mode=2)
    given = graph([node], {"q": np.ones((1, 1, 2, 4), F32)}, {"y": TensorProto.FLOAT, "logits": TensorProto.FLOAT}, opset=23)
    return equal(given[1][0, 0, 0, 1], -INF)


@proof("onnx_opset24_cases", "Attention 24: a mask of 4 keys for 6 is filled up with -inf")
def short_mask() -> Result:
    key = np.ones((1, 1, 6, 8), F32)
    return runs(lambda: op("Attention", np.ones((1, 1, 2, 8), F32), key, key, np.zeros((1, 1, 2, 4), F32), None, None, np.array([3]), opset=24))


@proof("onnx_attention_cases", "RotaryEmbedding of a 4-D input needs no num_heads (which 3-D input needs), in part of the head too")
def partial_rotation() -> Result:
    table = full(0.5, 6).reshape(1, 3, 2)
    return runs(lambda: op("RotaryEmbedding", full(1.0, 48).reshape(1, 2, 3, 8), table, table, opset=23, rotary_embedding_dim=4))


@proof("onnx_reduction_cases", "ReduceMax of booleans over an empty axis is false: opset 20 has bool, and the maximum of nothing is the least value")
def largest_of_no_truths() -> Result:
    return runs(lambda: op("ReduceMax", np.zeros((2, 0), bool), np.array([1], I64), opset=20, held=(1,), keepdims=1))


@proof("onnx_reduction_cases", "ReduceMax over an empty axis is -inf: 2 x 0")
def largest_of_nothing() -> Result:
    return runs(lambda: op("ReduceMax", np.zeros((2, 0), F32), np.array([1], I64), opset=20, held=(1,), keepdims=1))


@proof("onnx_reduction_cases", "#8146: ReduceL1 over an empty axis that is kept: 2 x 0 x 4 gives 2 x 1 x 4, as the session declares")
def reduced_axis_kept() -> Result:
    return equal(list(op("ReduceL1", np.zeros((2, 0, 4), F32), np.array([1], I64), held=(1,), keepdims=1).shape), [2, 1, 4])


def cropped(sizes: Any = None, scales: Any = None) -> Any:
    """The middle half of nine elements 0..8, from 2 to 6."""
    held = {"roi": np.array([0, 0, 0.25, 1, 1, 0.75], F32), **({"sizes": sizes} if scales is None else {"scales": scales})}
    names = ["x", "roi", "", "sizes"] if scales is None else ["x", "roi", "scales"]
    node = helper.make_node("Resize", names, ["y"], mode="linear", coordinate_transformation_mode="tf_crop_and_resize")
    return graph([node], {"x": np.arange(9, dtype=F32).reshape(1, 1, 9)}, {"y": TensorProto.FLOAT}, opset=19, held=held)[0]


@proof("resize_cropped_same_size", "#5303: Resize by tf_crop_and_resize of the half from 2 to 6 of nine elements, to nine elements, begins at 2")
def crop_of_same_size() -> Result:
    return equal(cropped(sizes=np.array([1, 1, 9], I64))[0, 0, 0], 2.0)


@proof("resize_cropped_by_scales", "#10727: Resize by tf_crop_and_resize: extent is floor(9 * (0.75 - 0.25) * 2)")
def crop_by_scale() -> Result:
    return equal(list(cropped(scales=np.array([1, 1, 2], F32)).shape), [1, 1, 9])


@proof("attention_softcap attention_scores", "Attention of float16, 3-D, four heads on two: the same as 4-D, in twenty sessions")
def grouped_rows_of_half() -> Result:
    rng, worst = np.random.default_rng(0), 0.0
    for _ in range(20):
        q, k = rng.standard_normal((2, 4, 64)).astype(F16), rng.standard_normal((2, 3, 32)).astype(F16)
        deep = [np.ascontiguousarray(a.reshape(2, a.shape[1], -1, 16).swapaxes(1, 2)) for a in (q, k)]
        flat = op("Attention", q, k, k, opset=23, q_num_heads=4, kv_num_heads=2, softcap=2.0)
        apart = op("Attention", deep[0], deep[1], deep[1], opset=23, softcap=2.0).swapaxes(1, 2).reshape(flat.shape)
        worst = max(worst, float(np.nan_to_num(np.abs(flat.astype(F32) - apart), nan=INF).max()))
    return below(worst, 0.01)


@proof("attention_scores", "Attention of float16 gives out its scores beside a mask, as it does without one")
def scores_of_half() -> Result:
    q = np.ones((1, 1, 4, 8), F16)
    inputs = {"q": q, "k": q, "v": q, "m": np.zeros((4, 4), F16)}
    node = helper.make_node("Attention", list(inputs), ["y", "", "", "s"], qk_matmul_output_mode=0)
    return runs(lambda: graph([node], inputs, {"y": TensorProto.FLOAT16, "s": TensorProto.FLOAT16}, opset=23))


@proof("refuse_wrong_sizes", "TopK of 2^32 + 3 of six elements is refused, as 7 is")
def largest_of_too_many() -> Result:
    refused = runs(lambda: op("TopK", np.arange(6, dtype=F32), np.array([2**32 + 3], I64)))
    return not refused[0], refused[1], "refused"


@proof("cast_four_bits", "Cast of 0.5 and 2.5 to four bits goes to the even neighbours 0 and 2, as ONNX's notes on 4 bit integers say")
def ties_to_four_bits() -> Result:
    nodes = [helper.make_node("Cast", ["x"], ["q"], to=TensorProto.INT4), helper.make_node("Cast", ["q"], ["y"], to=TensorProto.FLOAT)]
    return equal(graph(nodes, {"x": np.array([0.5, 1.5, 2.5], F32)}, {"y": TensorProto.FLOAT}, opset=21)[0], [0.0, 2.0, 2.0])


def results(only: str = "") -> Iterator[dict[str, str]]:
    """Every proof, run."""
    for p in PROOFS:
        if only and p.run.__name__ != only:
            continue
        if p.alone and not only:
            yield elsewhere(p)
            continue
        try:
            wrong, got, want = p.run()
            state = "wrong" if wrong else "ok"
        except Exception as error:
            if not any(text in str(error) for text in ABSENT):
                raise
            state, got, want = "not here", "", ""
        yield {"functions": p.functions, "says": p.says, "state": state, "got": str(got), "expected": str(want)}


def elsewhere(p: Proof) -> dict[str, str]:
    """A proof in a process of its own, since the library may end it."""
    done = subprocess.run([sys.executable, __file__, "--json", "--only", p.run.__name__], capture_output=True, text=True, check=False)
    if done.returncode == 0:
        row: dict[str, str] = json.loads(done.stdout)["proofs"][0]
        return row
    return {"functions": p.functions, "says": p.says, "state": "wrong", "got": f"the process ends with {done.returncode}", "expected": "a value"}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    chosen = list(results(sys.argv[sys.argv.index("--only") + 1] if "--only" in sys.argv else ""))
    if "--json" in sys.argv:
        print(json.dumps({"onnxruntime": onnxruntime.__version__, "proofs": chosen}, indent=1))
    else:
        print("onnxruntime", onnxruntime.__version__, "onnx", onnx.__version__)
        for row in chosen:
            print(f"{row['state']:8} {row['functions']}: {row['says']}: got {row['got']}, expected {row['expected']}")

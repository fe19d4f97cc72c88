"""Operators of PyTorch's dispatcher in the terms of functions."""

from __future__ import annotations

from typing import Any

from csvkit_ml.libraries.raised import CannotRaise, Raised, Raiser, Wanted, exactly, only, raised, several, shape_of, wanted
from csvkit_ml.model.scope import Use

UNARY = (
    "relu", "sigmoid", "tanh", "exp", "exp2", "log", "log2", "log10", "log1p", "expm1", "sqrt", "rsqrt", "neg", "abs", "erf", "sin", "cos", "tan",
    "silu", "mish", "reciprocal", "floor", "ceil", "round", "sign", "square", "hardswish", "hardsigmoid", "relu6", "selu",
)  # fmt: skip
BINARY = {"add": "add", "sub": "sub", "mul": "mul", "div": "div"}


def _unary(function: str) -> Raiser:
    def of(use: Use, a: dict[str, Any]) -> Raised:
        only(a)
        return raised(function, exactly(use.operands, 1))

    return of


def _binary(function: str) -> Raiser:
    def of(use: Use, a: dict[str, Any]) -> Raised:
        only(a, alpha=1)
        return raised(function, exactly(use.operands, 2))

    return of


def _gelu(use: Use, a: dict[str, Any]) -> Raised:
    only(a, approximate=a.get("approximate", "none"))
    return raised("gelu_tanh" if a.get("approximate") == "tanh" else "gelu", exactly(use.operands, 1))


def _product(function: str, *counts: int) -> Raiser:
    def of(use: Use, a: dict[str, Any]) -> Raised:
        only(a, bias=None)
        return raised(function, exactly(use.operands, *counts))

    return of


def _addmm(use: Use, a: dict[str, Any]) -> Raised:
    c, left, right = exactly(use.operands, 3)
    only(a, beta=a.get("beta"), alpha=a.get("alpha"))
    scale = {k: float(a.get(k, 1)) for k in ("alpha", "beta")}
    return raised("gemm", (left, right, c), **scale, trans_a=False, trans_b=False)


def _convolution(use: Use, a: dict[str, Any]) -> Raised:
    """Also the composite convN, whose attributes may be left out."""
    x, w, *_ = exactly(use.operands, 2, 3)
    dims = len(shape_of(w)) - 2
    if dims not in (1, 2, 3) or len(shape_of(x)) != dims + 2:
        raise CannotRaise("no function convolves over these axes, or without a batch")
    stride, dilation = several(a.get("stride", 1), dims), several(a.get("dilation", 1), dims)
    padding, groups = several(a.get("padding", 0), dims) * 2, int(a.get("groups", 1))
    given: dict[str, Any] = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    if a.get("transposed"):
        output_padding = several(a.get("output_padding", 0), dims)
        return raised(f"conv_transpose{dims}d", use.operands, **given, output_padding=output_padding)
    return raised(f"conv{dims}d", use.operands, **given)


def _pool(kind: str, dims: int) -> Raiser:
    def of(use: Use, a: dict[str, Any]) -> Raised:
        (x,) = exactly(use.operands, 1)
        if len(shape_of(x)) != dims + 2 or a.get("divisor_override") is not None:
            raise CannotRaise("no case has this form of pooling")
        kernel = several(a["kernel_size"], dims)
        stride = several(a["stride"], dims) if a.get("stride") else kernel
        given: dict[str, Any] = {
            "kernel": kernel, "stride": stride, "padding": several(a.get("padding", 0), dims), "ceil_mode": bool(a.get("ceil_mode", False)),
        }  # fmt: skip
        if kind == "max":
            return raised(f"max_pool{dims}d", (x,), **given, dilation=several(a.get("dilation", 1), dims))
        return raised(f"avg_pool{dims}d", (x,), **given, count_include_pad=bool(a.get("count_include_pad", True)))

    return of


def _along(function: str) -> Raiser:
    def of(use: Use, a: dict[str, Any]) -> Raised:
        only({k: v for k, v in a.items() if k != "dim"}, half_to_float=False, dtype=None)
        return raised(function, exactly(use.operands, 1), axis=int(a["dim"]))

    return of


def _batch_norm(use: Use, a: dict[str, Any]) -> Raised:
    if a.get("training"):
        raise CannotRaise("statistics of the batch: no case is raised for training")
    x, w, b, mean, var = exactly(use.operands, 5)
    return raised("batch_norm", (x, mean, var, w, b), eps=float(a["eps"]))


def _layer_norm(use: Use, a: dict[str, Any]) -> Raised:
    operands = exactly(use.operands, 1, 2, 3)
    if len(operands) == 2 and "bias" not in a:
        raise CannotRaise("a bias without a weight")
    return raised("layer_norm", operands, axis=-len(a["normalized_shape"]), eps=float(a.get("eps", 1e-5)))


def _reduce(function: str) -> Raiser:
    def of(use: Use, a: dict[str, Any]) -> Raised:
        only({k: v for k, v in a.items() if k not in ("dim", "keepdim")}, dtype=None)
        axes = a.get("dim")
        return raised(function, exactly(use.operands, 1), axes=tuple(axes) if axes else None, keepdims=bool(a.get("keepdim", False)))

    return of


def _cat(use: Use, a: dict[str, Any]) -> Raised:
    return raised("concat", use.operands, axis=int(a.get("dim", 0)))


def _embedding(use: Use, a: dict[str, Any]) -> Raised:
    only(a, padding_idx=a.get("padding_idx"), scale_grad_by_freq=False, sparse=False)
    table, at = exactly(use.operands, 2)
    return Raised(function="embedding", dtype=table.dtype, operands=(wanted(table), wanted(at, shape_of(table)[0])))


def _positions(function: str) -> Raiser:
    def of(use: Use, a: dict[str, Any]) -> Raised:
        x, at = exactly(use.operands, 2)
        axis, shape = int(a["dim"]), shape_of(x)
        operands: tuple[Wanted, ...] = (wanted(x), wanted(at, shape[axis]))
        return Raised(function=function, dtype=x.dtype, operands=operands, params=(("axis", axis),))

    return of


RAISERS: dict[str, Raiser] = {
    **{f"aten::{n}{end}": _unary(n) for n in UNARY for end in ("", "_")},
    **{f"aten::{n}{end}.Tensor": _binary(f) for n, f in BINARY.items() for end in ("", "_")},
    "aten::maximum": _binary("maximum"), "aten::minimum": _binary("minimum"), "aten::gelu": _gelu,
    "aten::mm": _product("matmul", 2), "aten::matmul": _product("matmul", 2), "aten::bmm": _product("bmm", 2),
    "aten::linear": _product("linear", 2, 3), "aten::addmm": _addmm,
    "aten::convolution": _convolution, "aten::conv1d": _convolution, "aten::conv2d": _convolution, "aten::conv3d": _convolution,
    **{f"aten::max_pool{d}d{end}": _pool("max", d) for d in (1, 2, 3) for end in ("", "_with_indices")},
    **{f"aten::avg_pool{d}d": _pool("avg", d) for d in (1, 2, 3)},
    "aten::_softmax": _along("softmax"), "aten::softmax.int": _along("softmax"),
    "aten::_log_softmax": _along("log_softmax"), "aten::log_softmax.int": _along("log_softmax"),
    "aten::native_batch_norm": _batch_norm, "aten::_native_batch_norm_legit_no_training": _batch_norm, "aten::batch_norm": _batch_norm,
    "aten::native_layer_norm": _layer_norm, "aten::layer_norm": _layer_norm,
    "aten::sum": _reduce("reduce_sum"), "aten::sum.dim_IntList": _reduce("reduce_sum"),
    "aten::mean": _reduce("reduce_mean"), "aten::mean.dim": _reduce("reduce_mean"),
    "aten::cat": _cat, "aten::embedding": _embedding, "aten::gather": _positions("gather"), "aten::index_select": _positions("index_select"),
}  # fmt: skip
"""By operator with overload."""

"""ONNX operators in the terms of functions."""

from __future__ import annotations

from typing import Any

from csvkit_ml.libraries.raised import CannotRaise, Raised, Raiser, exactly, only, raised, several, shape_of, wanted
from csvkit_ml.model.scope import Use

UNARY = {
    "Relu": "relu", "Sigmoid": "sigmoid", "Tanh": "tanh", "Exp": "exp", "Log": "log", "Sqrt": "sqrt", "Neg": "neg", "Abs": "abs", "Erf": "erf",
    "Sin": "sin", "Cos": "cos", "Reciprocal": "reciprocal", "Floor": "floor", "Ceil": "ceil", "Round": "round", "Sign": "sign",
    "HardSwish": "hardswish", "Mish": "mish", "Softsign": "softsign",
}  # fmt: skip
BINARY = {"Add": "add", "Sub": "sub", "Mul": "mul", "Div": "div", "MatMul": "matmul"}


def _plain(function: str, count: int) -> Raiser:
    def of(use: Use, a: dict[str, Any]) -> Raised:
        only(a)
        return raised(function, exactly(use.operands, count))

    return of


def _gemm(use: Use, a: dict[str, Any]) -> Raised:
    operands = exactly(use.operands, 2, 3)
    scale = {k: float(a.get(k, 1.0)) for k in ("alpha", "beta")}
    return raised("gemm", operands, **scale, trans_a=bool(a.get("transA", 0)), trans_b=bool(a.get("transB", 0)))


def _windows(a: dict[str, Any], dims: int) -> dict[str, Any]:
    """Strides, padding, dilation. Raises CannotRaise for automatic padding."""
    if a.get("auto_pad", "NOTSET") not in ("NOTSET", ""):
        raise CannotRaise("automatic padding")
    padding = tuple(a.get("pads") or (0,) * (2 * dims))
    return {"stride": several(a.get("strides") or 1, dims), "padding": several(padding, 2 * dims), "dilation": several(a.get("dilations") or 1, dims)}


def _convolution(kind: str) -> Raiser:
    def of(use: Use, a: dict[str, Any]) -> Raised:
        x, w, *_ = exactly(use.operands, 2, 3)
        dims = len(shape_of(w)) - 2
        if dims not in (1, 2, 3) or len(shape_of(x)) != dims + 2:
            raise CannotRaise("no function convolves over these axes")
        given = _windows(a, dims) | {"groups": int(a.get("group", 1))}
        if kind == "conv_transpose":
            if a.get("output_shape"):
                raise CannotRaise("no case has output_shape")
            given["output_padding"] = several(a.get("output_padding") or 0, dims)
        return raised(f"{kind}{dims}d", use.operands, **given)

    return of


def _pool(kind: str) -> Raiser:
    def of(use: Use, a: dict[str, Any]) -> Raised:
        (x,) = exactly(use.operands, 1)
        dims = len(shape_of(x)) - 2
        if dims not in (1, 2, 3):
            raise CannotRaise("no function pools over these axes")
        given = _windows(a, dims)
        if given["padding"][:dims] != given["padding"][dims:] or a.get("storage_order"):
            raise CannotRaise("no case of pooling pads the two ends differently")
        given |= {"padding": given["padding"][:dims], "kernel": several(a["kernel_shape"], dims), "ceil_mode": bool(a.get("ceil_mode", 0))}
        if kind == "max":
            return raised(f"max_pool{dims}d", (x,), **given)
        if set(given.pop("dilation")) != {1}:
            raise CannotRaise("no case of average pooling has a dilation")
        return raised(f"avg_pool{dims}d", (x,), **given, count_include_pad=bool(a.get("count_include_pad", 0)))

    return of


def _along(function: str) -> Raiser:
    def of(use: Use, a: dict[str, Any]) -> Raised:
        if use.version < 13:
            raise CannotRaise("before opset 13 it is another function of more axes")
        return raised(function, exactly(use.operands, 1), axis=int(a.get("axis", -1)))

    return of


def _batch_norm(use: Use, a: dict[str, Any]) -> Raised:
    if a.get("training_mode"):
        raise CannotRaise("statistics of the batch: no case is raised for training")
    x, w, b, mean, var = exactly(use.operands, 5)
    return raised("batch_norm", (x, mean, var, w, b), eps=float(a.get("epsilon", 1e-5)))


def _layer_norm(use: Use, a: dict[str, Any]) -> Raised:
    return raised("layer_norm", exactly(use.operands, 2, 3), axis=int(a.get("axis", -1)), eps=float(a.get("epsilon", 1e-5)))


def _concat(use: Use, a: dict[str, Any]) -> Raised:
    return raised("concat", use.operands, axis=int(a["axis"]))


def _gather(use: Use, a: dict[str, Any]) -> Raised:
    x, at = exactly(use.operands, 2)
    axis, shape = int(a.get("axis", 0)), shape_of(x)
    function = "index_select" if len(shape_of(at)) == 1 else "index_axis"
    return Raised(function=function, dtype=x.dtype, operands=(wanted(x), wanted(at, shape[axis])), params=(("axis", axis),))


RAISERS: dict[str, Raiser] = {
    **{f"ai.onnx.{n}": _plain(f, 1) for n, f in UNARY.items()},
    **{f"ai.onnx.{n}": _plain(f, 2) for n, f in BINARY.items()},
    "ai.onnx.Gemm": _gemm, "ai.onnx.Conv": _convolution("conv"), "ai.onnx.ConvTranspose": _convolution("conv_transpose"),
    "ai.onnx.MaxPool": _pool("max"), "ai.onnx.AveragePool": _pool("avg"),
    "ai.onnx.Softmax": _along("softmax"), "ai.onnx.LogSoftmax": _along("log_softmax"),
    "ai.onnx.BatchNormalization": _batch_norm, "ai.onnx.LayerNormalization": _layer_norm,
    "ai.onnx.Concat": _concat, "ai.onnx.Gather": _gather,
}  # fmt: skip
"""By operator."""

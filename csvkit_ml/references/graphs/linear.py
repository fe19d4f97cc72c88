"""Sums of products in double precision: the error of a library is granted on S, the same operator of absolute values."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from csvkit_ml.model.tensor import Array
from csvkit_ml.references.graphs.operator import Args, Compute, Error, Operator, Results, Seen, axes_of, exact, given, need
from csvkit_ml.references.graphs.reading import Node
from csvkit_ml.references.products import pad, windows


def _magnitudes(args: Args) -> Args:
    return tuple(np.abs(x) if x is not None and x.dtype.kind == "f" else x for x in args)


def sums(compute: Compute, terms: Callable[[Seen], float]) -> Operator:
    """An operator that is linear in each operand, with so many terms for every element."""

    def error(s: Seen) -> Array | float:
        if s.outs[0].dtype.kind != "f":
            return 0.0
        return s.grown(terms(s), s.outs[0].size) * s.u * compute(s.node, _magnitudes(s.args))[0]

    return Operator(compute=compute, error=error)


def _arg(s: Seen, index: int) -> Array:
    return need(s.args, index)


def _gemm(node: Node, args: Args) -> Results:
    a, b, c = need(args, 0), need(args, 1), given(args, 2)
    y = (a.T if node.attributes.get("transA") else a) @ (b.T if node.attributes.get("transB") else b)
    y = float(node.attributes.get("alpha", 1.0)) * y
    return (np.asarray(y if c is None else y + float(node.attributes.get("beta", 1.0)) * c),)


def _gemm_terms(s: Seen) -> float:
    return float(_arg(s, 0).shape[0 if s.node.attributes.get("transA") else -1] + 3)


def _matmul(_: Node, args: Args) -> Results:
    return (np.asarray(np.matmul(need(args, 0), need(args, 1))),)


def _einsum(node: Node, args: Args) -> Results:
    return (np.asarray(np.einsum(node.attributes["equation"].decode(), *[need(args, i) for i in range(len(args))], optimize=True)),)


def _einsum_terms(s: Seen) -> float:
    """Elements of all operands bound the number of terms of one sum."""
    return float(max(a.size for a in s.args if a is not None)) + len(s.args)


def _spatial(node: Node, name: str, rank: int, default: int) -> tuple[int, ...]:
    return tuple(int(v) for v in node.attributes.get(name, (default,) * rank))


def paddings(node: Node, extents: Sequence[int], kernel: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(before, after) of every spatial axis."""
    rank, auto = len(kernel), node.attributes.get("auto_pad", b"NOTSET").decode()
    if auto in ("", "NOTSET"):
        pads = _spatial(node, "pads", 2 * rank, 0)
        return pads[:rank], pads[rank:]
    if auto == "VALID":
        return (0,) * rank, (0,) * rank
    stride, dilation = _spatial(node, "strides", rank, 1), _spatial(node, "dilations", rank, 1)
    total = [max(0, (-(-n // s) - 1) * s + (k - 1) * d + 1 - n) for n, s, k, d in zip(extents, stride, kernel, dilation, strict=True)]
    small, large = tuple(t // 2 for t in total), tuple(t - t // 2 for t in total)
    return (small, large) if auto == "SAME_UPPER" else (large, small)


def _conv(node: Node, args: Args) -> Results:
    x, w, b = need(args, 0), need(args, 1), given(args, 2)
    kernel, groups = w.shape[2:], int(node.attributes.get("group", 1))
    rank = len(kernel)
    low, high = paddings(node, x.shape[2:], kernel)
    view = windows(pad(x, low, high), kernel, _spatial(node, "strides", rank, 1), _spatial(node, "dilations", rank, 1))
    out, taps = view.shape[2 : 2 + rank], w.reshape(groups, w.shape[0] // groups, -1)
    order = (0, 1, *range(2 + rank, 2 + 2 * rank), *range(2, 2 + rank))
    y = np.empty((x.shape[0], w.shape[0], *out))
    for i in range(x.shape[0]):  # image by image: copies of windows are many times as large as the data
        columns = view[i].reshape(groups, -1, *out, *kernel).transpose(order).reshape(groups, -1, math.prod(out))
        y[i] = np.matmul(taps, columns).reshape(-1, *out)
    return (y if b is None else y + b.reshape(1, -1, *(1,) * rank),)


def _conv_terms(s: Seen) -> float:
    return math.prod(_arg(s, 1).shape[1:]) + 1


def _conv_transpose(node: Node, args: Args) -> Results:
    """Every input element adds its kernel, scaled, to the output."""
    x, w, b = need(args, 0), need(args, 1), given(args, 2)
    kernel, rank, groups = w.shape[2:], w.ndim - 2, int(node.attributes.get("group", 1))
    stride, dilation = _spatial(node, "strides", rank, 1), _spatial(node, "dilations", rank, 1)
    extra = _spatial(node, "output_padding", rank, 0)
    full = [(n - 1) * s + (k - 1) * d + 1 + e for n, s, k, d, e in zip(x.shape[2:], stride, kernel, dilation, extra, strict=True)]
    low, high = _transposed_pads(node, x.shape[2:], full, stride, rank)
    n, channels = x.shape[:2]
    y = np.zeros((n, groups, w.shape[1], *full))
    grouped, taps = x.reshape(n, groups, channels // groups, *x.shape[2:]), w.reshape(groups, channels // groups, *w.shape[1:])
    for at in np.ndindex(*kernel):
        places = tuple(slice(i * d, i * d + (m - 1) * s + 1, s) for i, d, m, s in zip(at, dilation, x.shape[2:], stride, strict=True))
        y[(slice(None), slice(None), slice(None), *places)] += np.einsum("ngc...,gco->ngo...", grouped, taps[(..., *at)])
    cut = tuple(slice(a, m - z) for a, z, m in zip(low, high, full, strict=True))
    y = y.reshape(n, -1, *full)[(slice(None), slice(None), *cut)]
    return (np.ascontiguousarray(y if b is None else y + b.reshape(1, -1, *(1,) * rank)),)


def _transposed_pads(node: Node, given_: Sequence[int], full: Sequence[int], stride: Sequence[int], rank: int) -> Any:
    auto = node.attributes.get("auto_pad", b"NOTSET").decode()
    wanted = node.attributes.get("output_shape")
    if wanted is None and auto in ("", "NOTSET", "VALID"):
        pads = _spatial(node, "pads", 2 * rank, 0)
        return (pads[:rank], pads[rank:]) if auto != "VALID" else ((0,) * rank, (0,) * rank)
    sizes = [n * s for n, s in zip(given_, stride, strict=True)] if wanted is None else [int(v) for v in wanted][-rank:]
    total = [m - v for m, v in zip(full, sizes, strict=True)]
    if wanted is not None and min(total) < 0:
        raise ValueError("a result larger than its operands reach is not evaluated")
    small, large = [t // 2 for t in total], [t - t // 2 for t in total]
    return (small, large) if auto == "SAME_UPPER" else (large, small)


def _conv_transpose_terms(s: Seen) -> float:
    w = _arg(s, 1)
    return float(math.prod(w.shape[2:]) * w.shape[0] // int(s.node.attributes.get("group", 1)) + 1)


def _pool_windows(node: Node, x: Array, fill: float) -> tuple[Array, tuple[int, ...]]:
    """(N, C, *out, *kernel) of the padded data, and the axes of the kernel; the overhang of ceil mode is filled as well."""
    kernel = tuple(int(k) for k in node.attributes["kernel_shape"])
    rank = len(kernel)
    stride, dilation = _spatial(node, "strides", rank, 1), _spatial(node, "dilations", rank, 1)
    low, high = paddings(node, x.shape[2:], kernel)
    over, counts = [], []
    for i in range(rank):
        span, room = (kernel[i] - 1) * dilation[i] + 1, x.shape[2 + i] + low[i] + high[i]
        count = ((-(-(room - span) // stride[i])) if node.attributes.get("ceil_mode") else (room - span) // stride[i]) + 1
        if node.attributes.get("ceil_mode") and (count - 1) * stride[i] >= x.shape[2 + i] + low[i]:
            count -= 1  # no window begins in the padding behind the data
        counts.append(count)
        over.append(max(0, (count - 1) * stride[i] + span - room))
    wide = pad(x, low, [h + o for h, o in zip(high, over, strict=True)], fill)
    kept = (slice(None), slice(None), *map(slice, counts))
    return windows(wide, kernel, stride, dilation)[kept], tuple(range(-rank, 0))


def _max_pool(node: Node, args: Args) -> Results:
    """The largest of each window, and where it lies first in the operand, counted row by row."""
    x = need(args, 0)
    view, axes = _pool_windows(node, x.astype(np.float64), -np.inf)
    largest = np.asarray(view.max(axis=axes)).astype(x.dtype)
    if len(node.outputs) < 2 or node.attributes.get("storage_order"):
        return (largest,)
    places, _ = _pool_windows(node, np.arange(float(x.size)).reshape(x.shape), -1.0)
    flat = (*largest.shape, -1)
    first = view.reshape(flat).argmax(axis=-1, keepdims=True)
    return largest, np.take_along_axis(places.reshape(flat), first, axis=-1)[..., 0].astype(np.int64)


def _average_pool(node: Node, args: Args) -> Results:
    """Padding counts where the model says so, the overhang of ceil mode never."""
    x = need(args, 0)
    view, axes = _pool_windows(node, x, 0.0)
    ones = np.ones((1, 1, *x.shape[2:]))
    if node.attributes.get("count_include_pad"):
        low, high = paddings(node, x.shape[2:], node.attributes["kernel_shape"])
        ones = pad(ones, low, high, 1.0)
        inner = Node(**{f: getattr(node, f) for f in ("op", "version", "name", "inputs", "outputs", "proto", "index")},
                     attributes={k: v for k, v in node.attributes.items() if k not in ("pads", "auto_pad")})  # fmt: skip
        counts, _ = _pool_windows(inner, ones, 0.0)
        counts = counts[(slice(None), slice(None), *map(slice, view.shape[2 : x.ndim]))]
    else:
        counts, _ = _pool_windows(node, ones, 0.0)
    return (view.sum(axis=axes) / counts.sum(axis=axes),)


def _global(f: Callable[..., Any]) -> Compute:
    def compute(_: Node, args: Args) -> Results:
        x = need(args, 0)
        return (np.asarray(f(x, axis=tuple(range(2, x.ndim)), keepdims=True)),)

    return compute


def _reduced(node: Node, args: Args) -> tuple[tuple[int, ...] | None, bool]:
    axes = axes_of(node, args, 1, max(1, need(args, 0).ndim))
    if axes in (None, ()) and node.attributes.get("noop_with_empty_axes"):
        return (), bool(node.attributes.get("keepdims", 1))
    return axes or None, bool(node.attributes.get("keepdims", 1))


def _reduce(f: Callable[..., Any]) -> Compute:
    def compute(node: Node, args: Args) -> Results:
        x = need(args, 0)
        axes, keep = _reduced(node, args)
        return (np.asarray(f(x, axis=axes, keepdims=keep)).astype(x.dtype),)

    return compute


def per_element(s: Seen) -> float:
    """Elements of the operand for each of the result."""
    return _arg(s, 0).size / max(1, s.outs[0].size) + 1


def _condensed(weight: Callable[[float], float]) -> Error:
    """Norms and products of one sign: relative errors."""

    def error(s: Seen) -> Array | float:
        return weight(s.grown(per_element(s), s.outs[0].size)) * s.u * np.abs(s.outs[0]) if s.outs[0].dtype.kind == "f" else 0.0

    return error


def _log_sum_exp(x: Array, axis: Any, keepdims: bool) -> Array:
    top = x.max(axis=axis, keepdims=True)
    y = np.log(np.exp(x - top).sum(axis=axis, keepdims=True)) + top
    return np.asarray(y if keepdims else y.squeeze(axis))


def _log_sum_exp_error(s: Seen) -> Array | float:
    x = _arg(s, 0)
    return np.asarray(s.u * ((x.max() - x.min()) + s.grown(per_element(s), s.outs[0].size) + 8 + 2 * np.abs(s.outs[0])))


def _cumulate(node: Node, args: Args) -> Results:
    x, axis = need(args, 0), int(need(args, 1).ravel()[0])
    y = np.flip(x, axis) if node.attributes.get("reverse") else x
    total = np.cumsum(y, axis=axis, dtype=x.dtype)
    total = total - y if node.attributes.get("exclusive") else total
    return (np.ascontiguousarray(np.flip(total, axis) if node.attributes.get("reverse") else total),)


def _reducing(f: Callable[..., Any], error: Error) -> Operator:
    return Operator(compute=_reduce(f), error=error)


OPERATORS: dict[str, Operator] = {
    "MatMul": sums(_matmul, lambda s: _arg(s, 0).shape[-1]), "Gemm": sums(_gemm, _gemm_terms), "Conv": sums(_conv, _conv_terms),
    "ConvTranspose": sums(_conv_transpose, _conv_transpose_terms), "Einsum": sums(_einsum, _einsum_terms),
    "AveragePool": sums(_average_pool, lambda s: math.prod(s.node.attributes["kernel_shape"]) + 1),
    "GlobalAveragePool": sums(_global(np.mean), per_element), "MaxPool": Operator(compute=_max_pool, error=exact),
    "GlobalMaxPool": Operator(compute=_global(np.max), error=exact), "ReduceSum": sums(_reduce(np.sum), per_element),
    "ReduceMean": sums(_reduce(np.mean), per_element), "ReduceL1": sums(_reduce(lambda x, **k: np.abs(x).sum(**k)), per_element),
    "ReduceMax": _reducing(np.max, exact), "ReduceMin": _reducing(np.min, exact), "ReduceProd": _reducing(np.prod, _condensed(lambda g: g)),
    "ReduceSumSquare": _reducing(lambda x, **k: np.square(x).sum(**k), _condensed(lambda g: g + 1)),
    "ReduceL2": _reducing(lambda x, **k: np.sqrt(np.square(x).sum(**k)), _condensed(lambda g: g / 2 + 2)),
    "ReduceLogSumExp": _reducing(_log_sum_exp, _log_sum_exp_error), "CumSum": sums(_cumulate, lambda s: float(max(_arg(s, 0).shape, default=1))),
}  # fmt: skip

"""Convolutions and transposed convolutions over one to three axes, groups and dilation included."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from csvkit_ml.criteria import Componentwise
from csvkit_ml.model.function import Expected, Fault, Function, Results, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import correlate, pad, wide
from csvkit_ml.references.products import windows
from validation_suites import faults
from validation_suites.sampling import normal, pairwise, positive

DTYPES = ("float32", "float64", "float16", "bfloat16")
ORACLE = "sums in double (float32 and narrower, products exact) or 80-bit extended precision (double), radius gamma_n |w||x|"
CHANNELS = {"1": (1, 6, 4), "2": (2, 4, 6), "depthwise": (5, 5, 10)}
"""Groups: (groups, channels in, channels out)."""

ROWS: dict[int, Mapping[str, tuple[Any, ...]]] = {
    1: {
        "kernel": ((3,), (5,), (1,)), "stride": ((1,), (2,), (3,)), "padding": ((0, 0), (1, 1), (2, 1)), "dilation": ((1,), (2,)),
        "group": ("1", "2", "depthwise"), "bias": (True, False),
    },
    2: {
        "kernel": ((3, 3), (2, 5), (1, 1)), "stride": ((1, 1), (2, 2), (1, 3)),
        "padding": ((0, 0, 0, 0), (1, 1, 1, 1), (1, 2, 1, 2), (2, 0, 1, 1)),
        "dilation": ((1, 1), (2, 2), (1, 2)), "group": ("1", "2", "depthwise"), "bias": (True, False),
    },
    3: {
        "kernel": ((3, 3, 3), (1, 2, 3)), "stride": ((1, 1, 1), (2, 1, 2)), "padding": ((0,) * 6, (1,) * 6, (0, 1, 1, 1, 0, 1)),
        "dilation": ((1, 1, 1), (1, 2, 1)), "group": ("1", "2", "depthwise"), "bias": (True, False),
    },
}  # fmt: skip
"""Padding is (begin of each axis, end of each axis), as ONNX writes it."""

TRANSPOSED_ROWS: dict[int, Mapping[str, tuple[Any, ...]]] = {
    1: {
        "kernel": ((3,), (4,), (1,)), "stride": ((1,), (2,), (3,)), "padding": ((0, 0), (1, 1)), "dilation": ((1,), (2,)),
        "output_padding": ((0,), (1,)), "group": ("1", "2", "depthwise"), "bias": (True, False),
    },
    2: {
        "kernel": ((3, 3), (2, 4), (1, 1)), "stride": ((1, 1), (2, 2), (3, 2)), "padding": ((0, 0, 0, 0), (1, 1, 1, 1), (0, 1, 0, 1)),
        "dilation": ((1, 1), (2, 1)), "output_padding": ((0, 0), (1, 1), (0, 1)), "group": ("1", "2", "depthwise"), "bias": (True, False),
    },
    3: {
        "kernel": ((3, 3, 3), (2, 1, 3)), "stride": ((1, 1, 1), (2, 1, 2)), "padding": ((0,) * 6, (1, 0, 1, 1, 0, 1)),
        "dilation": ((1, 1, 1), (1, 2, 1)), "output_padding": ((0, 0, 0), (1, 0, 1)), "group": ("1", "2", "depthwise"),
        "bias": (True, False),
    },
}  # fmt: skip
SIZES: Mapping[int, tuple[int, ...]] = {1: (23,), 2: (11, 13), 3: (5, 6, 7)}
TRANSPOSED_SIZES: Mapping[int, tuple[int, ...]] = {1: (9,), 2: (7, 6), 3: (3, 4, 3)}


def operands(dtype: str, row: Mapping[str, Any], size: tuple[int, ...], key: str, *, transposed: bool) -> tuple[Tensor, ...]:
    groups, cin, cout = CHANNELS[row["group"]]
    shape = (cin, cout // groups) if transposed else (cout, cin // groups)
    x = normal(dtype, (2, cin, *size), "conv-x", key, dtype)
    w = normal(dtype, (*shape, *row["kernel"]), "conv-w", key, dtype, offset=0.25)
    return (x, w, normal(dtype, (cout,), "conv-b", key, dtype)) if row["bias"] else (x, w)


def _named(row: Mapping[str, Any]) -> str:
    def short(v: tuple[int, ...]) -> str:
        return "".join(map(str, v))

    letters = {"kernel": "k", "stride": "s", "padding": "p", "dilation": "d", "output_padding": "o"}
    made = "-".join(letters[k] + short(v) for k, v in row.items() if k in letters)
    return f"{made}-g{row['group']}-{'bias' if row['bias'] else 'plain'}"


def _attributes(row: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    kept = {k: v for k, v in row.items() if k not in ("group", "bias", "kernel")}
    return params(**kept, groups=CHANNELS[row["group"]][0])


def _from_rows(rows: Iterable[Mapping[str, Any]], dtype: str, size: tuple[int, ...], *, transposed: bool = False) -> Iterable[Sample]:
    for i, row in enumerate(rows):
        inputs = operands(dtype, row, size, _named(row), transposed=transposed)
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        yield Sample(name=f"{dtype}-{_named(row)}", dtype=dtype, inputs=inputs, params=_attributes(row), why=why)


def _samples(dims: int) -> Callable[[], Iterable[Sample]]:
    size = SIZES[dims]

    def fits(row: Mapping[str, Any]) -> bool:
        return all(n + 2 >= (k - 1) * d + 1 for n, k, d in zip(size, row["kernel"], row["dilation"], strict=True))

    def samples() -> Iterable[Sample]:
        rows = pairwise(ROWS[dims], fits)
        yield from _from_rows(rows, "float32", size)
        for dtype in DTYPES[1:]:
            yield from _from_rows(rows[:4], dtype, size)
        yield from _large(dims)
        yield _not_finite(dims)

    return samples


def _plain(dims: int) -> tuple[tuple[str, Any], ...]:
    return params(stride=(1,) * dims, padding=(1,) * (2 * dims), dilation=(1,) * dims, groups=1)


def _large(dims: int) -> Iterable[Sample]:
    """Many channels (vector blocks of oneDNN and MLAS) and more than 32,768 outputs; positive data."""
    for channels, size in ((64, {1: (33,), 2: (7, 7), 3: (3, 5, 4)}), (8, {1: (4200,), 2: (65, 65), 3: (16, 17, 16)})):
        x = positive("float32", (1, channels, *size[dims]), "conv-large", str(dims))
        w = positive("float32", (8 if channels == 8 else 32, channels, *((3,) * dims)), "conv-large-w", str(dims))
        yield Sample(name=f"float32-c{channels}-positive", dtype="float32", inputs=(x, w), params=_plain(dims), why=SampleClass.EDGE)


def _not_finite(dims: int) -> Sample:
    x = positive("float32", (1, 2, *((9,) * dims)), "conv-special", str(dims)).array().copy()
    x[(0, 0, *((0,) * dims))], x[(0, 1, *((8,) * dims))] = np.nan, np.inf
    w = positive("float32", (3, 2, *((3,) * dims)), "conv-special-w", str(dims))
    return Sample(name="float32-special", dtype="float32", inputs=(Tensor.of(x), w), params=_plain(dims), why=SampleClass.SPECIAL)


def _padded(sample: Sample) -> Array:
    p: dict[str, Any] = dict(sample.params)
    x = wide(sample.arrays()[0], sample.dtype)
    half = len(p["padding"]) // 2
    return pad(x, p["padding"][:half], p["padding"][half:])


def reference(sample: Sample) -> tuple[Expected, ...]:
    p: dict[str, Any] = dict(sample.params)
    _, w, *rest = sample.arrays()
    bias = rest[0] if rest else None
    made = correlate(_padded(sample), w, bias, dtype=sample.dtype, stride=p["stride"], dilation=p["dilation"], groups=p["groups"])
    return (made,)


def _transposed_samples(dims: int) -> Callable[[], Iterable[Sample]]:
    def fits(row: Mapping[str, Any]) -> bool:
        return all(o < max(s, d) for o, s, d in zip(row["output_padding"], row["stride"], row["dilation"], strict=True))

    def samples() -> Iterable[Sample]:
        rows = pairwise(TRANSPOSED_ROWS[dims], fits)
        yield from _from_rows(rows, "float32", TRANSPOSED_SIZES[dims], transposed=True)
        for dtype in DTYPES[1:]:
            yield from _from_rows(rows[:4], dtype, TRANSPOSED_SIZES[dims], transposed=True)
        yield _transposed_large(dims)

    return samples


def _transposed_large(dims: int) -> Sample:
    p = params(stride=(2,) * dims, padding=(1,) * (2 * dims), dilation=(1,) * dims, groups=1, output_padding=(1,) * dims)
    size = {1: (1100,), 2: (34, 33), 3: (9, 8, 9)}[dims]
    key = "convt-large" if dims == 2 else f"convt-large-{dims}"
    inputs = (positive("float32", (1, 16, *size), key), positive("float32", (16, 8, *(3,) * dims), key + "-w"))
    return Sample(name="float32-c16-positive", dtype="float32", inputs=inputs, params=p, why=SampleClass.EDGE)


def _spread(x: Array, stride: tuple[int, ...]) -> Array:
    """Zeros between the elements."""
    out = np.zeros((*x.shape[:2], *((n - 1) * s + 1 for n, s in zip(x.shape[2:], stride, strict=True))), dtype=x.dtype)
    out[(slice(None), slice(None), *(slice(None, None, s) for s in stride))] = x
    return out


def _transposed(sample: Sample) -> tuple[Expected, ...]:
    """Zero insertion, then cross-correlation with the kernel turned around and its channels swapped."""
    p: dict[str, Any] = dict(sample.params)
    x, w, *rest = sample.arrays()
    kernel, groups, dilation = w.shape[2:], p["groups"], p["dilation"]
    half = len(kernel)
    low = [d * (k - 1) - a for d, k, a in zip(dilation, kernel, p["padding"][:half], strict=True)]
    ends = zip(dilation, kernel, p["padding"][half:], p["output_padding"], strict=True)
    high = [d * (k - 1) - a + o for d, k, a, o in ends]
    one = (1,) * half
    hits = windows(pad(_spread(np.ones((1, 1, *x.shape[2:])), p["stride"]), low, high), kernel, one, dilation)
    most = int(hits.sum(axis=tuple(range(-half, 0))).max()) * x.shape[1] // groups
    turned = np.flip(w, axis=tuple(range(2, 2 + half))).reshape(groups, x.shape[1] // groups, w.shape[1], *kernel)
    swapped = turned.swapaxes(1, 2).reshape(groups * w.shape[1], x.shape[1] // groups, *kernel)
    field = pad(_spread(wide(x, sample.dtype), p["stride"]), low, high)
    bias = rest[0] if rest else None
    return (correlate(field, swapped, bias, dtype=sample.dtype, stride=one, dilation=dilation, groups=groups, terms=most),)


def _with_weight(change: Callable[[Array], Array | None]) -> Callable[[Function, Sample, Results], Results | None]:
    def apply(function: Function, sample: Sample, results: Results) -> Results | None:
        w = change(sample.inputs[1].array())
        if w is None:
            return None
        return faults.truth(function, replace(sample, inputs=(sample.inputs[0], Tensor.of(w), *sample.inputs[2:])))

    return apply


def _last_tap(w: Array) -> Array | None:
    out = w.copy()
    out[..., -1] = 0
    return out


def _turned(w: Array) -> Array | None:
    out = np.ascontiguousarray(np.flip(w, axis=tuple(range(2, w.ndim))))
    return None if out.tobytes() == w.tobytes() else out


def _last_channel(w: Array) -> Array | None:
    out = w.copy()
    out[:, -1] = 0
    return out if w.shape[1] > 1 else None


def _bias_lost(function: Function, sample: Sample, results: Results) -> Results | None:
    return faults.truth(function, replace(sample, inputs=sample.inputs[:2])) if len(sample.inputs) == 3 else None


def _shifted(padding: tuple[int, ...]) -> tuple[int, ...]:
    half = len(padding) // 2
    low, high = padding[:half], padding[half:]
    moved = all(h > 0 for h in high)
    return (*(a + moved for a in low), *(b - moved for b in high))


FAULTS = (
    faults.TF32_INPUTS,
    faults.BF16_INPUTS,
    faults.one_element(),
    faults.stale(),
    faults.rolled(),
    faults.other_params("padding-offset", "The padding is one place off: more before, less after.", padding=_shifted),
    Fault(id="dropped-last-tap", sentence="The last tap of every kernel row is left out.", apply=_with_weight(_last_tap)),
    Fault(id="dropped-last-channel", sentence="The last channel of a group is left out.", apply=_with_weight(_last_channel)),
    Fault(id="kernel-turned", sentence="The kernel is applied the wrong way around.", apply=_with_weight(_turned)),
    Fault(id="bias-lost", sentence="The bias is not added.", apply=_bias_lost),
)


def function(id: str, says: str, source: str, samples: Callable[[], Iterable[Sample]], reference: Any) -> Function:
    return Function(
        id=id, side=Side.INFERENCE, area="convolution",
        requirement=f"The library shall return {says}, for any stride, padding, dilation and number of groups, with and without bias.",
        source=f"ONNX operator specification, {source}", oracle=ORACLE, samples=samples, reference=reference,
        criterion=Componentwise(), faults=FAULTS,
    )  # fmt: skip


AXES = {1: "one axis", 2: "two axes", 3: "three axes"}
FUNCTIONS: tuple[Function, ...] = (
    *(
        function(f"conv{d}d", f"the cross-correlation over {AXES[d]}", f"Conv; torch.nn.Conv{d}d", _samples(d), reference)
        for d in (1, 2, 3)
    ),
    *(
        function(
            f"conv_transpose{d}d", f"the transposed convolution over {AXES[d]}", f"ConvTranspose; torch.nn.ConvTranspose{d}d",
            _transposed_samples(d), _transposed,
        )
        for d in (1, 2, 3)
    ),
)  # fmt: skip

"""Convolutions whose padding the library works out: padding that keeps the size, and ONNX's auto_pad."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from csvkit_ml.criteria import Componentwise
from csvkit_ml.model.function import Expected, Fault, Function, Sample, SampleClass, Side, params
from csvkit_ml.references import correlate, pad, wide
from validation_suites import faults
from validation_suites.inference.convolution import CHANNELS, FAULTS, ORACLE, SIZES, operands
from validation_suites.sampling import pairwise

DTYPES = ("float32", "float64", "float16", "bfloat16")
KERNELS: Mapping[int, tuple[tuple[int, ...], ...]] = {
    1: ((3,), (4,), (1,), (6,)), 2: ((3, 3), (2, 5), (4, 4), (1, 2)), 3: ((3, 2, 3), (2, 2, 2), (1, 3, 4)),
}  # fmt: skip
STRIDES: Mapping[int, tuple[tuple[int, ...], ...]] = {1: ((1,), (2,), (3,)), 2: ((1, 1), (2, 2), (1, 3)), 3: ((1, 1, 1), (2, 1, 2))}
DILATIONS: Mapping[int, tuple[tuple[int, ...], ...]] = {1: ((1,), (2,)), 2: ((1, 1), (2, 2), (1, 2)), 3: ((1, 1, 1), (1, 2, 1))}


def _rows(dims: int, modes: tuple[str, ...], strides: bool) -> list[dict[str, Any]]:
    """With strides, no dilation: onnxruntime refuses auto_pad with dilation, in so many words."""
    values: dict[str, tuple[Any, ...]] = {
        "kernel": KERNELS[dims], "stride": STRIDES[dims] if strides else STRIDES[dims][:1],
        "dilation": DILATIONS[dims][:1] if strides else DILATIONS[dims], "auto": modes,
        "group": tuple(CHANNELS), "bias": (True, False),
    }  # fmt: skip
    return pairwise(values)


def _samples(id: str, dtypes: tuple[str, ...], modes: tuple[str, ...], *, strides: bool) -> Callable[[], Iterable[Sample]]:
    def samples() -> Iterable[Sample]:
        for dims in (2, 1, 3):
            for dtype in dtypes:
                rows = _rows(dims, modes, strides)
                for i, row in enumerate(rows if dtype == "float32" else rows[:3]):
                    yield _sample(id, dtype, dims, row, SampleClass.COVERING if i or dims != 2 else SampleClass.ORDINARY)

    return samples


def _sample(id: str, dtype: str, dims: int, row: Mapping[str, Any], why: SampleClass) -> Sample:
    letters = "".join(f"-{k[0]}{'x'.join(map(str, row[k]))}" for k in ("kernel", "stride", "dilation"))
    name = f"{dtype}-{dims}d-{row['auto']}{letters}-g{row['group']}-{'bias' if row['bias'] else 'plain'}"
    inputs = operands(dtype, row, SIZES[dims], f"{id}-{name}", transposed=False)
    p = params(auto=row["auto"], stride=row["stride"], dilation=row["dilation"], groups=CHANNELS[row["group"]][0])
    return Sample(name=name, dtype=dtype, inputs=inputs, params=p, why=why)


def ends(sample: Sample) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(padding before, padding after) of each axis: as many outputs as n / stride, rounded up; the odd one goes where `auto` says."""
    p: dict[str, Any] = dict(sample.params)
    x, w = sample.inputs[:2]
    before, after = [], []
    for n, k, s, d in zip(x.shape[2:], w.shape[2:], p["stride"], p["dilation"], strict=True):
        total = max(0, (-(-n // s) - 1) * s + d * (k - 1) + 1 - n) if p["auto"] != "valid" else 0
        less, more = total // 2, total - total // 2
        before.append(more if p["auto"] == "lower" else less)
        after.append(less if p["auto"] == "lower" else more)
    return tuple(before), tuple(after)


def _reference(sample: Sample) -> tuple[Expected, ...]:
    p: dict[str, Any] = dict(sample.params)
    x, w, *rest = sample.arrays()
    padded = pad(wide(x, sample.dtype), *ends(sample))
    bias = rest[0] if rest else None
    return (correlate(padded, w, bias, dtype=sample.dtype, stride=p["stride"], dilation=p["dilation"], groups=p["groups"]),)


def _other_end(sample: Sample) -> Sample | None:
    """The odd element of padding at the other end."""
    other = {"upper": "lower", "lower": "upper"}.get(str(sample.param("auto")))
    if other is None:
        return None
    return replace(sample, params=tuple(sorted({**dict(sample.params), "auto": other}.items())))


OWN: tuple[Fault, ...] = (
    *(f for f in FAULTS if f.id != "padding-offset"),
    faults.other_sample("odd-padding-at-the-other-end", "The odd element of padding is put at the other end.", _other_end),
)


def _function(id: str, says: str, source: str, samples: Callable[[], Iterable[Sample]]) -> Function:
    return Function(
        id=id, side=Side.INFERENCE, area="convolution", requirement=f"The library shall return {says}.", source=source, oracle=ORACLE,
        samples=samples, reference=_reference, criterion=Componentwise(), faults=OWN,
    )  # fmt: skip


FUNCTIONS: tuple[Function, ...] = (
    _function(
        "conv_same", "the cross-correlation of as many elements as the input has, the odd element of padding behind the data",
        "torch.nn.Conv2d, padding 'same'; ONNX operator specification, Conv, auto_pad SAME_UPPER",
        _samples("conv_same", DTYPES, ("upper",), strides=False),
    ),
    _function(
        "conv_auto_pad", "the cross-correlation of n / stride elements, rounded up, the odd element of padding where auto_pad says",
        "ONNX operator specification, Conv, auto_pad", _samples("conv_auto_pad", ("float32",), ("lower", "upper", "valid"), strides=True),
    ),
)  # fmt: skip

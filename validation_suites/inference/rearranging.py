"""Channels to space and back: pixel shuffle (DepthToSpace, both orders), pixel unshuffle (SpaceToDepth), channel shuffle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import numpy as np

from csvkit_ml.criteria import Exact
from csvkit_ml.model.function import Expected, Fault, Function, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import exactly
from validation_suites import faults
from validation_suites.sampling import normal
from validation_suites.sampling.operands import patterns

DTYPES = ("float32", "float64", "float16", "bfloat16", "uint8", "int64")
SHAPES: Mapping[str, tuple[tuple[tuple[int, ...], int], ...]] = {
    "to space": (((2, 8, 3, 5), 2), ((1, 9, 4, 4), 3), ((3, 4, 1, 7), 2), ((1, 3, 5, 6), 1), ((2, 32, 2, 3), 4), ((1, 12, 65, 33), 2)),
    "to depth": (((2, 2, 6, 10), 2), ((1, 1, 12, 9), 3), ((3, 5, 2, 14), 2), ((1, 3, 5, 6), 1), ((2, 2, 8, 12), 4), ((1, 3, 130, 66), 2)),
    "channels": (((2, 6, 3, 5), 2), ((1, 12, 4, 4), 3), ((3, 8, 7, 1), 4), ((1, 5, 2, 3), 1), ((1, 33, 31, 33), 11), ((2, 6, 9, 2), 6)),
}
"""(shape, block or groups)."""
Rearrange = Callable[[Array, int], Array]


def _samples(id: str, kind: str) -> Callable[[], Iterable[Sample]]:
    def samples() -> Iterable[Sample]:
        for dtype in DTYPES:
            for i, (shape, block) in enumerate(SHAPES[kind]):
                name = f"{dtype}-{'x'.join(map(str, shape))}-by-{block}"
                floats = dtype not in ("uint8", "int64")
                x = normal(dtype, shape, id, name) if floats else _whole(dtype, shape, id, name)
                why = SampleClass.COVERING if i else SampleClass.ORDINARY
                yield Sample(name=name, dtype=dtype, inputs=(x,), params=params(block=block), why=why)

    return samples


def _whole(dtype: str, shape: tuple[int, ...], *names: str) -> Tensor:
    return replace(patterns(dtype, int(np.prod(shape)), *names), shape=shape)


def _crd(x: Array, r: int) -> Array:
    """Channel c, then row and column in the block."""
    n, c, h, w = x.shape
    return x.reshape(n, c // r**2, r, r, h, w).transpose(0, 1, 4, 2, 5, 3).reshape(n, c // r**2, h * r, w * r)


def _dcr(x: Array, r: int) -> Array:
    """Row and column in the block, then channel c."""
    n, c, h, w = x.shape
    return x.reshape(n, r, r, c // r**2, h, w).transpose(0, 3, 4, 1, 5, 2).reshape(n, c // r**2, h * r, w * r)


def _unshuffled(x: Array, r: int) -> Array:
    n, c, h, w = x.shape
    return x.reshape(n, c, h // r, r, w // r, r).transpose(0, 1, 3, 5, 2, 4).reshape(n, c * r**2, h // r, w // r)


def _to_depth(x: Array, r: int) -> Array:
    n, c, h, w = x.shape
    return x.reshape(n, c, h // r, r, w // r, r).transpose(0, 3, 5, 1, 2, 4).reshape(n, c * r**2, h // r, w // r)


def _channels(x: Array, g: int) -> Array:
    n, c = x.shape[:2]
    return x.reshape(n, g, c // g, *x.shape[2:]).swapaxes(1, 2).reshape(x.shape)


def _channels_back(x: Array, g: int) -> Array:
    return _channels(x, x.shape[1] // g)


def _rows_for_columns(move: Rearrange) -> Rearrange:
    """Rows and columns of each block exchanged."""
    return lambda x, r: np.ascontiguousarray(np.swapaxes(move(np.ascontiguousarray(np.swapaxes(x, 2, 3)), r), 2, 3))


def _faulty(id: str, sentence: str, move: Rearrange) -> Fault:
    def made(sample: Sample) -> Array | None:
        x, r = sample.arrays()[0], int(sample.param("block"))
        return move(x, r) if r > 1 else None

    return faults.computed(id, sentence, made)


def _function(id: str, says: str, source: str, kind: str, move: Rearrange, other: Rearrange, order: str) -> Function:
    def reference(sample: Sample) -> tuple[Expected, ...]:
        return (exactly(move(sample.arrays()[0], int(sample.param("block"))), dtype=sample.dtype),)

    turned = _faulty("block-transposed", "Rows and columns of each block are swapped.", _rows_for_columns(move))
    return Function(
        id=id, side=Side.INFERENCE, area="rearranging", requirement=f"The library shall return {says}.", source=source,
        oracle="exact: moves values", samples=_samples(id, kind), reference=reference, criterion=Exact(),
        faults=(
            faults.one_element(), faults.stale(), faults.rolled(), _faulty("other-order", order, other),
            *(() if kind == "channels" else (turned,)),
        ),
    )  # fmt: skip


FUNCTIONS: tuple[Function, ...] = (
    _function(
        "pixel_shuffle", "blocks of r x r channels spread over space, the channel counting before the place in the block",
        "Shi et al. 2016; ONNX operator specification, DepthToSpace (CRD); torch.nn.PixelShuffle", "to space", _crd, _dcr,
        "The place in the block counts before the channel.",
    ),
    _function(
        "depth_to_space", "blocks of r x r channels spread over space, the place in the block counting before the channel",
        "ONNX operator specification, DepthToSpace (DCR)", "to space", _dcr, _crd, "The channel counts before the place in the block.",
    ),
    _function(
        "pixel_unshuffle", "every block of r x r elements as channels, the channel counting before the place in the block",
        "torch.nn.PixelUnshuffle", "to depth", _unshuffled, _to_depth, "The place in the block counts before the channel.",
    ),
    _function(
        "space_to_depth", "every block of r x r elements as channels, the place in the block counting before the channel",
        "ONNX operator specification, SpaceToDepth", "to depth", _to_depth, _unshuffled,
        "The channel counts before the place in the block.",
    ),
    _function(
        "channel_shuffle", "channels taken in turn from each of g groups", "Zhang et al. 2018; torch.nn.ChannelShuffle", "channels",
        _channels, _channels_back, "Groups and their members are exchanged.",
    ),
)  # fmt: skip

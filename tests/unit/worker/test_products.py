"""Probes of arithmetic: every narrower format is seen, at every size, in products and convolutions."""

from __future__ import annotations

from collections.abc import Callable

import ml_dtypes
import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from csvkit_ml.model.tensor import Array
from csvkit_ml.worker import products
from csvkit_ml.worker.wire import WireTensor

Round = Callable[[Array], Array]


def exact(x: Array) -> Array:
    return x


def tf32(x: Array) -> Array:
    """Ten bits behind the point, nearest, ties to even."""
    bits = np.ascontiguousarray(x, np.float32).view(np.uint32)
    kept = (bits + 0xFFF + ((bits >> 13) & 1)) & np.uint32(0xFFFFE000)
    return kept.view(np.float32)


def bfloat16(x: Array) -> Array:
    return x.astype(ml_dtypes.bfloat16).astype(np.float32)


def two_pieces(x: Array) -> Array:
    """What three passes of bfloat16 keep of a factor that meets a one."""
    high = bfloat16(x)
    return high + bfloat16(x - high)


def array(w: WireTensor) -> Array:
    return np.frombuffer(w.data, w.dtype).reshape(w.shape)


def wire(a: Array) -> WireTensor:
    return WireTensor("float32", a.shape, a.astype(np.float32).tobytes())


def multiply(narrow: Round) -> products.Multiply:
    return lambda a, b: wire(narrow(array(a)) @ narrow(array(b)))


def convolve(narrow: Round) -> products.Convolve:
    def call(x: WireTensor, w: WireTensor) -> WireTensor:
        a, k = narrow(array(x)), narrow(array(w))
        half = k.shape[-1] // 2
        windows = sliding_window_view(np.pad(a, ((0, 0), (0, 0), (half, half), (half, half))), k.shape[2:], axis=(2, 3))
        return wire(np.einsum("nchwij,ocij->nohw", windows, k, optimize=True))

    return call


CASES = [(exact, "float32"), (tf32, "TF32 or float16"), (bfloat16, "bfloat16"), (two_pieces, "three passes of bfloat16")]


@pytest.mark.parametrize(("narrow", "name"), CASES, ids=[n for _, n in CASES])
def test_the_arithmetic_is_recognised(narrow: Round, name: str) -> None:
    assert products.arithmetic(multiply(narrow), convolve(narrow)) == {"float32 product": name, "float32 convolution": name}


@pytest.mark.parametrize("shape", products.SHAPES)
def test_one_kernel_of_one_size_is_enough_to_show(shape: tuple[int, int, int]) -> None:
    """A library that uses TF32 at one size only."""

    def sometimes(a: WireTensor, b: WireTensor) -> WireTensor:
        return multiply(tf32 if (*a.shape, b.shape[1]) == shape else exact)(a, b)

    assert products.arithmetic(sometimes, convolve(exact))["float32 product"] == "TF32 or float16"


def test_small_errors_of_a_transformation_are_told_apart() -> None:
    def winograd(x: WireTensor, w: WireTensor) -> WireTensor:
        return wire(array(x) * np.float32(1 + 2**-23))

    assert products.arithmetic(multiply(exact), winograd)["float32 convolution"] == "float32 by transformation"


@pytest.mark.parametrize("value", [0.0, float("nan"), 1e9])
def test_rubbish_is_wrong(value: float) -> None:
    def rubbish(a: WireTensor, b: WireTensor) -> WireTensor:
        return wire(np.full((a.shape[0], b.shape[1]), value))

    assert products.arithmetic(rubbish, convolve(exact))["float32 product"] == "wrong"
    assert products.classify(b"\x00" * 4, b"") == "wrong"


def test_sums_in_half_precision_show() -> None:
    def low(a: WireTensor, b: WireTensor) -> WireTensor:
        total = np.float16(0)
        for x, y in zip(array(a).ravel(), array(b).ravel(), strict=True):
            total = np.float16(total + x * y)
        return WireTensor("float16", (1, 1), total.tobytes())

    def high(a: WireTensor, b: WireTensor) -> WireTensor:
        return WireTensor("float16", (1, 1), (array(a).astype(np.float32) @ array(b).astype(np.float32)).astype(np.float16).tobytes())

    assert products.sum_of_ones(low) == "2048"
    assert products.sum_of_ones(high) == "4096"

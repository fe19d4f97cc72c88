"""Values of bfloat16 reach a session and come back although numpy has no such type: a stand-in of the library that has values of its own."""

from __future__ import annotations

import ctypes
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from csvkit_ml.libraries.binding import NotSupported
from csvkit_ml.libraries.onnxruntime.staged import bfloat16, runtime
from csvkit_ml.libraries.onnxruntime.staged.runtime import OnnxRuntime
from csvkit_ml.worker.wire import WireRequest, WireTensor

ONE, TWO = 0x3F80, 0x4000
"""Bits of 1 and 2."""


class Value:
    """As the library's, over an array of bits or of numbers."""

    def __init__(self, array: Any, kind: str) -> None:
        self.array, self.kind = np.array(array, order="C"), kind

    def data_type(self) -> str:
        return self.kind

    def shape(self) -> list[int]:
        return list(self.array.shape)

    def data_ptr(self) -> int:
        return int(self.array.ctypes.data)

    def numpy(self) -> Any:
        if self.kind == bfloat16.KIND:
            raise RuntimeError("no such type")
        return self.array

    @staticmethod
    def ortvalue_from_numpy(array: Any) -> Value:
        return Value(array, "tensor(float)")

    @staticmethod
    def ortvalue_from_numpy_with_onnx_type(array: Any, element: int) -> Value:
        assert array.dtype == np.uint16 and element == 16
        return Value(array, bfloat16.KIND)


class Doubling:
    """A session that answers both operands with the exponent of each one higher: bits and numbers."""

    def get_inputs(self) -> list[Any]:
        return [SimpleNamespace(name="a", type=bfloat16.KIND), SimpleNamespace(name="b", type="tensor(float)")]

    def get_outputs(self) -> list[Any]:
        return [SimpleNamespace(name="y", type=bfloat16.KIND), SimpleNamespace(name="z", type="tensor(float)")]

    def run_with_ort_values(self, names: list[str], feeds: dict[str, Value]) -> list[Value]:
        bits = (feeds["a"].array + np.uint16(0x80)).astype(np.uint16)
        return [Value(bits, bfloat16.KIND), Value(2 * feeds["b"].array, "tensor(float)")]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> OnnxRuntime:
    made = object.__new__(OnnxRuntime)
    made.np, made.settings, made._program, made._sessions, made._recent = np, {}, b"", {}, []
    made.ort = SimpleNamespace(OrtValue=Value)
    monkeypatch.setattr(runtime, "session_of", lambda ort, program, how: Doubling())
    return made


def _request(variant: str, shape: tuple[int, ...] = (2, 1)) -> WireRequest:
    count = int(np.prod(shape))
    bits = np.full(count, ONE, np.uint16).tobytes()
    inputs = [WireTensor("bfloat16", shape, bits), WireTensor("float32", shape, np.full(count, 3, np.float32).tobytes())]
    return WireRequest(op="f", variant=variant, program=b"m", params={}, inputs=inputs)


@pytest.mark.parametrize("shape", [(2, 1), (0, 3), ()])
def test_bits_go_in_and_come_back(made: OnnxRuntime, shape: tuple[int, ...]) -> None:
    (_, y), (_, z) = made.run(_request("plain", shape))
    assert (y.dtype, y.shape, z.dtype) == ("bfloat16", shape, "float32")
    assert np.frombuffer(y.data, np.uint16).tolist() == [TWO] * int(np.prod(shape))
    assert np.frombuffer(z.data, np.float32).tolist() == [6.0] * int(np.prod(shape))


def test_what_a_release_cannot_make_or_bind_is_not_supported(made: OnnxRuntime) -> None:
    with pytest.raises(NotSupported, match="binding"):
        made.run(_request("io-binding"))
    made.ort = SimpleNamespace(OrtValue=SimpleNamespace())
    with pytest.raises(NotSupported, match="cannot be made"):
        made.run(_request("plain"))


def test_bytes_are_a_copy() -> None:
    value = Value(np.array([ONE], np.uint16), bfloat16.KIND)
    data = bfloat16.data(value)
    ctypes.memset(value.data_ptr(), 0, 2)
    assert np.frombuffer(data, np.uint16).tolist() == [ONE]

"""A torch that holds its switches and computes nothing, and a runtime whose products are of a stated arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from csvkit_ml.libraries.binding import Runtime, WireRequest, WireTensor
from tests.unit.worker.test_products import array, convolve, multiply

Round = Callable[[Any], Any]


class Stuck(SimpleNamespace):
    """Switches that cannot be moved."""

    def __setattr__(self, name: str, value: object) -> None:
        if name not in self.__dict__:
            super().__setattr__(name, value)


class FakeTorch(SimpleNamespace):
    """The switches that settings are made of; `cuda` says whether there is a device, `stuck` whether cuDNN's switches move."""

    def __init__(self, *, cuda: bool = False, stuck: bool = False, hip: str = "") -> None:
        matmul = SimpleNamespace(
            allow_tf32=False, allow_fp16_reduced_precision_reduction=True, allow_bf16_reduced_precision_reduction=True
        )
        cudnn = (Stuck if stuck else SimpleNamespace)()
        cudnn.allow_tf32, cudnn.deterministic, cudnn.benchmark = True, False, False
        backends = SimpleNamespace(cuda=SimpleNamespace(matmul=matmul), cudnn=cudnn)
        super().__init__(cuda=SimpleNamespace(is_available=lambda: cuda), backends=backends, threads=1, demanded=False, device="cpu")
        self.version = SimpleNamespace(cuda="13.0" if cuda and not hip else None, hip=hip or None)

    def set_num_threads(self, n: int) -> None:
        self.threads = n

    def get_num_threads(self) -> int:
        return self.threads

    def set_default_device(self, device: str) -> None:
        self.device = device

    def empty(self, n: int) -> Any:
        return SimpleNamespace(device=SimpleNamespace(type=self.device))

    def use_deterministic_algorithms(self, on: bool) -> None:
        self.demanded = on

    def are_deterministic_algorithms_enabled(self) -> bool:
        return self.demanded

    def zeros(self, n: int) -> Any:
        def put_(*_: object) -> None:
            if self.demanded:
                raise RuntimeError("put_ does not have a deterministic implementation")

        return SimpleNamespace(put_=put_)

    def ones(self, *shape: int) -> Any:
        return None

    def tensor(self, values: object) -> Any:
        return values


class FakeRuntime(Runtime):
    """Bindings of matmul and conv2d in which operands are rounded first."""

    def __init__(self, narrow: Round, *, convolutions: Round | None = None) -> None:
        self.device = "cpu"
        self._multiply, self._convolve = multiply(narrow), convolve(convolutions or narrow)

    def run(self, request: WireRequest) -> list[tuple[str, WireTensor]]:
        a, b = request.inputs
        if a.dtype == "float16":
            wide = array(a).astype(np.float32) @ array(b).astype(np.float32)
            return [("y", WireTensor("float16", wide.shape, wide.astype(np.float16).tobytes()))]
        return [("y", (self._multiply if request.op == "matmul" else self._convolve)(a, b))]

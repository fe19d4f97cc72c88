"""PyTorch inside the tested environment: bytes to tensors, variants, settings with proof, dirty memory."""

from __future__ import annotations

import contextlib
import ctypes
from typing import Dict

from csvkit_ml.libraries.binding import NotSupported, Runtime, WireTensor
from csvkit_ml.libraries.torch.staged.catalogue import bindings
from csvkit_ml.libraries.torch.staged.layouts import LAYOUTS

_DIRT = b"\xff\xff\xff\x7f\xff\xff\xf8\x7f"
_SIZES = (64, 256, 1024, 4096, 16384, 65536, 262144, 1048576)


class TorchRuntime(Runtime):
    """See Runtime. The constructor imports torch and asks it nothing."""

    def __init__(self):
        import torch

        self.t = torch
        self.bindings = bindings()
        names = [
            "bool",
            "int8",
            "int16",
            "int32",
            "int64",
            "uint8",
            "uint16",
            "uint32",
            "uint64",
            "float16",
            "bfloat16",
            "float32",
            "float64",
            "complex64",
            "complex128",
        ]
        self.dtypes = {n: getattr(torch, n) for n in names if hasattr(torch, n)}
        self.names = {d: n for n, d in self.dtypes.items()}

    def apply(self, settings: Dict[str, str]) -> Dict[str, str]:
        t, proven = self.t, {}
        for name, value in settings.items():
            if name == "threads":
                t.set_num_threads(int(value))
                proven[name] = str(t.get_num_threads())
            elif name == "deterministic":
                t.use_deterministic_algorithms(value == "on")
                proven[name] = "on" if t.are_deterministic_algorithms_enabled() else "off"
            elif name == "float32_matmul_precision":
                t.set_float32_matmul_precision(value)
                proven[name] = t.get_float32_matmul_precision()
            else:
                raise NotSupported("setting " + name)
        return proven

    def describe(self) -> Dict[str, str]:
        t = self.t
        facts = {
            "version": t.__version__,
            "git": str(getattr(t.version, "git_version", "")),
            "config": t.__config__.show(),
            "parallel": t.__config__.parallel_info(),
            "mkldnn": str(t.backends.mkldnn.is_available()),
            "mkl": str(t.backends.mkl.is_available()),
            "cuda": str(t.version.cuda),
            "threads": str(t.get_num_threads()),
        }
        if hasattr(t.backends, "cpu"):
            facts["capability"] = t.backends.cpu.get_cpu_capability()
        return facts

    def dirty(self) -> None:
        """Allocate, fill with NaN patterns and free, from small to large, so that the allocator hands the dirt out next."""
        for size in _SIZES:
            held = [self.t.empty(size, dtype=self.t.uint8) for _ in range(8)]
            for block in held:
                ctypes.memmove(block.data_ptr(), _DIRT * (size // 8), size)

    def run(self, request):
        binding = self.bindings.get(request.op)
        if binding is None:
            raise NotSupported("no binding of " + request.op)
        form, layout, mode = _variant(binding, request.variant)
        inputs = [LAYOUTS[layout](self.t, self._tensor(w)) for w in request.inputs]
        with _mode(self.t, mode):
            result = form(self.t, request.params, *inputs)
            outputs = result if isinstance(result, (tuple, list)) else (result,)
            return [("y" + (str(i) if i else ""), self._wire(y)) for i, y in enumerate(outputs)]

    def _tensor(self, wire):
        t, dtype = self.t, self.dtypes.get(wire.dtype)
        if dtype is None:
            raise NotSupported("dtype " + wire.dtype)
        if len(wire.data) == 0:
            return t.empty(wire.shape, dtype=dtype)
        x = t.empty(wire.shape, dtype=dtype)
        ctypes.memmove(x.data_ptr(), bytes(wire.data), len(wire.data))
        return x

    def _wire(self, y):
        t = self.t
        if not isinstance(y, t.Tensor):
            kind = t.bool if isinstance(y, bool) else t.int64 if isinstance(y, int) else t.float64
            y = t.tensor(y, dtype=kind)
        y = y.detach().resolve_conj().resolve_neg().cpu().contiguous()
        size = y.numel() * y.element_size()
        data = ctypes.string_at(y.data_ptr(), size) if size else b""
        return WireTensor(self.names[y.dtype], tuple(y.shape), data)


def _variant(binding, name):
    plain = next(iter(binding.forms.values()))
    if name.startswith("layout="):
        return plain, name[7:], ""
    if name.startswith("mode="):
        return plain, "contiguous", name[5:]
    return binding.forms[name], "contiguous", ""


def _mode(t, name):
    if not name:
        return contextlib.nullcontext()
    return {"inference-mode": t.inference_mode, "no-grad": t.no_grad, "grad": t.enable_grad}[name]()


RUNTIME = TorchRuntime

"""PyTorch inside the tested environment: bytes to tensors, variants, settings with proof, dirty memory."""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
import traceback
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from csvkit_ml.libraries.binding import Binding, NotSupported, Runtime, WireRequest, WireTensor
from csvkit_ml.libraries.torch.staged.catalogue import bindings
from csvkit_ml.libraries.torch.staged.layouts import LAYOUTS
from csvkit_ml.libraries.torch.staged.paths import PATHS, form_of, taken
from csvkit_ml.libraries.torch.staged.settings import put_in_force

_DTYPES = (
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "bfloat16", "float32", "float64",
    "complex64", "complex128",
)  # fmt: skip
_DIRTY_SIZES = (64, 256, 1024, 4096, 16384, 65536)
"""Bytes of the blocks that are always dirtied, besides blocks as large as recent operands and results."""
_DIRTY_RECENT = 16
_DIRTY_LARGEST = 1 << 26
_BINDINGS = "csvkit_ml.libraries.torch.staged."


def _import_late(t: Any) -> None:
    """What torch imports when an optimiser or a function transform is first used: here once, not in every forked process."""
    try:
        t._dynamo  # noqa: B018
        for name in ("torch.export._trace", "torch._export.non_strict_utils"):
            importlib.import_module(name)
    except Exception:  # releases without it, or builds in which it does not import: whoever uses it will be told
        return


class TorchRuntime(Runtime):
    """See Runtime. The constructor imports torch and asks it nothing: the capability would be fixed for every forked process."""

    def __init__(self) -> None:
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = os.path.abspath("inductor")  # importing makes it: not in a folder that everybody shares
        import torch

        _import_late(torch)
        self.t: Any = torch
        self.bindings = bindings()
        self.dtypes = {n: getattr(torch, n) for n in _DTYPES if hasattr(torch, n)}
        self.names = {d: n for n, d in self.dtypes.items()}
        self._recent: List[int] = []
        self._traced: Dict[Tuple[str, str], int] = {}
        self.device = "cpu"

    def apply(self, settings: Dict[str, str]) -> Dict[str, str]:
        """See settings.put_in_force."""
        return put_in_force(self, self.t, settings)

    def describe(self) -> Dict[str, str]:
        t = self.t
        facts = {
            "version": str(t.__version__),
            "git": str(getattr(t.version, "git_version", "")),
            "config": t.__config__.show(),
            "parallel": t.__config__.parallel_info(),
            "mkldnn": str(t.backends.mkldnn.is_available()),
            "mkl": str(t.backends.mkl.is_available()),
            "openmp": str(t.backends.openmp.is_available()),
            "cuda": str(t.version.cuda),
            "threads": str(t.get_num_threads()),
            "interop threads": str(t.get_num_interop_threads()),
        }
        if hasattr(t.backends, "cpu"):
            facts["capability"] = str(t.backends.cpu.get_cpu_capability())
        if t.version.cuda and t.cuda.is_available():
            facts.update(self._devices())
        return facts

    def inventory(self) -> Dict[str, Any]:
        from csvkit_ml.libraries.torch.staged.inventory import inventory

        return inventory(self.t)

    def _devices(self) -> Dict[str, str]:
        t = self.t
        facts = {"cudnn": str(t.backends.cudnn.version())}
        for i in range(t.cuda.device_count()):
            facts["device %d" % i] = str(t.cuda.get_device_properties(i))
        return facts

    def dirty(self) -> None:
        """Fill blocks with NaN patterns and free them, so that the allocator hands them out next.

        Small blocks of every class, and blocks exactly as large as the operands and results of the recent executions.
        """
        sizes = sorted({*_DIRTY_SIZES, *self._recent})
        if self.device != "cpu":
            held = [self.t.full((size,), 0xFF, dtype=self.t.uint8) for size in sizes for _ in range(2)]
            return
        held = [self.t.empty(size, dtype=self.t.uint8) for size in sizes for _ in range(2)]
        for block in held:
            ctypes.memset(block.data_ptr(), 0xFF, block.numel())
        more = [bytearray(b"\xff") * size for size in _DIRTY_SIZES]
        del held, more

    def run(self, request: WireRequest) -> List[Tuple[str, WireTensor]]:
        outputs = self._execute(request, contextlib.nullcontext())
        return [("y%d" % i if i else "y", self._wire(y)) for i, y in enumerate(outputs)]

    def calls(self, request: WireRequest) -> Dict[str, bool]:
        """Seen by a dispatch mode, below automatic differentiation; what prepares operands and takes results is not counted.

        A variant of a function that has executed ENOUGH operators repeats itself (training loops): its further samples are not traced.
        """
        from csvkit_ml.libraries.torch.staged.tracing import ENOUGH, Trace, recorder

        asked = request.op, request.variant
        if self._traced.get(asked, 0) >= ENOUGH:
            return {}
        trace, results = Trace(), []
        with contextlib.suppress(Exception):
            results = list(self._execute(request, recorder(trace)))
        self._traced[asked] = self._traced.get(asked, 0) + trace.executed
        return trace.calls(results)

    def _execute(self, request: WireRequest, around: Any) -> Sequence[Any]:
        """Outputs of one case; `around` is entered for the call of the library alone."""
        binding = self.bindings.get(request.op)
        if binding is None:
            raise NotSupported("no binding of " + request.op)
        form, layout, mode = _variant(binding, request.variant)
        place = LAYOUTS.get(layout)
        if form is None or place is None:
            raise NotSupported("variant " + request.variant)
        with _mode(self.t, "" if mode in PATHS else mode):
            inputs = [place(self.t, self._tensor(w)) for w in request.inputs]
            if mode == "requires-grad":
                inputs = [x.requires_grad_(True) if x.is_floating_point() or x.is_complex() else x for x in inputs]
            try:
                with around:
                    result = taken(self.t, mode, form, request.params, inputs)
            except (AttributeError, TypeError) as e:
                if not _is_missing(e):
                    raise
                raise NotSupported("this release does not offer it: %s" % e) from e
            return result if isinstance(result, (tuple, list)) else (result,)

    def _tensor(self, wire: WireTensor) -> Any:
        """A tensor in storage of its own, 64-byte aligned as torch allocates it."""
        dtype = self.dtypes.get(wire.dtype)
        if dtype is None:
            raise NotSupported("dtype " + wire.dtype)
        x = self.t.empty(wire.shape, dtype=dtype, device="cpu")
        size = len(wire.data)
        if size:
            ctypes.memmove(x.data_ptr(), bytes(wire.data), size)
            self._remember(size)
        return x if self.device == "cpu" else x.to(self.device)

    def _wire(self, y: Any) -> WireTensor:
        """Elements in C order; a Python number becomes a tensor of its kind."""
        t = self.t
        if not isinstance(y, t.Tensor):
            if not isinstance(y, (bool, int, float, complex)):
                raise TypeError("the result holds a %s, not a tensor or a number" % type(y).__name__)
            y = t.tensor(y, dtype={bool: t.bool, int: t.int64, float: t.float64}.get(type(y), t.complex128))
        y = y.detach().resolve_conj().resolve_neg().cpu().contiguous()
        name = self.names.get(y.dtype)
        if name is None:
            raise TypeError("the result is of dtype %s" % y.dtype)
        size = y.numel() * y.element_size()
        if not size:
            return WireTensor(name, tuple(y.shape), b"")
        self._remember(size)
        return WireTensor(name, tuple(y.shape), ctypes.string_at(y.data_ptr(), size))

    def _remember(self, size: int) -> None:
        if size <= _DIRTY_LARGEST and size not in self._recent:
            self._recent = [*self._recent[-_DIRTY_RECENT + 1 :], size]


def _is_missing(e: Exception) -> bool:
    """Whether a binding asked for a name or an argument that this release does not have: told where the binding asks, not inside torch."""
    frames = [frame for frame, _ in traceback.walk_tb(e.__traceback__)]
    if frames and frames[-1].f_code.co_name == "__getattr__":  # modules that make their names when asked
        frames.pop()
    ours = bool(frames) and str(frames[-1].f_globals.get("__name__", "")).startswith(_BINDINGS)
    return ours and ("has no attribute" in str(e) if isinstance(e, AttributeError) else "unexpected keyword argument" in str(e))


def _variant(binding: Binding, name: str) -> Tuple[Optional[Callable[..., Any]], str, str]:
    """(form, layout, mode) of a variant; form None where there is no such form."""
    plain = next(iter(binding.forms.values()))
    if name.startswith("layout="):
        return plain, name[7:], ""
    if name.startswith("mode="):
        return form_of(binding, name[5:]), "contiguous", name[5:]
    return binding.forms.get(name) or binding.aliases.get(name), "contiguous", ""


def _mode(t: Any, name: str) -> Any:
    """The context of an execution mode. Raises NotSupported."""
    modes: Dict[str, Callable[[], Any]] = {
        "": contextlib.nullcontext,
        "requires-grad": contextlib.nullcontext,
        "inference-mode": t.inference_mode,
        "no-grad": t.no_grad,
        "grad": t.enable_grad,
        "mkldnn-off": lambda: t.backends.mkldnn.flags(enabled=False),
        "deterministic": lambda: _deterministic(t),
    }
    if name not in modes:
        raise NotSupported("mode " + name)
    return modes[name]()


@contextlib.contextmanager
def _deterministic(t: Any) -> Any:
    before = t.are_deterministic_algorithms_enabled()
    t.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        t.use_deterministic_algorithms(before)


RUNTIME = TorchRuntime

"""ONNX Runtime inside the tested environment: one session for each (model, variant), values by graph order, dirty memory."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

from csvkit_ml.libraries.binding import NotSupported, Runtime, WireRequest, WireTensor

_UNSUPPORTED = (
    "NOT_IMPLEMENTED",
    "is not a registered function/op",
    "No Op registered",
    "under development",
    "only *guarantees* support",
    "Could not find an implementation",
    "Unsupported model IR version",
)
"""Parts of messages by which the library says that it does not implement an operator, an opset or a model version."""
_LEVELS = {"opt=none": "ORT_DISABLE_ALL", "opt=basic": "ORT_ENABLE_BASIC", "opt=extended": "ORT_ENABLE_EXTENDED"}
_VARIANTS = ("plain", *_LEVELS, "threads=2", "parallel", "io-binding")
_ALIGN = 64
_DIRTY_SIZES = (64, 256, 1024, 4096, 16384, 65536)
_DIRTY_RECENT = 16


class OnnxRuntime(Runtime):
    """See Runtime. The constructor imports onnxruntime and makes no session."""

    def __init__(self) -> None:
        import numpy
        import onnxruntime

        self.np: Any = numpy
        self.ort: Any = onnxruntime
        self.threads = 1
        self._program = b""
        self._sessions: Dict[str, Any] = {}
        self._recent: List[int] = []

    def apply(self, settings: Dict[str, str]) -> Dict[str, str]:
        """Threads of a session; read back from the options that sessions are made with."""
        if unknown := sorted(set(settings) - {"threads"}):
            raise NotSupported("settings " + ", ".join(unknown))
        self.threads = int(settings.get("threads", "1"))
        options = self._options("plain")
        return {"threads": str(options.intra_op_num_threads), "optimisation": str(options.graph_optimization_level).rsplit(".", 1)[-1]}

    def describe(self) -> Dict[str, str]:
        ort = self.ort
        return {
            "version": str(ort.__version__),
            "build": str(ort.get_build_info()) if hasattr(ort, "get_build_info") else "",
            "providers available": ", ".join(ort.get_available_providers()),
            "providers used": "CPUExecutionProvider",
            "device": str(ort.get_device()),
            "numpy": str(self.np.__version__),
        }

    def inventory(self) -> Dict[str, Any]:
        from csvkit_ml.libraries.onnxruntime.staged.inventory import inventory

        return inventory(self.ort)

    def dirty(self) -> None:
        """Drop the sessions with their arenas, then fill and free blocks: small ones, and ones as large as recent operands and results."""
        self._sessions.clear()
        held = [self.np.full(size, 0xFF, dtype="uint8") for size in sorted({*_DIRTY_SIZES, *self._recent}) for _ in range(2)]
        more = [bytearray(b"\xff") * size for size in _DIRTY_SIZES]
        del held, more

    def run(self, request: WireRequest) -> List[Tuple[str, WireTensor]]:
        if request.variant not in _VARIANTS:
            raise NotSupported("variant " + request.variant)
        try:
            session = self._session(request.program, request.variant)
            feeds = self._feeds(session, request.inputs)
            names = [o.name for o in session.get_outputs()]
            values = self._bound(session, feeds, names) if request.variant == "io-binding" else session.run(names, feeds)
        except Exception as e:
            if type(e).__name__ == "NotImplemented" or any(text in str(e) for text in _UNSUPPORTED):
                raise NotSupported(str(e)) from e
            raise
        return [(name, self._wire(value)) for name, value in zip(names, values)]  # noqa: B905 - Python 3.9

    def _options(self, variant: str) -> Any:
        ort = self.ort
        options = ort.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = 2 if variant == "threads=2" else self.threads
        options.inter_op_num_threads = 1
        # Idle threads sleep instead of spinning: the same arithmetic, but the processes side by side do not take each other's cores.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.add_session_config_entry("session.inter_op.allow_spinning", "0")
        if variant in _LEVELS:
            options.graph_optimization_level = getattr(ort.GraphOptimizationLevel, _LEVELS[variant])
        else:
            options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
        if variant == "parallel":
            options.execution_mode = ort.ExecutionMode.ORT_PARALLEL
            options.inter_op_num_threads = 2
        return options

    def _session(self, program: bytes, variant: str) -> Any:
        """The session of this variant, kept while the model stays the same."""
        if program is not self._program and program != self._program:
            self._program = program
            self._sessions.clear()
        if variant not in self._sessions:
            self._sessions[variant] = self.ort.InferenceSession(
                program, self._options(variant), providers=["CPUExecutionProvider"]
            )
        return self._sessions[variant]

    def _feeds(self, session: Any, inputs: List[WireTensor]) -> Dict[str, Any]:
        """Operands by graph order."""
        wanted = session.get_inputs()
        if len(wanted) != len(inputs):
            raise ValueError("the model has %d inputs, the sample %d" % (len(wanted), len(inputs)))
        return {info.name: self._array(wire) for info, wire in zip(wanted, inputs)}  # noqa: B905 - Python 3.9

    def _array(self, wire: WireTensor) -> Any:
        """An array of its own on a 64-byte boundary."""
        np, size = self.np, len(wire.data)
        buffer = np.empty(size + _ALIGN, dtype="uint8")
        at = -buffer.ctypes.data % _ALIGN
        buffer[at : at + size] = np.frombuffer(wire.data, dtype="uint8")
        self._remember(size)
        return buffer[at : at + size].view(wire.dtype).reshape(wire.shape)

    def _bound(self, session: Any, feeds: Dict[str, Any], names: List[str]) -> Any:
        binding = session.io_binding()
        for name, value in feeds.items():
            binding.bind_cpu_input(name, value)
        for name in names:
            binding.bind_output(name)
        session.run_with_iobinding(binding)
        return binding.copy_outputs_to_cpu()

    def _wire(self, value: Any) -> WireTensor:
        if not hasattr(value, "dtype"):
            raise TypeError("the result holds a %s, not a tensor" % type(value).__name__)
        data = value.tobytes()
        self._remember(len(data))
        return WireTensor(value.dtype.name, tuple(value.shape), data)

    def _remember(self, size: int) -> None:
        if size and size not in self._recent:
            self._recent = [*self._recent[-_DIRTY_RECENT + 1 :], size]


RUNTIME = OnnxRuntime

"""ONNX Runtime inside the tested environment: one session for each (model, variant), values by graph order, dirty memory."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

from csvkit_ml.libraries.binding import NotSupported, Runtime, WireRequest, WireTensor
from csvkit_ml.libraries.onnxruntime.staged import bfloat16
from csvkit_ml.libraries.onnxruntime.staged.behaviour import BEHAVIOURS
from csvkit_ml.libraries.onnxruntime.staged.settings import KNOWN, options, proof, providers, session_of

_UNSUPPORTED = (
    "NOT_IMPLEMENTED",
    "is not a registered function/op",
    "No Op registered",
    "under development",
    "only *guarantees* support",
    "Could not find an implementation",
    "Unsupported model IR version",
    "are not supported. If you need support",
    "is not supported now",
    "Failed to construct locale",
    "fallback to CPU EP has been explicitly disabled",
    "Unable to serialize model as it contains compiled nodes",
)
"""Parts of messages by which the library says that it does not implement an operator, an attribute's value, an opset or a model version, or that the
machine lacks a locale."""
_VARIANTS: Dict[str, Dict[str, str]] = {
    "plain": {}, "opt=none": {"opt": "none"}, "opt=basic": {"opt": "basic"}, "opt=extended": {"opt": "extended"}, "threads=2": {"threads": "2"},
    "parallel": {"mode": "parallel", "interop": "2"}, "io-binding": {},
    "saved": {"saved": "ONNX"}, "ort-format": {"saved": "ORT"},
}  # fmt: skip
"""Settings of its own that a variant's session has."""
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
        self.settings: Dict[str, str] = {}
        self._program = b""
        self._sessions: Dict[str, Any] = {}
        self._recent: List[int] = []

    def apply(self, settings: Dict[str, str]) -> Dict[str, str]:
        """Kept for every session; a setting that sessions do not have is not made, and not answered."""
        self.settings = {k: v for k, v in settings.items() if k in KNOWN}
        return proof(self.ort, self.np, self.settings)

    def describe(self) -> Dict[str, str]:
        ort = self.ort
        return {
            "version": str(ort.__version__),
            "build": str(ort.get_build_info()) if hasattr(ort, "get_build_info") else "",
            "providers available": ", ".join(ort.get_available_providers()),
            "providers used": ", ".join(p if isinstance(p, str) else p[0] for p in providers(self.settings)),
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
        if request.op in BEHAVIOURS:
            return [("y", self._behaviour(request))]
        try:
            session = self._session(request.program, request.variant)
            feeds = self._feeds(session, request.inputs)
            names = [o.name for o in session.get_outputs()]
            values = self._bound(session, feeds, names) if request.variant == "io-binding" else self._values(session, feeds, names)
        except Exception as e:
            if type(e).__name__ == "NotImplemented" or any(text in str(e) for text in _UNSUPPORTED):
                raise NotSupported(str(e)) from e
            raise
        return [(name, self._wire(value)) for name, value in zip(names, values)]  # noqa: B905 - Python 3.9

    def _behaviour(self, request: WireRequest) -> WireTensor:
        """Sessions of its own; what it refuses is no failure of the case. Its counts are int64."""

        def make(model: Any, save: str = "") -> Any:
            how = options(self.ort, {**self.settings, **_VARIANTS[request.variant]})
            how.log_severity_level = 4  # what is broken on purpose is no news
            if save:
                how.optimized_model_filepath = save
            return self.ort.InferenceSession(model, how, providers=providers(self.settings))

        made = BEHAVIOURS[request.op](self.np, make, request.program, request.params, self._array(request.inputs[0]))
        return self._wire(made if hasattr(made, "dtype") else self.np.array(made, dtype="int64"))

    def _session(self, program: bytes, variant: str) -> Any:
        """The session of this variant, kept while the model stays the same."""
        if program is not self._program and program != self._program:
            self._program = program
            self._sessions.clear()
        if variant not in self._sessions:
            self._sessions[variant] = session_of(self.ort, program, {**self.settings, **_VARIANTS[variant]})
        return self._sessions[variant]

    def _feeds(self, session: Any, inputs: List[WireTensor]) -> Dict[str, Any]:
        """Operands by graph order; a model that holds some of them as constants names the others x0, x1, ... by their places."""
        kinds = {info.name: info.type for info in session.get_inputs()}
        names = list(kinds)
        if len(names) == len(inputs):
            return {name: self._fed(kinds[name], wire) for name, wire in zip(names, inputs)}  # noqa: B905 - Python 3.9
        places = {"x%d" % i: wire for i, wire in enumerate(inputs)}
        if not names or not set(names) <= set(places):
            raise ValueError("the model has %d inputs, the sample %d" % (len(names), len(inputs)))
        return {name: self._fed(kinds[name], places[name]) for name in names}

    def _fed(self, kind: str, wire: WireTensor) -> Any:
        """An array; text crosses as bytes of UTF-8 along a last axis, filled up with NUL. bfloat16, which arrays do not have: a value of the library's."""
        if wire.dtype == "bfloat16":
            return bfloat16.value(self.ort, self._array(WireTensor("uint16", wire.shape, wire.data)))
        if kind != "tensor(string)":
            return self._array(wire)
        width, data = wire.shape[-1], bytes(wire.data)
        texts = [data[i : i + width].rstrip(b"\0").decode("utf-8") for i in range(0, len(data), width)]
        made = self.np.empty(len(texts), dtype=object)
        made[:] = texts
        return made.reshape(wire.shape[:-1])

    def _array(self, wire: WireTensor) -> Any:
        """An array of its own on a 64-byte boundary."""
        np, size = self.np, len(wire.data)
        buffer = np.empty(size + _ALIGN, dtype="uint8")
        at = -buffer.ctypes.data % _ALIGN
        buffer[at : at + size] = np.frombuffer(wire.data, dtype="uint8")
        self._remember(size)
        return buffer[at : at + size].view(wire.dtype).reshape(wire.shape)

    def _values(self, session: Any, feeds: Dict[str, Any], names: List[str]) -> Any:
        if not bfloat16.crosses(session):
            return session.run(names, feeds)
        own = {name: value if hasattr(value, "data_ptr") else self.ort.OrtValue.ortvalue_from_numpy(value) for name, value in feeds.items()}
        return session.run_with_ort_values(names, own)

    def _bound(self, session: Any, feeds: Dict[str, Any], names: List[str]) -> Any:
        if bfloat16.crosses(session):
            raise NotSupported("binding of bfloat16 values: they have no arrays")
        binding = session.io_binding()
        for name, value in feeds.items():
            binding.bind_cpu_input(name, value)
        for name in names:
            binding.bind_output(name)
        session.run_with_iobinding(binding)
        return binding.copy_outputs_to_cpu()

    def _wire(self, value: Any) -> WireTensor:
        if hasattr(value, "data_ptr"):
            if value.data_type() == bfloat16.KIND:
                return WireTensor("bfloat16", tuple(value.shape()), bfloat16.data(value))
            value = value.numpy()
        if not hasattr(value, "dtype"):
            raise TypeError("the result holds a %s, not a tensor" % type(value).__name__)
        if value.dtype.kind in "OU":
            value = self._bytes_of(value)
        data = value.tobytes()
        self._remember(len(data))
        return WireTensor(value.dtype.name, tuple(value.shape), data)

    def _bytes_of(self, texts: Any) -> Any:
        """Text as bytes of UTF-8 along a last axis, as long as the longest, at least 1."""
        encoded = [str(t).encode("utf-8") for t in texts.reshape(-1).tolist()]
        width = max([1, *(len(e) for e in encoded)])
        flat = b"".join(e.ljust(width, b"\0") for e in encoded)
        return self.np.frombuffer(flat, dtype="uint8").reshape((*texts.shape, width))

    def _remember(self, size: int) -> None:
        if size and size not in self._recent:
            self._recent = [*self._recent[-_DIRTY_RECENT + 1 :], size]


RUNTIME = OnnxRuntime

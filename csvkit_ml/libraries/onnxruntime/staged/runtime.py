"""ONNX Runtime inside the tested environment: sessions by variant."""

from __future__ import annotations

from typing import Dict

from csvkit_ml.libraries.binding import NotSupported, Runtime, WireTensor

_UNSUPPORTED = (
    "NOT_IMPLEMENTED",
    "is not a registered function/op",
    "under development",
    "Could not find an implementation",
    "No Op registered",
)
_TYPES = {
    "tensor(float)": "float32", "tensor(double)": "float64", "tensor(float16)": "float16", "tensor(bool)": "bool",
    **{"tensor(%s)" % n: n for n in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")},
}  # fmt: skip


class OnnxRuntime(Runtime):
    """See Runtime. The constructor imports onnxruntime and makes no session."""

    def __init__(self):
        import numpy
        import onnxruntime

        self.np, self.ort = numpy, onnxruntime
        self.threads = 1
        self.last = (None, None, None)

    def apply(self, settings: Dict[str, str]) -> Dict[str, str]:
        if set(settings) - {"threads"}:
            raise NotSupported("settings " + ", ".join(sorted(set(settings) - {"threads"})))
        self.threads = int(settings.get("threads", "1"))
        return {"threads": str(self._options("plain").intra_op_num_threads)}

    def describe(self) -> Dict[str, str]:
        ort = self.ort
        return {
            "version": ort.__version__,
            "device": ort.get_device(),
            "providers": ", ".join(ort.get_available_providers()),
            "build": ort.get_build_info() if hasattr(ort, "get_build_info") else "",
            "numpy": self.np.__version__,
        }

    def dirty(self) -> None:
        """Fill and free blocks from small to large with NaN patterns."""
        np = self.np
        for size in (64, 256, 1024, 4096, 16384, 65536, 262144, 1048576):
            held = [np.full(size // 8, np.nan) for _ in range(8)]
            del held

    def _options(self, variant):
        ort = self.ort
        o = ort.SessionOptions()
        o.log_severity_level = 3
        o.intra_op_num_threads = 2 if variant == "threads=2" else self.threads
        o.inter_op_num_threads = 1
        levels = {
            "opt=none": ort.GraphOptimizationLevel.ORT_DISABLE_ALL,
            "opt=basic": ort.GraphOptimizationLevel.ORT_ENABLE_BASIC,
            "opt=extended": ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
        }
        o.graph_optimization_level = levels.get(variant, ort.GraphOptimizationLevel.ORT_ENABLE_ALL)
        if variant == "parallel":
            o.execution_mode = ort.ExecutionMode.ORT_PARALLEL
            o.inter_op_num_threads = 2
        return o

    def _session(self, program, variant):
        if self.last[0] != program or self.last[1] != variant:
            session = self.ort.InferenceSession(program, self._options(variant), providers=["CPUExecutionProvider"])
            self.last = (program, variant, session)
        return self.last[2]

    def run(self, request):
        np = self.np
        try:
            session = self._session(request.program, request.variant)
            feeds = {}
            for info, wire in zip(session.get_inputs(), request.inputs):  # noqa: B905 - Python 3.9
                feeds[info.name] = np.frombuffer(bytes(wire.data), dtype=wire.dtype).reshape(wire.shape)
            names = [o.name for o in session.get_outputs()]
            values = self._bound(session, feeds, names) if request.variant == "io-binding" else session.run(names, feeds)
        except Exception as e:
            if type(e).__name__ == "NotImplemented" or any(text in str(e) for text in _UNSUPPORTED):
                raise NotSupported(str(e)) from e
            raise
        return [(n, self._wire(v)) for n, v in zip(names, values)]  # noqa: B905 - Python 3.9

    def _bound(self, session, feeds, names):
        binding = session.io_binding()
        for name, value in feeds.items():
            binding.bind_cpu_input(name, value)
        for name in names:
            binding.bind_output(name)
        session.run_with_iobinding(binding)
        return binding.copy_outputs_to_cpu()

    def _wire(self, value):
        a = self.np.ascontiguousarray(value)
        return WireTensor(a.dtype.name, self.np.shape(value), a.tobytes())


RUNTIME = OnnxRuntime

"""Settings of ONNX Runtime: kept for every session, read back from the options of one, and observed by sessions of small models."""

from __future__ import annotations

import os
import platform
import struct
import tempfile
from typing import Any, Callable, Dict, List

from csvkit_ml.libraries.binding import WireTensor
from csvkit_ml.libraries.onnxruntime.staged import probe_models
from csvkit_ml.worker import products

LEVELS = {"all": "ORT_ENABLE_ALL", "extended": "ORT_ENABLE_EXTENDED", "basic": "ORT_ENABLE_BASIC", "none": "ORT_DISABLE_ALL"}
MODES = {"sequential": "ORT_SEQUENTIAL", "parallel": "ORT_PARALLEL"}
KNOWN = ("threads", "interop", "opt", "mode", "prepack", "denormals", "device", "tf32", "conv search")
CUDA, OPENVINO = "CUDAExecutionProvider", "OpenVINOExecutionProvider"
_OF_DEVICE = {"cuda": CUDA, "openvino": OPENVINO}


def options(ort: Any, settings: Dict[str, str]) -> Any:
    """Session options. Settings that are not named here are not made."""
    made = ort.SessionOptions()
    made.log_severity_level = 3
    made.intra_op_num_threads = int(settings.get("threads", "1"))
    made.inter_op_num_threads = int(settings.get("interop", "1"))
    made.graph_optimization_level = getattr(ort.GraphOptimizationLevel, LEVELS[settings.get("opt", "all")])
    made.execution_mode = getattr(ort.ExecutionMode, MODES[settings.get("mode", "sequential")])
    # Idle threads sleep instead of spinning: the same arithmetic, but the processes side by side do not take each other's cores.
    made.add_session_config_entry("session.intra_op.allow_spinning", "0")
    made.add_session_config_entry("session.inter_op.allow_spinning", "0")
    if settings.get("prepack") == "off":
        made.add_session_config_entry("session.disable_prepacking", "1")
    if settings.get("denormals") == "flushed":
        made.add_session_config_entry("session.set_denormal_as_zero", "1")
    if settings.get("device", "cpu") != "cpu":
        made.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
    return made


def providers(settings: Dict[str, str]) -> List[Any]:
    """Execution providers of a session."""
    if settings.get("device", "cpu") == "cpu":
        return ["CPUExecutionProvider"]
    if settings["device"] == "openvino":
        return [(OPENVINO, {"device_type": "CPU", "precision": "ACCURACY", "num_streams": "1", "num_of_threads": settings.get("threads", "1")})]
    chosen = {"use_tf32": "0" if settings.get("tf32") == "off" else "1", "cudnn_conv_algo_search": settings.get("conv search", "EXHAUSTIVE")}
    return [(CUDA, chosen)]


def session_of(ort: Any, program: bytes, settings: Dict[str, str]) -> Any:
    """A session; with `saved`, of the model that a session of the program wrote after optimising it, in that format."""
    form = settings.get("saved")
    if form is None:
        return ort.InferenceSession(program, options(ort, settings), providers=providers(settings))
    with tempfile.TemporaryDirectory() as folder:
        writing, path = options(ort, settings), os.path.join(folder, "m." + form.lower())
        writing.log_severity_level = 4  # it warns that the file is for processors like this one
        writing.optimized_model_filepath = path
        writing.add_session_config_entry("session.save_model_format", form)
        ort.InferenceSession(program, writing, providers=providers(settings))
        with open(path, "rb") as f:
            written = f.read()
    reading = options(ort, settings)
    reading.add_session_config_entry("session.load_model_format", form)
    return ort.InferenceSession(written, reading, providers=providers(settings))


def proof(ort: Any, np: Any, settings: Dict[str, str]) -> Dict[str, str]:
    """What is read back, and what the probes observe; what cannot be answered is left out, with the refusal beside it."""
    facts = _read_back(options(ort, settings))
    if settings.get("device", "cpu") != "cpu":
        facts["device"] = _device(ort, settings)
        if facts["device"] == "no such device":
            return facts
    questions: Dict[str, Callable[[], str]] = {
        "threads seen": lambda: _threads_seen(ort, settings),
        "optimisation seen": lambda: _level(ort, settings),
        "denormals": lambda: _denormals(ort, np, settings),
    }
    if settings.get("device") == "openvino":
        questions["provider threads seen"] = lambda: _provider_threads_seen(ort, np, settings)
    for name, ask in questions.items():
        try:
            facts[name] = ask()
        except Exception as e:
            facts["refused " + name] = ("%s: %s" % (type(e).__name__, e))[:200]
    facts.update(
        products.arithmetic(
            lambda a, b: _run(ort, np, settings, probe_models.product(a.shape, b.shape), a, b),
            lambda x, w: _run(ort, np, settings, probe_models.convolution(x.shape, w.shape), x, w),
        )
    )
    return facts


def _read_back(made: Any) -> Dict[str, str]:
    levels, modes = {v: k for k, v in LEVELS.items()}, {v: k for k, v in MODES.items()}
    facts = {
        "threads": str(made.intra_op_num_threads),
        "interop": str(made.inter_op_num_threads),
        "opt": levels.get(_name(made.graph_optimization_level), ""),
        "mode": modes.get(_name(made.execution_mode), ""),
    }
    try:
        facts["prepack"] = "off" if made.get_session_config_entry("session.disable_prepacking") == "1" else "on"
    except Exception:  # it raises for an entry that was never made
        facts["prepack"] = "on"
    return facts


def _name(member: Any) -> str:
    return str(member).rsplit(".", 1)[-1]


def _session(ort: Any, settings: Dict[str, str], model: bytes) -> Any:
    return ort.InferenceSession(model, options(ort, settings), providers=providers(settings))


def _device(ort: Any, settings: Dict[str, str]) -> str:
    """Where a product is computed: with no provider to fall back to, a session whose every node was placed there."""
    provider = _OF_DEVICE.get(settings["device"], "")
    if provider not in ort.get_available_providers():
        return "no such device"
    try:
        used = _session(ort, settings, probe_models.product((2, 2), (2, 2))).get_providers()
    except Exception:
        return "no such device"
    return settings["device"] if used and used[0] == provider else "no such device"


def _provider_threads_seen(ort: Any, np: Any, settings: Dict[str, str]) -> str:
    """The calling thread, and those that a product of two large matrices starts."""
    session = _session(ort, settings, probe_models.product((512, 512), (512, 512)))
    feeds = {info.name: np.ones((512, 512), "float32") for info in session.get_inputs()}
    before = len(os.listdir("/proc/self/task"))
    session.run(None, feeds)
    return str(1 + len(os.listdir("/proc/self/task")) - before)


def _threads_seen(ort: Any, settings: Dict[str, str]) -> str:
    """The session's pool, and this thread."""
    before = len(os.listdir("/proc/self/task"))
    session = _session(ort, {**settings, "mode": "sequential"}, probe_models.half(1))
    seen = 1 + len(os.listdir("/proc/self/task")) - before
    del session
    return str(seen)


def _level(ort: Any, settings: Dict[str, str]) -> str:
    """From the graph that is left of one that every level changes."""
    with tempfile.TemporaryDirectory() as folder:
        made = options(ort, settings)
        made.log_severity_level = 4
        made.optimized_model_filepath = os.path.join(folder, "m.onnx")
        ort.InferenceSession(probe_models.optimisable(), made, providers=providers(settings))
        with open(made.optimized_model_filepath, "rb") as f:
            return probe_models.level_of(f.read(), platform.machine().lower() in ("x86_64", "amd64"))


def _denormals(ort: Any, np: Any, settings: Dict[str, str]) -> str:
    x, h = WireTensor("float32", (1,), struct.pack("<f", 2.0**-126)), WireTensor("float32", (1,), struct.pack("<f", 0.5))
    answer = _run(ort, np, settings, probe_models.half(1), x, h)
    return "flushed" if struct.unpack("<f", bytes(answer.data)) == (0.0,) else "kept"


def _run(ort: Any, np: Any, settings: Dict[str, str], model: bytes, *inputs: WireTensor) -> WireTensor:
    session = _session(ort, settings, model)
    feeds = {info.name: np.frombuffer(x.data, x.dtype).reshape(x.shape) for info, x in zip(session.get_inputs(), inputs)}  # noqa: B905
    y = session.run(None, feeds)[0]
    return WireTensor(y.dtype.name, y.shape, y.tobytes())

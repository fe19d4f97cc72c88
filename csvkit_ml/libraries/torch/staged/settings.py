"""Settings of PyTorch: each is made, read back, and observed by a probe where there is something to observe.

A setting that this release does not have, or refuses, is not answered: the host then counts it as unproven.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import tempfile
from typing import Any, Callable, Dict, Iterator, List

from csvkit_ml.libraries.binding import Runtime, WireRequest, WireTensor
from csvkit_ml.worker import products

NO_DEVICE = "no such device"
_TOLD = {True: "on", False: "off"}
_CONVOLUTION = {"stride": [1, 1], "dilation": [1, 1], "groups": 1}

MAKE: Dict[str, Callable[[Any, str], Any]] = {
    "threads": lambda t, v: t.set_num_threads(int(v)),
    "precision": lambda t, v: t.set_float32_matmul_precision(v),
    "deterministic": lambda t, v: t.use_deterministic_algorithms(v == "on"),
    "mkldnn": lambda t, v: t.backends.mkldnn.set_flags(v == "on"),
    "denormals": lambda t, v: t.set_flush_denormal(v == "flushed"),
    "tf32 matmul": lambda t, v: setattr(t.backends.cuda.matmul, "allow_tf32", v == "on"),
    "tf32 cudnn": lambda t, v: setattr(t.backends.cudnn, "allow_tf32", v == "on"),
    "float16 reduction": lambda t, v: setattr(t.backends.cuda.matmul, "allow_fp16_reduced_precision_reduction", v == "on"),
    "bfloat16 reduction": lambda t, v: setattr(t.backends.cuda.matmul, "allow_bf16_reduced_precision_reduction", v == "on"),
    "cudnn deterministic": lambda t, v: setattr(t.backends.cudnn, "deterministic", v == "on"),
    "cudnn benchmark": lambda t, v: setattr(t.backends.cudnn, "benchmark", v == "on"),
}
READ: Dict[str, Callable[[Any], str]] = {
    "platform": lambda t: "rocm" if t.version.hip else "cuda" if t.version.cuda else "cpu",
    "threads": lambda t: str(t.get_num_threads()),
    "isa": lambda t: str(t.backends.cpu.get_cpu_capability()),
    "precision": lambda t: str(t.get_float32_matmul_precision()),
    "deterministic": lambda t: _TOLD[bool(t.are_deterministic_algorithms_enabled())],
    "mkldnn": lambda t: _TOLD[bool(t._C._get_mkldnn_enabled())],
    "tf32 matmul": lambda t: _TOLD[bool(t.backends.cuda.matmul.allow_tf32)],
    "tf32 cudnn": lambda t: _TOLD[bool(t.backends.cudnn.allow_tf32)],
    "float16 reduction": lambda t: _TOLD[bool(t.backends.cuda.matmul.allow_fp16_reduced_precision_reduction)],
    "bfloat16 reduction": lambda t: _TOLD[bool(t.backends.cuda.matmul.allow_bf16_reduced_precision_reduction)],
    "cudnn deterministic": lambda t: _TOLD[bool(t.backends.cudnn.deterministic)],
    "cudnn benchmark": lambda t: _TOLD[bool(t.backends.cudnn.benchmark)],
}


def put_in_force(runtime: Runtime, t: Any, settings: Dict[str, str]) -> Dict[str, str]:
    """Make every setting, then answer what is read back and what the probes observe."""
    facts = {}
    if "device" in settings:
        facts["device"] = place(runtime, t, settings["device"])
        if facts["device"] == NO_DEVICE:
            return facts
    for name, value in settings.items():
        if name in MAKE and (refused := _refusal(MAKE[name], t, value)):
            facts["refused " + name] = refused
    facts.update(_answers({name: _bound(read, t) for name, read in READ.items()}))
    facts.update(_answers({"threads seen": lambda: _threads_seen(t)}))
    facts.update(probes(runtime, t))
    return facts


def place(runtime: Runtime, t: Any, device: str) -> str:
    """Where tensors are made from now on: the device's kind, or NO_DEVICE."""
    modules: List[Any] = [getattr(t, device, None), getattr(t.backends, device, None)]
    if not any(m.is_available() for m in modules if hasattr(m, "is_available")):
        return NO_DEVICE
    runtime.device = device  # type: ignore[attr-defined]
    t.set_default_device(device)
    return str(t.empty(1).device.type)


def probes(runtime: Runtime, t: Any) -> Dict[str, str]:
    """What the library does, observed. Products go through the bindings, as the cases do."""
    facts = _answers(
        {
            "denormals": lambda: "flushed" if (t.tensor([2.0**-126]) * t.tensor([0.5])).item() == 0 else "kept",
            "non-deterministic operator": lambda: _alert(t),
            "float16 sum of 4096 ones": lambda: products.sum_of_ones(lambda a, b: _run(runtime, "matmul", {}, a, b)),
        }
    )
    facts.update(_kernels(t))
    facts.update(
        products.arithmetic(
            lambda a, b: _run(runtime, "matmul", {}, a, b),
            lambda x, w: _run(runtime, "conv2d", {**_CONVOLUTION, "padding": [w.shape[-1] // 2] * 4}, x, w),
        )
    )
    return facts


def _run(runtime: Runtime, op: str, params: Dict[str, Any], *inputs: WireTensor) -> WireTensor:
    return runtime.run(WireRequest(op, "plain", params, list(inputs)))[0][1]


def _bound(read: Callable[[Any], str], t: Any) -> Callable[[], str]:
    return lambda: read(t)


def _answers(questions: Dict[str, Callable[[], str]]) -> Dict[str, str]:
    """Answers to the questions that this release can answer."""
    found = {}
    for name, ask in questions.items():
        try:
            found[name] = ask()
        except Exception as e:
            found["refused " + name] = _said(e)
    return found


def _refusal(make: Callable[[Any, str], Any], t: Any, value: str) -> str:
    """What went wrong, empty when nothing did."""
    try:
        make(t, value)
    except Exception as e:
        return _said(e)
    return ""


def _said(e: Exception) -> str:
    return ("%s: %s" % (type(e).__name__, e))[:200]


def _alert(t: Any) -> str:
    """Whether an operator that the documentation lists as non-deterministic raises."""
    try:
        t.zeros(4).put_(t.tensor([0, 1]), t.ones(2))
    except RuntimeError:
        return "raises"
    return "runs"


def _tasks() -> int:
    """Threads of this process, 0 where the system does not tell."""
    return len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 0


def _threads_seen(t: Any) -> str:
    """Threads that the first large operation runs on: those that it starts, and this one."""
    before = _tasks()
    if not before:
        raise RuntimeError("the system does not tell")
    t.ones(1 << 18).add_(1)
    return str(1 + _tasks() - before)


def _kernels(t: Any) -> Dict[str, str]:
    """Instruction sets of oneDNN and MKL, and whether oneDNN computes a convolution, from what they print in their verbose modes."""
    lines: List[str] = []
    with contextlib.suppress(Exception), _printed(lines), t.no_grad(), t.backends.mkldnn.verbose(2):
        t.ones(1, 4, 4, 4).to_mkldnn().to_dense()
        t.nn.functional.conv2d(t.ones(1, 32, 32, 32), t.ones(32, 32, 3, 3))
    facts = {"oneDNN convolution": "used" if any(",exec,cpu,convolution," in line for line in lines) else "not used"}
    for line in lines:
        if "cpu,isa:" in line:
            facts["onednn"] = line.split("cpu,isa:")[1]
    if "MKL_CBWR" in os.environ:  # only then is it asked: before it says so, MKL measures the clock for half a second
        lines.clear()
        with contextlib.suppress(Exception), _printed(lines), t.no_grad(), t.backends.mkl.verbose(1):
            t.matmul(t.ones(40, 40), t.ones(40, 40))
        for line in lines:
            if " CNR:" in line:
                facts["cbwr"] = line.split(" CNR:")[1].split()[0]
    return facts


@contextlib.contextmanager
def _printed(lines: List[str]) -> Iterator[None]:
    """What is written to standard output meanwhile, by the C library too."""
    flush = ctypes.CDLL(None).fflush
    flush(None)
    kept = os.dup(1)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 1)
        try:
            yield
        finally:
            flush(None)
            os.dup2(kept, 1)
            os.close(kept)
            file.seek(0)
            lines.extend(file.read(1 << 20).decode("utf-8", "replace").splitlines())

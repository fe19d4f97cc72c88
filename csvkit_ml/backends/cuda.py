"""NVIDIA GPUs, in two profiles: strict (IEEE float32, deterministic) and as the library ships. Both are worth a report.

Where there is no such device, nothing is executed and every case is indeterminate.
"""

from __future__ import annotations

from typing import Dict

from csvkit_ml.backends.port import Backend, Expected, Option, Options

OPTIONS = {
    "profile": Option("strict", ("strict", "shipped"), "Arithmetic and determinism: held to the strictest, or as it comes."),
    "device": Option("0", tuple(map(str, range(16))), "Number of the device."),
    "threads": Option("2", ("1", "2", "4", "8"), "Threads of operations on the host."),
}
_STRICT = {
    "torch": {
        "tf32 matmul": "off", "tf32 cudnn": "off", "float16 reduction": "off", "bfloat16 reduction": "off", "cudnn deterministic": "on",
        "cudnn benchmark": "off", "deterministic": "on",
    },
    "onnxruntime": {"tf32": "off", "conv search": "DEFAULT"},
}  # fmt: skip
_ANY = ("float32", "float32 by transformation", "three passes of bfloat16", "TF32 or float16")
"""Arithmetic that a library may ship with; which it was is in the record."""


def variables(options: Options) -> Dict[str, str]:
    """The workspace of cuBLAS is always set and recorded: deterministic mode needs it in some releases."""
    made = {"OMP_NUM_THREADS": options["threads"], "OMP_WAIT_POLICY": "passive", "CUDA_VISIBLE_DEVICES": options["device"]}
    if options["profile"] == "strict":
        made.update({"CUBLAS_WORKSPACE_CONFIG": ":4096:8", "NVIDIA_TF32_OVERRIDE": "0"})
    return made


def settings(library: str, options: Options) -> Dict[str, str]:
    """The device, and in the strict profile every switch of the library."""
    strict = _STRICT.get(library, {}) if options["profile"] == "strict" else {}
    return {"device": "cuda", "threads": options["threads"], **strict}


def expected(library: str, options: Options) -> Expected:
    """The device, every switch read back, and products that only the claimed arithmetic gives."""
    strict = options["profile"] == "strict"
    facts: Expected = {name: (value,) for name, value in settings(library, options).items()}
    facts["float32 product"] = ("float32",) if strict else _ANY
    facts["float32 convolution"] = _ANY[:2] if strict else _ANY
    if library == "torch":
        facts["platform"] = ("cuda",)
    if strict and library == "torch":
        facts["non-deterministic operator"] = ("raises",)
        facts["float16 sum of 4096 ones"] = ("4096",)
    return facts


BACKEND = Backend(name="cuda", options=OPTIONS, variables=variables, settings=settings, expected=expected)

"""The CPU: instruction sets, threads, kernels and arithmetic, each by the library's own switch."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Dict

from csvkit_ml.backends.port import UNTOUCHED, Backend, Expected, Option, Options, asked

_TORCH, _ORT = ("torch",), ("onnxruntime",)
OPTIONS = {
    "threads": Option("2", (), "Threads of one operation; all = every core."),
    "isa": Option(UNTOUCHED, (UNTOUCHED, "baseline", "avx2", "avx512"), "Instruction set of torch's own kernels.", _TORCH),
    "onednn": Option(UNTOUCHED, (UNTOUCHED, "sse41", "avx2", "avx512_core"), "Highest instruction set of oneDNN.", _TORCH),
    "cbwr": Option(UNTOUCHED, (UNTOUCHED, "compatible", "avx2", "avx512"), "MKL's conditional numerical reproducibility.", _TORCH),
    "mkldnn": Option(UNTOUCHED, (UNTOUCHED, "on", "off"), "oneDNN kernels.", _TORCH),
    "precision": Option(UNTOUCHED, (UNTOUCHED, "highest", "high", "medium"), "Arithmetic allowed for float32 products.", _TORCH),
    "deterministic": Option(UNTOUCHED, (UNTOUCHED, "on", "off"), "Only operators that are deterministic.", _TORCH),
    "denormals": Option(UNTOUCHED, (UNTOUCHED, "kept", "flushed"), "Numbers below the smallest normal one."),
    "opt": Option("all", ("all", "extended", "basic", "none"), "Graph optimisation level.", _ORT),
    "interop": Option("1", (), "Operators that may run side by side.", _ORT),
    "mode": Option("sequential", ("sequential", "parallel"), "Execution mode.", _ORT),
    "prepack": Option("on", ("on", "off"), "Weights rearranged once, when a model is loaded.", _ORT),
}
_ATEN = {"baseline": "default", "avx2": "avx2", "avx512": "avx512"}
_CAPABILITY = {"baseline": "DEFAULT", "avx2": "AVX2", "avx512": "AVX512"}
_ONEDNN = {
    "sse41": "Intel SSE4.1",
    "avx2": "Intel AVX2",
    "avx512_core": "Intel AVX-512 with AVX512BW, AVX512VL, and AVX512DQ extensions",
}
_ARITHMETIC = {"high": ("three passes of bfloat16", "TF32 or float16"), "medium": ("bfloat16",)}
EXACT = ("float32",)
EXACT_CONVOLUTION = ("float32", "float32 by transformation")


def _count(text: str) -> str:
    if text != "all":
        return text
    return str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def variables(options: Options) -> Dict[str, str]:
    """Read by the OpenMP runtime, torch, oneDNN and MKL when they are first used."""
    threads = _count(options["threads"])
    made = {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads, "OMP_WAIT_POLICY": "passive"}
    if options["isa"] != UNTOUCHED:
        made["ATEN_CPU_CAPABILITY"] = _ATEN[options["isa"]]
    if options["onednn"] != UNTOUCHED:
        made["ONEDNN_MAX_CPU_ISA"] = options["onednn"].upper()
    if options["cbwr"] != UNTOUCHED:
        made["MKL_CBWR"] = options["cbwr"].upper()
    return made


def settings(library: str, options: Options) -> Dict[str, str]:
    """What the staged half is to put in force; what is left untouched is not sent."""
    sent = {k: v for k, v in asked(OPTIONS, library, options).items() if v != UNTOUCHED}
    return {**sent, **{k: _count(sent[k]) for k in ("threads", "interop") if k in sent}}


def expected(library: str, options: Options) -> Expected:
    """Every setting read back, and observed where there is something to observe."""
    sent = settings(library, options)
    facts: Expected = {name: (value,) for name, value in sent.items()}
    if Path("/proc/self/task").is_dir():
        facts["threads seen"] = (sent["threads"],)
    if "isa" in sent:
        facts["isa"] = (_CAPABILITY[sent["isa"]],)
    if "onednn" in sent:
        facts["onednn"] = (_ONEDNN[sent["onednn"]],)
    if "cbwr" in sent:
        facts["cbwr"] = (sent["cbwr"].upper(),)
    if "mkldnn" in sent:
        facts["oneDNN convolution"] = ("used" if sent["mkldnn"] == "on" else "not used",)
    if "deterministic" in sent:
        facts["non-deterministic operator"] = ("raises" if sent["deterministic"] == "on" else "runs",)
    if "opt" in sent:
        facts["optimisation seen"] = (sent["opt"],)
    facts["float32 product"] = _ARITHMETIC.get(sent.get("precision", ""), EXACT)
    facts["float32 convolution"] = EXACT_CONVOLUTION
    return facts


_CPU_CELLS = {
    "torch": (
        "cpu", "cpu:threads=1", "cpu:threads=all", "cpu:isa=baseline", "cpu:isa=avx2", "cpu:onednn=sse41", "cpu:cbwr=compatible",
        "cpu:mkldnn=off", "cpu:deterministic=on", "cpu:denormals=flushed", "cpu:precision=medium",
    ),
    "onnxruntime": (
        "cpu", "cpu:threads=1", "cpu:threads=all", "cpu:opt=none", "cpu:opt=basic", "cpu:opt=extended", "cpu:mode=parallel,interop=2",
        "cpu:prepack=off", "cpu:denormals=flushed",
    ),
    "": ("cpu", "cpu:threads=1"),
}  # fmt: skip
PORTABLE = "cpu:threads=1,isa=baseline,onednn=sse41,cbwr=compatible"
"""What any 64-bit x86 machine can do. A library without a switch for its instruction set cannot be held to it: indeterminate."""

BACKEND = Backend(
    name="cpu",
    options=OPTIONS,
    variables=variables,
    settings=settings,
    expected=expected,
    presets={"cpu-portable": {"": (PORTABLE,)}, "all": _CPU_CELLS},
)

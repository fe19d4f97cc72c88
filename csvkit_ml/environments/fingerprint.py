"""Facts about this machine and about an interpreter."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import psutil

from csvkit_ml.environments.interpreter import Interpreter
from csvkit_ml.model.environment import Fingerprint


def fingerprint(interpreter: Interpreter) -> Fingerprint:
    """Host and interpreter; what the library says of itself and the run's variables are filled in when they are known."""
    return Fingerprint(host=host_facts(), interpreter=interpreter.facts, library=(), variables=())


def host_facts() -> tuple[tuple[str, str], ...]:
    """CPU model and flags, cores, RAM, OS, kernel, libc; sorted."""
    cpu = _cpu(Path("/proc/cpuinfo"))
    facts = {
        "cpu": cpu.get("model name") or platform.processor() or platform.machine(),
        "cpu family/model/stepping": "/".join(cpu.get(k, "?") for k in ("cpu family", "model", "stepping")),
        "cpu flags": cpu.get("flags") or cpu.get("Features", ""),
        "cpu microcode": cpu.get("microcode", ""),
        "architecture": platform.machine(),
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "memory_bytes": str(psutil.virtual_memory().total),
        "os": _os_name(),
        "kernel": platform.release(),
        "libc": " ".join(platform.libc_ver()),
    }
    return tuple(sorted(facts.items()))


def _cpu(info: Path) -> dict[str, str]:
    """Facts of the first processor, where the system has such a file."""
    try:
        block = info.read_text().split("\n\n")[0]
    except OSError:
        return {}
    pairs = (line.partition(":") for line in block.splitlines())
    return {key.strip(): value.strip() for key, _, value in pairs}


def _os_name() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", platform.platform())
    except OSError:
        return platform.platform()

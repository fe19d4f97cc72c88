"""Facts about this machine and about an interpreter."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from pathlib import Path

import psutil

from csvkit_ml.errors import InterpreterError

_ASK = """
import json, platform, sys, sysconfig
print(json.dumps({
    "python": sys.version, "implementation": platform.python_implementation(), "compiler": platform.python_compiler(),
    "executable": sys.executable, "site": sysconfig.get_paths()["purelib"], "prefix": sys.prefix, "libc": " ".join(platform.libc_ver()),
    "version": "%d.%d.%d" % sys.version_info[:3],
}))
"""


def host_facts() -> tuple[tuple[str, str], ...]:
    """CPU model and flags, cores, RAM, OS, kernel, libc; sorted."""
    cpu = {}
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().split("\n\n")[0].splitlines():
            key, _, value = line.partition(":")
            cpu[key.strip()] = value.strip()
    release = platform.freedesktop_os_release() if Path("/etc/os-release").exists() else {}
    facts = {
        "cpu": cpu.get("model name", platform.processor()),
        "cpu family/model/stepping": "/".join(cpu.get(k, "?") for k in ("cpu family", "model", "stepping")),
        "cpu flags": cpu.get("flags", ""),
        "architecture": platform.machine(),
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "memory_bytes": str(psutil.virtual_memory().total),
        "os": release.get("PRETTY_NAME", platform.platform()),
        "kernel": platform.release(),
        "libc": " ".join(platform.libc_ver()),
    }
    return tuple(sorted(facts.items()))


def ask(python: str) -> dict[str, str]:
    """Version, build, folders of an interpreter, asked with `-I` and without writing bytecode. Raises InterpreterError."""
    try:
        done = subprocess.run(
            [python, "-I", "-B", "-c", _ASK], capture_output=True, text=True, timeout=60, env={"PATH": os.defpath}, stdin=subprocess.DEVNULL
        )
        facts = json.loads(done.stdout)
        return {str(k): str(v) for k, v in facts.items()}
    except OSError as e:
        raise InterpreterError(f"cannot start {python}: {e.strerror}", "give the path of a Python interpreter") from e
    except (ValueError, AttributeError, subprocess.TimeoutExpired) as e:
        raise InterpreterError(f"{python} is not a Python interpreter", "give the path of a Python interpreter") from e


def interpreter_facts(facts: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """The part that belongs in the fingerprint, sorted."""
    return tuple(sorted((k, v) for k, v in facts.items() if k in ("python", "implementation", "compiler", "libc")))

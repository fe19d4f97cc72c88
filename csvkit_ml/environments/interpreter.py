"""Asking an interpreter what it is and what is installed in it; nothing in it is changed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from csvkit_ml.errors import InterpreterError

LIMIT_BYTES = 16 << 20
"""Of an answer."""
LIMIT_S = 60.0
_HINT = "give the path of a Python interpreter, e.g. --python venv/bin/python"
_ASK = """
import json, platform, sys, sysconfig
from importlib import metadata
facts = {
    "python": sys.version, "version": platform.python_version(), "implementation": platform.python_implementation(),
    "compiler": platform.python_compiler(), "build": " ".join(platform.python_build()), "cache_tag": str(sys.implementation.cache_tag),
    "platform": sysconfig.get_platform(), "libc": " ".join(platform.libc_ver()), "abiflags": getattr(sys, "abiflags", ""),
    "debug": str(bool(sysconfig.get_config_var("Py_DEBUG"))), "free_threaded": str(bool(sysconfig.get_config_var("Py_GIL_DISABLED"))),
}
found = [[d.metadata["Name"], d.version, str(getattr(d, "_path", ""))] for d in metadata.distributions()]
answer = {"facts": facts, "distributions": found, "site": sysconfig.get_paths()["purelib"]}
sys.stdout.write("\\nmlcsv-interpreter:" + json.dumps(answer) + "\\n")
"""
_MARK = "mlcsv-interpreter:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """One installed distribution, as the interpreter finds it."""

    name: str
    """Normalised."""
    version: str
    info: Path
    """Its `.dist-info` folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """An interpreter's answer."""

    path: Path
    """Absolute, as given (a virtual environment's link is not followed)."""
    site: Path
    """Its site-packages folder."""
    facts: tuple[tuple[str, str], ...]
    """Sorted pairs: version, build, compiler, libc ..."""
    distributions: tuple[Installed, ...]
    """Sorted by name; of two with one name the one found first, as import does."""


def inquire(python: str) -> Interpreter:
    """Start an interpreter isolated and without writing bytecode, and ask.

    Raises:
        InterpreterError: it cannot be started, is not Python 3.8 or newer, answers too much or not in time.
    """
    path = _executable(python)
    text = _answer(path).decode("utf-8", "replace")
    try:
        said = json.loads(text.rpartition(_MARK)[2].splitlines()[0])
        facts = {_plain(str(k)): _plain(str(v)) for k, v in said["facts"].items()}
        found = _distributions(said["distributions"])
        site = _path(said["site"])
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as e:
        raise InterpreterError(f"{path} is not a Python interpreter of version 3.8 or newer", _HINT) from e
    return Interpreter(path=path, site=site, facts=tuple(sorted(facts.items())), distributions=found)


def _executable(python: str) -> Path:
    found = shutil.which(python)
    if found is None:
        what = "is a folder" if Path(python).is_dir() else "cannot be executed" if Path(python).exists() else "does not exist"
        raise InterpreterError(f"{python} {what}", _HINT)
    return Path(found).absolute()


def _answer(path: Path) -> bytes:
    """Standard output, bounded in size and time; whatever was started is killed."""
    try:
        process = subprocess.Popen(
            [path, "-I", "-B", "-c", _ASK], env={"PATH": os.defpath, "LANG": "C.UTF-8"}, cwd="/", stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    except OSError as e:
        raise InterpreterError(f"{path} cannot be started: {e.strerror}", _HINT) from e
    late = threading.Timer(LIMIT_S, _kill, [process.pid])
    late.start()
    with process:
        assert process.stdout is not None
        data = process.stdout.read(LIMIT_BYTES)
        late.cancel()
        _kill(process.pid)
    return data


def _plain(text: str) -> str:
    """Text that any report can carry: no lone surrogates."""
    return text.encode("utf-8", "backslashreplace").decode()


def _path(text: str) -> Path:
    """Raises ValueError, TypeError: not a path."""
    if "\0" in text:
        raise ValueError("a path with a null byte")
    return Path(text)


def _kill(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _distributions(said: list[Any]) -> tuple[Installed, ...]:
    found: dict[str, Installed] = {}
    for name, version, info in said:
        if isinstance(name, str) and isinstance(version, str) and info.endswith((".dist-info", ".egg-info")):
            key = _plain(str(canonicalize_name(name)))[:200]
            found.setdefault(key, Installed(name=key, version=_plain(version)[:200], info=_path(info)))
    return tuple(found[k] for k in sorted(found))

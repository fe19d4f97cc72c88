"""A disk that fills up: a small tmpfs in a mount namespace, or, where no mount is allowed, a limit on the size of files."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

_NAMESPACE = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
_LIMITED = "import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2); os.execvp(sys.argv[2], sys.argv[2:])"


@cache
def may_mount() -> bool:
    """Whether this machine lets us mount a disk of our own."""
    try:
        return subprocess.run([*_NAMESPACE, "mount -t tmpfs none /mnt"], capture_output=True).returncode == 0
    except OSError:
        return False


def on_small_disk(folder: Path, kib: int, command: list[str], then: list[list[str]], env: Mapping[str, str], cwd: Path) -> tuple[list[int], str]:
    """Run a command while `folder` has room for so many KiB, then others when there is room again.

    Returns:
        Exit codes in order; everything that was written to standard error, followed by a line `left PATH` for each file
        that the first command left in the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    where, first = shlex.quote(str(folder)), shlex.join(command)
    if not may_mount():
        first = shlex.join([sys.executable, "-c", _LIMITED, str(kib << 10), *command])
    steps = [f"{first}; echo $?", f"find {where} -type f | sed 's/^/left /' >&2"]
    if may_mount():
        steps = [f"mount -t tmpfs -o size={kib}k none {where}", *steps, f"mount -o remount,size=2g {where}"]
    steps += [f"{shlex.join(more)}; echo $?" for more in then]
    shell = _NAMESPACE if may_mount() else ["sh", "-c"]
    done = subprocess.run([*shell, "\n".join(steps)], env=dict(env), cwd=cwd, capture_output=True, text=True, timeout=250)
    return [int(line) for line in done.stdout.splitlines() if line.lstrip("-").isdigit()], done.stderr

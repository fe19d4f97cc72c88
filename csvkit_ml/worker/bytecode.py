"""Byte code is kept whole or not at all. Standard library only.

CPython before 3.12.8 and 3.13.1 leaves a cut-off file on a full disk, finds it there ever after, and then no longer imports the module.
The worker is therefore started without leave to write byte code, and gives it to itself here.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Any


def keep_whole() -> None:
    """Write the byte code of what is imported from now on; to be called before anything large is imported."""
    loader: Any = sys.modules.get("_frozen_importlib_external")
    if hasattr(loader, "_write_atomic"):
        loader._write_atomic = write
        sys.dont_write_bytecode = False


def write(path: str, data: bytes, mode: int = 0o666) -> None:
    """Write beside, then rename. Raises OSError (the importer goes on without)."""
    part = "%s.%d.part" % (path, os.getpid())
    f = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode & 0o666)
    try:
        with open(f, "wb") as file:
            file.write(data)
        os.replace(part, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(part)
        raise

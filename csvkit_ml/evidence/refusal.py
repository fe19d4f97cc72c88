"""What a failing file system or database means to the person."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from csvkit_ml.errors import DiskFullError, OutputUnwritableError, no_space

_PROBE_BYTES = 1 << 16


def refusal(error: OSError | sqlite3.Error, path: Path) -> DiskFullError | OutputUnwritableError:
    """The refusal for a failure to write `path`.

    SQLite tells a full disk as SQLITE_FULL or, where a file of its own could not grow, as an I/O error: then a write beside it tells.
    """
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if no_space(error) or code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and _cannot_grow(path)):
        return DiskFullError(f"no space is left for {path.name}", "free some space and run the same command again; nothing is lost")
    said = error.strerror if isinstance(error, OSError) else str(error)
    return OutputUnwritableError(f"cannot write {path}: {said}", "set XDG_CACHE_HOME to a folder that can be written")


def _cannot_grow(path: Path) -> bool:
    """Whether a file as large as the database (or its log) could not be written on here."""
    sizes = [p.stat().st_size for p in (path, path.with_name(path.name + "-wal")) if p.exists()]
    probe = path.with_name(path.name + ".probe")
    try:
        with probe.open("wb") as f:
            f.seek(max(sizes, default=0))
            f.write(bytes(_PROBE_BYTES))
    except OSError as e:
        return no_space(e)
    finally:
        with contextlib.suppress(OSError):
            probe.unlink()
    return False

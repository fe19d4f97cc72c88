"""The staged worker: one reproducible archive of standard-library-only sources, whose digest is evidence."""

from __future__ import annotations

import importlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

from csvkit_ml.libraries.port import Library
from csvkit_ml.model.digest import Digest, sha256

_ALWAYS = ("csvkit_ml", "csvkit_ml.worker", "csvkit_ml.libraries", "csvkit_ml.backends")
_ONLY = {"csvkit_ml": ("__init__.py",), "csvkit_ml.libraries": ("__init__.py", "binding.py")}
"""Packages of which only some files are staged; of a library's own package only its `__init__.py` is."""
_MAIN = b"from csvkit_ml.worker.entry import main\n\nmain()\n"
_DATE = (2000, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedWorker:
    """Bytes of the archive and their digest."""

    data: bytes
    digest: Digest


def build_archive(library: Library) -> StagedWorker:
    """Pack worker, backends and the library's staged half; equal sources give equal bytes."""
    files = {"__main__.py": _MAIN}
    for package in (*_ALWAYS, *library.staged):
        folder = Path(importlib.import_module(package).__file__ or "").parent
        top = package.startswith("csvkit_ml.libraries.") and package.count(".") == 2
        wanted = ("__init__.py",) if top else _ONLY.get(package) or tuple(sorted(p.name for p in folder.glob("*.py")))
        for name in wanted:
            files[f"{package.replace('.', '/')}/{name}"] = (folder / name).read_bytes()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name, _DATE), files[name])
    data = buffer.getvalue()
    return StagedWorker(data=data, digest=sha256(data))

"""The staged worker: one reproducible archive of standard-library-only sources, whose digest is evidence."""

from __future__ import annotations

import importlib.util
import io
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from csvkit_ml.errors import SuiteError
from csvkit_ml.libraries.port import Library
from csvkit_ml.model.digest import Digest, sha256

_ALWAYS = ("csvkit_ml.worker", "csvkit_ml.backends")
_PORT = ("csvkit_ml/libraries/__init__.py", "csvkit_ml/libraries/binding.py")
_MAIN = b"""import sys

from csvkit_ml.worker.bytecode import keep_whole

keep_whole()

from csvkit_ml.worker.entry import main  # noqa: E402

sys.exit(main())
"""
_DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedWorker:
    """The archive that is run in the tested environment."""

    data: bytes
    digest: Digest
    """Of `data`: part of the evidence and of every reuse key."""


def build_archive(library: Library) -> StagedWorker:
    """Archive of the worker, the backends and a library's staged half; the same sources give the same bytes.

    Raises:
        SuiteError: a package to stage does not exist.
    """
    return pack(sources(library.staged))


def sources(packages: Iterable[str]) -> dict[str, bytes]:
    """Files by archive name: the worker, the backends, the binding port and some packages.

    A package that only holds another package of the list gives its `__init__.py` alone: the host half beside it stays on the host.
    """
    wanted = (*_ALWAYS, *packages)
    files = {"__main__.py": _MAIN}
    for path in _PORT:
        files[path] = (_folder("csvkit_ml.libraries") / Path(path).name).read_bytes()
    for name in wanted:
        is_parent = any(other.startswith(name + ".") for other in wanted)
        for source in () if is_parent else sorted(_folder(name).glob("*.py")):
            files[f"{name.replace('.', '/')}/{source.name}"] = source.read_bytes()
        for parent in _parents(name):
            files.setdefault(f"{parent.replace('.', '/')}/__init__.py", (_folder(parent) / "__init__.py").read_bytes())
    return files


def pack(files: Mapping[str, bytes]) -> StagedWorker:
    """Sorted, uncompressed, all of one date."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, _DATE)
            info.create_system = 3
            info.external_attr = 0o644 << 16
            archive.writestr(info, files[name])
    data = buffer.getvalue()
    return StagedWorker(data=data, digest=sha256(data))


def _parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[: i + 1]) for i in range(len(parts))]


def _folder(package: str) -> Path:
    try:
        found = importlib.util.find_spec(package)
    except ModuleNotFoundError as e:
        raise SuiteError(f"cannot stage {package!r}: {e}") from e
    if found is None or not found.submodule_search_locations:
        raise SuiteError(f"cannot stage {package!r}: no such package")
    return Path(next(iter(found.submodule_search_locations)))

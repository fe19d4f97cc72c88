"""The sealed report folder: written beside, synced, renamed; an auditor needs only `sha256sum`."""

from __future__ import annotations

import errno
import io
import os
import shutil
import stat
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from csvkit_ml.errors import DiskFullError, IntegrityError, OutputExistsError, OutputUnwritableError, no_space
from csvkit_ml.evidence.store import Store
from csvkit_ml.model.digest import Digest, hex_of

LARGEST = 1 << 30
"""Bytes that are read of one file of a folder."""


def blob_path(digest: Digest) -> str:
    """Where a blob lies inside the folder."""
    name = hex_of(digest)
    return f"evidence/{name[:2]}/{name}"


def seal(
    folder: Path, files: Mapping[str, bytes], blobs: Iterable[Digest], store: Store, complete: Callable[[Path], object] | None = None
) -> None:
    """Write the folder, whole or not at all; what an interrupted run left behind is replaced.

    Args:
        complete: adds what is made of the written files (the attestation), before the folder gets its name.

    Raises:
        OutputExistsError, OutputUnwritableError, DiskFullError.
    """
    if folder.exists():
        raise OutputExistsError(f"{folder} exists", "choose another folder; a report is never overwritten")
    part = folder.with_name(folder.name + ".partial")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        for name, data in files.items():
            _write(part / name, data)
        for digest in sorted(set(blobs)):
            _write(part / blob_path(digest), store.get(digest))
        if complete:
            complete(part)
        _sync(part)
        part.rename(folder)
    except OSError as e:
        if e.errno in (errno.EEXIST, errno.ENOTEMPTY):
            raise OutputExistsError(f"{folder} exists", "choose another folder; a report is never overwritten") from e
        raise _refusal(e, folder, "choose another folder with --out") from e
    finally:
        shutil.rmtree(part, ignore_errors=True)


def write_file(path: Path, data: bytes) -> None:
    """Write one file, whole or not at all. Raises OutputUnwritableError, DiskFullError."""
    part = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with part.open("wb") as f:
            f.write(data)
            f.flush()
            os.fsync(f.fileno())
        part.replace(path)
    except OSError as e:
        with suppress(OSError):
            part.unlink()
        raise _refusal(e, path, "choose another file with -o") from e


def _refusal(error: OSError, path: Path, hint: str) -> DiskFullError | OutputUnwritableError:
    if no_space(error):
        return DiskFullError(f"no space is left for {path}", "free some space and run the same command again; nothing is lost")
    return OutputUnwritableError(f"cannot write {path}: {error.strerror}", hint)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _sync(folder: Path) -> None:
    """One sync of the file system that holds the folder."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
    os.sync()


def read_file(folder: Path, name: str) -> bytes:
    """A regular file of the folder, bounded. Raises IntegrityError."""
    path = folder / name
    try:
        info = path.lstat()
        if not stat.S_ISREG(info.st_mode) or info.st_size > LARGEST:
            raise IntegrityError(f"{name} is not a regular file of at most 1 GiB", "the folder is not a report of mlcsv")
        return path.read_bytes()
    except OSError as e:
        raise IntegrityError(f"cannot read {name} in {folder}: {e.strerror}", "give the folder of a report") from e


def listing(folder: Path) -> Iterator[str]:
    """Every file below the folder by its path relative to it, sorted; links and special files are listed too, never followed."""
    for root, folders, names in os.walk(folder):
        folders.sort()
        here = Path(root)
        links = [f for f in folders if (here / f).is_symlink()]
        for name in sorted([*names, *links]):
            yield (here / name).relative_to(folder).as_posix()


def packed(folder: Path) -> bytes:
    """The folder as a ZIP with fixed times and order: equal folders give equal bytes. Raises IntegrityError."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in listing(folder):
            info = zipfile.ZipInfo(f"{folder.resolve().name}/{name}")
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(info, read_file(folder, name))
    return out.getvalue()

"""Installation qualification: every installed file against RECORD. Runs on the host, only reads."""

from __future__ import annotations

import base64
import binascii
import csv
import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from csvkit_ml.environments.interpreter import Installed
from csvkit_ml.model.digest import sha256
from csvkit_ml.model.environment import Distribution, InstallationFinding

_ALGORITHMS = {32: "sha256", 48: "sha384", 64: "sha512"}
"""Those that the wheel specification allows, by the size of their digests."""
_NATIVE = re.compile(r"\.(so(\.[0-9.]+)?|dylib|pyd|dll)$")
_BATCH = 256
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    """A distribution's list of files."""

    of: Installed
    data: bytes
    """RECORD itself, b'' = there is none."""
    rows: tuple[tuple[str, str], ...]
    """(path relative to the site folder, `algorithm=digest` or '')."""


def check(installed: Sequence[Installed], wheels: Mapping[str, str]) -> tuple[tuple[Distribution, ...], tuple[InstallationFinding, ...]]:
    """Check distributions.

    1. Every file that a RECORD lists exists, is a regular file and has its digest (`missing`, `altered`).
    2. Every file below a top-level folder of a distribution is listed by some RECORD (`unrecorded`; a planted `.pyc` is one),
       and so is every top-level file of a site folder that Python runs when it starts (`.pth`, sitecustomize, usercustomize).

    Args:
        installed: as the interpreter finds them.
        wheels: SHA-256 of the locked wheel by normalised distribution name (empty when adopted).
    """
    distributions, findings = [], []
    records = [_read(one) for one in installed]
    for record in records:
        site = record.of.info.parent
        digests = _hash_all([_at(site, path) for path, _ in record.rows])
        native = []
        for (path, claimed), got in zip(record.rows, digests, strict=True):
            if what := _difference(claimed, got, _at(site, path)):
                findings.append(_finding(record.of.name, path, what))
            if got and _NATIVE.search(path):
                native.append((_plain(path), got))
        if not record.rows:
            findings.append(_finding(record.of.name, "RECORD", "missing"))
        distributions.append(
            Distribution(
                name=record.of.name, version=record.of.version, wheel=wheels.get(record.of.name, ""), record=sha256(record.data),
                files=len(record.rows), native=tuple(sorted(native)),
            )
        )  # fmt: skip
    findings += _unrecorded(records)
    return tuple(distributions), tuple(sorted(set(findings), key=lambda f: (f.distribution, f.path, f.what)))


def _read(installed: Installed) -> _Record:
    path = installed.info / "RECORD"
    try:
        data = path.read_bytes() if path.is_file() else b""
        rows = tuple((row[0], row[1]) for row in csv.reader(data.decode("utf-8", "surrogateescape").splitlines()) if len(row) == 3 and row[0])
    except (OSError, csv.Error):
        data, rows = b"", ()
    return _Record(of=installed, data=data, rows=tuple(r for r in rows if "\0" not in r[0]))


def _at(site: Path, path: str) -> str:
    return path if path.startswith("/") else f"{site}/{path}"


def _hash_all(paths: Sequence[str]) -> list[str]:
    with ThreadPoolExecutor(min(8, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 4)) as pool:
        return [h for part in pool.map(_hash_batch, [paths[i : i + _BATCH] for i in range(0, len(paths), _BATCH)]) for h in part]


def _hash_batch(paths: Sequence[str]) -> list[str]:
    return [_hash(path, "sha256") for path in paths]


def _hash(path: str, algorithm: str) -> str:
    """Hexadecimal digest of a regular file, '' where there is none (a device or a pipe is never read)."""
    try:
        f = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        if not stat.S_ISREG(os.fstat(f).st_mode):
            return ""
        digest = hashlib.new(algorithm)
        while piece := os.read(f, _PIECE):
            digest.update(piece)
        return digest.hexdigest()
    except OSError:
        return ""
    finally:
        os.close(f)


def _difference(claimed: str, got: str, path: str) -> str:
    """`missing`, `altered` or ''. A digest that cannot be read or is of a weak kind confirms nothing."""
    if not got:
        return "missing"
    if not claimed:
        return ""
    algorithm, _, text = claimed.partition("=")
    try:
        want = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return "altered"
    if _ALGORITHMS.get(len(want)) != algorithm:
        return "altered"
    if algorithm != "sha256":
        got = _hash(path, algorithm)
    return "" if want.hex() == got else "altered"


def _finding(distribution: str, path: str, what: str) -> InstallationFinding:
    return InstallationFinding(distribution=distribution, path=_plain(path), what=what)


def _plain(path: str) -> str:
    """A path as text that any report can carry."""
    return path.encode("utf-8", "backslashreplace").decode()[:1000]


def _unrecorded(records: Sequence[_Record]) -> Iterator[InstallationFinding]:
    """Files that no RECORD lists, in folders that a distribution owns or where Python's start-up looks."""
    for site in sorted({r.of.info.parent for r in records}):
        mine = [r for r in records if r.of.info.parent == site]
        listed = {path for r in mine for path, _ in r.rows}
        owners = {path.split("/", 1)[0]: r.of.name for r in mine for path, _ in r.rows if "/" in path and path[0] not in "./"}
        for top, owner in owners.items():
            for path in _files(site, top):
                if path not in listed:
                    yield _finding(owner, path, "unrecorded")
        for path in startup_files(site):
            if path not in listed and path not in _VIRTUALENV:
                yield _finding("(none)", path, "unrecorded")


_VIRTUALENV = ("_virtualenv.pth", "_virtualenv.py")
"""Written by the tools that make virtual environments."""


def startup_files(site: Path) -> list[str]:
    """Names of the top-level files of a site folder that Python runs when it starts, sorted."""
    try:
        names = [p.name for p in site.iterdir()]
    except OSError:
        return []
    return sorted(n for n in names if n.endswith(".pth") or n.split(".", 1)[0] in ("sitecustomize", "usercustomize") or n in _VIRTUALENV)


def _files(site: Path, top: str) -> Iterator[str]:
    """Every file below a folder, and every link, relative to the site folder."""
    for folder, folders, files in os.walk(f"{site}/{top}"):
        below = folder[len(str(site)) + 1 :].replace(os.sep, "/")
        yield from (f"{below}/{name}" for name in files)
        yield from (f"{below}/{name}" for name in folders if Path(folder, name).is_symlink())


def loose_digests(site: Path) -> tuple[tuple[str, str], ...]:
    """(name, sha256) of start-up files: with the RECORDs they fix what an environment that we built runs."""
    return tuple((_plain(n), _hash(f"{site}/{n}", "sha256")) for n in startup_files(site))

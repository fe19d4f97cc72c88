"""Installation qualification: every installed file against RECORD. Runs on the host, only reads."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from csvkit_ml.model.digest import sha256
from csvkit_ml.model.environment import Distribution, InstallationFinding

_SHARES = 16
_WRITTEN_BY_INSTALLERS = ("INSTALLER", "REQUESTED", "direct_url.json", "RECORD", "uv_cache.json", "uv_build.json")


@dataclass(frozen=True, slots=True)
class _Entry:
    distribution: str
    path: str
    sha256: str
    """urlsafe base64 without padding, as RECORD has it; empty = not recorded."""


def check(site: Path, wheels: dict[str, str]) -> tuple[tuple[Distribution, ...], tuple[InstallationFinding, ...]]:
    """Check a site-packages folder.

    1. Every file that a RECORD lists exists and has its digest.
    2. Every file below a folder that a RECORD mentions is listed by some RECORD.

    Args:
        site: site-packages folder.
        wheels: SHA-256 of the locked wheel by normalised distribution name (empty when adopted).
    """
    entries: list[_Entry] = []
    heads: list[tuple[str, str, bytes, int]] = []
    for info in sorted(site.glob("*.dist-info")):
        record = info / "RECORD"
        name, _, version = info.name.removesuffix(".dist-info").rpartition("-")
        if not record.is_file():
            heads.append((name, version, b"", 0))
            continue
        data = record.read_bytes()
        mine = [
            _Entry(name, row[0], row[1].removeprefix("sha256="))
            for row in csv.reader(io.StringIO(data.decode("utf-8", "replace")))
            if len(row) == 3
        ]
        entries += mine
        heads.append((name, version, data, len(mine)))
    with ThreadPoolExecutor(4) as pool:
        shares = [entries[i::_SHARES] for i in range(_SHARES)]
        seen = {e: got for share in pool.map(lambda part: _digests(site, part), shares) for e, got in share}
    findings = [f for e, got in seen.items() if (f := _finding(e, got))] + _unrecorded(site, entries)
    findings += [InstallationFinding(distribution=n, path="RECORD", what="missing") for n, _, data, _ in heads if not data]
    native = {e: _hex(got) for e, got in seen.items() if got and (".so" in e.path.rsplit("/", 1)[-1])}
    distributions = tuple(
        Distribution(
            name=n, version=v, wheel=wheels.get(n.lower().replace("_", "-").replace(".", "-"), ""), record=sha256(data), files=count,
            native=tuple(sorted((e.path, h) for e, h in native.items() if e.distribution == n)),
        )
        for n, v, data, count in heads
    )  # fmt: skip
    return distributions, tuple(sorted(findings, key=lambda f: (f.distribution, f.path)))


def _digests(site: Path, entries: list[_Entry]) -> list[tuple[_Entry, str | None]]:
    root = f"{site}/"
    return [(e, _digest(root + e.path)) for e in entries]


def _digest(path: str) -> str | None:
    try:
        with open(path, "rb") as f:  # noqa: PTH123 - 16,000 files: a Path each costs more than the digest
            return base64.urlsafe_b64encode(hashlib.file_digest(f, "sha256").digest()).rstrip(b"=").decode()
    except OSError:
        return None


def _hex(text: str) -> str:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).hex()


def _finding(entry: _Entry, got: str | None) -> InstallationFinding | None:
    if got is None:
        return InstallationFinding(distribution=entry.distribution, path=entry.path, what="missing")
    if entry.sha256 and got != entry.sha256:
        return InstallationFinding(distribution=entry.distribution, path=entry.path, what="altered")
    return None


def _unrecorded(site: Path, entries: list[_Entry]) -> list[InstallationFinding]:
    """Files that no RECORD lists, in folders that a distribution owns; a planted .pyc is one."""
    listed = {e.path for e in entries}
    owners = {e.path.split("/", 1)[0]: e.distribution for e in entries if "/" in e.path and not e.path.startswith((".", "/"))}
    found = []
    for top, owner in owners.items():
        for root, folders, names in os.walk(site / top):
            here = os.path.relpath(root, site)
            links = [f for f in folders if Path(root, f).is_symlink()]
            for file in [*names, *links]:
                if f"{here}/{file}" not in listed and file not in _WRITTEN_BY_INSTALLERS:
                    found.append(InstallationFinding(distribution=owner, path=f"{here}/{file}", what="unrecorded"))
    return found

"""Lock files of a release: requirements.txt, pylock.toml, uv.lock. Bytes in, pinned packages out."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from csvkit_ml.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """One pinned package."""

    name: str
    """Normalised."""
    version: str
    hashes: frozenset[str]
    """SHA-256 of every file that the lock allows, hexadecimal; empty = the lock pins none."""


def read_lock(filename: str, data: bytes) -> tuple[Locked, ...]:
    """Pinned packages of a lock, by its file name (`uv.lock`, `pylock*.toml`, anything else as requirements).

    Raises:
        UsageError: not of that form, or a requirement that pins no version.
    """
    try:
        if filename.endswith((".toml", ".lock")):
            tree = tomllib.loads(data.decode())
            found = list(_uv(tree) if filename == "uv.lock" else _pylock(tree))
        else:
            found = list(_requirements(data.decode()))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError) as e:
        raise UsageError(f"{filename} is not a lock: {type(e).__name__} {e}", "give requirements.txt with hashes, pylock.toml or uv.lock") from e
    return tuple(sorted(found, key=lambda x: x.name))


def _uv(tree: dict[str, Any]) -> Iterator[Locked]:
    for p in tree["package"]:
        if "version" in p:
            files = [*p.get("wheels", ()), *([p["sdist"]] if "sdist" in p else [])]
            yield _locked(p["name"], p["version"], [f["hash"].removeprefix("sha256:") for f in files if "hash" in f])


def _pylock(tree: dict[str, Any]) -> Iterator[Locked]:
    for p in tree["packages"]:
        if "version" in p:
            files = [*p.get("wheels", ()), *([p[k] for k in ("sdist", "archive") if k in p])]
            yield _locked(p["name"], p["version"], [f["hashes"]["sha256"] for f in files if "sha256" in f.get("hashes", {})])


def _requirements(text: str) -> Iterator[Locked]:
    for line in re.sub(r"\\\r?\n", " ", text).splitlines():
        stated = re.sub(r"(^|\s)#.*", "", line).strip()
        if not stated or stated.startswith("-"):
            continue
        hashes = re.findall(r"--hash[=\s]sha256:([0-9a-f]{64})", stated)
        try:
            requirement = Requirement(re.sub(r"\s--.*", "", stated))
        except InvalidRequirement as e:
            raise UsageError(f"not a requirement: {stated[:80]!r}", "a lock pins each package by ==") from e
        pins = [s.version for s in requirement.specifier if s.operator in ("==", "===") and "*" not in s.version]
        if requirement.url or len(pins) == 1:
            yield _locked(requirement.name, pins[0] if pins else "", hashes)
        else:
            yield _locked(requirement.name, "", hashes)


def _locked(name: str, version: str, hashes: list[str]) -> Locked:
    return Locked(name=canonicalize_name(name), version=version, hashes=frozenset(h.lower() for h in hashes))

"""The lock: every distribution of the environment with the digest of its wheel, kept so that a repeated run needs no network."""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from packaging.tags import sys_tags
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from csvkit_ml.environments.requirement import MAX_LENGTH, parse_requirement
from csvkit_ml.environments.resolve import nearest, settings_digest, solve
from csvkit_ml.errors import EnvironmentFailure, ResolutionError
from csvkit_ml.model.codec import digest_of
from csvkit_ml.model.digest import Digest, hex_of, sha256
from csvkit_ml.model.spec import EnvironmentRequest, ValidationSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedWheel:
    """One line of the normalised lock; where the wheel lies is not part of it."""

    name: str
    """Normalised."""
    version: str
    file: str
    """Wheel file name."""
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A lock file and what it says for this interpreter."""

    path: Path
    """pylock.toml."""
    wheels: tuple[LockedWheel, ...]
    """Sorted by name."""

    @property
    def digest(self) -> Digest:
        """Identity: names, versions, wheel file names and their SHA-256."""
        return digest_of(list(self.wheels))


def distribution_of(spec: ValidationSpec) -> str:
    """Normalised distribution name that was asked for."""
    return str(canonicalize_name(re.split(r"[^A-Za-z0-9._-]", spec.asked.strip()[:MAX_LENGTH])[0]))


def take_lock(
    spec: ValidationSpec, request: EnvironmentRequest, locks: Path, environ: Mapping[str, str], further: tuple[str, ...] = ()
) -> Lock | None:
    """The lock that was made before for the same release, settings and platform; None when there is none or it is not intact."""
    folder = _folder(spec, request, locks, environ, further)
    try:
        data = (folder / "pylock.toml").read_bytes()
        if sha256(data) != (folder / "digest").read_text():
            return None
    except (OSError, UnicodeDecodeError):
        return None
    return _read(folder / "pylock.toml", data, spec)


def make_lock(
    spec: ValidationSpec, request: EnvironmentRequest, locks: Path, environ: Mapping[str, str], further: tuple[str, ...] = ()
) -> Lock:
    """Lock the release and what it needs, with hashes. It is renamed into place whole; the caller holds the cache's lock.

    Args:
        further: requirements besides those that the release states.

    Raises:
        ResolutionError: no such release for this platform, or it was yanked.
        UvError, EnvironmentFailure, OSError.
    """
    folder = _folder(spec, request, locks, environ, further)
    part = folder.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    name = distribution_of(spec)
    wanted = f"{name}=={spec.full_version}"
    try:
        solve([wanted, *further], ["--format", "pylock.toml", "-o", str(part / "pylock.toml"), "--no-header"], request, environ)
    except ResolutionError as e:
        hint = "check what is asked for beside it" if request.beside else nearest(parse_requirement(wanted, {name: spec.library}), request, environ)
        raise ResolutionError(f"{name} {spec.full_version} cannot be had here: {e.cause}", hint) from e
    data = (part / "pylock.toml").read_bytes()
    _read(part / "pylock.toml", data, spec)
    (part / "digest").write_text(sha256(data))
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)
    return _read(folder / "pylock.toml", data, spec)


def _folder(spec: ValidationSpec, request: EnvironmentRequest, locks: Path, environ: Mapping[str, str], further: tuple[str, ...]) -> Path:
    return locks / hex_of(settings_digest(" ".join((f"{distribution_of(spec)}=={spec.full_version}", *further)), request, environ))


def _read(path: Path, data: bytes, spec: ValidationSpec) -> Lock:
    try:
        packages = tomllib.loads(data.decode()).get("packages", [])
        wheels = [_wheel(p) for p in packages]
    except (ValueError, LookupError, AttributeError, TypeError) as e:
        raise EnvironmentFailure(f"uv wrote a lock that cannot be read: {e!r}", "report this with the version of uv (mlcsv doctor)") from e
    name = distribution_of(spec)
    if not any(w.name == name and Version(w.version).public == Version(spec.version).public for w in wheels):
        raise EnvironmentFailure(f"the lock does not hold {name} {spec.full_version}", "check the index settings")
    return Lock(path=path, wheels=tuple(sorted(wheels, key=lambda w: w.name)))


def _wheel(package: dict[str, Any]) -> LockedWheel:
    """The wheel that this interpreter takes: the first in its order of tags."""
    order = {tag: i for i, tag in enumerate(sys_tags())}
    fitting = []
    for wheel in package.get("wheels", ()):
        file = unquote(urlparse(wheel.get("url", "")).path or wheel.get("path", "")).rsplit("/", 1)[-1]
        try:
            places = [order[t] for t in parse_wheel_filename(file)[3] if t in order]
        except InvalidWheelFilename:
            continue
        if places:
            fitting.append((min(places), file, wheel))
    if not fitting:
        raise EnvironmentFailure(f"the lock has no wheel of {package.get('name')} for this platform", "mlcsv installs wheels only")
    _, file, wheel = min(fitting, key=lambda f: f[:2])
    digest = wheel.get("hashes", {}).get("sha256", "")
    if not re.fullmatch("[0-9a-f]{64}", digest):
        raise EnvironmentFailure(f"the lock has no SHA-256 of {file}", "use an index that publishes SHA-256 digests")
    return LockedWheel(name=str(canonicalize_name(package["name"])), version=str(package["version"]), file=file, sha256=digest)

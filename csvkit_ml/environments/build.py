"""Building the tested environment with uv: locked with hashes, cached by the lock's digest, checked before every use."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from packaging.tags import sys_tags
from packaging.utils import parse_wheel_filename

from csvkit_ml.environments.adopt import record
from csvkit_ml.environments.requirement import parse_requirement
from csvkit_ml.environments.settings import index_arguments, run_uv
from csvkit_ml.errors import DiskFullError, EnvironmentFailure, OutputUnwritableError, ResolutionError, UvError
from csvkit_ml.model.codec import canonical, digest_of
from csvkit_ml.model.digest import hex_of
from csvkit_ml.model.environment import EnvironmentRecord
from csvkit_ml.model.spec import EnvironmentRequest, ValidationSpec

Notify = Callable[[str], None]


def obtain(spec: ValidationSpec, request: EnvironmentRequest, cache: Path, environ: Mapping[str, str], notify: Notify) -> EnvironmentRecord:
    """An environment with exactly this release.

    1. Lock the release and what it needs, with hashes (kept by spec, settings and platform, so a repeat needs no network).
    2. Take the environment of that lock from the cache, or build it beside and rename it into place.
    3. Check every installed file against RECORD; a cached environment that is not intact is rebuilt from fresh downloads.

    Raises:
        ResolutionError, UvError, DiskFullError, OutputUnwritableError, EnvironmentFailure.
    """
    question = digest_of([spec.library, spec.full_version, index_arguments(request, environ), sys.version, sys.platform])
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with _locked(cache / "environments.lock"):
            lock = _lock(spec, request, cache / "locks" / hex_of(question), environ, notify)
            wheels = _wheels(lock)
            folder = cache / "environments" / hex_of(digest_of([wheels, sys.version]))
            if not (folder / "complete").exists():
                _build(folder, lock, request, environ, notify, fresh=False)
            made = _record(spec, folder, wheels)
            if any(f.what in ("altered", "missing", "unrecorded") for f in made.findings):
                notify("the cached environment is not intact: building it again")
                _build(folder, lock, request, environ, notify, fresh=True)
                made = _record(spec, folder, wheels)
            return made
    except OSError as e:
        if e.errno == 28:
            raise DiskFullError(f"no space is left for {cache}", "free some space and run the same command again") from e
        raise OutputUnwritableError(f"cannot write {cache}: {e.strerror}", "set XDG_CACHE_HOME to a folder that can be written") from e


def _record(spec: ValidationSpec, folder: Path, wheels: list[list[str]]) -> EnvironmentRecord:
    return record(spec, str(folder / "venv" / "bin" / "python"), adopted=False, wheels={w[0]: w[3] for w in wheels})


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One builder at a time on one cache; the lock goes with the process."""
    with path.open("w") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield


def _lock(spec: ValidationSpec, request: EnvironmentRequest, folder: Path, environ: Mapping[str, str], notify: Notify) -> Path:
    path = folder / "pylock.toml"
    if path.exists() and (folder / "digest").exists() and _sha256(path) == (folder / "digest").read_text():
        return path
    notify(f"locking {spec.library} {spec.full_version}")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "requirements.in").write_text(f"{_distribution(spec)}=={spec.full_version}\n")
    part = folder / "pylock.part.toml"
    arguments = [
        "pip",
        "compile",
        str(folder / "requirements.in"),
        "--format",
        "pylock.toml",
        "-o",
        str(part),
        "--only-binary",
        ":all:",
        "--quiet",
    ]
    try:
        run_uv([*arguments, "--no-header", *index_arguments(request, environ)], environ)
    except UvError as e:
        if "No solution found" in e.cause:
            from csvkit_ml.environments.resolve import nearest

            wanted = parse_requirement(spec.asked, {_distribution(spec): spec.library})
            reason = " ".join(line.strip() for line in e.cause.splitlines()[1:])[:1500]
            raise ResolutionError(f"{spec.library} {spec.full_version}: {reason}", nearest(wanted, request, environ)) from e
        raise
    part.replace(path)
    (folder / "digest").write_text(_sha256(path))
    return path


def _distribution(spec: ValidationSpec) -> str:
    name = spec.asked.strip()
    for i, ch in enumerate(name):
        if not (ch.isalnum() or ch in "-_."):
            return name[:i]
    return name


def _sha256(path: Path) -> str:
    with path.open("rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def _wheels(lock: Path) -> list[list[str]]:
    """[name, version, wheel file, sha256] of every package, sorted; where the wheel lies is not part of the identity."""
    tree = tomllib.loads(lock.read_text())
    out = []
    for package in tree.get("packages", []):
        wheel = _wheel(package)
        path = urlparse(wheel.get("url", "")).path or wheel.get("path", "")
        file = unquote(path).rsplit("/", 1)[-1]
        digest = wheel.get("hashes", {}).get("sha256", "")
        if not digest:
            local = Path(unquote(path)) if Path(unquote(path)).is_absolute() else lock.parent / unquote(path)
            digest = _sha256(local)
        out.append([package["name"], str(package.get("version", "")), file, digest])
    return sorted(out)


def _wheel(package: dict[str, Any]) -> dict[str, Any]:
    """The wheel that this interpreter takes: the first in its order of tags."""
    order = {tag: i for i, tag in enumerate(sys_tags())}
    fitting = []
    for wheel in package.get("wheels", ()):
        name = unquote(urlparse(wheel.get("url", "")).path or wheel.get("path", "")).rsplit("/", 1)[-1]
        places = [order[t] for t in parse_wheel_filename(name)[3] if t in order]
        if places:
            fitting.append((min(places), name, wheel))
    if fitting:
        return dict(min(fitting, key=lambda f: f[:2])[2])
    if "archive" in package:
        return dict(package["archive"])
    raise EnvironmentFailure(f"the lock has no wheel of {package.get('name')} for this platform", "mlcsv installs wheels only")


def _build(folder: Path, lock: Path, request: EnvironmentRequest, environ: Mapping[str, str], notify: Notify, *, fresh: bool) -> None:
    """Install; the marker is written last, so what a kill leaves behind is never taken for whole.

    `fresh` downloads again and copies: a file altered in one environment is altered in uv's cache too when they share it by hard link.
    """
    notify("building the environment")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    venv = folder / "venv"
    run_uv(["venv", "--quiet", "--python", sys.executable, str(venv)], environ)
    arguments = ["pip", "sync", str(lock), "--quiet", "--preview", "--python", str(venv / "bin" / "python")]
    arguments += ["--no-cache", "--link-mode", "copy"] if fresh else ["--link-mode", "hardlink"]
    run_uv([*arguments, *index_arguments(request, environ)], environ)
    os.sync()
    (folder / "complete").write_bytes(canonical(["complete", _sha256(lock)]))

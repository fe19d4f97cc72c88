"""From a requirement to one release: the newest that satisfies it and has a wheel for this Python and platform."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from packaging.tags import sys_tags
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from csvkit_ml.environments.requirement import Requirement, parse_requirement
from csvkit_ml.environments.settings import find_links, index_arguments, run_uv
from csvkit_ml.errors import ResolutionError, UvError
from csvkit_ml.model.spec import EnvironmentRequest, ValidationSpec


def resolve(
    asked: str, request: EnvironmentRequest, known: Mapping[str, str], *, today: str, environ: Mapping[str, str] | None = None
) -> ValidationSpec:
    """Find the release.

    1. A requirement that names one version and has a matching wheel in a find-links folder takes that wheel's build.
    2. An exact version needs no look-up; whether it exists shows when it is locked.
    3. Otherwise uv resolves; yanked releases, foreign Pythons and unnamed pre-releases are out.

    Args:
        known: library name by distribution name.
        today: UTC date to record.
        environ: the user's environment (index and find-links settings), default os.environ.

    Raises:
        MalformedRequirementError, UnknownLibraryError, ResolutionError, UvError.
    """
    env = os.environ if environ is None else environ
    wanted = parse_requirement(asked, known)
    version = _local_wheel(wanted, request, env) or _from_uv(wanted, request, env)
    return ValidationSpec(asked=asked, library=wanted.library, version=version.public, local=version.local or "", resolved_on=today)


def _exact(wanted: Requirement) -> bool:
    return bool(re.fullmatch(r"==\s*[^*,]+", wanted.specifier))


def _local_wheel(wanted: Requirement, request: EnvironmentRequest, environ: Mapping[str, str]) -> Version | None:
    if not _exact(wanted):
        return None
    found = [v for v in wheels(wanted.distribution, request, environ) if wanted.admits(v.public) and wanted.local in ("", v.local or "")]
    return max(found, default=None)


def wheels(distribution: str, request: EnvironmentRequest, environ: Mapping[str, str]) -> list[Version]:
    """Versions of the wheels in find-links folders that fit this Python and platform."""
    tags = set(sys_tags())
    found = []
    for folder in (Path(link.removeprefix("file://")) for link in find_links(request, environ)):
        for path in sorted(folder.glob("*.whl")) if folder.is_dir() else ():
            try:
                name, version, _, of = parse_wheel_filename(path.name)
            except InvalidWheelFilename:
                continue
            if canonicalize_name(name) == distribution and tags & of:
                found.append(version)
    return found


def _from_uv(wanted: Requirement, request: EnvironmentRequest, environ: Mapping[str, str]) -> Version:
    text = wanted.distribution + wanted.specifier + (f"+{wanted.local}" if wanted.local else "")
    try:
        return _compile(text, wanted, request, environ)
    except UvError as e:
        if "No solution found" not in e.cause and "not found in the package registry" not in e.cause:
            raise
        reason = " ".join(line.strip() for line in e.cause.splitlines()[1:])[:1500]
        raise ResolutionError(f"no release satisfies {wanted.asked!r} here: {reason}", nearest(wanted, request, environ)) from e


def _compile(text: str, wanted: Requirement, request: EnvironmentRequest, environ: Mapping[str, str]) -> Version:
    arguments = ["pip", "compile", "-", "--no-deps", "--no-header", "--no-annotate", "--only-binary", ":all:", "--quiet"]
    if wanted.prereleases:
        arguments += ["--prerelease", "allow"]
    out = _with_input([*arguments, *index_arguments(request, environ)], text, environ)
    for line in out.splitlines():
        name, sep, version = line.partition("==")
        if sep and canonicalize_name(name.strip()) == wanted.distribution:
            try:
                return Version(version.split(";")[0].strip())
            except InvalidVersion as e:
                raise UvError(f"uv resolved to {line!r}", "check the index settings") from e
    raise UvError(f"uv resolved {text!r} to nothing", "check the index settings")


def _with_input(arguments: list[str], text: str, environ: Mapping[str, str]) -> str:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "requirements.in"
        path.write_text(text + "\n")
        return run_uv([a if a != "-" else str(path) for a in arguments], environ)


def nearest(wanted: Requirement, request: EnvironmentRequest, environ: Mapping[str, str]) -> str:
    """A hint with versions that exist: the newest, and the newest at or below what was asked."""
    found = {v.public for v in wheels(wanted.distribution, request, environ)}
    bounds = [re.sub(r"[^0-9.].*", "", s.lstrip("=<>!~ ")).rstrip(".") for s in wanted.specifier.split(",") if s]
    for limit in ["", *(f"<={b}" for b in bounds if b), *(f"=={b.split('.')[0]}.*" for b in bounds if b)]:
        try:
            found.add(_compile(wanted.distribution + limit, wanted, request, environ).public)
        except UvError:
            continue
    if not found:
        return "the index could not be read: check --index-url and --find-links"
    return "nearest versions: " + ", ".join(sorted(found, key=Version))

"""From a requirement to one release: the newest that satisfies it and has a wheel for this Python and platform."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from packaging.specifiers import SpecifierSet
from packaging.tags import sys_tags
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from csvkit_ml.environments.requirement import Requirement, parse_requirement
from csvkit_ml.environments.settings import call_uv, empty_folder, find_links, index_arguments
from csvkit_ml.errors import ResolutionError, UvError
from csvkit_ml.model.codec import digest_of
from csvkit_ml.model.digest import Digest, hex_of
from csvkit_ml.model.spec import EnvironmentRequest, ValidationSpec

_REASON = 1500
"""Characters of uv's explanation that are shown."""


def resolve(
    asked: str, request: EnvironmentRequest, known: Mapping[str, str], *, today: str, environ: Mapping[str, str] | None = None,
    cache: Path | None = None,
) -> ValidationSpec:  # fmt: skip
    """Find the release.

    1. One exact version with a fitting wheel in a find-links folder is that wheel's build, whatever the index has.
    2. One exact version that was found before, with the same settings, is found again without the network.
    3. Otherwise uv resolves; yanked releases, foreign Pythons and unnamed pre-releases are out.

    Args:
        known: library name by distribution name.
        today: UTC date to record.
        environ: the user's environment (index and find-links settings), default os.environ.
        cache: folder that remembers exact versions, None = ask every time.

    Raises:
        MalformedRequirementError, UnknownLibraryError: not a requirement, or nothing we know.
        ResolutionError: nothing satisfies it; the hint names the nearest versions.
        UvError: the index cannot be read.
    """
    env = os.environ if environ is None else environ
    wanted = parse_requirement(asked, known)
    version = _local_wheel(wanted, request, env) or _remembered(wanted, request, env, cache)
    return ValidationSpec(asked=asked, library=wanted.library, version=version.public, local=version.local or "", resolved_on=today)


def _remembered(wanted: Requirement, request: EnvironmentRequest, environ: Mapping[str, str], cache: Path | None) -> Version:
    if cache is None or not wanted.exact:
        return _from_index(wanted, request, environ)
    path = cache / "resolutions" / hex_of(settings_digest(wanted.text, request, environ))
    try:
        return Version(path.read_text())
    except (OSError, ValueError):
        version = _from_index(wanted, request, environ)
    with contextlib.suppress(OSError):  # only a memory: whoever cannot write here fails, with its reason, when the environment is built
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}")
        part.write_text(str(version))
        part.replace(path)
    return version


def _from_index(wanted: Requirement, request: EnvironmentRequest, environ: Mapping[str, str]) -> Version:
    try:
        return compile_one(wanted.text, wanted.distribution, request, environ)
    except ResolutionError as e:
        raise ResolutionError(f"no release satisfies {wanted.asked!r} here: {e.cause}", nearest(wanted, request, environ)) from e


def settings_digest(text: str, request: EnvironmentRequest, environ: Mapping[str, str]) -> Digest:
    """What an answer of uv depends on besides the index: settings, wheels in find-links folders, Python and platform."""
    local = [[str(f), f.stat().st_size, f.stat().st_mtime_ns] for f in wheel_files(request, environ)]
    return digest_of([text, index_arguments(request, environ), local, sys.version, sys.base_prefix, platform.platform()])


def _local_wheel(wanted: Requirement, request: EnvironmentRequest, environ: Mapping[str, str]) -> Version | None:
    if not wanted.exact:
        return None
    found = [v for v in wheels(wanted.distribution, request, environ) if wanted.admits(v.public) and wanted.local in ("", v.local or "")]
    return max(found, default=None)


def wheels(distribution: str, request: EnvironmentRequest, environ: Mapping[str, str]) -> list[Version]:
    """Versions of the wheels in find-links folders that fit this Python and platform."""
    tags = frozenset(sys_tags())
    found = []
    for path in wheel_files(request, environ):
        try:
            name, version, _, of = parse_wheel_filename(path.name)
        except InvalidWheelFilename:
            continue
        if canonicalize_name(name) == distribution and tags & of:
            found.append(version)
    return found


def wheel_files(request: EnvironmentRequest, environ: Mapping[str, str]) -> list[Path]:
    """Every wheel that lies in a find-links folder."""
    folders = [Path(link.removeprefix("file://")) for link in find_links(request, environ)]
    return [path for folder in folders if folder.is_dir() for path in sorted(folder.glob("*.whl"))]


def compile_one(text: str, distribution: str, request: EnvironmentRequest, environ: Mapping[str, str], *further: str) -> Version:
    """The version that uv chooses for one requirement, its dependencies left aside. Raises ResolutionError, UvError."""
    said = solve([text], ["--no-deps", "--no-header", "--no-annotate", "--prerelease", "explicit", *further], request, environ)
    for line in said.splitlines():
        name, sep, version = line.partition("==")
        if sep and canonicalize_name(name.strip()) == distribution:
            try:
                return Version(version.split(";")[0].split()[0])
            except (InvalidVersion, IndexError) as e:
                raise UvError(f"uv resolved to {line[:200]!r}", "check the index settings") from e
    raise UvError(f"uv resolved {text!r} to nothing", "check the index settings")


def solve(requirements: list[str], arguments: list[str], request: EnvironmentRequest, environ: Mapping[str, str]) -> str:
    """`uv pip compile` for the running Python, wheels only; its standard output.

    Raises:
        ResolutionError: no solution, or the chosen release was yanked; the cause is uv's reason, the hint is empty.
        UvError: anything else.
    """
    with empty_folder() as folder:
        path = folder / "requirements.in"
        path.write_text("\n".join(requirements) + "\n")
        fixed = ["pip", "compile", str(path), "--only-binary", ":all:", "--python", sys.executable]
        try:
            said = call_uv([*fixed, *arguments, *index_arguments(request, environ)], environ)
        except UvError as e:
            if "No solution found" not in e.cause:
                raise
            raise ResolutionError(_reason(e.cause)) from e
    if yanked := _yanked(said.stderr, requirements):
        raise ResolutionError(yanked)
    return said.stdout


def _reason(cause: str) -> str:
    """uv's explanation on one line."""
    lines = [line.strip() for line in cause.splitlines() if not line.startswith(("uv pip", "warning:", "error:"))]
    return re.sub(r"^(cause: |╰─▶ |× )", "", " ".join(filter(None, lines)))[:_REASON] or cause[:_REASON]


def _yanked(stderr: str, requirements: list[str]) -> str:
    """uv's warning that a release asked for was withdrawn by its maker (of a dependency it is only a warning)."""
    names = {str(canonicalize_name(re.split(r"[^A-Za-z0-9._-]", r)[0])) for r in requirements}
    for name, rest in re.findall(r"^warning: `([A-Za-z0-9._-]+)(==\S+` is yanked.*)$", stderr, re.MULTILINE):
        if str(canonicalize_name(name)) in names:
            return f"{name}{rest}".replace("`", "")[:_REASON]
    return ""


def nearest(wanted: Requirement, request: EnvironmentRequest, environ: Mapping[str, str]) -> str:
    """A hint with versions that can be had: the newest of all, and the ones next below and above what was asked."""
    found = {v.public for v in wheels(wanted.distribution, request, environ)}
    bounds = sorted({s.version.removesuffix(".*") for s in SpecifierSet(wanted.specifier)})[:3]
    questions = [("", "highest"), *((f"<{b}", "highest") for b in bounds), *((f">{b}", "lowest") for b in bounds)]
    for limit, order in questions:
        try:
            found.add(compile_one(wanted.distribution + limit, wanted.distribution, request, environ, "--resolution", order).public)
        except ResolutionError:
            continue
        except UvError:
            break
    if not found:
        return f"no version of {wanted.distribution} for this Python and platform was found: check --index-url and --find-links"
    return "nearest versions: " + ", ".join(sorted(found, key=Version))

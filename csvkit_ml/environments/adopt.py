"""Taking an existing interpreter as it is; nothing in it is changed."""

from __future__ import annotations

from collections.abc import Mapping

from packaging.version import InvalidVersion, Version

from csvkit_ml import registry
from csvkit_ml.environments.fingerprint import fingerprint
from csvkit_ml.environments.installation import check
from csvkit_ml.environments.interpreter import Installed, Interpreter, inquire
from csvkit_ml.environments.requirement import parse_requirement
from csvkit_ml.errors import InterpreterError, ResolutionError
from csvkit_ml.model.codec import digest_of
from csvkit_ml.model.environment import EnvironmentRecord
from csvkit_ml.model.spec import EnvironmentRequest, ValidationSpec


def adopted_spec(asked: str, request: EnvironmentRequest, known: Mapping[str, str], *, today: str) -> ValidationSpec:
    """The installed version, if it satisfies the requirement.

    A requirement without a version takes whatever is installed, a pre-release too: it is in use already.

    Args:
        known: library name by distribution name.
        today: UTC date to record.

    Raises:
        MalformedRequirementError, UnknownLibraryError: as for any requirement.
        InterpreterError: not Python, or the library is not installed.
        ResolutionError: another version is installed.
    """
    wanted = parse_requirement(asked, known)
    one = _library(inquire(request.python), wanted.library, wanted.distribution, known)
    version = _version(one, request.python)
    fits = not wanted.specifier or wanted.admits(version.public)
    if not fits or wanted.local not in ("", version.local or ""):
        raise ResolutionError(
            f"{request.python} has {one.name} {version}, asked was {asked!r}", f"nearest version there: {one.name}=={version}"
        )
    return ValidationSpec(asked=asked, library=wanted.library, version=version.public, local=version.local or "", resolved_on=today)


def adopt(spec: ValidationSpec, request: EnvironmentRequest, known: Mapping[str, str] | None = None) -> EnvironmentRecord:
    """Record an existing environment; its identity is that of its distributions and their RECORDs.

    Args:
        known: library name by distribution name, default: of all plug-ins.

    Raises:
        InterpreterError: not Python, or the library is not installed.
        ResolutionError: another version than the one of the specification is installed.
    """
    interpreter = inquire(request.python)
    one = _library(interpreter, spec.library, "", registry.known_distributions() if known is None else known)
    version = _version(one, request.python)
    if version != Version(spec.full_version):
        raise ResolutionError(
            f"{request.python} has {one.name} {version}, to be validated is {spec.full_version}", f"ask for {one.name}=={version}"
        )
    distributions, findings = check(interpreter.distributions, {})
    identity = [[d.name, d.version, d.record] for d in distributions]
    return EnvironmentRecord(
        library=spec.library, version=str(version), adopted=True, python=str(interpreter.path), lock=digest_of(identity),
        distributions=distributions, findings=findings, fingerprint=fingerprint(interpreter),
    )  # fmt: skip


def _library(interpreter: Interpreter, library: str, first: str, known: Mapping[str, str]) -> Installed:
    """The distribution that brings the library: the one asked for, or another one bound to the same library."""
    here = {d.name: d for d in interpreter.distributions}
    names = [n for n in dict.fromkeys([first, *known]) if n in here and known.get(n) == library]
    if not names:
        raise InterpreterError(f"{interpreter.path} has no {library}", "give the interpreter of the environment that has it")
    return here[names[0]]


def _version(one: Installed, python: str) -> Version:
    try:
        return Version(one.version)
    except InvalidVersion as e:
        raise InterpreterError(f"{python} has {one.name} of the version {one.version!r}", "install a released version") from e

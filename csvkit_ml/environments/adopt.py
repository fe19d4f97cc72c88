"""Taking an existing interpreter as it is; nothing in it is changed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import Version

from csvkit_ml.environments.fingerprint import ask, host_facts, interpreter_facts
from csvkit_ml.environments.installation import check
from csvkit_ml.environments.requirement import parse_requirement
from csvkit_ml.errors import InterpreterError, ResolutionError
from csvkit_ml.model.codec import digest_of
from csvkit_ml.model.environment import EnvironmentRecord, Fingerprint
from csvkit_ml.model.spec import EnvironmentRequest, ValidationSpec


def installed(site: Path) -> dict[str, str]:
    """Version by normalised distribution name, from the folder names of the metadata."""
    found = {}
    for info in site.glob("*.dist-info"):
        name, _, version = info.name.removesuffix(".dist-info").rpartition("-")
        found[str(canonicalize_name(name))] = version
    return found


def adopted_spec(asked: str, request: EnvironmentRequest, known: Mapping[str, str], *, today: str) -> ValidationSpec:
    """The installed version, if it satisfies the requirement.

    Raises:
        InterpreterError: not Python, or the library is not installed.
        ResolutionError: another version is installed.
    """
    wanted = parse_requirement(asked, known)
    here = installed(Path(ask(request.python)["site"]))
    names = [d for d, lib in known.items() if lib == wanted.library and d in here]
    if not names:
        raise InterpreterError(f"{request.python} has no {wanted.library}", "give the interpreter of the environment that has it")
    version = Version(here[names[0]])
    fits = wanted.admits(version.public) or (not wanted.specifier and version.is_prerelease)
    if not fits or wanted.local not in ("", version.local or ""):
        raise ResolutionError(
            f"{request.python} has {wanted.library} {version}, asked was {asked!r}", f"ask for {wanted.library}=={version}"
        )
    return ValidationSpec(asked=asked, library=wanted.library, version=version.public, local=version.local or "", resolved_on=today)


def adopt(spec: ValidationSpec, request: EnvironmentRequest) -> EnvironmentRecord:
    """Record an existing environment; its identity is that of its distributions and their RECORDs."""
    return record(spec, request.python, adopted=True, wheels={})


def record(spec: ValidationSpec, python: str, *, adopted: bool, wheels: dict[str, str]) -> EnvironmentRecord:
    """Check every installed file and describe interpreter and host; the fingerprint's library part is completed later."""
    facts = ask(python)
    distributions, findings = check(Path(facts["site"]), wheels)
    fingerprint = Fingerprint(host=host_facts(), interpreter=interpreter_facts(facts), library=(), variables=())
    identity = [[d.name, d.version, d.wheel, d.record] for d in distributions]
    return EnvironmentRecord(
        library=spec.library, version=spec.full_version, adopted=adopted, python=python, lock=digest_of([identity, facts["python"]]),
        distributions=distributions, findings=findings, fingerprint=fingerprint,
    )  # fmt: skip

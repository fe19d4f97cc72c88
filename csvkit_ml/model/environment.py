"""The environment: what exactly was tested, and on what."""

from __future__ import annotations

from dataclasses import dataclass, field

from csvkit_ml.model.digest import Digest
from csvkit_ml.model.spec import UNWRITTEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """One installed distribution."""

    name: str
    version: str
    wheel: str
    """SHA-256 of the wheel from the lock, empty when adopted."""
    record: Digest
    """Digest of its RECORD file as installed."""
    files: int
    """Files that RECORD lists."""
    native: tuple[tuple[str, str], ...] = ()
    """(path, sha256) of every shared library."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallationFinding:
    """A file that is not as its RECORD says."""

    distribution: str
    path: str
    what: str
    """`missing`, `altered` or `unrecorded`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """Facts about machine, interpreter and library; pairs of name and value, sorted, all text."""

    host: tuple[tuple[str, str], ...]
    """CPU model and flags, cores, RAM, OS, kernel, libc."""
    interpreter: tuple[tuple[str, str], ...]
    """Version, build, compiler, executable name."""
    library: tuple[tuple[str, str], ...]
    """As the library reports itself: BLAS, oneDNN, MKL, OpenMP, capability, providers, devices."""
    variables: tuple[tuple[str, str], ...]
    """Every environment variable that the run was given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentRecord:
    """The tested environment."""

    library: str
    version: str
    """Installed version, local label included."""
    adopted: bool
    """True when an existing interpreter was taken as it is."""
    python: str
    """Interpreter: as given when adopted, otherwise relative to our cache (not part of the identity)."""
    lock: Digest
    """Digest of the normalised lock: names, versions, wheel digests (adopted: of the installed distributions and their RECORDs)."""
    distributions: tuple[Distribution, ...]
    findings: tuple[InstallationFinding, ...]
    fingerprint: Fingerprint
    beside: tuple[str, ...] = field(default=(), metadata=UNWRITTEN)
    """Requirements that were installed besides those that the release states, because the user asked for them."""

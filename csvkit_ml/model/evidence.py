"""The manifest: what a report folder holds, by digest."""

from __future__ import annotations

from dataclasses import dataclass

from csvkit_ml.model.digest import Digest
from csvkit_ml.model.observation import Observation


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceManifest:
    """All observations of one run, with what they answer to."""

    schema: int
    plan: Digest
    """Digest of plan.json's bytes."""
    environment: Digest
    """Digest of environment.json's bytes."""
    worker: Digest
    observations: tuple[Observation, ...]
    """In plan order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseByDigest:
    """A case whose outputs are not in the folder."""

    case: str
    blobs: tuple[Digest, ...]
    """Those of its outputs that the folder does not hold; manifest.json names them too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldByDigest:
    """What a folder names and does not hold: outputs of sweeps, 16 MiB a case."""

    schema: int
    why: str
    cases: tuple[CaseByDigest, ...]
    """In plan order."""

"""What this machine can validate."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass

from csvkit_ml import __version__, registry
from csvkit_ml.environments.doctor import doctor_facts
from csvkit_ml.errors import EnvironmentFailure
from csvkit_ml.pipeline.places import places
from csvkit_ml.signing.keys import list_keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Doctor:
    """What this machine can validate."""

    rows: tuple[tuple[str, str], ...]
    missing: tuple[str, ...]
    blocking: bool
    """Nothing can be built here."""


def doctor() -> Doctor:
    """Look at interpreters, uv, devices, keys, libraries and backends; starts nothing but uv."""
    here = places()
    rows, missing, blocking = [("mlcsv", __version__)], [], False
    try:
        rows += doctor_facts(os.environ)
    except EnvironmentFailure as e:
        missing.append(e.cause)
        blocking = True
    rows.append(("libraries", ", ".join(registry.libraries())))
    rows.append(("backends", ", ".join(registry.backends())))
    rows.append(("functions", str(len(registry.functions()))))
    keys = list_keys(here.keys)
    rows.append(("keys", ", ".join(k.name for k in keys) or "none"))
    if not keys:
        missing.append("a key: reports will be UNSIGNED (mlcsv keys new NAME)")
    gpu = shutil.which("nvidia-smi")
    rows.append(("gpu", gpu or "none found"))
    if not gpu:
        missing.append("a GPU: only CPU backends can be validated here")
    rows.append(("cache", str(here.cache)))
    return Doctor(rows=tuple(rows), missing=tuple(missing), blocking=blocking)

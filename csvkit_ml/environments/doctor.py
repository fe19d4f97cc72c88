"""What this machine offers for building environments, for `mlcsv doctor`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping

from csvkit_ml.environments.settings import find_links, index_arguments, run_uv
from csvkit_ml.errors import UvError
from csvkit_ml.model.spec import EnvironmentRequest


def uv_version(environ: Mapping[str, str]) -> str:
    """As uv tells it. Raises UvError."""
    return run_uv(["--version"], environ).strip()


def python_versions(environ: Mapping[str, str]) -> tuple[str, ...]:
    """`3.11.7 path` of every interpreter that uv finds installed, the newest first, each once. Raises UvError."""
    text = run_uv(["python", "list", "--only-installed", "--output-format", "json"], environ)
    try:
        found = {str(p["path"]): str(p["version"]) for p in json.loads(text)}
    except (ValueError, LookupError, TypeError) as e:
        raise UvError("uv's list of interpreters cannot be read", "install mlcsv again, uv comes with it") from e
    return tuple(f"{version} {path}" for path, version in found.items())


def doctor_facts(environ: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Rows of name and value: the Python that environments are built for, uv, interpreters, where wheels come from. Raises UvError."""
    links = find_links(EnvironmentRequest(), environ)
    own_index = any(a in ("--default-index", "--index", "--no-index") for a in index_arguments(EnvironmentRequest(), environ))
    return (
        ("builds for", f"Python {sys.version.split()[0]}"),
        ("uv", uv_version(environ)),
        ("interpreters", ", ".join(python_versions(environ)) or "none found"),
        ("find-links", ", ".join(links) or "none"),
        ("index", "as set by UV_* or PIP_* variables" if own_index else "default"),
    )

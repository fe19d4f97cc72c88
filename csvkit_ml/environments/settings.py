"""What uv is told: arguments from the request and the user's own settings, and an environment from an allow-list."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

from csvkit_ml.errors import DiskFullError, UvError
from csvkit_ml.model.spec import EnvironmentRequest

_PASSED = (
    "HOME", "PATH", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy",
    "no_proxy", "UV_CACHE_DIR", "XDG_CACHE_HOME", "TMPDIR", "UV_OFFLINE", "UV_INDEX", "UV_DEFAULT_INDEX", "UV_HTTP_TIMEOUT", "NETRC",
)  # fmt: skip


def uv_binary() -> str:
    """Path of uv. Raises UvError."""
    try:
        from uv import find_uv_bin

        return os.fspath(find_uv_bin())
    except (ImportError, FileNotFoundError) as e:
        raise UvError(f"uv is missing: {e}", "install mlcsv again, uv comes with it") from e


def find_links(request: EnvironmentRequest, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Folders and pages with wheels, the request's first."""
    own = environ.get("UV_FIND_LINKS", "").replace(",", " ").split() + environ.get("PIP_FIND_LINKS", "").split()
    return tuple(dict.fromkeys([*request.find_links, *own]))


def index_arguments(request: EnvironmentRequest, environ: Mapping[str, str]) -> list[str]:
    """uv's arguments for find-links and indexes."""
    out = [a for link in find_links(request, environ) for a in ("--find-links", link)]
    index = request.index_url or environ.get("UV_INDEX_URL") or environ.get("PIP_INDEX_URL")
    if index and not (environ.get("UV_DEFAULT_INDEX") and not request.index_url):
        out += ["--default-index", index]
    extra = [*request.extra_index_urls, *environ.get("UV_EXTRA_INDEX_URL", "").split(), *environ.get("PIP_EXTRA_INDEX_URL", "").split()]
    out += [a for url in dict.fromkeys(extra) for a in ("--index", url)]
    return out + (["--torch-backend", request.torch_backend] if request.torch_backend else [])


def run_uv(arguments: list[str], environ: Mapping[str, str], *, folder: Path | None = None) -> str:
    """Run uv and give its stdout.

    Raises:
        DiskFullError: no space left.
        UvError: it failed; its output is the cause.
    """
    env = {k: environ[k] for k in _PASSED if k in environ} | {"UV_NO_CONFIG": "1", "UV_NO_PROGRESS": "1", "NO_COLOR": "1"}
    if "PIP_CERT" in environ:
        env.setdefault("SSL_CERT_FILE", environ["PIP_CERT"])
    try:
        done = subprocess.run(
            [uv_binary(), *arguments], env=env, cwd=folder, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL
        )
    except OSError as e:
        raise UvError(f"uv does not start: {e.strerror}", "install mlcsv again, uv comes with it") from e
    if done.returncode:
        said = done.stderr.strip()[-3000:]
        if "No space left on device" in said:
            raise DiskFullError(f"uv: {said}", "free some space and run the same command again")
        raise UvError(f"uv {shlex.join(arguments[:3])} failed:\n{said}", "check the index and find-links settings")
    return done.stdout

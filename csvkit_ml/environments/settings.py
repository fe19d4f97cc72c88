"""What uv is told: arguments from the request and the user's own settings, and an environment from an allow-list."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from csvkit_ml.errors import DiskFullError, OutputUnwritableError, UvError, no_space
from csvkit_ml.model.spec import EnvironmentRequest

_PASSED = (
    "HOME", "PATH", "LANG", "TMPDIR", "XDG_CACHE_HOME", "XDG_DATA_HOME", "NETRC",
    "HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "all_proxy", "no_proxy",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "SSL_CLIENT_CERT", "UV_NATIVE_TLS", "UV_SYSTEM_CERTS", "UV_INSECURE_HOST",
    "UV_CACHE_DIR", "UV_OFFLINE", "UV_HTTP_TIMEOUT", "UV_HTTP_RETRIES", "UV_INDEX_STRATEGY", "UV_KEYRING_PROVIDER",
)  # fmt: skip
_CREDENTIAL = re.compile(r"UV_INDEX_[A-Z0-9_]+_(?:USERNAME|PASSWORD)")
_SAID = 3000
"""Characters of uv's output that are shown."""


_FULL = ("No space left on device", "Disk quota exceeded", "File too large", "os error 28", "os error 122", "os error 27")


def uv_binary() -> str:
    """Path of uv. Raises UvError."""
    try:
        from uv import find_uv_bin

        return os.fspath(find_uv_bin())
    except (ImportError, FileNotFoundError) as e:
        raise UvError(f"uv is missing: {e}", "install mlcsv again, uv comes with it") from e


def find_links(request: EnvironmentRequest, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Folders (absolute) and pages with wheels, the request's first; uv separates its own by commas, pip by blanks."""
    named = [*request.find_links, *environ.get("UV_FIND_LINKS", "").split(","), *environ.get("PIP_FIND_LINKS", "").split()]
    return tuple(dict.fromkeys(_absolute(link.strip()) for link in named if link.strip()))


def _absolute(link: str) -> str:
    return link if "://" in link else str(Path(link).expanduser().absolute())


def index_arguments(request: EnvironmentRequest, environ: Mapping[str, str]) -> list[str]:
    """uv's arguments for find-links, indexes and the torch backend: the request before UV_* before PIP_*."""
    out = [a for link in find_links(request, environ) for a in ("--find-links", link)]
    if _yes(environ.get("UV_NO_INDEX", "")) or _yes(environ.get("PIP_NO_INDEX", "")):
        out.append("--no-index")
    candidates = (request.index_url, *(environ.get(n, "") for n in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL")))
    if default := next(filter(None, candidates), ""):
        out += ["--default-index", default]
    further = [u for n in ("UV_INDEX", "UV_EXTRA_INDEX_URL", "PIP_EXTRA_INDEX_URL") for u in environ.get(n, "").split()]
    out += [a for url in dict.fromkeys([*request.extra_index_urls, *further]) for a in ("--index", url)]
    backend = request.torch_backend or environ.get("UV_TORCH_BACKEND", "")
    return out + (["--torch-backend", backend] if backend else [])


def _yes(text: str) -> bool:
    return text.strip().lower() in ("1", "true", "yes", "on", "t", "y")


def uv_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables uv is started with; configuration files of projects and users do not count."""
    env = {k: v for k, v in environ.items() if k in _PASSED or _CREDENTIAL.fullmatch(k)}
    if "PIP_CERT" in environ:
        env.setdefault("SSL_CERT_FILE", environ["PIP_CERT"])
    return env | {"UV_NO_CONFIG": "1", "UV_NO_PROGRESS": "1", "NO_COLOR": "1", "UV_PYTHON_DOWNLOADS": "never"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What uv wrote."""

    stdout: str
    stderr: str


def call_uv(arguments: list[str], environ: Mapping[str, str]) -> Said:
    """Run uv in an empty folder, so that no project or virtual environment near the caller has a say.

    Raises:
        DiskFullError, OutputUnwritableError: no space left, or no temporary folder.
        UvError: it is missing or failed; its output is the cause.
    """
    line = [uv_binary(), *arguments]
    with empty_folder() as empty:
        try:
            done = subprocess.run(
                line, env=uv_environment(environ), cwd=empty, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL
            )
        except OSError as e:
            raise UvError(f"uv does not start: {e.strerror}", "install mlcsv again, uv comes with it") from e
    if done.returncode:
        raise _failure(arguments, done.returncode, done.stderr.strip()[-_SAID:])
    return Said(stdout=done.stdout, stderr=done.stderr)


@contextmanager
def empty_folder() -> Iterator[Path]:
    """A temporary folder. Raises DiskFullError, OutputUnwritableError."""
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
        except OSError as e:
            raise _no_folder(e) from e
        yield Path(folder)


def _no_folder(error: OSError) -> DiskFullError | OutputUnwritableError:
    """Python tries several places and does not tell what was wrong with them: ask the first again."""
    place = Path(os.environ.get("TMPDIR") or "/tmp")
    try:
        with tempfile.TemporaryFile(dir=place) as f:
            f.write(b"x")
    except OSError as e:
        error = e
    if no_space(error):
        return DiskFullError(f"no space is left in {place}", "free some space there, or set TMPDIR to another folder")
    return OutputUnwritableError(f"cannot write {place}: {error.strerror}", "set TMPDIR to a folder that can be written")


def _failure(arguments: list[str], code: int, said: str) -> DiskFullError | OutputUnwritableError | UvError:
    if code == -signal.SIGXFSZ or any(text in said for text in _FULL):
        return DiskFullError(f"uv: {said or 'a file grew beyond its limit'}", "free some space and run the same command again")
    if "Failed to initialize cache" in said:
        return OutputUnwritableError(f"uv: {said}", "set XDG_CACHE_HOME or UV_CACHE_DIR to a folder that can be written")
    hint = "check the network, and the index and find-links settings"
    return UvError(f"uv {shlex.join(arguments[:2])} failed (exit {code}):\n{said or 'it said nothing'}", hint)


def run_uv(arguments: list[str], environ: Mapping[str, str]) -> str:
    """`call_uv`, standard output alone."""
    return call_uv(arguments, environ).stdout

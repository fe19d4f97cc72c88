"""Building the tested environment with uv: locked with hashes, cached by the lock's digest, checked before every use."""

from __future__ import annotations

import fcntl
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from csvkit_ml.environments.fingerprint import fingerprint
from csvkit_ml.environments.installation import check, loose_digests
from csvkit_ml.environments.interpreter import Interpreter, inquire
from csvkit_ml.environments.lock import Lock, distribution_of, make_lock, take_lock
from csvkit_ml.environments.settings import index_arguments, run_uv
from csvkit_ml.errors import DiskFullError, EnvironmentFailure, InterpreterError, OutputUnwritableError, no_space
from csvkit_ml.model.codec import digest_of
from csvkit_ml.model.digest import Digest, hex_of
from csvkit_ml.model.environment import Distribution, EnvironmentRecord, InstallationFinding
from csvkit_ml.model.spec import EnvironmentRequest, ValidationSpec

Notify = Callable[[str], None]
MARKER = "complete"
"""Written last; holds the lock's digest and the state in which the environment was left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """An environment as it is on disk."""

    interpreter: Interpreter
    distributions: tuple[Distribution, ...]
    findings: tuple[InstallationFinding, ...]
    state: Digest
    """Of everything that decides what it runs: RECORDs, files, start-up files, Python."""


def obtain(
    spec: ValidationSpec, request: EnvironmentRequest, cache: Path, environ: Mapping[str, str], notify: Notify, further: tuple[str, ...] = ()
) -> EnvironmentRecord:
    """An environment with exactly this release.

    1. Lock the release and what it needs, with hashes (kept by spec, settings and platform, so a repeat needs no network).
    2. Take the environment of that lock from the cache if every file is as it was left; otherwise build it beside and rename it into place.
    3. Check every installed file against RECORD; where a fresh build is not intact, build once more from fresh downloads
       (uv's cache shares files with environments). What is found then is the wheel's own fault and goes into the record.

    Args:
        cache: folder of ours; two runs may share it.
        environ: the user's environment.
        notify: told what takes time.
        further: requirements besides those that the release states and that the user asked for.

    Raises:
        ResolutionError: no such release for this platform, or it was yanked.
        UvError: uv is missing or failed.
        DiskFullError, OutputUnwritableError: the cache cannot be written.
        EnvironmentFailure: what was installed is not what was locked.
    """
    cache, further = cache.absolute(), (*further, *request.beside)
    with _explained(cache):
        cache.mkdir(parents=True, exist_ok=True)
        with _alone(cache / "environments.lock", notify):
            lock = take_lock(spec, request, cache / "locks", environ, further)
            if lock is None:
                notify(f"locking {spec.library} {spec.full_version}")
                lock = make_lock(spec, request, cache / "locks", environ, further)
            folder = cache / "environments" / hex_of(digest_of([lock.digest, sys.version, sys.base_prefix]))
            seen = _intact(folder, lock, notify) or _rebuilt(folder, lock, request, environ, notify)
    return _record(spec, lock, seen, cache, request.beside)


def _record(spec: ValidationSpec, lock: Lock, seen: _Seen, cache: Path, beside: tuple[str, ...]) -> EnvironmentRecord:
    version = next(w.version for w in lock.wheels if w.name == distribution_of(spec))
    return EnvironmentRecord(
        library=spec.library, version=version, adopted=False, python=str(seen.interpreter.path.relative_to(cache)),
        lock=lock.digest, distributions=seen.distributions, findings=seen.findings, fingerprint=fingerprint(seen.interpreter), beside=beside,
    )  # fmt: skip


@contextmanager
def _explained(cache: Path) -> Iterator[None]:
    """Failures of the file system in our terms."""
    try:
        yield
    except OSError as e:
        if no_space(e):
            raise DiskFullError(f"no space is left for {cache}", "free some space and run the same command again") from e
        raise OutputUnwritableError(f"cannot use {cache}: {e}", "set XDG_CACHE_HOME to a folder that can be written") from e


@contextmanager
def _alone(path: Path, notify: Notify) -> Iterator[None]:
    """One builder at a time on one cache; the lock goes with the process."""
    with path.open("w") as f:
        try:
            fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            notify("waiting for another run that is preparing its environment")
            fcntl.flock(f, fcntl.LOCK_EX)
        yield


def _intact(folder: Path, lock: Lock, notify: Notify) -> _Seen | None:
    """The cached environment, None when there is none or anything in it differs from how it was left."""
    try:
        marker = (folder / MARKER).read_bytes()
        seen = _look(folder, lock)
        if marker == _marker(lock, seen):
            return seen
    except FileNotFoundError:
        if not folder.exists():
            return None
    except InterpreterError:
        pass
    notify("the cached environment is not intact: building it again")
    return None


def _marker(lock: Lock, seen: _Seen) -> bytes:
    return f"lock {lock.digest}\nstate {seen.state}\n".encode()


def _look(folder: Path, lock: Lock) -> _Seen:
    interpreter = inquire(str(folder / "venv" / "bin" / "python"))
    distributions, findings = check(interpreter.distributions, {w.name: w.sha256 for w in lock.wheels})
    state = digest_of([list(distributions), list(findings), loose_digests(interpreter.site), interpreter.facts])
    return _Seen(interpreter=interpreter, distributions=distributions, findings=findings, state=state)


def _rebuilt(folder: Path, lock: Lock, request: EnvironmentRequest, environ: Mapping[str, str], notify: Notify) -> _Seen:
    notify(f"building the environment: {len(lock.wheels)} distributions")
    part = folder.with_suffix(".part")
    seen = _install(part, lock, [*index_arguments(request, environ), "--link-mode", "hardlink"], environ)
    if seen.findings or not _as_locked(seen, lock):
        notify("the installed files are not as their wheels have them: installing again from fresh downloads")
        seen = _install(part, lock, [*index_arguments(request, environ), "--no-cache", "--link-mode", "copy"], environ)
    if not _as_locked(seen, lock):
        raise EnvironmentFailure("what uv installed is not what was locked", "report this with the version of uv (mlcsv doctor)")
    (part / MARKER).write_bytes(_marker(lock, seen))
    _move(part, folder)
    return _look(folder, lock)


def _as_locked(seen: _Seen, lock: Lock) -> bool:
    return {(d.name, d.version) for d in seen.distributions} == {(w.name, w.version) for w in lock.wheels}


def _install(part: Path, lock: Lock, arguments: list[str], environ: Mapping[str, str]) -> _Seen:
    """Make the environment in a folder of its own; relocatable, as it is moved when it is whole."""
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    run_uv(["venv", "--quiet", "--relocatable", "--python", sys.executable, str(part / "venv")], environ)
    python = str(part / "venv" / "bin" / "python")
    run_uv(["pip", "sync", str(lock.path), "--quiet", "--preview", "--python", python, *arguments], environ)
    return _look(part, lock)


def _move(part: Path, folder: Path) -> None:
    """Into place; what was there is moved out first, so that no name ever stands for a mixture."""
    old = folder.with_suffix(".old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    part.rename(folder)
    shutil.rmtree(old, ignore_errors=True)

"""Who is told, where things lie, which keys are trusted."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from csvkit_ml.model.environment import EnvironmentRecord
from csvkit_ml.model.function import Side, Verdict
from csvkit_ml.model.signature import PublicKey
from csvkit_ml.signing.keys import list_keys, load_public


class Watcher(Protocol):
    """Who is told how far the run is."""

    def stage(self, text: str) -> None: ...
    def expect(self, text: str, total: int) -> None: ...
    def advance(self, count: int = 1) -> None: ...
    def judged(self, side: Side, verdict: Verdict) -> None: ...


class Silent:
    """Nobody watches: another machine, or another process."""

    def stage(self, text: str) -> None: ...
    def expect(self, text: str, total: int) -> None: ...
    def advance(self, count: int = 1) -> None: ...
    def judged(self, side: Side, verdict: Verdict) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Folders of this user (XDG base directories)."""

    cache: Path
    keys: Path

    def interpreter(self, record: EnvironmentRecord) -> str:
        """Path of the tested environment's interpreter on this machine."""
        return str(self.cache.absolute() / record.python)

    @property
    def log(self) -> Path:
        """The audit trail, beside the keys: a cache may be emptied, this not."""
        return self.keys.parent / "log.jsonl"

    @property
    def store(self) -> Path:
        return self.cache / "evidence.sqlite"

    @property
    def memo(self) -> Path:
        return self.cache / "memo.sqlite"


def places(environ: Mapping[str, str] | None = None) -> Places:
    """From XDG_CACHE_HOME and XDG_CONFIG_HOME."""
    env = os.environ if environ is None else environ
    home = Path(env.get("HOME", "~")).expanduser()
    cache = Path(env.get("XDG_CACHE_HOME") or home / ".cache") / "mlcsv"
    return Places(cache=cache, keys=Path(env.get("XDG_CONFIG_HOME") or home / ".config") / "mlcsv" / "keys")


def trusted_keys(paths: tuple[Path, ...], places: Places) -> tuple[PublicKey, ...]:
    """Public keys of files and folders; without any, the user's own."""
    found: list[PublicKey] = []
    for path in paths or (places.keys,):
        found += list_keys(path) if path.is_dir() else [load_public(path)] if path != places.keys else []
    return tuple(found)

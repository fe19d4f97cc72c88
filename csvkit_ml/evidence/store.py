"""The content-addressed store of everything observed: SQLite, one writer at a time, many rows a transaction."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from types import TracebackType
from typing import Any

from csvkit_ml.errors import IntegrityError
from csvkit_ml.evidence.packing import pack, unpack
from csvkit_ml.evidence.refusal import refusal
from csvkit_ml.model.codec import CodecError, canonical, decode
from csvkit_ml.model.digest import Digest, sha256
from csvkit_ml.model.observation import Crashed, Observation, Produced

SCHEMA = 1
ROWS = 500
"""Rows a transaction."""
PENDING = 1 << 26
"""Bytes of blobs, known ones too, that come in before a transaction: what is lost with a killed run."""


def digests_of(observation: Observation) -> tuple[Digest, ...]:
    """Every blob that an observation refers to."""
    found: list[Digest] = []
    for repetition in observation.repetitions:
        match repetition.outcome:
            case Produced(outputs=outputs):
                found += [o.blob for o in outputs]
            case Crashed(stderr=stderr):
                found.append(stderr)
            case _:
                pass
    return tuple(found)


class Store:
    """Blobs by digest and observations by reuse key.

    Rows are kept in memory until ROWS of them (or commit) go out in one transaction, so that two runs on one store take turns
    quickly and a kill leaves only whole transactions.

    Raises:
        DiskFullError, OutputUnwritableError, IntegrityError.
    """

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=120, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.execute("PRAGMA wal_autocheckpoint=16384")  # pages: the disk is waited for once in 64 MiB
            self._create(path)
        except (OSError, sqlite3.OperationalError) as e:
            raise refusal(e, path) from e
        except sqlite3.DatabaseError as e:
            raise IntegrityError(f"{path} is not an evidence store: {e}", "move it away; cases will be executed again") from e
        self._blobs: dict[Digest, bytes] = {}
        self._pending = 0
        self._observations: dict[Digest, bytes] = {}
        self._times: dict[Digest, int] = {}
        self._checked: set[Digest] = set()
        """Blobs that this object has read whole, or written."""
        self._path = path

    def _create(self, path: Path) -> None:
        self._db.execute("CREATE TABLE IF NOT EXISTS blobs(digest TEXT PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS observations(key TEXT PRIMARY KEY, record BLOB NOT NULL, digest TEXT NOT NULL) WITHOUT ROWID"
        )
        self._db.execute("CREATE TABLE IF NOT EXISTS times(key TEXT PRIMARY KEY, spent_ns INTEGER NOT NULL) WITHOUT ROWID")
        version = int(self._db.execute("PRAGMA user_version").fetchone()[0])
        if version not in (0, SCHEMA):
            raise IntegrityError(f"{path} has schema {version}, this is {SCHEMA}", "move it away; cases will be executed again")
        self._db.execute(f"PRAGMA user_version={SCHEMA}")

    def put(self, data: bytes) -> Digest:
        """Keep a blob; one that is known to lie there whole is not written again."""
        digest = sha256(data)
        self._pending += len(data)
        if digest not in self._checked:
            self._blobs.setdefault(digest, data)
        return digest

    def get(self, digest: Digest) -> bytes:
        """A blob, re-hashed. Raises IntegrityError when it is missing or altered."""
        if digest in self._blobs:
            return self._blobs[digest]
        row = self._row("SELECT CAST(data AS BLOB) FROM blobs WHERE digest = ?", digest)
        if row is not None and sha256(row[0]) == digest:
            return bytes(row[0])
        data = unpack(row[0]) if row is not None else None
        if data is None or sha256(data) != digest:
            raise IntegrityError(f"blob {digest} is {'missing' if row is None else 'altered'}", "run again with --fresh")
        return data

    def record(self, observation: Observation) -> None:
        """Keep an observation; its blobs were put before."""
        self._observations[observation.key] = canonical(observation)
        if len(self._observations) + len(self._blobs) >= ROWS or self._pending >= PENDING:
            self.commit()

    def took(self, key: Digest, spent_ns: int) -> None:
        """Keep what the first execution of a case took; informative, and no part of its observation."""
        self._times[key] = spent_ns

    def time(self, key: Digest) -> int:
        """Nanoseconds of the first execution of a case; 0 = not recorded."""
        if key in self._times:
            return self._times[key]
        row = self._row("SELECT spent_ns FROM times WHERE key = ?", key)
        return int(row[0]) if row else 0

    def commit(self) -> None:
        """Write what is pending, all or nothing."""
        if not self._blobs and not self._observations and not self._times:
            return
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("INSERT OR REPLACE INTO blobs VALUES (?, ?)", [(d, pack(b)) for d, b in self._blobs.items()])
            rows = [(k, r, sha256(r)) for k, r in self._observations.items()]
            self._db.executemany("INSERT OR REPLACE INTO observations VALUES (?, ?, ?)", rows)
            self._db.executemany("INSERT OR REPLACE INTO times VALUES (?, ?)", self._times.items())
            self._db.execute("COMMIT")
        except sqlite3.OperationalError as e:
            self._roll_back()
            raise refusal(e, self._path) from e
        except sqlite3.DatabaseError as e:
            self._roll_back()
            raise self._damaged(e) from e
        self._checked.update(self._blobs)
        self._blobs.clear()
        self._pending = 0
        self._observations.clear()
        self._times.clear()

    def _roll_back(self) -> None:
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")

    def reuse(self, key: Digest) -> Observation | None:
        """An earlier observation; None when it, or any blob of it, is missing or altered."""
        row = self._row("SELECT CAST(record AS BLOB), digest FROM observations WHERE key = ?", key)
        if row is None or sha256(row[0]) != row[1]:
            return None
        try:
            observation = decode(Observation, row[0])
            for digest in set(digests_of(observation)):
                if digest not in self._checked:
                    self.get(digest)
                    self._checked.add(digest)
        except (CodecError, IntegrityError):
            return None
        return observation if observation.key == key else None

    def _row(self, question: str, key: Digest) -> Any:
        try:
            return self._db.execute(question, (key,)).fetchone()
        except sqlite3.DatabaseError as e:
            raise self._damaged(e) from e

    def _damaged(self, error: sqlite3.DatabaseError) -> IntegrityError:
        return IntegrityError(f"{self._path} is damaged: {error}", "move it away; cases will be executed again")

    def close(self) -> None:
        """Write what is pending and close."""
        try:
            self.commit()
        finally:
            self._db.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

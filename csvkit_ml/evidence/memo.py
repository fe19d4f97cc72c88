"""Results that follow from digests alone (judgements, detections, build facts), kept so that a repeat is quick. Never evidence."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from types import TracebackType

from csvkit_ml.evidence.refusal import refusal
from csvkit_ml.model.digest import Digest, sha256


class Memo:
    """Bytes by digest of the question; a damaged or missing entry is simply absent, a damaged file begun anew.

    Raises:
        DiskFullError, OutputUnwritableError.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = self._opened()
        except (OSError, sqlite3.OperationalError) as e:
            raise refusal(e, path) from e
        except sqlite3.DatabaseError:
            self._begin_anew()

    def _opened(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, timeout=60, isolation_level=None)
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=NORMAL")
            db.execute("CREATE TABLE IF NOT EXISTS memo(question TEXT PRIMARY KEY, answer BLOB, digest TEXT) WITHOUT ROWID")
        except BaseException:
            db.close()
            raise
        return db

    def _begin_anew(self) -> None:
        try:
            for suffix in ("", "-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
            self._db = self._opened()
        except (OSError, sqlite3.DatabaseError) as e:
            raise refusal(e, self._path) from e

    def get(self, question: Digest) -> bytes | None:
        """The answer, or None."""
        try:
            row = self._db.execute("SELECT CAST(answer AS BLOB), digest FROM memo WHERE question = ?", (question,)).fetchone()
        except sqlite3.DatabaseError:
            return None
        return row[0] if row and sha256(row[0]) == row[1] else None

    def put(self, answers: dict[Digest, bytes]) -> None:
        """Store several answers in one transaction. Raises DiskFullError, OutputUnwritableError."""
        rows = [(q, a, sha256(a)) for q, a in answers.items()]
        try:
            self._write(rows)
        except sqlite3.OperationalError as e:
            raise refusal(e, self._path) from e
        except sqlite3.DatabaseError:
            self._db.close()
            self._begin_anew()
            self._write(rows)

    def _write(self, rows: list[tuple[Digest, bytes, Digest]]) -> None:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("INSERT OR REPLACE INTO memo VALUES (?, ?, ?)", rows)
            self._db.execute("COMMIT")
        except sqlite3.DatabaseError:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> Memo:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

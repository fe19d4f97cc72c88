"""Results that follow from digests alone (judgements, detections, build facts), kept so that a repeat is quick. Never evidence."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from types import TracebackType

from csvkit_ml.errors import DiskFullError
from csvkit_ml.model.digest import Digest, sha256


class Memo:
    """Bytes by digest of the question; a damaged or missing entry is simply absent.

    Raises:
        DiskFullError: no space is left.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, timeout=60, isolation_level=None)
        try:
            self._open()
        except sqlite3.DatabaseError:
            self._db.close()
            path.unlink()
            self._db = sqlite3.connect(path, timeout=60, isolation_level=None)
            self._open()

    def _open(self) -> None:
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute("CREATE TABLE IF NOT EXISTS memo(question TEXT PRIMARY KEY, answer BLOB, digest TEXT) WITHOUT ROWID")

    def get(self, question: Digest) -> bytes | None:
        """The answer, or None."""
        row = self._db.execute("SELECT CAST(answer AS BLOB), digest FROM memo WHERE question = ?", (question,)).fetchone()
        return row[0] if row and sha256(row[0]) == row[1] else None

    def put(self, answers: dict[Digest, bytes]) -> None:
        """Store several answers in one transaction."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("INSERT OR REPLACE INTO memo VALUES (?, ?, ?)", [(q, a, sha256(a)) for q, a in answers.items()])
            self._db.execute("COMMIT")
        except sqlite3.OperationalError as e:
            if "full" in str(e):
                raise DiskFullError("no space is left for the cache", "free some space and run the same command again") from e
            raise

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> Memo:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

"""The store keeps what it was given, whole, through kills."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from csvkit_ml.errors import IntegrityError, OutputExistsError, OutputUnwritableError
from csvkit_ml.evidence.folder import blob_path, read_file, seal
from csvkit_ml.evidence.memo import Memo
from csvkit_ml.evidence.store import Store
from csvkit_ml.model.digest import Digest, sha256
from csvkit_ml.model.observation import Observation, OutputRef, Produced, Repetition


def observation(blob: Digest, key: str = "k") -> Observation:
    ref = OutputRef(name="y", dtype="uint8", shape=(3,), blob=blob)
    return Observation(
        case="f/s/plain", key=sha256(key.encode()), repetitions=(Repetition(kind="first", process=0, outcome=Produced(outputs=(ref,))),)
    )


def test_round_trip(tmp_path: Path) -> None:
    with Store(tmp_path / "s.sqlite") as store:
        o = observation(store.put(b"abc"))
        store.record(o)
    with Store(tmp_path / "s.sqlite") as store:
        assert store.reuse(o.key) == o
        assert store.get(sha256(b"abc")) == b"abc"
        assert store.reuse(sha256(b"other")) is None


def test_an_altered_blob_is_not_reused(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with Store(path) as store:
        o = observation(store.put(b"abc"))
        store.record(o)
    with sqlite3.connect(path) as db:
        db.execute("UPDATE blobs SET data = ?", (b"abd",))
    with Store(path) as store:
        assert store.reuse(o.key) is None
        with pytest.raises(IntegrityError):
            store.get(sha256(b"abc"))


def test_an_altered_record_is_not_reused(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with Store(path) as store:
        o = observation(store.put(b"abc"))
        store.record(o)
    with sqlite3.connect(path) as db:
        db.execute("UPDATE observations SET record = replace(CAST(record AS TEXT), 'uint8', 'int8')")
    with Store(path) as store:
        assert store.reuse(o.key) is None


def test_not_a_store(tmp_path: Path) -> None:
    (tmp_path / "s.sqlite").write_bytes(b"this is not a database" * 100)
    with pytest.raises(IntegrityError):
        Store(tmp_path / "s.sqlite")


_WRITER = """
import sys
from pathlib import Path
from csvkit_ml.evidence.store import Store
from csvkit_ml.model.digest import sha256
from tests.unit.evidence.test_store import observation
store = Store(Path(sys.argv[1]))
i = 0
print("ready", flush=True)
while True:
    store.record(observation(store.put(b"%d" % i), str(i)))
    if i % 7 == 0:
        store.commit()
    i += 1
"""


def test_kill_leaves_only_whole_transactions(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    for attempt in range(4):
        writer = subprocess.Popen([sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE)
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(0.05 + 0.03 * attempt)
        writer.kill()
        writer.wait()
        with sqlite3.connect(path) as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            count = db.execute("SELECT count(*) FROM observations").fetchone()[0]
        with Store(path) as store:
            assert count > 0
            assert all(store.reuse(sha256(str(i).encode())) is not None for i in range(count))


def test_a_folder_is_whole_or_absent(tmp_path: Path) -> None:
    with Store(tmp_path / "s.sqlite") as store:
        blob = store.put(b"abc")
        (tmp_path / "r.partial").mkdir()
        (tmp_path / "r.partial" / "left-over").write_text("x")
        seal(tmp_path / "r", {"plan.json": b"{}"}, [blob], store)
        assert read_file(tmp_path / "r", blob_path(blob)) == b"abc"
        assert not (tmp_path / "r" / "left-over").exists()
        with pytest.raises(OutputExistsError):
            seal(tmp_path / "r", {}, [], store)
        with pytest.raises(IntegrityError):
            seal(tmp_path / "q", {}, [sha256(b"never stored")], store)
        assert not (tmp_path / "q").exists()
        (tmp_path / "file").write_text("")
        with pytest.raises(OutputUnwritableError):
            seal(tmp_path / "file" / "r", {}, [], store)


def test_memo_forgets_what_was_damaged(tmp_path: Path) -> None:
    path = tmp_path / "m.sqlite"
    with Memo(path) as memo:
        memo.put({sha256(b"q"): b"answer"})
        assert memo.get(sha256(b"q")) == b"answer"
    with sqlite3.connect(path) as db:
        db.execute("UPDATE memo SET answer = ?", (b"other",))
    with Memo(path) as memo:
        assert memo.get(sha256(b"q")) is None
    path.write_bytes(b"not a database" * 400)
    with Memo(path) as memo:
        assert memo.get(sha256(b"q")) is None


def test_times_lie_beside_observations(tmp_path: Path) -> None:
    with Store(tmp_path / "s.sqlite") as store:
        store.took(sha256(b"a"), 5)
        assert store.time(sha256(b"a")) == 5
        store.record(observation(store.put(b"abc")))
    with Store(tmp_path / "s.sqlite") as store:
        assert (store.time(sha256(b"a")), store.time(sha256(b"b"))) == (5, 0)


def test_a_blob_that_was_written_is_not_written_again_and_one_that_was_altered_is(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with Store(path) as store:
        digest = store.put(b"abc")
        store.commit()
        before = store._db.total_changes
        assert store.put(b"abc") == digest
        store.commit()
        assert store._db.total_changes == before
    with sqlite3.connect(path) as db:
        db.execute("UPDATE blobs SET data = ?", (b"abd",))
    with Store(path) as store:
        store.put(b"abc")
        store.commit()
        assert store.get(digest) == b"abc"

"""No room, no permission, damage: told by code, and nothing half-written is taken for whole."""

from __future__ import annotations

import errno
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from csvkit_ml.errors import DiskFullError, IntegrityError, OutputUnwritableError, no_space
from csvkit_ml.evidence.folder import seal, write_file
from csvkit_ml.evidence.memo import Memo
from csvkit_ml.evidence.refusal import refusal
from csvkit_ml.evidence.store import Store
from csvkit_ml.model.digest import sha256
from tests.unit.evidence.test_store import observation

FULL = [errno.ENOSPC, errno.EDQUOT, errno.EFBIG]


@pytest.mark.parametrize("code", FULL)
def test_what_a_full_disk_is(code: int, tmp_path: Path) -> None:
    assert no_space(OSError(code, "x"))
    assert isinstance(refusal(OSError(code, "x"), tmp_path), DiskFullError)


def test_what_it_is_not(tmp_path: Path) -> None:
    assert not no_space(PermissionError(errno.EACCES, "x"))
    assert not no_space(ValueError("no space is left"))
    made = refusal(PermissionError(errno.EACCES, "Permission denied"), tmp_path / "full.sqlite")
    assert isinstance(made, OutputUnwritableError)
    assert "Permission denied" in made.cause


_LIMITED = """
import resource, sys
from pathlib import Path
from csvkit_ml.errors import DiskFullError
from csvkit_ml.evidence.folder import seal, write_file
from csvkit_ml.evidence.memo import Memo
from csvkit_ml.evidence.store import Store
from csvkit_ml.model.digest import sha256
from tests.unit.evidence.test_store import observation
what, folder, limit = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])

def limited():
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

try:
    if what == "new store":
        limited()
        Store(folder / "s.sqlite")
    elif what == "store":
        with Store(folder / "s.sqlite") as store:
            limited()
            for i in range(2000):
                store.record(observation(store.put(b"%d" % i * 500), str(i)))
    elif what == "new memo":
        limited()
        Memo(folder / "m.sqlite")
    elif what == "memo":
        with Memo(folder / "m.sqlite") as memo:
            limited()
            for i in range(2000):
                memo.put({sha256(b"%d" % i): b"%d" % i * 500})
    elif what == "folder":
        with Store(folder / "s.sqlite") as store:
            blob = store.put(b"blob" * limit)
            store.commit()
            limited()
            seal(folder / "report", {"plan.json": b"{}"}, [blob], store)
    else:
        limited()
        write_file(folder / "plan.json", b"x" * limit + b"more")
except DiskFullError as e:
    print(e.code, e.exit_code)
"""


@pytest.mark.parametrize("limit_bytes", [2000, 70_000, 300_000])
@pytest.mark.parametrize("what", ["new store", "store", "new memo", "memo", "folder", "file"])
def test_files_that_cannot_grow(what: str, limit_bytes: int, tmp_path: Path) -> None:
    """The kernel itself refuses."""
    if what.startswith("new") and limit_bytes > 2000:
        limit_bytes //= 100
    done = subprocess.run([sys.executable, "-c", _LIMITED, what, str(tmp_path), str(limit_bytes)], capture_output=True, text=True)
    assert done.stdout == "MLCSV-DISK-FULL 6\n", (done.stdout, done.stderr)
    assert not list(tmp_path.glob("*probe"))
    assert not [p for p in tmp_path.iterdir() if "sqlite" not in p.name]
    with Memo(tmp_path / "m.sqlite") as memo:
        memo.put({sha256(b"q"): b"a"})
        assert memo.get(sha256(b"q")) == b"a"
        assert all(memo.get(sha256(b"%d" % i)) in (None, b"%d" % i * 500) for i in range(2000))
    with Store(tmp_path / "s.sqlite") as store:
        assert all(o.key == sha256(b"%d" % i) for i in range(2000) if (o := store.reuse(sha256(b"%d" % i))))


def test_sealing_completes_before_the_folder_has_its_name(tmp_path: Path) -> None:
    seen: list[tuple[str, bool]] = []

    def complete(part: Path) -> None:
        seen.append((part.name, (tmp_path / "r").exists()))
        (part / "attestation").write_bytes((part / "plan.json").read_bytes())

    with Store(tmp_path / "s.sqlite") as store:
        seal(tmp_path / "r", {"plan.json": b"{}"}, [], store, complete)
    assert seen == [("r.partial", False)]
    assert sorted(p.name for p in (tmp_path / "r").iterdir()) == ["attestation", "plan.json"]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), DiskFullError("full"), IntegrityError("altered"), KeyboardInterrupt()])
def test_a_folder_that_is_not_completed_leaves_nothing(tmp_path: Path, error: BaseException) -> None:
    def fail(part: Path) -> None:
        raise error

    expected = DiskFullError if isinstance(error, OSError) else type(error)
    with Store(tmp_path / "s.sqlite") as store, pytest.raises(expected):
        seal(tmp_path / "r", {"plan.json": b"{}"}, [], store, fail)
    assert not [p for p in tmp_path.iterdir() if "sqlite" not in p.name]


def test_a_file_is_replaced_whole_or_not(tmp_path: Path) -> None:
    write_file(tmp_path / "plan.json", b"one")
    write_file(tmp_path / "plan.json", b"two")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("plan.json", b"two")]
    with pytest.raises(OutputUnwritableError):
        write_file(tmp_path / "plan.json" / "below", b"")
    with pytest.raises(OutputUnwritableError):
        write_file(tmp_path, b"")
    assert [p.name for p in tmp_path.iterdir()] == ["plan.json"]


@pytest.mark.parametrize("kind", [Store, Memo])
def test_a_place_that_cannot_be_used(tmp_path: Path, kind: type) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "file" / "x.sqlite", tmp_path / "folder"):
        with pytest.raises(OutputUnwritableError, match="cannot write") as e:
            kind(path)
        assert "XDG_CACHE_HOME" in e.value.hint
    assert (tmp_path / "folder").is_dir()


def test_a_memo_in_use_is_never_removed(tmp_path: Path) -> None:
    path = tmp_path / "m.sqlite"
    with Memo(path) as memo:
        memo.put({sha256(b"q"): b"a"})
        inode = path.stat().st_ino
        with Memo(path) as other:
            assert other.get(sha256(b"q")) == b"a"
        assert path.stat().st_ino == inode


def test_a_memo_damaged_while_in_use_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "m.sqlite"
    with Memo(path) as memo:
        memo.put({sha256(b"%d" % i): b"%d" % i * 3000 for i in range(50)})
    with path.open("r+b") as f:
        f.seek(4096)
        f.write(b"\xff" * (path.stat().st_size - 4096))
    with Memo(path) as memo:
        assert [memo.get(sha256(b"%d" % i)) for i in range(50)] == [None] * 50
        memo.put({sha256(b"%d" % i): b"new" for i in range(50)})
        assert memo.get(sha256(b"7")) == b"new"


def test_a_store_damaged_inside_is_refused_not_a_crash(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with Store(path) as store:
        for i in range(50):
            store.record(observation(store.put(b"%d" % i * 3000), str(i)))
    with path.open("r+b") as f:
        f.seek(8192)
        f.write(b"\xff" * (path.stat().st_size - 8192))
    with pytest.raises(IntegrityError) as e, Store(path) as store:
        for i in range(50):
            assert store.reuse(sha256(b"%d" % i)) is None
            store.record(observation(store.put(b"%d" % i * 3000), str(i)))
    assert "move it away" in e.value.hint


def test_what_is_pending_survives_a_refusal(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with Store(path) as store:
        store.record(observation(store.put(b"abc")))
        with sqlite3.connect(path) as other:
            other.execute("ALTER TABLE blobs RENAME TO away")
        with pytest.raises(OutputUnwritableError):
            store.commit()
        with sqlite3.connect(path) as other:
            other.execute("ALTER TABLE away RENAME TO blobs")
    with Store(path) as store:
        assert store.reuse(sha256(b"k")) is not None

"""The chain holds, and every edit, removal, move, addition and cut shows."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from csvkit_ml.errors import IntegrityError
from csvkit_ml.evidence.log import append, head_path, load_log

NOW = "2026-03-02T10:00:00+00:00"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "mlcsv" / "log.jsonl"
    for n in range(6):
        append(path, event="run", who=f"Person {n}\n\u202e", what={"manifest": f"sha256:{n}"}, now=NOW)
    return path


def test_what_was_added_is_read_in_order(log: Path) -> None:
    entries = load_log(log)
    assert [e.number for e in entries] == [1, 2, 3, 4, 5, 6] and dict(entries[2].what) == {"manifest": "sha256:2"}
    assert load_log(log.parent / "none.jsonl") == ()


def test_every_damage_shows(log: Path) -> None:
    whole, lines = log.read_bytes(), log.read_bytes().splitlines(keepends=True)
    damaged = [b"".join(lines[:n]) for n in range(6)]
    damaged += [b"".join(lines[:n] + lines[n + 1 :]) for n in range(6)]
    damaged += [b"".join([*lines[:2], lines[3], lines[2], *lines[4:]]), whole + lines[-1], whole[:-1], whole + b"\n", whole.replace(b"\n", b"\r\n")]
    rng = random.Random(3)
    for _ in range(200):
        at = rng.randrange(len(whole))
        damaged.append(whole[:at] + bytes([whole[at] ^ (1 << rng.randrange(8))]) + whole[at + 1 :])
    for data in damaged:
        log.write_bytes(data)
        with pytest.raises(IntegrityError, match="not intact"):
            load_log(log)
    log.write_bytes(whole)
    assert len(load_log(log)) == 6


def test_a_lost_or_altered_head_shows_and_nothing_is_added_to_a_broken_chain(log: Path) -> None:
    head = head_path(log).read_bytes()
    for damage in (b"", b"{}", head.replace(b"6", b"5", 1)):
        head_path(log).write_bytes(damage)
        with pytest.raises(IntegrityError):
            append(log, event="run", who="x", what={}, now=NOW)
    head_path(log).write_bytes(head)
    assert append(log, event="sign", who="x", what={}, now=NOW).number == 7


def test_many_at_once_make_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: append(path, event="run", who=str(n), what={}, now=NOW), range(40)))
    assert sorted(int(e.who) for e in load_log(path)) == list(range(40))

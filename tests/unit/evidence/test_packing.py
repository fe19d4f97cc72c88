"""Packed blobs: what goes in comes out; a store never gives out what has another digest."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csvkit_ml.errors import IntegrityError
from csvkit_ml.evidence import packing, store
from csvkit_ml.evidence.store import Store

SWEEP = np.exp(np.linspace(0, 1, 1 << 18)).astype(np.float32).tobytes()


@settings(max_examples=50, deadline=None)
@given(st.binary(min_size=1, max_size=400), st.integers(1, 50))
def test_what_is_packed_comes_back(piece: bytes, times: int) -> None:
    data = piece * times
    with pytest.MonkeyPatch.context() as m:
        m.setattr(packing, "SMALLEST", 0)
        packed = packing.pack(data)
    assert len(packed) <= len(data)
    assert packed == data or packing.unpack(packed) == data


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 1 << 20), st.integers(1, 255))
def test_damage_is_survived_and_bounded(where: int, flip: int) -> None:
    packed = bytearray(packing.pack(SWEEP))
    assert len(packed) < len(SWEEP) / 2
    packed[where % len(packed)] ^= flip
    found = packing.unpack(bytes(packed))
    assert found is None or len(found) <= packing.LARGEST  # whether it is the blob, its digest tells: some bits of a stream mean nothing


@pytest.mark.parametrize("size", [0, 2, 1 << 20, (1 << 20) + 4, 1 << 40, (1 << 64) - 1])
def test_a_declared_size_is_a_bound(size: int) -> None:
    packed = packing.pack(SWEEP)
    forged = packed[: len(packing.MAGIC)] + size.to_bytes(8, "little") + packed[len(packing.MAGIC) + 8 :]
    assert packing.unpack(forged) == (SWEEP if size == len(SWEEP) else None)


def test_a_store_keeps_large_blobs_packed_and_says_when_one_is_altered(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with Store(path) as s:
        digest = s.put(SWEEP)
    db = sqlite3.connect(path)
    ((size,),) = db.execute("SELECT length(data) FROM blobs").fetchall()
    assert size < len(SWEEP) / 2
    with Store(path) as s:
        assert s.get(digest) == SWEEP
    db.execute("UPDATE blobs SET data = substr(data, 1, length(data) - 100)")
    db.commit()
    with Store(path) as s, pytest.raises(IntegrityError, match="altered"):
        s.get(digest)


def test_a_blob_that_looks_packed_is_itself(tmp_path: Path) -> None:
    packed = packing.pack(SWEEP)
    with Store(tmp_path / "s.sqlite") as s:
        digest = s.put(packed)
        s.commit()
        assert s.get(digest) == packed


def test_pending_bytes_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from csvkit_ml.model.digest import sha256
    from csvkit_ml.model.observation import Observation

    monkeypatch.setattr(store, "PENDING", 1000)
    with Store(tmp_path / "s.sqlite") as s:
        s.put(b"x" * 1001)
        key = sha256(b"key")
        s.record(Observation(case="a/b/c", key=key, repetitions=()))
        with Store(tmp_path / "s.sqlite") as other:
            assert other.reuse(key) is not None

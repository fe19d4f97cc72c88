"""Missing, altered and unrecorded files are found."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from csvkit_ml.environments.installation import check


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg-1.0.dist-info").mkdir()
    rows = []
    for name, data in (("pkg/__init__.py", b"x = 1\n"), ("pkg/_native.so", b"\x7fELF")):
        (tmp_path / name).write_bytes(data)
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.append(f"{name},sha256={digest},{len(data)}")
    rows.append("pkg-1.0.dist-info/RECORD,,")
    (tmp_path / "pkg-1.0.dist-info" / "RECORD").write_text("\n".join(rows) + "\n")
    return tmp_path


def findings(site: Path) -> list[tuple[str, str]]:
    return [(f.what, f.path) for f in check(site, {})[1]]


def test_an_intact_installation(site: Path) -> None:
    (distribution,), found = check(site, {"pkg": "ab"})
    assert found == ()
    assert (distribution.name, distribution.version, distribution.wheel, distribution.files) == ("pkg", "1.0", "ab", 3)
    assert distribution.native == (("pkg/_native.so", hashlib.sha256(b"\x7fELF").hexdigest()),)


def test_altered(site: Path) -> None:
    (site / "pkg/__init__.py").write_bytes(b"x = 2\n")
    assert findings(site) == [("altered", "pkg/__init__.py")]


def test_missing(site: Path) -> None:
    (site / "pkg/_native.so").unlink()
    assert findings(site) == [("missing", "pkg/_native.so")]


def test_a_planted_pyc_is_unrecorded(site: Path) -> None:
    (site / "pkg/__pycache__").mkdir()
    (site / "pkg/__pycache__/__init__.cpython-311.pyc").write_bytes(b"evil")
    assert findings(site) == [("unrecorded", "pkg/__pycache__/__init__.cpython-311.pyc")]


def test_a_distribution_without_record(site: Path) -> None:
    (site / "other-2.0.dist-info").mkdir()
    assert ("missing", "RECORD") in findings(site)

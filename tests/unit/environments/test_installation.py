"""Missing, altered and unrecorded files are found; nothing else is."""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path

import pytest

from csvkit_ml.environments.installation import check, loose_digests
from csvkit_ml.environments.interpreter import Installed
from csvkit_ml.model.digest import sha256

PKG = "pkg-1.0.dist-info"


def line(name: str, data: bytes, algorithm: str = "sha256") -> str:
    digest = base64.urlsafe_b64encode(hashlib.new(algorithm, data).digest()).rstrip(b"=").decode()
    return f"{name},{algorithm}={digest},{len(data)}"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "pkg").mkdir()
    (tmp_path / PKG).mkdir()
    rows = []
    for name, data in (("pkg/__init__.py", b"x = 1\n"), ("pkg/_native.so", b"\x7fELF")):
        (tmp_path / name).write_bytes(data)
        rows.append(line(name, data))
    (tmp_path / PKG / "RECORD").write_text("\n".join([*rows, f"{PKG}/RECORD,,"]) + "\n")
    return tmp_path


def installed(site: Path) -> tuple[Installed, ...]:
    infos = sorted(site.glob("*.dist-info"))
    return tuple(Installed(name=i.name.split("-")[0], version=i.name.split("-")[1].removesuffix(".dist"), info=i) for i in infos)


def findings(site: Path) -> list[tuple[str, str, str]]:
    return [(f.distribution, f.what, f.path) for f in check(installed(site), {})[1]]


def append(site: Path, *rows: str) -> None:
    with (site / PKG / "RECORD").open("a") as f:
        f.write("".join(row + "\n" for row in rows))


def test_an_intact_installation(site: Path) -> None:
    (distribution,), found = check(installed(site), {"pkg": "ab"})
    assert found == ()
    assert (distribution.name, distribution.version, distribution.wheel, distribution.files) == ("pkg", "1.0", "ab", 3)
    assert distribution.native == (("pkg/_native.so", hashlib.sha256(b"\x7fELF").hexdigest()),)
    assert distribution.record == sha256((site / PKG / "RECORD").read_bytes())


def test_altered(site: Path) -> None:
    (site / "pkg/__init__.py").write_bytes(b"x = 2\n")
    assert findings(site) == [("pkg", "altered", "pkg/__init__.py")]


def test_missing(site: Path) -> None:
    (site / "pkg/_native.so").unlink()
    assert findings(site) == [("pkg", "missing", "pkg/_native.so")]


@pytest.mark.parametrize("kind", ["folder", "pipe", "device", "broken link"])
def test_what_is_no_file_is_missing_and_never_waited_for(site: Path, kind: str) -> None:
    path = site / "pkg/__init__.py"
    path.unlink()
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero" if kind == "device" else "/nowhere")
    assert ("pkg", "missing", "pkg/__init__.py") in findings(site)


def test_a_planted_pyc_is_unrecorded(site: Path) -> None:
    (site / "pkg/__pycache__").mkdir()
    (site / "pkg/__pycache__/__init__.cpython-311.pyc").write_bytes(b"evil")
    assert findings(site) == [("pkg", "unrecorded", "pkg/__pycache__/__init__.cpython-311.pyc")]


def test_a_planted_link_to_a_folder_is_unrecorded(site: Path) -> None:
    (site / "pkg/more").symlink_to("/usr")
    assert findings(site) == [("pkg", "unrecorded", "pkg/more")]


@pytest.mark.parametrize("name", ["evil.pth", "sitecustomize.py", "usercustomize.py", "sitecustomize.cpython-311-x86_64-linux-gnu.so"])
def test_planted_start_up_files_are_unrecorded(site: Path, name: str) -> None:
    (site / name).write_text("import sys\n")
    assert findings(site) == [("(none)", "unrecorded", name)]
    assert dict(loose_digests(site)) == {name: hashlib.sha256(b"import sys\n").hexdigest()}


def test_a_recorded_start_up_file_is_in_order(site: Path) -> None:
    (site / "pkg.pth").write_bytes(b"x\n")
    append(site, line("pkg.pth", b"x\n"))
    assert findings(site) == []


def test_a_distribution_without_record(site: Path) -> None:
    (site / "other-2.0.dist-info").mkdir()
    assert ("other", "missing", "RECORD") in findings(site)


@pytest.mark.parametrize("algorithm", ["sha384", "sha512"])
def test_the_stronger_digests_of_the_specification(site: Path, algorithm: str) -> None:
    (site / "pkg/more.txt").write_bytes(b"more")
    append(site, line("pkg/more.txt", b"more", algorithm))
    assert findings(site) == []
    (site / "pkg/more.txt").write_bytes(b"less")
    assert findings(site) == [("pkg", "altered", "pkg/more.txt")]


@pytest.mark.parametrize("claimed", ["md5=mlT6UDJcvkhPNCcmr2g-pA", "sha256=", "sha256=!!", "sha256", "sha512=abcd", "=", "nonsense"])
def test_a_weak_or_unreadable_digest_confirms_nothing(site: Path, claimed: str) -> None:
    (site / "pkg/more.txt").write_bytes(b"more")
    append(site, f"pkg/more.txt,{claimed},4")
    assert findings(site) == [("pkg", "altered", "pkg/more.txt")]


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\x00", b"\x00" * 100, b'"unclosed,,\n' * 3, b",,\n,,\n", b"one\ntwo,2\n"])
def test_a_record_of_rubbish_is_a_finding_not_a_crash(site: Path, data: bytes) -> None:
    (site / PKG / "RECORD").write_bytes(data)
    assert findings(site)


def test_names_that_no_report_can_carry(site: Path) -> None:
    (site / "pkg" / os.fsdecode(b"\xff.py")).write_bytes(b"")
    assert findings(site) == [("pkg", "unrecorded", "pkg/\\udcff.py")]


def test_scripts_outside_the_site_folder_are_checked(site: Path) -> None:
    inner = site / "lib" / "site"
    inner.mkdir(parents=True)
    for name in ("pkg", PKG):
        (site / name).rename(inner / name)
    (site / "bin").mkdir()
    (site / "bin" / "tool").write_bytes(b"#!")
    append(inner, line("../../bin/tool", b"#!"))
    assert findings(inner) == []
    (site / "bin" / "tool").write_bytes(b"#?")
    assert findings(inner) == [("pkg", "altered", "../../bin/tool")]

"""The commands of the desk, as typed: sign, verify, gate, checklist, export, archive, keys, device, log."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from csvkit_ml.approving import check_folder
from csvkit_ml.cli import app
from csvkit_ml.signing.keys import load_signer, new_key
from tests.unit.approving.folders import folder_of, small
from tests.unit.gate.test_gate import WHEEL


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's configuration with a machine key and three persons; a report folder `r`."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("MLCSV_PASSPHRASE", "not asked")
    keys = tmp_path / "config" / "mlcsv" / "keys"
    for name, person in (("machine", ""), ("ada", "Ada Author"), ("rex", "Rex Reviewer"), ("pia", "Pia Approver")):
        new_key(keys, name, b"pw", person=person)
    folder_of(tmp_path / "r", small(), load_signer(keys, "machine", b"pw"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def mlcsv(*words: str, typed: str = "") -> tuple[int, str]:
    """Exit code and standard output, refusals as their exit codes."""
    from csvkit_ml.errors import MlcsvError

    done = CliRunner().invoke(app, list(words), input=typed)
    if isinstance(done.exception, MlcsvError):
        return done.exception.exit_code, done.stdout
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout


def test_from_report_to_open_gate(desk: Path) -> None:
    policy = desk / "policy.toml"
    policy.write_text('schema = 1\n[[role]]\nname = "author"\n[[role]]\nname = "approver"\n')
    (desk / "requirements.txt").write_text(f"torch==2.13.0+cpu --hash=sha256:{WHEEL}\n")
    asked = ("gate", "--lock", "requirements.txt", "--policy", "policy.toml", "r")
    assert mlcsv("verify", "r", "--rerender")[0] == 0
    assert mlcsv(*asked)[0] == 3
    assert mlcsv("sign", "r", "--as", "author", "--key", "ada", "--policy", "policy.toml")[0] == 2, "the environment's passphrase is not taken"
    assert mlcsv("sign", "r", "--as", "author", "--key", "ada", "--policy", "policy.toml", typed="wrong\n")[0] == 2
    assert mlcsv("sign", "r", "--as", "approver", "--key", "pia", "--policy", "policy.toml", typed="pw\n")[0] == 2
    assert mlcsv("sign", "r", "--as", "author", "--key", "ada", "--policy", "policy.toml", typed="pw\n")[0] == 0
    assert mlcsv("sign", "r", "--as", "approver", "--key", "pia", "--policy", "policy.toml", "--meaning", "For release 7.", typed="pw\n")[0] == 0
    assert mlcsv("verify", "r", "--policy", "policy.toml", "--rerender")[0] == 0
    assert mlcsv(*asked)[0] == 0
    code, text = mlcsv("checklist", *asked[1:])
    assert code == 0 and text.count("- [x]") == 13
    code, text = mlcsv("log", "--json")
    assert code == 0 and [e["event"] for e in json.loads(text)["entries"]] == ["sign", "sign"]
    assert "For release 7." in (desk / "r/approvals/2-approver/report.html").read_text()
    assert mlcsv("archive", "r", "-o", "one.zip")[0] == mlcsv("archive", "r", "-o", "two.zip")[0] == 0
    assert (desk / "one.zip").read_bytes() == (desk / "two.zip").read_bytes()
    assert mlcsv("export", "r", "--as", "cyclonedx")[0] == 0 and mlcsv("export", "r", "--as", "x")[0] == 2
    code, text = mlcsv("verify", "r/approvals/1-author/approval.dsse.json", "--json")
    assert code == 0 and json.loads(text)["ok"]
    assert mlcsv("verify", "r/soup-verification-report.pdf")[0] == 4, "a PDF without signatures proves nothing alone"
    (desk / "r" / "report.html").write_text("another")
    assert mlcsv("verify", "r")[0] == 7 and mlcsv(*asked)[0] == 3 and mlcsv("archive", "r", "-o", "x.zip")[0] == 7


def test_keys_of_machines_and_persons_are_never_mixed(desk: Path) -> None:
    assert mlcsv("sign", "r", "--as", "author", "--key", "machine", typed="pw\n")[0] == 2
    code, text = mlcsv("keys", "list", "--json")
    assert code == 0 and [k["person"] for k in json.loads(text)] == ["Ada Author", "", "Pia Approver", "Rex Reviewer"]
    assert mlcsv("sign", "r", "--as", "author", "--key", "ada", typed="pw\n")[0] == 0
    time.sleep(1.1)  # times have seconds, and a signature of the second of the revocation is refused
    assert mlcsv("keys", "revoke", "ada")[0] == 0
    assert mlcsv("verify", "r")[0] == 4, "a revoked key may have signed later than it says"
    assert mlcsv("sign", "r", "--as", "reviewer", "--key", "ada", typed="pw\n")[0] == 2


def test_an_empty_device_file_is_printed(desk: Path) -> None:
    code, text = mlcsv("device")
    (desk / "device.toml").write_text(text)
    assert code == 0 and mlcsv("sign", "r", "--as", "author", "--key", "ada", "--device", "device.toml", typed="pw\n")[0] == 0
    assert any(c.what.startswith("every approval") for c in check_folder(desk / "r", (), None))


def test_a_lock_without_a_known_library_proves_nothing(desk: Path) -> None:
    (desk / "requirements.txt").write_text("requests==2.0\n")
    assert mlcsv("gate", "r")[0] == 5


def test_nothing_heavy_is_imported_for_help() -> None:
    script = "import sys, csvkit_ml.cli; print([m for m in ('typst', 'pyhanko', 'jinja2', 'cryptography', 'numpy') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stdout.strip() == "[]"

"""The main job on a real release: report, signature, tampering, interruption, reuse, approved plans, two runs at once."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.integration
REQUIREMENT = "onnxruntime==1.23.2"
SMALL = ("-f", "relu", "-f", "max_pool2d", "-f", "embedding")


def _interruptible() -> None:
    """A shell starts what it sends to the background deaf to SIGINT, and children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Home:
    """Cache and keys of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {
            **os.environ,
            "XDG_CACHE_HOME": str(folder / "cache"),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "MLCSV_PASSPHRASE": "pw",
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "csvkit_ml", *arguments],
            env=self.env,
            cwd=self.folder,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=_interruptible,
        )

    def run(self, *arguments: str, code: int = 0, typed: str = "") -> str:
        process = self.start(*arguments)
        out, err = process.communicate(typed, timeout=280)
        assert process.returncode == code, err
        return out

    @property
    def store(self) -> Path:
        return self.folder / "cache" / "mlcsv" / "evidence.sqlite"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def report(home: Home) -> Path:
    home.run("keys", "new", "machine")
    out = json.loads(home.run("validate", REQUIREMENT, *SMALL, "--out", "report", "--tester", "T", "--json", "-q", code=3))
    assert out["target"] == {"library": "onnxruntime", "version": "1.23.2"}
    assert out["status"] == "FAILED"
    return home.folder / "report"


def without_run(path: Path) -> dict[str, Any]:
    return {k: v for k, v in json.loads((path / "report.json").read_bytes()).items() if k != "run"}


def test_the_failures_are_the_known_defects(report: Path) -> None:
    """onnxruntime 1.23.2: max pooling of -inf gives the lowest finite number, and drops NaN. Nothing else of these functions fails."""
    failed = {c["id"].split("/")[1] for f in without_run(report)["functions"] for c in f["cases"] if c["verdict"] != "PASSED"}
    assert failed
    assert all(name.endswith(("-infinite", "-nan")) for name in failed)


def test_verify_and_every_kind_of_tampering(report: Path, home: Home) -> None:
    home.run("verify", str(report))
    for name in ("report.html", "report.json", "plan.json", "attestation.dsse.json"):
        data = (report / name).read_bytes()
        (report / name).write_bytes(data[:-20] + bytes([data[-20] ^ 1]) + data[-19:])
        home.run("verify", str(report), code=7)
        (report / name).unlink()
        home.run("verify", str(report), code=7)
        (report / name).write_bytes(data)
    (report / "extra").write_text("")
    assert json.loads(home.run("verify", str(report), "--json", code=7).splitlines()[0])["ok"] is False
    (report / "extra").unlink()
    home.run("verify", str(report), "--trust", str(report.parent), code=7)
    home.run("verify", str(report))


def test_show_and_reproduce(report: Path, home: Home) -> None:
    assert "max_pool2d" in home.run("show", str(report), "--failed")
    case = next(c["id"] for f in without_run(report)["functions"] for c in f["cases"] if c["verdict"] == "FAILED")
    assert "expected" in home.run("show", str(report), "--case", case)
    again = json.loads(home.run("reproduce", str(report), case, "--json"))
    assert again["same_bits"] is True
    assert again["then"] == again["now"]


def test_a_repeat_reuses_everything(report: Path, home: Home) -> None:
    home.run("validate", REQUIREMENT, *SMALL, "--out", "again", "--tester", "T", "-q", code=3)
    assert without_run(home.folder / "again") == without_run(report)
    assert json.loads((home.folder / "again" / "report.json").read_bytes())["run"]["executed"] == 0


def test_the_same_command_again_finds_the_report_that_stands(report: Path, home: Home) -> None:
    def folder(*further: str) -> Path:
        said = json.loads(home.run("validate", REQUIREMENT, *SMALL, "--unsigned", "--json", "-q", *further, code=3))
        assert said["counts"]["failed"] > 0
        assert next(f for f in said["functions"] if f["id"] == "relu")["worst"]
        return home.folder / said["report"]

    first = folder()
    assert folder() == first
    (first / "approvals" / "1-author").mkdir(parents=True)
    (first / "approvals" / "1-author" / "approval.dsse.json").write_text("{}")
    assert folder() == first, "what people add beside it does not change what it says"
    events = [json.loads(line)["event"] for line in (home.folder / "config" / "mlcsv" / "log.jsonl").read_text().splitlines()]
    assert events[-2:] == ["repeat", "repeat"]
    assert folder("--tester", "T") != first
    assert folder("--fresh") != first
    (first / "junit.xml").write_text("altered")
    second = folder()
    assert second != first, "a report that was altered does not stand"
    assert folder() == second


def test_an_approved_plan_is_run_exactly_or_refused(home: Home, report: Path) -> None:
    home.run("plan", REQUIREMENT, *SMALL, "-o", "plan.json")
    assert (home.folder / "plan.json").read_bytes() == (report / "plan.json").read_bytes()
    home.run("keys", "new", "pia", "--person", "Pia Approver")
    home.run("sign", "plan.json", "--as", "approver", typed="pw\n")
    time.sleep(1.1)  # times have seconds, and a plan is approved before its run
    home.run("validate", "--plan", "plan.json", "--baseline", "report", "--out", "planned", "-q", code=3)
    told = json.loads((home.folder / "planned" / "report.json").read_bytes())
    assert [a["name"] for a in told["plan_approvals"]] == ["Pia Approver"]
    assert [change for change, _ in told["upgrade"]["counts"]] == ["bit-identical"] and told["upgrade"]["rows"] == []
    (home.folder / "policy.toml").write_text('schema = 1\nplan = ["approver"]\n[[role]]\nname = "approver"\n')
    first, _, refusal = home.run("verify", "planned", "--policy", "policy.toml", "--json", code=7).partition("\n")
    checks = json.loads(first)["checks"]
    assert [c["ok"] for c in checks if c["what"].startswith("the plan was approved")] == [True]
    assert "still to sign: approver" in refusal
    tree = json.loads((home.folder / "plan.json").read_bytes())
    tree["functions"][0]["samples"][0]["criterion"]["formula"] = "y is anything"
    (home.folder / "changed.json").write_text(json.dumps(tree))
    home.run("validate", "--plan", "changed.json", "-q", code=7)


@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_an_interrupted_run_is_continued(how: signal.Signals, code: int, tmp_path: Path, report: Path) -> None:
    home = Home(tmp_path)
    run = ("validate", REQUIREMENT, "-f", "relu", "-f", "exp", "-f", "max_pool2d", "-f", "conv2d", "-f", "conv_same", "--unsigned", "-q")
    process = home.start(*run, "--out", "r")
    stored = 0
    while process.poll() is None and stored == 0:
        time.sleep(0.02)
        if home.store.exists():
            with sqlite3.connect(f"file:{home.store}?mode=ro", uri=True) as db:
                tables = db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'observations'").fetchone()[0]
                stored = db.execute("SELECT count(*) FROM observations").fetchone()[0] if tables else 0
    process.send_signal(how)
    process.communicate()
    assert process.returncode == code
    assert not (tmp_path / "r").exists()
    home.run(*run, "--out", "r", code=3)
    facts = json.loads((tmp_path / "r" / "report.json").read_bytes())["run"]
    assert facts["reused"] >= stored > 0
    assert facts["executed"] > 0
    home.run(*run, "--fresh", "--out", "fresh", code=3)
    assert without_run(tmp_path / "r") == without_run(tmp_path / "fresh")


def test_two_runs_at_once_on_one_cache(tmp_path: Path) -> None:
    home = Home(tmp_path)
    both = [home.start("validate", REQUIREMENT, *SMALL, "--out", f"r{i}", "-q") for i in range(2)]
    for process in both:
        _, err = process.communicate(timeout=280)
        assert process.returncode == 3, err
    assert without_run(tmp_path / "r0") == without_run(tmp_path / "r1")


def test_a_corrupted_environment_is_detected_and_rebuilt(report: Path, home: Home) -> None:
    before = without_run(report)["environment"]
    target = next((home.folder / "cache" / "mlcsv" / "environments").glob("*/venv/lib/*/site-packages/onnxruntime/__init__.py"))
    target.unlink()
    target.write_text("raise SystemExit\n")
    home.run("validate", REQUIREMENT, *SMALL, "--out", "rebuilt", "-q", code=3)
    assert without_run(home.folder / "rebuilt")["environment"] == before


def test_an_adopted_interpreter_is_left_as_it_is(report: Path, home: Home) -> None:
    venv = next((home.folder / "cache" / "mlcsv" / "environments").glob("*/venv"))
    before = sorted((str(p), p.lstat().st_mtime_ns) for p in venv.rglob("*"))
    home.run("validate", "onnxruntime", "--python", str(venv / "bin" / "python"), *SMALL, "--out", "adopted", "-q", code=3)
    assert sorted((str(p), p.lstat().st_mtime_ns) for p in venv.rglob("*")) == before
    assert without_run(home.folder / "adopted")["environment"]["adopted"] is True


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (("validate", "onnxruntime==99.0"), 6, "MLCSV-ENV-RESOLVE"),
        (("validate", "onnxruntime=="), 2, "MLCSV-REQ-MALFORMED"),
        (("validate", "tensorflow"), 2, "MLCSV-REQ-LIBRARY"),
        (("validate", "torch", "--python", "/bin/true"), 6, "MLCSV-ENV-PYTHON"),
        (("validate", "torch", "--python", sys.executable), 6, "MLCSV-ENV-PYTHON"),
        (("validate", REQUIREMENT, "--out", "report"), 2, "MLCSV-OUT-EXISTS"),
        (("validate", REQUIREMENT, "-f", "nothing"), 2, "MLCSV-CASE-UNKNOWN"),
        (("validate", REQUIREMENT, "-f", "no_such_*"), 2, "MLCSV-CASE-UNKNOWN"),
        (("validate", REQUIREMENT, "--backend", "nope"), 2, "MLCSV-CASE-UNKNOWN"),
        (("validate",), 2, "MLCSV-USAGE"),
        (("validate", REQUIREMENT, *SMALL, "--out", "/proc/x"), 2, "MLCSV-OUT-UNWRITABLE"),
        (("verify", "nowhere"), 7, "MLCSV-VERIFY"),
        (("show", "nowhere"), 7, "MLCSV-INTEGRITY"),
        (("reproduce", "report", "no/such/case"), 2, "MLCSV-CASE-UNKNOWN"),
        (("keys", "new", "../x"), 2, "MLCSV-KEY"),
    ],
)
def test_bad_input_has_code_cause_and_hint(arguments: tuple[str, ...], code: int, text: str, report: Path, home: Home) -> None:
    process = home.start(*arguments)
    _, err = process.communicate(timeout=120)
    assert process.returncode == code, err
    assert f"error {text}" in err
    assert "hint:" in err

"""Findings are proven, and a failure without a proof is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from specs.findings import collect

PROOF = {"functions": "exp exp2", "says": "exp(0) | is 1", "state": "wrong", "got": "2.0", "expected": "1.0"}


def folder(root: Path, version: str, **verdicts: str) -> Path:
    """A report folder, as far as it is read."""
    made = root / version
    made.mkdir()
    told = {"version": version, "functions": [{"id": k, "verdict": v, "cases": [{}, {}]} for k, v in verdicts.items()]}
    (made / "report.json").write_text(json.dumps(told))
    return made


def proofs(root: Path, version: str, **changed: str) -> Path:
    made = root / f"{version}.json"
    made.write_text(json.dumps({"proofs": [PROOF | changed]}))
    return made


def test_each_release_says_its_own(tmp_path: Path) -> None:
    old = collect.read(proofs(tmp_path, "1.0"), folder(tmp_path, "1.0", exp="FAILED", log="PASSED"))
    new = collect.read(proofs(tmp_path, "2.0", state="ok", got="1.0"), folder(tmp_path, "2.0", exp="PASSED", log="PASSED"))
    page = collect.document("Lib", (old, new))
    assert "| 1.0 | 2 | 4 | 1 | 1 | 0 |" in page
    assert "| exp exp2 | exp(0) \\| is 1 | **2.0** | as defined | 1.0 |" in page
    assert "without a proof" not in page


@pytest.mark.parametrize("changed", [{"state": "ok"}, {"functions": "exp2"}, {"state": "not here"}])
def test_a_failure_without_a_proof_is_told(tmp_path: Path, changed: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    paths = proofs(tmp_path, "1.0", **changed), folder(tmp_path, "1.0", exp="FAILED")
    assert collect.read(*paths).unproven() == ["exp"]
    monkeypatch.setattr("sys.argv", ["collect", "--title", "Lib", "--proofs", str(paths[0]), "--reports", str(paths[1])])
    assert collect.main() == 3

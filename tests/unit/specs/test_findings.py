"""Findings are proven, and a failure without a proof is told."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from csvkit_ml import registry
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


def test_what_a_release_does_not_support_is_told_by_dtype(tmp_path: Path) -> None:
    made = folder(tmp_path, "1.0", exp="INDETERMINATE")
    told = json.loads((made / "report.json").read_text())
    told["functions"][0]["cases"] = [{"dtype": d, "reason": collect.UNSUPPORTED} for d in ("int8", "int16", "int8")] + [{"dtype": "float32", "reason": "x"}]
    (made / "report.json").write_text(json.dumps(told))
    assert "| 1.0 | exp: int16, int8 |" in collect.document("Lib", (collect.read(proofs(tmp_path, "1.0"), made),))


@pytest.mark.parametrize("script", sorted(Path(collect.__file__).parent.glob("*_proofs.py")), ids=lambda p: p.stem)
def test_proofs_name_functions_of_the_suites(script: Path) -> None:
    calls = [n for n in ast.walk(ast.parse(script.read_text())) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == "proof"]
    named = {f for c in calls if isinstance(c.args[0], ast.Constant) for f in str(c.args[0].value).split()}
    assert named and named <= set(registry.functions())

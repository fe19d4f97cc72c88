"""A supplier's list from import to report, on a real release."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import onnx
import pytest

pytestmark = pytest.mark.integration
LIST = """id,title,affected,labels,text
A-1,wrong result of `Exp`,,correctness,
A-2,Relu keeps -0.0,<1.0,,
A-3,documentation of ai.onnx.Conv,,docs,
A-4,spelling,,docs,
"""


def run(home: Path, *arguments: str, code: int = 0) -> str:
    env = {**os.environ, "XDG_CACHE_HOME": str(home / "cache"), "XDG_CONFIG_HOME": str(home / "config")}
    done = subprocess.run(
        [sys.executable, "-m", "csvkit_ml", *arguments], env=env, cwd=home, capture_output=True, text=True, timeout=280
    )
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr * bool(code)


def test_from_import_to_report(tmp_path: Path) -> None:
    release = "onnxruntime==1.23.2"
    (tmp_path / "list.csv").write_text(LIST)
    take = ("anomalies", "import", "list.csv", "--library", release, "--sample", "0", "--date", "2026-01-01", "--json")
    told = json.loads(run(tmp_path, *take))
    assert told == {"folder": "anomalies", "format": "csv", "read": 4, "kept": 3, "review": 2, "undecided": 2}
    decisions = tmp_path / "anomalies" / "anomalies.toml"
    text = decisions.read_text()
    old = 'relevance = "not reviewed"\nreason = ""\ndisposition = ""\nby = ""\ndate = ""\nfunctions = []'
    new = 'relevance = "relevant"\nreason = "used"\ndisposition = "probed"\nby = "N. N."\ndate = "2026-01-02"\nfunctions = ["%s"]'
    decisions.write_text(text.replace(old, new % "exp", 1))
    assert json.loads(run(tmp_path, *take))["undecided"] == 1
    run(tmp_path, "validate", release, "-f", "exp", "--anomalies", "anomalies", "--out", "report", "--unsigned", "-q")
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert [(r["anomaly"]["id"], r["decision"]["relevance"], r["probes"]) for r in report["anomalies"]["rows"]] == [
        ("A-1", "relevant", [{"function": "exp", "verdict": "PASSED"}]),
        ("A-3", "not reviewed", []),
    ]
    assert [f["subject"] for f in report["findings"] if f["kind"] == "anomaly"] == ["A-3"]
    assert b'id="anomalies"' in (tmp_path / "report" / "report.html").read_bytes()
    assert (tmp_path / "report" / "anomalies.toml").read_bytes() == decisions.read_bytes()
    node, values = onnx.helper.make_node("Exp", ["x"], ["y"]), [onnx.helper.make_tensor_value_info(n, 1, [2]) for n in "xy"]
    model = onnx.helper.make_model(onnx.helper.make_graph([node], "g", values[:1], values[1:]))
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    run(tmp_path, "scope", "m.onnx", "-o", "scope.json")
    (tmp_path / "list.csv").write_text(LIST + "A-5,something is slow,,,\n")
    narrow = json.loads(run(tmp_path, *take[:-1], "--scope", "scope.json", "-o", "narrow", "--json"))
    assert (narrow["read"], narrow["kept"]) == (5, 3), "A-3 is about Conv alone; A-4 and A-5 name nothing and are kept"
    decisions.write_text(text.replace(old, new % "no_such_function", 1))
    said = run(tmp_path, "validate", release, "-f", "exp", "--anomalies", "anomalies", "--out", "again", "-q", code=2)
    assert "names the function 'no_such_function'" in said

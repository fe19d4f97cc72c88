"""One product from model to report: its scope selects, samples and judges; its requirements are traced; nothing else is shown as verified."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper

from csvkit_ml.model.signature import Answer
from csvkit_ml.rechecking import numbered, rejudge

pytestmark = pytest.mark.integration
RELEASE = "onnxruntime==1.23.2"
REQUIREMENTS = """
schema = 1
[[requirement]]
id = "R-1"
text = "Layers are computed right."
risk = "high"
hazards = ["H-1"]
functions = ["gemm"]
operators = ["ai.onnx.Softsign"]
[[requirement]]
id = "R-2"
text = "Nothing shows this."
risk = "low"
functions = ["no_such_function"]
"""


def run(home: Path, *arguments: str, code: int) -> str:
    env = {**os.environ, "XDG_CACHE_HOME": str(home / "cache"), "XDG_CONFIG_HOME": str(home / "config")}
    done = subprocess.run([sys.executable, "-m", "csvkit_ml", *arguments], env=env, cwd=home, capture_output=True, text=True, timeout=280)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def model(path: Path, *operators: str) -> None:
    """A dense layer, then elementwise operators."""
    kinds = {"x": (2, 5), "w": (3, 5), "b": (3,), "y0": (2, 3)}
    nodes = [helper.make_node("Gemm", ["x", "w", "b"], ["y0"], transB=1)]
    nodes += [helper.make_node(op, [f"y{i}"], [f"y{i + 1}"]) for i, op in enumerate(operators)]
    kinds |= {f"y{i + 1}": (2, 3) for i in range(len(operators))}
    values = {n: helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in kinds.items()}
    last = f"y{len(operators)}"
    inner = [v for n, v in values.items() if n[0] == "y" and n != last]
    graph = helper.make_graph(nodes, "g", [values[n] for n in ("x", "w", "b")], [values[last]], value_info=inner)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), str(path))


def report(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "report.json").read_text()))


def test_from_model_to_report(tmp_path: Path) -> None:
    model(tmp_path / "good.onnx", "Softsign")
    model(tmp_path / "more.onnx", "Softsign", "Hardmax", "Shrink")
    (tmp_path / "requirements.toml").write_text(REQUIREMENTS)
    for name in ("good", "more"):
        run(tmp_path, "scope", f"{name}.onnx", "-o", f"{name}.json", "-q", code=0)

    run(tmp_path, "validate", RELEASE, "--scope", "good.json", "--out", "good", "--unsigned", "-q", "-f", "gemm", "-f", "softsign", code=0)
    good = report(tmp_path / "good")
    assert good["status"] == "PASSED"
    assert [(r["operator"], r["cover"], r["gaps"]) for r in good["scope"]["rows"]] == [("ai.onnx.Gemm", "verified", []), ("ai.onnx.Softsign", "verified", [])]
    assert (good["scope"]["generated"], good["scope"]["not_generated"]) == (2, [])
    cases = [c for f in good["functions"] for c in f["cases"] if c["why"] == "scope"]
    assert {(c["id"].split("/")[0], c["verdict"]) for c in cases} == {("gemm", "PASSED"), ("softsign", "PASSED")}
    for changed, answer in (False, Answer.OK), (True, Answer.NOT_OK):
        if changed:
            scope = tmp_path / "good" / "scope.json"
            scope.write_text(scope.read_text().replace("good.onnx", "best.onnx"))
        assert numbered("judged again", 1, lambda: rejudge(tmp_path / "good")).answer is answer
    (tmp_path / "good" / "scope.json").write_bytes((tmp_path / "good.json").read_bytes())
    again = run(tmp_path, "reproduce", "good", cases[0]["id"], code=0)
    assert "PASSED" in again

    arguments = ("--requirements", "requirements.toml", "--out", "more", "--unsigned", "-q", "-f", "gemm", "-f", "softsign")
    run(tmp_path, "validate", RELEASE, "--scope", "more.json", *arguments, code=4)
    more = report(tmp_path / "more")
    told = {f["subject"]: f["kind"] for f in more["findings"] if f["kind"] in ("used-not-verified", "requirement")}
    assert told == {"ai.onnx.Hardmax": "used-not-verified", "ai.onnx.Shrink": "used-not-verified", "R-2": "requirement"}
    assert [r["requirement"]["id"] for r in more["requirements"]["rows"] if not r["gaps"]] == ["R-1"]
    assert {p["name"]: p["verdict"] for p in more["requirements"]["rows"][0]["proofs"]} == {"gemm": "PASSED", "softsign": "PASSED"}
    assert {"scope.json", "requirements.toml"} <= {p.name for p in (tmp_path / "more").iterdir()}


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    model(tmp_path / "m.onnx")
    run(tmp_path, "scope", "m.onnx", "-o", "m.json", "-q", code=0)
    (tmp_path / "torch.json").write_text((tmp_path / "m.json").read_text().replace('"library": "onnxruntime"', '"library": "torch"'))
    assert "the scope is about torch, not onnxruntime" in run(tmp_path, "validate", RELEASE, "--scope", "torch.json", "-q", code=2)
    (tmp_path / "r.toml").write_text("schema = 2")
    assert "2 mistakes" in run(tmp_path, "validate", RELEASE, "--requirements", "r.toml", "-q", code=2)
    assert "tests" in run(tmp_path, "validate", RELEASE, "--pq", "absent", "-q", code=2)
    assert "cannot read" in run(tmp_path, "validate", RELEASE, "--scope", "absent.json", "-q", code=2)
    run(tmp_path, "plan", RELEASE, "--scope", "m.json", "-f", "gemm", "-o", "plan.json", code=0)
    assert "for the scope of a product" in run(tmp_path, "validate", "--plan", "plan.json", "-q", code=2)
    run(tmp_path, "validate", "--plan", "plan.json", "--scope", "m.json", "-q", "--unsigned", "--out", "r", code=0)

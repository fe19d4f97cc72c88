"""A maker's model on a real release: report, offline judgement, determinism, comparison; an operator executed wrongly is found where it is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from csvkit_ml import pipeline
from csvkit_ml.libraries.onnxruntime.host import lowerings
from csvkit_ml.libraries.onnxruntime.lowering.whole_model import program
from csvkit_ml.model.comparison import Agreement, Change
from csvkit_ml.model.function import Sample, Verdict
from csvkit_ml.model.signature import Answer
from csvkit_ml.model.spec import EnvironmentRequest
from csvkit_ml.pipeline import IntendedUse, Job, ModelFiles, Places
from csvkit_ml.rechecking import Silence, numbered, rejudge
from validation_suites.graphs.asking import OUTPUTS, asked
from validation_suites.graphs.small import batch, convolutional
from validation_suites.inference.whole_model import reference

pytestmark = pytest.mark.integration
RELEASE = "onnxruntime==1.23.2"
X = batch("integration", (4, 3, 10, 10))
MODEL = ("--model", "cnn.onnx", "--inputs", "cnn.npz")


class Home:
    """A maker's folder with cache and keys of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), "XDG_CONFIG_HOME": str(folder / "config")}
        self.files = ModelFiles(model=folder / "cnn.onnx", inputs=folder / "cnn.npz")

    @property
    def places(self) -> Places:
        return pipeline.places(self.env)

    def run(self, *arguments: str, code: int = 0) -> str:
        line = [sys.executable, "-m", "csvkit_ml", *arguments]
        done = subprocess.run(line, env=self.env, cwd=self.folder, capture_output=True, text=True, timeout=280, check=False)
        assert done.returncode == code, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("maker")
    data = convolutional().SerializeToString()
    (folder / "cnn.onnx").write_bytes(data)
    np.savez(folder / "cnn.npz", x=X)
    (truth,) = reference(asked("cnn", data, {"x": X})[0])
    wrong = truth.value.astype(np.float32)
    wrong[2, 7] += np.float32(0.01)
    np.savez(folder / "wrong.npz", y=wrong)
    (folder / "plan.toml").write_text('schema = 1\n[outputs.y]\nabsolute = 1e-4\nreason = "a tenth of the distance to the threshold"\n')
    return Home(folder)


@pytest.fixture(scope="module")
def report(home: Home) -> dict[str, Any]:
    home.run("validate", RELEASE, *MODEL, "--expected", "wrong.npz", "--tolerance-plan", "plan.toml", "--out", "report", "--unsigned", "-q", code=3)
    return dict(json.loads((home.folder / "report" / "report.json").read_bytes()))


def test_one_wrong_expected_element_fails_and_is_named(report: dict[str, Any]) -> None:
    (function,) = report["functions"]
    by_way: dict[str, set[str]] = {}
    for c in function["cases"]:
        by_way.setdefault(dict(c["params"])["way"], set()).add(c["verdict"])
    assert by_way == {"outputs": {"PASSED"}, "operators": {"PASSED"}, "expected": {"FAILED"}}
    failed = [m for c in function["cases"] for m in c["measurements"] if c["verdict"] == "FAILED"]
    assert {tuple(m["worst_index"]) for m in failed} == {(2, 7)}
    assert {m["offenders"] for m in failed} == {1}
    told = [f["sentence"] for f in report["findings"] if f["kind"] == "first-operator"]
    assert len(told) == 1
    assert "expected values are not met" in told[0]


def test_the_report_is_judged_again_offline_and_reproduced(home: Home, report: dict[str, Any]) -> None:
    folder = home.folder / "report"
    assert numbered("judged again", 1, lambda: rejudge(folder)).answer is Answer.OK
    again = pipeline.reproduce(folder, "whole_model/cnn-operators/opt=none", python="", places=home.places, watch=Silence())
    assert again.same_bits
    assert again.then == again.now
    data = (folder / "inputs.npz").read_bytes()
    (folder / "inputs.npz").write_bytes(data[:-1] + b"!")
    assert numbered("judged again", 1, lambda: rejudge(folder)).answer is Answer.NOT_OK
    (folder / "inputs.npz").write_bytes(data)


def test_the_optimisation_level_changes_the_bits_of_a_small_network(home: Home, report: dict[str, Any]) -> None:
    """And nothing else: within the bound; repetition, processes and threads keep them."""
    made = pipeline.determinism(
        RELEASE, backends=("cpu",), environment=EnvironmentRequest(), functions=(), out=home.folder / "matrix", places=home.places,
        watch=Silence(), narrowing=pipeline.read_model(home.files, Silence()),
    )  # fmt: skip
    (row,) = made.matrix.functions
    found = {r.dimension: r.agreement for r in row.results}
    assert found["optimisation"] is Agreement.WITHIN
    assert {found[d] for d in ("rerun", "new process", "dirty memory", "batch", "position")} == {Agreement.IDENTICAL}
    assert made.matrix.violations == ()


def test_two_settings_are_compared(home: Home, report: dict[str, Any]) -> None:
    done = pipeline.compare_runs(
        ((str(home.folder / "report"), ()), (RELEASE, ("cpu:opt=none",))), environment=EnvironmentRequest(), functions=(),
        out=home.folder / "compared", places=home.places, watch=Silence(), model=home.files,
    )  # fmt: skip
    (found,) = done.comparisons
    assert found.count(Change.WITHIN) > 0
    assert found.count(Change.IDENTICAL) > 0, "a variant that sets its own level is the same under both"


def _flipped(sample: Sample) -> bytes:
    """What a faulty library executes: one weight of the second convolution has the wrong sign."""
    model = onnx.load_model_from_string(program(sample))
    for t in model.graph.initializer:
        if t.name == "w2":
            w = numpy_helper.to_array(t).copy()
            w.ravel()[np.abs(w).argmax()] *= -1
            t.CopyFrom(numpy_helper.from_array(w, "w2"))
    return bytes(model.SerializeToString())


def test_an_operator_executed_wrongly_is_found_where_it_is(home: Home, report: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(lowerings(), "whole_model", replace(lowerings()["whole_model"], program=_flipped))
    done = pipeline.validate(
        Job(asked=RELEASE), environment=EnvironmentRequest(), functions=(), out=home.folder / "faulty", signer=None, tester="", fresh=False,
        command="", places=home.places, watch=Silence(), use=IntendedUse(model=home.files),
    )  # fmt: skip
    (function,) = done.report.functions
    assert {c.verdict for c in function.cases} == {Verdict.FAILED}
    assert {c.sample for c in function.cases if dict(c.params)["way"] == OUTPUTS} == {"cnn"}
    found = [f.sentence for f in done.report.findings if f.kind == "first-operator"]
    assert found
    assert all("own error exceeds its bound is Conv 'conv2' -> conv2" in s and "as well" not in s for s in found)

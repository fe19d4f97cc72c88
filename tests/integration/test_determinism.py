"""Real releases under other circumstances: what is proven, what is not, and what a fault in a binding does to the proof."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from csvkit_ml.libraries.onnxruntime.lowering.model import VARIANTS
from tests.integration.test_validate import REQUIREMENT, Home

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("home"))


def matrix(folder: Path) -> dict[tuple[str, str], dict[str, Any]]:
    tree = json.loads((folder / "determinism.json").read_bytes())
    return {(f["id"], r["dimension"]): r for f in tree["functions"] for r in f["results"]}


CELLS = ("--backend", "cpu", "--backend", "cpu:opt=none", "--backend", "cpu:prepack=off")


def test_one_command_drives_several_configurations(home: Home) -> None:
    told = json.loads(home.run("determinism", REQUIREMENT, "-f", "linear", "-f", "small_cnn", *CELLS, "--out", "matrix", "--json"))
    assert told["status"] == "PASSED"
    assert told["unproven"] == {}
    found = matrix(home.folder / "matrix")
    for dimension in ("rerun", "new process", "dirty memory", "kernels"):
        assert found["linear", dimension]["agreement"] == "bit-identical", dimension
    for dimension in ("optimisation", "batch"):
        assert found["linear", dimension]["agreement"] == "within the bound, other bits", dimension
    assert found["small_cnn", "optimisation"]["agreement"] == "within the bound, other bits"
    assert found["small_cnn", "rerun"]["agreement"] == "bit-identical"
    assert (home.folder / "matrix" / "determinism.pdf").read_bytes().startswith(b"%PDF-")
    page = (home.folder / "matrix" / "determinism.html").read_text()
    assert "<svg" in page and "<script" not in page


def test_backends_that_cannot_be_proven_are_indeterminate_and_not_executed(home: Home) -> None:
    out = home.run("validate", REQUIREMENT, "-f", "relu", "--backend", "cpu-portable", "--backend", "cuda", "--json", "-q", code=4)
    for line in map(json.loads, out.splitlines()):
        assert line["status"] == "INDETERMINATE"
        report = json.loads((home.folder / line["report"] / "report.json").read_bytes())
        assert report["run"]["executed"] == report["run"]["reused"] == 0
        assert {c["reason"] for f in report["functions"] for c in f["cases"]} == {"the backend's setting could not be proven in force"}
        assert all("not executed: " in c["detail"] for f in report["functions"] for c in f["cases"])
        assert any("no such device" in x["sentence"] or "isa: no answer" in x["sentence"] for x in report["findings"])


def test_a_finished_report_is_compared_with_another_backend(home: Home) -> None:
    home.run("validate", REQUIREMENT, "-f", "linear", "--out", "before", "-q")
    told = json.loads(home.run("compare", "before", REQUIREMENT, "-f", "linear", "--backend", "cpu:opt=none", "--out", "compared", "--json"))
    assert told["cases"]["within the bound, with other bits"] > 0
    tree = json.loads((home.folder / "compared" / "comparison.json").read_bytes())
    assert ["settings: opt", "all", "none"] in [[f["what"], f["before"], f["after"]] for f in tree["facts"]]
    changed = [c["case"] for f in tree["functions"] for c in f["cases"]]
    assert changed and not any(c.split("/")[2] in VARIANTS[1:4] for c in changed)
    same = json.loads(home.run("compare", "before", "before", "--json", "--out", "same"))
    assert set(same["cases"]) == {"bit-identical"}
    (home.folder / "before" / "manifest.json").write_bytes((home.folder / "before" / "manifest.json").read_bytes() + b" ")
    home.run("compare", "before", "before", code=7)


def test_a_matrix_of_configurations(home: Home) -> None:
    out = home.run("matrix", REQUIREMENT, "-f", "relu", *CELLS, "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert [r["after"].split(" on ")[1] for r in rows] == ["cpu:opt=none", "cpu:prepack=off"]
    assert "<svg" in (home.folder / rows[0]["folder"] / "matrix.html").read_text()

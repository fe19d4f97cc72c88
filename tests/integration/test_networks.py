"""Six networks from program to report: what each uses at inference, in a training step and as an ONNX model, and what of that is verified."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from csvkit_ml.model.codec import decode
from csvkit_ml.model.report import ReportModel
from csvkit_ml.scope.collect import from_text

pytestmark = [pytest.mark.integration, pytest.mark.long, pytest.mark.timeout(1800)]
NETWORKS = ("cnn", "unet", "resnet", "vit", "lstm", "encoder")
SCRIPT = Path(__file__).with_name("networks.py")
RELEASES = {"torch": "torch==2.13.0", "onnxruntime": "onnxruntime==1.23.2"}
CORE = {
    "cnn-infer": {"aten::conv2d"}, "unet-train": {"aten::convolution_backward", "aten::native_batch_norm"}, "vit-infer": {"aten::linear"},
    "encoder-train": {"aten::native_layer_norm_backward"}, "resnet-onnx": {"ai.onnx.Conv"}, "lstm-onnx": {"ai.onnx.LSTM"},
}  # fmt: skip
"""Operators without which a network would not be what it is."""


def mlcsv(home: Path, *arguments: str, codes: tuple[int, ...] = (0,)) -> None:
    env = {**os.environ, "XDG_CACHE_HOME": str(home / "cache"), "XDG_CONFIG_HOME": str(home / "config")}
    done = subprocess.run([sys.executable, "-m", "csvkit_ml", *arguments], env=env, cwd=home, capture_output=True, text=True)
    assert done.returncode in codes, done.stderr


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the scopes of every network."""
    folder = tmp_path_factory.mktemp("networks")
    python = str(folder / "env" / "bin" / "python")
    uv = [sys.executable, "-m", "uv"]
    links = [a for link in os.environ.get("PIP_FIND_LINKS", "").split() for a in ("--find-links", link)]
    subprocess.run([*uv, "venv", "-q", "--python", sys.executable, str(folder / "env")], check=True)
    subprocess.run([*uv, "pip", "install", "-q", "--python", python, *links, RELEASES["torch"], "onnx", "onnxscript", "numpy"], check=True)
    for name in NETWORKS:
        for what in ("infer", "train"):
            mlcsv(folder, "scope", "--python", python, "-q", "-o", f"{name}-{what}.json", "--", str(SCRIPT), name, what, ".")
        subprocess.run([python, str(SCRIPT), name, "export", "."], cwd=folder, check=True, capture_output=True)
        mlcsv(folder, "scope", "-q", "-o", f"{name}-onnx.json", f"{name}.onnx")
    return folder


def numbers(home: Path, scopes: Iterable[str], rows: dict[str, Any]) -> dict[str, tuple[int, list[str]]]:
    """(operators used, those that are not verified) by scope, from the report of all of them."""
    found = {}
    for name in scopes:
        used = {u.operator.removesuffix(".default") for u in from_text((home / f"{name}.json").read_bytes(), name).uses}
        assert CORE.get(name, set()) <= {o.partition(".")[0] if "::" in o else o for o in used}
        assert used <= set(rows)
        found[name] = (len(used), sorted(o for o in used if not rows[o].verified))
    return found


@pytest.mark.parametrize("library", list(RELEASES))
def test_what_is_used_is_verified_or_listed(home: Path, library: str) -> None:
    scopes = [f"{n}-{w}" for n in NETWORKS for w in (("infer", "train") if library == "torch" else ("onnx",))]
    mlcsv(home, "scope", "-q", "-o", f"{library}.json", *(f"{s}.json" for s in scopes))
    mlcsv(home, "validate", RELEASES[library], "--scope", f"{library}.json", "--unsigned", "-q", "--out", f"report-{library}", codes=(3, 4))
    report = decode(ReportModel, (home / f"report-{library}" / "report.json").read_bytes())
    assert report.scope is not None
    rows = {r.operator: r for r in report.scope.rows}
    found = numbers(home, scopes, rows)
    print("| network and program | operators used | verified | not verified |\n|---|---|---|---|")
    for name, (used, uncovered) in found.items():
        names = ", ".join(f"{o} ({rows[o].cover.value})" for o in uncovered) or "none"
        print(f"| {name} | {used} | {used - len(uncovered)} | {names} |")
    told = {f.subject for f in report.findings if f.kind == "used-not-verified"}
    assert told == {o for _, uncovered in found.values() for o in uncovered}
    assert report.scope.generated > 20
    uses = json.loads((home / f"{library}.json").read_text())["uses"]
    assert len(report.scope.not_generated) < len(uses)

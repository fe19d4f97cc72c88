"""The functional split of the tested releases: every name classified, no dead rule, every bound name real."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from csvkit_ml import registry
from csvkit_ml.environments.build import obtain
from csvkit_ml.environments.resolve import resolve
from csvkit_ml.execution.calling import calls, inventory, launcher
from csvkit_ml.execution.staging import build_archive
from csvkit_ml.model.inventory import Inventory
from csvkit_ml.model.spec import EnvironmentRequest
from csvkit_ml.pipeline.splitting import trace_jobs
from csvkit_ml.split.classify import check_claims, classify
from csvkit_ml.split.rules import read_rules

pytestmark = pytest.mark.integration
RELEASES = ("torch==2.13.0", "onnxruntime==1.23.2")
OF_OTHER_BUILDS = {"onnxruntime.training.api.*"}
"""What the rules write although the tested build has no such name."""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module", params=RELEASES)
def release(request: pytest.FixtureRequest, cache: Path) -> tuple[str, Inventory]:
    wanted = EnvironmentRequest()
    spec = resolve(request.param, wanted, registry.known_distributions(), today="2026-01-01")
    record = obtain(spec, wanted, cache / "mlcsv", os.environ, lambda text: None)
    library = registry.library(spec.library)
    python = str(cache / "mlcsv" / record.python)
    with launcher(python=python, worker=build_archive(library), library=library.name, variables={}, scratch=cache / "scratch") as processes:
        return library.name, inventory(processes)


def test_every_name_falls_under_one_rule_and_every_rule_has_names(release: tuple[str, Inventory]) -> None:
    name, names = release
    file = read_rules(registry.library(name).split())
    found = classify(names, file)
    check_claims(found.unclassified)
    assert found.unclassified == ()
    assert {written for _, written in found.idle} <= OF_OTHER_BUILDS
    assert {r.id for r in file.rule} == {r.id for r in found.rules.values()}


def test_every_bound_name_is_real(release: tuple[str, Inventory]) -> None:
    name, names = release
    known = {e.name for e in names.entries}
    assert {n for o in registry.library(name).offers() for n in o.names} - known == set()


def split(cache: Path, *arguments: str) -> dict[str, Any]:
    env = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    done = subprocess.run(
        [sys.executable, "-m", "csvkit_ml", "split", *arguments, "--json"], env=env, cwd=cache, capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_the_command_counts_what_is_verified(cache: Path) -> None:
    found = split(cache, "onnxruntime==1.23.2")
    sides = [side[kind] for side in found["sides"].values() for kind in ("names", "operators")]
    assert sum(s["total"] for s in sides) > 300
    assert sum(s["verified"] for s in sides) == len({n for o in registry.library("onnxruntime").offers() for n in o.names})
    assert {c["name"]: c["functions"] for r in found["rows"] for c in r["covered"]}["ai.onnx.Exp"] == ["exp", "operator_of_scalar", "umath_exp"]


def test_operators_of_torch_are_traced(release: tuple[str, Inventory], cache: Path) -> None:
    name, names = release
    library = registry.library(name)
    offers = [o for o in library.offers() if o.function in ("linear", "exp")]
    assert library.traces is (name == "torch")
    if not library.traces:
        return
    operators = {e.name for e in names.entries}
    jobs = [j for o in offers for j in trace_jobs(registry.functions()[o.function], o, library)]
    python = next((cache / "mlcsv" / "environments").glob("*/venv/lib/python*/site-packages/torch")).parents[3] / "bin" / "python"
    worker, scratch = build_archive(library), cache / "scratch"
    with launcher(python=str(python), worker=worker, library=name, variables={}, scratch=scratch) as processes:
        found = calls(processes, jobs, limit_s=60)
    assert {"aten::exp", "aten::exp.out", "aten::exp_"} <= set(found["exp"].results)
    assert "aten::addmm" in found["linear"].results
    assert "aten::empty.memory_format" not in found["exp"].results
    assert {"aten::t"} & set(found["linear"].operators) and "aten::t" not in found["linear"].results
    assert {c for of in found.values() for c in of.operators} <= operators

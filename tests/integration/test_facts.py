"""What is known of torch's bits must show in its matrix by itself, from the cases that every validation has. Run with -m long."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.test_determinism import matrix
from tests.integration.test_validate import Home

pytestmark = [pytest.mark.integration, pytest.mark.long, pytest.mark.timeout(1800)]
ASKED = [a for f in ("reduce_sum", "normal_generator", "linear", "conv2d") for a in ("-f", f)]
CELLS = [a for c in ("cpu", "cpu:threads=1", "cpu:isa=baseline") for a in ("--backend", c)]
OTHER, SAME = "within the bound, other bits", "bit-identical"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], dict[str, object]]:
    home = Home(tmp_path_factory.mktemp("facts"))
    told = json.loads(home.run("determinism", "torch==2.13.0", *ASKED, *CELLS, "--out", "matrix", "--json"))
    assert told["status"] == "PASSED" and told["unproven"] == {}
    return matrix(Path(home.folder) / "matrix")


@pytest.mark.parametrize(
    ("function", "dimension", "agreement"),
    [
        ("reduce_sum", "threads", OTHER),
        ("normal_generator", "instruction set", OTHER),
        ("normal_generator", "seed stream", OTHER),
        ("normal_generator", "threads", SAME),
        ("linear", "batch", OTHER),
        ("conv2d", "batch", OTHER),
        *((f, d, SAME) for f in ("reduce_sum", "normal_generator", "linear", "conv2d") for d in ("rerun", "new process", "dirty memory")),
    ],
)
def test_known_of_torch(found: dict[tuple[str, str], dict[str, object]], function: str, dimension: str, agreement: str) -> None:
    assert found[function, dimension]["agreement"] == agreement


def test_the_sum_is_a_large_one_of_float32(found: dict[tuple[str, str], dict[str, object]]) -> None:
    assert "float32-n100000" in str(found["reduce_sum", "threads"]["example"])

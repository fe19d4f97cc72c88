"""Scripts under a trace: bits unchanged, phases told apart, and nothing lost when they crash, hang, fork or flood."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.integration
TRAIN = """
import sys, torch
torch.manual_seed(0)
net = torch.nn.Sequential(
    torch.nn.Conv2d(1, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Dropout(0.1), torch.nn.Linear(144, 8),
    torch.nn.LayerNorm(8), torch.nn.GELU(), torch.nn.Unflatten(1, (2, 4)), torch.nn.LSTM(4, 5, batch_first=True),
)
layer = torch.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
optimiser = torch.optim.AdamW([*net.parameters(), *layer.parameters()])
data = torch.utils.data.TensorDataset(torch.randn(16, 1, 8, 8), torch.randint(5, (16,)))
for x, y in torch.utils.data.DataLoader(data, batch_size=8, shuffle=True):
    optimiser.zero_grad()
    out, _ = net(x)
    loss = torch.nn.functional.cross_entropy(out[:, -1], y) + layer(torch.randn(2, 3, 8)).square().mean()
    loss.backward()
    optimiser.step()
net.eval(), layer.eval()
with torch.inference_mode():
    results = [loss, net(torch.randn(2, 1, 8, 8))[0], layer(torch.randn(2, 3, 8)), *net.parameters(), *layer.parameters()]
torch.save([r.detach().clone() for r in results], sys.argv[1])
"""
TINY = "import torch\ntorch.ones(3).exp()\n"


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An interpreter with torch, built by the product itself."""
    home = tmp_path_factory.mktemp("home")
    env = {**os.environ, "XDG_CACHE_HOME": str(home)}
    line = [sys.executable, "-m", "csvkit_ml", "validate", "torch==2.13.0", "-f", "relu", "-q", "--unsigned", "--out", str(home / "r")]
    done = subprocess.run(line, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return str(next((home / "mlcsv/environments").glob("*/venv/bin/python")))


def trace(python: str, folder: Path, text: str, *arguments: str, code: int = 0, options: tuple[str, ...] = ()) -> dict[str, Any]:
    (folder / "script.py").write_text(text)
    line = [sys.executable, "-m", "csvkit_ml", "scope", "--python", python, "-q", *options, "--", "script.py", *arguments]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, timeout=200)
    assert done.returncode == code, done.stderr
    return dict(json.loads(done.stdout))


def operators(scope: dict[str, Any], phase: str) -> set[str]:
    return {u["operator"].split(".")[0] for u in scope["uses"] if u["phase"] == phase}


def test_the_trace_leaves_every_bit_as_it_was(python: str, tmp_path: Path) -> None:
    scope = trace(python, tmp_path, TRAIN, "traced.pt")
    subprocess.run([python, "script.py", "plain.pt"], cwd=tmp_path, check=True, capture_output=True)
    compare = (
        "import torch; a, b = torch.load('traced.pt'), torch.load('plain.pt'); "
        "assert len(a) > 20; "
        "bits = lambda x: (x.dtype, x.shape, x.contiguous().reshape(-1).view(torch.uint8).tolist()); "
        "assert all(bits(x) == bits(y) for x, y in zip(a, b, strict=True))"
    )
    subprocess.run([python, "-c", compare], cwd=tmp_path, check=True)
    assert scope["problems"] == []
    assert {"aten::convolution", "aten::native_batch_norm", "aten::native_layer_norm", "aten::addmm"} <= operators(scope, "forward")
    assert {"aten::convolution_backward", "aten::native_layer_norm_backward"} <= operators(scope, "backward")
    assert {"aten::addcdiv_", "aten::lerp_"} <= operators(scope, "optimiser")
    assert "aten::randperm" in operators(scope, "data")
    assert {"aten::conv2d", "aten::convolution"} & operators(scope, "inference")
    assert any("mha" in o or "attention" in o or "transformer_encoder" in o for o in operators(scope, "inference"))


@pytest.mark.parametrize(
    ("ending", "words"),
    [
        ("raise ValueError('no data')", "ValueError: no data"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
        ("import os; os._exit(9)", "status 9"),
        ("import sys; sys.exit(4)", "status 4"),
    ],
)
def test_a_script_that_breaks_off_is_told_with_what_was_seen(python: str, tmp_path: Path, ending: str, words: str) -> None:
    scope = trace(python, tmp_path, TINY + ending, code=4)
    assert any(words in p for p in scope["problems"])
    assert "aten::exp" in operators(scope, "forward")


def gone(pid: str) -> bool:
    """Whether a killed process is gone, or waits to be reaped, within five seconds."""
    stat, deadline = Path(f"/proc/{pid}/stat"), time.monotonic() + 5
    while stat.exists() and stat.read_text().split()[2] != "Z" and time.monotonic() < deadline:
        time.sleep(0.02)
    return not stat.exists() or stat.read_text().split()[2] == "Z"


def test_a_script_that_never_ends_is_ended_with_what_it_started(python: str, tmp_path: Path) -> None:
    start = "child = subprocess.Popen(['sleep', '300'])\npathlib.Path('pid').write_text(str(child.pid))\n"
    text = f"{TINY}import subprocess, time, pathlib\n{start}time.sleep(300)"
    scope = trace(python, tmp_path, text, code=4, options=("--time-limit", "20"))
    assert any("did not end within 20 s" in p for p in scope["problems"])
    assert "aten::exp" in operators(scope, "forward")
    assert gone((tmp_path / 'pid').read_text())


def test_processes_that_it_forks_are_seen_and_output_is_not_in_the_way(python: str, tmp_path: Path) -> None:
    text = "import os, torch\nprint('{' * 100000)\nx = torch.ones(3)\nif os.fork() == 0:\n    x.cos()\n    os._exit(0)\nos.wait()\nx.sin()\n"
    scope = trace(python, tmp_path, text)
    assert {"aten::cos", "aten::sin"} <= operators(scope, "forward")


def test_numbers_that_change_at_every_step_do_not_make_new_uses(python: str, tmp_path: Path) -> None:
    text = (
        "import torch\np = torch.nn.Parameter(torch.ones(3))\no = torch.optim.Adam([p])\n"
        "for i in range(50):\n    p.grad = torch.ones(3)\n    o.step()\n"
    )
    scope = trace(python, tmp_path, text)
    addcdiv = [u for u in scope["uses"] if u["operator"].startswith("aten::addcdiv_")]
    assert [u["count"] for u in addcdiv] == [50]


@pytest.mark.parametrize("text", ["", "print('nothing')", "import torch"])
def test_nothing_used_is_no_scope(python: str, tmp_path: Path, text: str) -> None:
    (tmp_path / "script.py").write_text(text)
    line = [sys.executable, "-m", "csvkit_ml", "scope", "--python", python, "-q", "--", "script.py"]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert "error MLCSV-SCOPE" in done.stderr
    assert "hint:" in done.stderr

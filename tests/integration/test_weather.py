"""Bad weather around a real run: disks that fill up, caches that cannot be written, libraries that cannot be imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from csvkit_ml.environments.build import MARKER
from tests.worlds.small_disk import on_small_disk
from tests.worlds.wheels import write_wheel

pytestmark = pytest.mark.integration
MLCSV = [sys.executable, "-m", "csvkit_ml"]
RUN = [*MLCSV, "validate", "onnxruntime==1.23.2", "-f", "relu", "-q"]


class Home:
    """Cache and keys of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {
            **os.environ, "XDG_CACHE_HOME": str(folder / "cache"), "XDG_CONFIG_HOME": str(folder / "config"), "MLCSV_PASSPHRASE": "pw",
            "PYTHONPATH": os.pathsep.join(filter(None, [str(Path.cwd()), os.environ.get("PYTHONPATH", "")])),
        }  # fmt: skip

    def run(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        line = [*MLCSV, *arguments]
        return subprocess.run(line, env={**self.env, **env}, cwd=self.folder, capture_output=True, text=True, timeout=250)

    @property
    def python(self) -> str:
        return str(next((self.folder / "cache/mlcsv/environments").glob("*/venv/bin/python")))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Has a key, and has validated once."""
    made = Home(tmp_path_factory.mktemp("home"))
    assert made.run("keys", "new", "machine").returncode == 0
    done = made.run(*RUN[3:], "--out", "first")
    assert done.returncode == 0, done.stderr
    return made


@pytest.mark.parametrize("kib", [4, 300])
def test_no_room_for_the_report(home: Home, tmp_path: Path, kib: int) -> None:
    out = tmp_path / "small" / "report"
    again = [*RUN, "--out", str(out)]
    codes, said = on_small_disk(tmp_path / "small", kib, again, [again, [*MLCSV, "verify", str(out)]], home.env, home.folder)
    assert codes == [6, 0, 0], said
    assert "error MLCSV-DISK-FULL" in said
    assert "hint:" in said
    assert "left /" not in said


@pytest.mark.parametrize("kib", [8, 64, 120, 400])
def test_no_room_for_the_cache(home: Home, tmp_path: Path, kib: int) -> None:
    """Wherever it strikes (memo, worker, byte code, evidence), it is told, and the same command goes on when there is room."""
    small = tmp_path / "small"
    line = [*RUN, "--python", home.python, "--out", str(tmp_path / "report")]
    codes, said = on_small_disk(small, kib, line, [line], {**home.env, "XDG_CACHE_HOME": str(small)}, home.folder)
    assert codes == [6, 0], said
    assert "error MLCSV-DISK-FULL" in said
    assert home.run("verify", str(tmp_path / "report")).returncode == 0


@pytest.mark.parametrize("kib", [500, 8000])
def test_no_room_for_the_environment(home: Home, tmp_path: Path, kib: int) -> None:
    small = tmp_path / "small"
    env = {**home.env, "XDG_CACHE_HOME": str(small), "UV_CACHE_DIR": str(tmp_path / "uv")}
    codes, said = on_small_disk(small, kib, [*RUN, "--out", "r"], [[*RUN, "--out", str(tmp_path / "report")]], env, home.folder)
    assert codes == [6, 0], said
    assert "error MLCSV-DISK-FULL" in said
    assert f"/{MARKER}\n" not in said


def test_no_room_for_a_plan_or_a_table(home: Home, tmp_path: Path) -> None:
    small = tmp_path / "small"
    plan = [*MLCSV, "plan", "onnxruntime==1.23.2", "-f", "relu", "-o", str(small / "plan.json")]
    codes, said = on_small_disk(small, 8, plan, [plan], home.env, home.folder)
    assert codes == [6, 0], said
    assert "left /" not in said
    table = [*MLCSV, "qualify", "-f", "relu", "-o", str(small / "table.json")]
    nowhere = [*table[:-1], str(small / "no" / "such" / "folder.json")]
    codes, said = on_small_disk(small, 64, nowhere, [table], home.env, home.folder)
    assert codes == [2, 0], said
    assert "MLCSV-OUT-UNWRITABLE" in said


@pytest.mark.parametrize("arguments", [("doctor", "--json"), ("qualify", "--list"), ("show", "first", "--json"), ("verify", "first")])
def test_no_room_for_standard_output(home: Home, arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*MLCSV, *arguments], env=home.env, cwd=home.folder, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 6
    assert done.stderr.startswith("mlcsv: error MLCSV-DISK-FULL")
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.parametrize("adopted", [True, False])
def test_a_cache_that_cannot_be_written(home: Home, tmp_path: Path, adopted: bool) -> None:
    (tmp_path / "file").write_text("")
    more = ("--python", home.python) if adopted else ()
    done = home.run(*RUN[3:], *more, "--out", str(tmp_path / "r"), XDG_CACHE_HOME=str(tmp_path / "file"))
    assert done.returncode == 2, done.stderr
    assert "error MLCSV-OUT-UNWRITABLE" in done.stderr
    assert "XDG_CACHE_HOME" in done.stderr
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("raise ImportError('libcudnn.so.9 is missing')", "libcudnn.so.9 is missing"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "(SIGSEGV)"),
        ("import os; os.abort()", "(SIGABRT)"),
        ("import os; os._exit(0)", "(exit status 0)"),
        ("raise SystemExit(0)", "SystemExit"),
        ("print('rubbish ' * 1000000); raise ImportError('after the flood')", "after the flood"),
        ("import does_not_exist", "does_not_exist"),
    ],
)
def test_a_library_that_cannot_be_imported(tmp_path: Path, code: str, words: str) -> None:
    write_wheel(tmp_path / "links", "onnxruntime", "99.0", {"onnxruntime/__init__.py": code + "\n", "numpy/__init__.py": ""})
    home = Home(tmp_path)
    env = {"PIP_NO_INDEX": "1", "UV_FIND_LINKS": "", "PIP_FIND_LINKS": str(tmp_path / "links")}
    done = home.run("validate", "onnxruntime", "-f", "relu", "-q", "--json", "--out", "r", **env)
    assert done.returncode == 6, done.stderr
    assert "error MLCSV-ENV-WORKER" in done.stderr
    assert words in done.stderr
    assert len(done.stderr) < 100_000
    assert "hint:" in done.stderr
    assert '"code": "MLCSV-ENV-WORKER"' in done.stdout
    assert not (tmp_path / "r").exists()

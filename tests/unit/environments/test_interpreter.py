"""Asking an interpreter, and programs that are none."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from csvkit_ml.environments import interpreter
from csvkit_ml.environments.interpreter import inquire
from csvkit_ml.errors import InterpreterError


def script(folder: Path, text: str) -> str:
    path = folder / "python"
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def test_this_interpreter() -> None:
    me = inquire(sys.executable)
    facts = dict(me.facts)
    assert (facts["version"], facts["python"]) == (sys.version.split()[0], sys.version)
    assert me.path == Path(sys.executable).absolute()
    assert next(d.version for d in me.distributions if d.name == "pytest") == pytest.__version__
    assert [d.name for d in me.distributions] == sorted({d.name for d in me.distributions})


def test_a_name_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    assert inquire(Path(sys.executable).name).path == Path(sys.executable)


def test_the_users_variables_and_folder_have_no_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('shadowed')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    assert inquire(sys.executable).facts


@pytest.mark.parametrize(("what", "text"), [("does not exist", "nowhere"), ("is a folder", "folder"), ("cannot be executed", "plain")])
def test_nothing_to_start(tmp_path: Path, what: str, text: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "plain").write_text("x")
    with pytest.raises(InterpreterError, match=what) as e:
        inquire(str(tmp_path / text))
    assert "--python" in e.value.hint
    assert e.value.exit_code == 6


@pytest.mark.parametrize(
    "text",
    [
        "#!/bin/sh\nexit 0\n",
        "#!/bin/sh\nexit 3\n",
        "#!/bin/sh\nkill -SEGV $$\n",
        "#!/bin/sh\necho Python 3.11.7\n",
        "#!/bin/sh\necho mlcsv-interpreter:\n",
        "#!/bin/sh\necho 'mlcsv-interpreter:{\"facts\": 1}'\n",
        "#!/bin/sh\necho 'mlcsv-interpreter:{\"facts\": {}, \"distributions\": [[1]], \"site\": \"x\"}'\n",
        "#!/bin/sh\necho 'mlcsv-interpreter:{\"facts\": {}, \"distributions\": [[\"a\", \"1\", 7]], \"site\": \"x\"}'\n",
        "#!/bin/sh\necho 'mlcsv-interpreter:{\"facts\": {}, \"distributions\": [], \"site\": null}'\n",
        "#!/bin/sh\necho 'mlcsv-interpreter:{\"facts\": {}, \"distributions\": [], \"site\": \"a\\u0000b\"}'\n",
        "#!/bin/sh\nhead -c 100000 /dev/urandom\n",
        "#!/bin/sh\nyes '[' | head -c 1000000 | tr -d '\\n'\n",
        "#!/bin/sh\nprintf 'mlcsv-interpreter:'; yes '[' | head -c 1000000 | tr -d '\\n'\n",
    ],
    ids=range(13),
)
def test_not_python(tmp_path: Path, text: str) -> None:
    with pytest.raises(InterpreterError, match="is not a Python interpreter"):
        inquire(script(tmp_path, text))


def test_a_file_the_system_cannot_start(tmp_path: Path) -> None:
    with pytest.raises(InterpreterError, match="cannot be started"):
        inquire(script(tmp_path, "no program at all"))


def test_an_endless_answer_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreter, "LIMIT_BYTES", 1 << 20)
    with pytest.raises(InterpreterError):
        inquire(script(tmp_path, "#!/bin/sh\nyes rubbish\n"))


def test_no_answer_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreter, "LIMIT_S", 0.3)
    pid = tmp_path / "pid"
    with pytest.raises(InterpreterError):
        inquire(script(tmp_path, f"#!/bin/sh\nsleep 100 &\necho $! > '{pid}'\nwait\n"))
    deadline = time.monotonic() + 5
    while alive(int(pid.read_text())) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not alive(int(pid.read_text()))


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z" if Path("/proc").is_dir() else os.kill(pid, 0) is None
    except OSError:
        return False


def test_text_that_no_report_can_carry(tmp_path: Path) -> None:
    said = '{"facts": {"version": "\\ud800"}, "distributions": [["a", "1\\udfff", "/a-1.dist-info"]], "site": "/"}'
    found = inquire(script(tmp_path, f"#!/bin/sh\ncat <<'X'\nmlcsv-interpreter:{said}\nX\n"))
    assert (found.facts, found.distributions[0].version) == ((("version", "\\ud800"),), "1\\udfff")


def test_a_wrapper_that_prints_before_it_starts_python(tmp_path: Path) -> None:
    text = f"#!/bin/sh\necho 'activating the environment {{'\nexec {sys.executable} \"$@\"\n"
    assert dict(inquire(script(tmp_path, text)).facts)["version"] == sys.version.split()[0]

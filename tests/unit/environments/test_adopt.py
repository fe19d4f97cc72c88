"""An existing interpreter is taken as it is, or refused; nothing in it changes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from csvkit_ml.environments.adopt import adopt, adopted_spec
from csvkit_ml.environments.settings import uv_binary
from csvkit_ml.errors import InterpreterError, MalformedRequirementError, ResolutionError, UnknownLibraryError
from csvkit_ml.model.environment import EnvironmentRecord
from csvkit_ml.model.spec import EnvironmentRequest, ValidationSpec
from tests.worlds.wheels import KNOWN, TODAY, tree, write_wheel


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    """A maker's environment with tinylib 1.5."""
    wheel = write_wheel(tmp_path / "links", "tinylib", "1.5")
    return install(tmp_path, wheel)


def install(folder: Path, *wheels: Path) -> Path:
    made, env = folder / "their venv", {"UV_CACHE_DIR": str(folder / "uv"), "UV_NO_CONFIG": "1", "HOME": str(folder)}
    subprocess.run([uv_binary(), "venv", "-q", "--allow-existing", "--python", sys.executable, made], check=True, env=env)
    line = [uv_binary(), "pip", "install", "-q", "--no-index", "--no-deps", "--python", str(made / "bin/python"), *map(str, wheels)]
    subprocess.run(line, check=True, env=env)
    return made


def site(venv: Path) -> Path:
    return next(venv.glob("lib/*/site-packages"))


def request(venv: Path) -> EnvironmentRequest:
    return EnvironmentRequest(python=str(venv / "bin/python"))


def asked(text: str, venv: Path) -> ValidationSpec:
    return adopted_spec(text, request(venv), KNOWN, today=TODAY)


def adopted(venv: Path) -> EnvironmentRecord:
    return adopt(asked("tinylib", venv), request(venv), KNOWN)


@pytest.mark.parametrize("text", ["tinylib", "tinylib==1.5", "tinylib==1.x", "tinylib 1.x", "tinylib>=1,<2"])
def test_the_installed_version_is_validated(venv: Path, text: str) -> None:
    spec = asked(text, venv)
    assert (spec.asked, spec.library, spec.version, spec.local, spec.resolved_on) == (text, "tinylib", "1.5", "", TODAY)


def test_the_record(venv: Path) -> None:
    record = adopted(venv)
    assert (record.library, record.version, record.adopted, record.findings) == ("tinylib", "1.5", True, ())
    assert record.python == str(venv / "bin/python")
    assert [(d.name, d.version, d.wheel, d.files) for d in record.distributions][0][:3] == ("tinylib", "1.5", "")
    assert dict(record.fingerprint.interpreter)["version"] == sys.version.split()[0]


def test_nothing_in_it_changes(venv: Path) -> None:
    before = tree(venv)
    adopted(venv)
    adopted(venv)
    assert tree(venv) == before


def test_a_build_label_and_another_distribution_of_the_library(tmp_path: Path) -> None:
    venv = install(tmp_path, write_wheel(tmp_path / "links", "tinylib_gpu", "2.0+cu130", {"tinylib/__init__.py": ""}))
    assert asked("tinylib", venv).full_version == "2.0+cu130"
    assert asked("tinylib-gpu==2.0+cu130", venv).local == "cu130"
    assert adopted(venv).version == "2.0+cu130"
    with pytest.raises(ResolutionError, match=r"2\.0\+cu130"):
        asked("tinylib==2.0+cpu", venv)


def test_another_version_is_refused_and_named(venv: Path) -> None:
    with pytest.raises(ResolutionError) as e:
        asked("tinylib==2.x", venv)
    assert "tinylib 1.5" in e.value.cause
    assert "tinylib==1.5" in e.value.hint


def test_a_version_that_changed_since_the_plan_is_refused(venv: Path) -> None:
    spec = asked("tinylib", venv)
    install(venv.parent, write_wheel(venv.parent / "links", "tinylib", "1.6"))
    with pytest.raises(ResolutionError) as e:
        adopt(spec, request(venv), KNOWN)
    assert ("1.6" in e.value.cause, "1.5" in e.value.cause) == (True, True)


def test_the_library_is_not_there(tmp_path: Path) -> None:
    venv = install(tmp_path, write_wheel(tmp_path / "links", "other", "1.0"))
    with pytest.raises(InterpreterError, match="has no tinylib"):
        asked("tinylib", venv)


def test_not_python(tmp_path: Path) -> None:
    with pytest.raises(InterpreterError, match="not a Python interpreter"):
        adopted_spec("tinylib", EnvironmentRequest(python="/bin/true"), KNOWN, today=TODAY)


@pytest.mark.parametrize(("text", "error"), [("tinylub", UnknownLibraryError), ("tinylib=", MalformedRequirementError)])
def test_the_requirement_is_read_first(text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        adopted_spec(text, EnvironmentRequest(python="/nowhere"), KNOWN, today=TODAY)


def test_a_version_that_is_none(venv: Path) -> None:
    (site(venv) / "tinylib-1.5.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: tinylib\nVersion: mine, unreleased\n")
    with pytest.raises(InterpreterError, match="mine, unreleased"):
        asked("tinylib", venv)


def test_files_that_differ_are_findings_not_refusals(venv: Path) -> None:
    intact = adopted(venv)
    (site(venv) / "tinylib/data.txt").unlink()
    (site(venv) / "tinylib/patched.py").write_text("x = 1\n")
    record = adopted(venv)
    assert [(f.what, f.path) for f in record.findings] == [("missing", "tinylib/data.txt"), ("unrecorded", "tinylib/patched.py")]
    assert record.lock == intact.lock

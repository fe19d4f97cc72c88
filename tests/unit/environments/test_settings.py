"""What uv is told, and what happens when it is missing or fails."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
import uv

from csvkit_ml.environments import settings
from csvkit_ml.environments.settings import call_uv, find_links, index_arguments, run_uv, uv_environment
from csvkit_ml.errors import DiskFullError, OutputUnwritableError, UvError
from csvkit_ml.model.spec import EnvironmentRequest

NOTHING = EnvironmentRequest()


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({"UV_FIND_LINKS": "/a dir,/b"}, ("/a dir", "/b")),
        ({"PIP_FIND_LINKS": "/a /b"}, ("/a", "/b")),
        ({"UV_FIND_LINKS": "/a", "PIP_FIND_LINKS": "/a /c"}, ("/a", "/c")),
        ({"UV_FIND_LINKS": "https://example.org/wheels.html"}, ("https://example.org/wheels.html",)),
        ({"UV_FIND_LINKS": "wheels"}, (str(Path("wheels").absolute()),)),
        ({}, ()),
    ],
)
def test_find_links(environ: dict[str, str], found: tuple[str, ...]) -> None:
    assert find_links(NOTHING, environ) == found


def test_the_request_comes_first() -> None:
    request = EnvironmentRequest(find_links=("/mine",), index_url="https://a/", extra_index_urls=("https://b/",), torch_backend="cpu")
    environ = {
        "UV_FIND_LINKS": "/theirs", "UV_DEFAULT_INDEX": "https://c/", "PIP_EXTRA_INDEX_URL": "https://b/ https://d/", "UV_TORCH_BACKEND": "cu130",
    }  # fmt: skip
    assert index_arguments(request, environ) == [
        "--find-links", "/mine", "--find-links", "/theirs", "--default-index", "https://a/", "--index", "https://b/", "--index", "https://d/",
        "--torch-backend", "cpu",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("environ", "arguments"),
    [
        ({"UV_NO_INDEX": "1"}, ["--no-index"]),
        ({"PIP_NO_INDEX": "true"}, ["--no-index"]),
        ({"PIP_NO_INDEX": "0"}, []),
        ({"UV_INDEX_URL": "https://u/", "PIP_INDEX_URL": "https://p/"}, ["--default-index", "https://u/"]),
        ({"PIP_INDEX_URL": "https://p/"}, ["--default-index", "https://p/"]),
        ({"UV_INDEX": "https://x/ https://y/"}, ["--index", "https://x/", "--index", "https://y/"]),
        ({"UV_TORCH_BACKEND": "cpu"}, ["--torch-backend", "cpu"]),
    ],
)
def test_settings_of_the_user(environ: dict[str, str], arguments: list[str]) -> None:
    assert index_arguments(NOTHING, environ) == arguments


def test_only_what_is_on_the_list_reaches_uv() -> None:
    given = {
        "PATH": "/bin", "SECRET": "s", "PYTHONPATH": "/x", "VIRTUAL_ENV": "/v", "UV_PYTHON": "3.8", "UV_PRERELEASE": "allow", "LD_PRELOAD": "/l",
        "UV_INDEX_CORP_PASSWORD": "p", "PIP_CERT": "/ca.pem",
    }  # fmt: skip
    env = uv_environment(given)
    assert not {"SECRET", "PYTHONPATH", "VIRTUAL_ENV", "UV_PYTHON", "UV_PRERELEASE", "LD_PRELOAD"} & env.keys()
    assert (env["PATH"], env["UV_INDEX_CORP_PASSWORD"], env["SSL_CERT_FILE"], env["UV_NO_CONFIG"]) == ("/bin", "p", "/ca.pem", "1")


def fake_uv(monkeypatch: pytest.MonkeyPatch, folder: Path, text: str) -> None:
    path = folder / "uv"
    path.write_text(text)
    path.chmod(0o755)
    monkeypatch.setattr(settings, "uv_binary", lambda: os.fspath(path))


def test_uv_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def find() -> str:
        raise FileNotFoundError("no uv in bin")

    monkeypatch.setattr(uv, "find_uv_bin", find)
    with pytest.raises(UvError, match="uv is missing: no uv in bin") as e:
        run_uv(["--version"], {})
    assert e.value.hint
    assert e.value.exit_code == 6


def test_uv_cannot_be_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake_uv(monkeypatch, tmp_path, "not a program")
    with pytest.raises(UvError, match="does not start"):
        run_uv(["--version"], {})


def test_its_output_is_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake_uv(monkeypatch, tmp_path, "#!/bin/sh\necho rubbish\necho 'error: the sky is falling' >&2\nexit 9\n")
    with pytest.raises(UvError) as e:
        run_uv(["pip", "compile", "secret-argument"], {})
    assert e.value.cause == "uv pip compile failed (exit 9):\nerror: the sky is falling"


def test_a_flood_is_cut_and_bytes_are_no_obstacle(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake_uv(monkeypatch, tmp_path, "#!/bin/sh\nhead -c 1000000 /dev/urandom >&2\necho 'the end' >&2\nexit 1\n")
    with pytest.raises(UvError) as e:
        run_uv(["venv", "x"], {})
    assert len(e.value.cause) < 4000
    assert e.value.cause.endswith("the end")


def test_it_dies_without_a_word(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake_uv(monkeypatch, tmp_path, "#!/bin/sh\nkill -SEGV $$\n")
    with pytest.raises(UvError, match=r"exit -11\):\nit said nothing"):
        run_uv(["venv", "x"], {})


@pytest.mark.parametrize("said", ["No space left on device (os error 28)", "Disk quota exceeded (os error 122)", "File too large (os error 27)"])
def test_a_full_disk_is_told_as_such(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: str) -> None:
    fake_uv(monkeypatch, tmp_path, f"#!/bin/sh\necho 'error: failed to write x: {said}' >&2\nexit 2\n")
    with pytest.raises(DiskFullError, match=said.split(" (")[0]):
        run_uv(["venv", "x"], {})


def test_a_cache_of_uv_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputUnwritableError, match="Failed to initialize cache") as e:
        run_uv(["pip", "compile", "-"], {"UV_CACHE_DIR": str(tmp_path / "file" / "uv"), "PATH": os.defpath})
    assert "UV_CACHE_DIR" in e.value.hint


def test_projects_near_the_caller_have_no_say(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake_uv(monkeypatch, tmp_path, "#!/bin/sh\nls -A\npwd\n")
    (tmp_path / "pyproject.toml").write_text("[tool.uv]\n")
    monkeypatch.chdir(tmp_path)
    (where,) = call_uv([], {"PATH": os.defpath}).stdout.split()
    assert Path(where) != tmp_path


def test_no_temporary_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "nowhere"))
    monkeypatch.setattr(tempfile, "TemporaryDirectory", _no_usable)
    with pytest.raises(OutputUnwritableError, match="nowhere") as e:
        call_uv(["--version"], {})
    assert "TMPDIR" in e.value.hint


def _no_usable() -> None:
    raise FileNotFoundError(2, "No usable temporary directory found")

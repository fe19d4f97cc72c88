"""What this machine offers."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from csvkit_ml import pipeline
from csvkit_ml.environments import settings
from csvkit_ml.environments.doctor import doctor_facts, python_versions
from csvkit_ml.errors import UvError


def test_rows() -> None:
    rows = dict(doctor_facts({**os.environ, "UV_FIND_LINKS": "/wheels", "PIP_FIND_LINKS": "", "UV_DEFAULT_INDEX": "https://user:secret@host/"}))
    assert rows["builds for"] == f"Python {sys.version.split()[0]}"
    assert rows["uv"].startswith("uv ")
    assert rows["find-links"] == "/wheels"
    assert "secret" not in str(rows)


def test_interpreters_that_uv_finds() -> None:
    environ = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    assert any(line.startswith(sys.version.split()[0]) for line in python_versions(environ))


@pytest.mark.parametrize("said", ["no json", "[1]", '{"a": 1}', '[{"path": "x"}]', "null"])
def test_a_list_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: str) -> None:
    fake = tmp_path / "uv"
    fake.write_text(f"#!/bin/sh\necho '{said}'\n")
    fake.chmod(0o755)
    monkeypatch.setattr(settings, "uv_binary", lambda: os.fspath(fake))
    with pytest.raises(UvError, match="cannot be read"):
        python_versions({})


def test_the_command_tells_what_is_missing_and_blocks_without_uv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    fine = pipeline.doctor()
    assert not fine.blocking
    assert {"mlcsv", "builds for", "uv", "interpreters", "find-links", "index", "libraries", "backends", "keys", "gpu", "cache"} <= dict(fine.rows).keys()
    monkeypatch.setattr(settings, "uv_binary", lambda: str(tmp_path / "nowhere"))
    broken = pipeline.doctor()
    assert broken.blocking
    assert any("uv does not start" in text for text in broken.missing)
    assert "libraries" in dict(broken.rows)

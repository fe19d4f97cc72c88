"""The repository checks itself: README against the program, exit codes, error codes, no machine's paths."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from csvkit_ml import errors
from csvkit_ml.cli import app

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def classes() -> list[type[errors.MlcsvError]]:
    return [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, errors.MlcsvError)]


def test_error_codes_are_unique_and_documented() -> None:
    codes = [c.code for c in classes()]
    assert len(set(codes)) == len(codes)
    table = {int(n) for n in re.findall(r"^\| (\d+) \|", README, re.M)}
    assert {c.exit_code for c in classes()} <= table
    assert {0, 3, 4, 130} <= table


def test_every_command_is_in_the_readme() -> None:
    commands = [c.name or c.callback.__name__ for c in app.registered_commands if c.callback] + [g.name for g in app.registered_groups]
    assert [c for c in commands if f"`mlcsv {c}" not in README] == []


def test_the_gate_runs_what_the_readme_says() -> None:
    assert "-e '.[test]' && .venv/bin/python -m pytest -q" in README
    assert "pytest -q" in (ROOT / ".ci" / "run").read_text()


def test_no_machine_is_named_in_tracked_files() -> None:
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.split()
    pattern = re.compile(r"/(?:work|root|home|opt|farm)/[a-z]")
    assert [f for f in files if not f.startswith("tests/repo/") and pattern.search((ROOT / f).read_text(errors="replace"))] == []


def test_modules_have_a_room_with_a_name() -> None:
    names = {p.stem for p in (ROOT / "csvkit_ml").rglob("*.py")}
    assert not names & {"utils", "util", "helpers", "common", "misc", "manager"}

"""The maker's own tests in a process of the tested environment, bounded in time; whatever becomes of it, what was seen is kept."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from csvkit_ml.errors import UsageError
from csvkit_ml.intended.staged.own_tests import MAX_TEXT, NO_PYTEST
from csvkit_ml.model.digest import Digest, sha256
from csvkit_ml.model.requirement import OwnTest, OwnTests, TestOutcome
from csvkit_ml.programs import run_to_end, whole_lines

RUNNER = Path(__file__).parent / "staged" / "own_tests.py"
_LAST_WORDS = 4000
_STATUS = {2: "the run was interrupted", 3: "pytest failed inside", 4: "pytest was used wrongly", 5: "no test was collected"}
_NO_PYTEST = "pytest is not installed in the tested environment: nothing was run (adopt an environment that has it, with --python)"


def run_own_tests(python: str, tests: Path, *, variables: Mapping[str, str], limit_s: float, bytecode: Path) -> OwnTests:
    """Run the tests of a folder or file.

    Args:
        variables: the whole environment of the process.
        bytecode: folder for byte code, so that none is written beside the tests or the environment.

    Raises:
        UsageError: there is no such folder or file.
        InterpreterError: the interpreter cannot be started.
    """
    tests = tests.absolute()
    if not tests.exists():
        raise UsageError(f"there is no {tests.name} with tests", "name a folder or file of pytest tests with --pq")
    files = _files(tests)
    with tempfile.TemporaryDirectory() as folder:
        runner, record, output = Path(shutil.copy(RUNNER, folder)), Path(folder) / "record.jsonl", Path(folder) / "output"
        line = [python, "-I", "-X", f"pycache_prefix={bytecode}", str(runner), str(record), str(tests)]
        with output.open("wb") as stream:
            place = tests if tests.is_dir() else tests.parent
            status = run_to_end(
                line, limit_s, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT, cwd=place, env=dict(variables)
            )
        ending = _ending(status, limit_s)
        seen = read_events(whole_lines(record))
        words = output.read_bytes()[-_LAST_WORDS:].decode(errors="replace") if ending else ""
    problems = (ending,) if ending else ()
    return OwnTests(source=tests.name, files=files, tests=seen.tests(), problems=(*problems, *seen.problems), output=words)


def _files(tests: Path) -> tuple[tuple[str, Digest], ...]:
    """Python files with their digests, by path below the folder."""
    found = sorted(p for p in tests.rglob("*.py") if p.is_file()) if tests.is_dir() else [tests]
    return tuple((p.relative_to(tests if tests.is_dir() else tests.parent).as_posix(), sha256(p.read_bytes())) for p in found)


def _ending(status: int | None, limit_s: float) -> str:
    """How the process ended in words, '' where every test came to its end."""
    if status is None:
        return f"the tests did not end within {limit_s:g} s and were ended"
    if status < 0:
        return f"the process was ended by {signal.Signals(-status).name}"
    return "" if status in (0, 1) else _NO_PYTEST if status == NO_PYTEST else _STATUS.get(status, f"the process ended with status {status}")


@dataclass(slots=True, kw_only=True)
class Seen:
    """What the events of a run add up to."""

    collected: dict[str, tuple[str, ...]] = field(default_factory=dict)
    steps: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """(when, outcome) of every step of a test."""
    texts: dict[str, str] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    def tests(self) -> tuple[OwnTest, ...]:
        """In the order of collection."""
        return tuple(
            OwnTest(id=id, outcome=self._outcome(id), requirements=requirements, output=self.texts.get(id, "")[-MAX_TEXT:])
            for id, requirements in self.collected.items()
        )

    def _outcome(self, id: str) -> TestOutcome:
        steps = self.steps.get(id, [])
        if any(outcome == "failed" for _, outcome in steps):
            return TestOutcome.FAILED if ("call", "failed") in steps else TestOutcome.ERROR
        if id not in self.ended:
            return TestOutcome.UNFINISHED
        if any(outcome == "skipped" for _, outcome in steps):
            return TestOutcome.SKIPPED
        return TestOutcome.PASSED if ("call", "passed") in steps else TestOutcome.UNFINISHED


def read_events(lines: Iterator[dict[str, Any]]) -> Seen:
    """Add events up; what does not look like one adds nothing."""
    seen = Seen()
    for line in lines:
        if "collected" in line:
            asked = line.get("requirements")
            seen.collected[str(line["collected"])] = tuple(map(str, asked)) if isinstance(asked, list) else ()
        elif "broken" in line:
            seen.problems.append(f"{line['broken']} could not be collected: {_last(str(line.get('text')))}")
        elif "test" in line:
            id = str(line["test"])
            seen.steps.setdefault(id, []).append((str(line.get("when")), str(line.get("outcome"))))
            seen.texts[id] = "\n".join(t for t in (seen.texts.get(id, ""), str(line.get("text", ""))) if t)
        elif "ended" in line:
            seen.ended.add(str(line["ended"]))
    return seen


def _last(text: str) -> str:
    """The last line of a traceback, bounded."""
    return (text.strip().splitlines() or [""])[-1][:300]

"""Run a maker's pytest tests and write down what becomes of each: `python own_tests.py OUTPUT TESTS`.

Every event is a line of OUTPUT at once, so that a crash loses nothing: what was collected, what began, how each step ended.
"""

import json
import os
import sys

MAX_TEXT = 8000
"""Characters of one test's output, its end."""
NO_PYTEST = 64
"""Exit status where there is no pytest; pytest itself has 0 to 5."""


class Recorder:
    """A pytest plug-in."""

    def __init__(self, path):
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, **line):
        data = (json.dumps(line) + "\n").encode("utf-8", "backslashreplace")
        while data:
            data = data[os.write(self.file, data) :]

    def pytest_configure(self, config):
        config.addinivalue_line("markers", "requirement(*ids): ids of the requirements that the test is about")

    def pytest_collection_finish(self, session):
        for item in session.items:
            ids = [str(i) for mark in item.iter_markers("requirement") for i in mark.args]
            self.write(collected=item.nodeid, requirements=sorted(set(ids)))

    def pytest_collectreport(self, report):
        if report.failed:
            self.write(broken=report.nodeid, text=str(report.longrepr)[-MAX_TEXT:])

    def pytest_runtest_logstart(self, nodeid, location):
        self.write(began=nodeid)

    def pytest_runtest_logreport(self, report):
        text = report.longreprtext if report.failed else _reason(report)
        printed = "\n".join(part for part in (report.capstdout, report.capstderr, text) if part)
        self.write(test=report.nodeid, when=report.when, outcome=report.outcome, text=printed[-MAX_TEXT:])

    def pytest_runtest_logfinish(self, nodeid, location):
        self.write(ended=nodeid)


def _reason(report):
    """Why a test was skipped or failed as expected."""
    if not report.skipped:
        return ""
    where = report.longrepr
    return getattr(report, "wasxfail", "") or (str(where[2]) if isinstance(where, tuple) else str(where))


def main():
    output, tests = sys.argv[1:3]
    sys.argv = ["pytest"]
    try:
        import pytest
    except ImportError:
        return NO_PYTEST
    recorder = Recorder(output)
    status = int(pytest.main(["-p", "no:cacheprovider", "--color=no", "-q", tests], plugins=[recorder]))
    recorder.write(status=status)
    return status


if __name__ == "__main__":
    sys.exit(main())

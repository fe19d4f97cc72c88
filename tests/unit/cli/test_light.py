"""Help comes at once: nothing heavy is imported before a command runs."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("numpy", "scipy", "onnx", "flint", "mpmath", "cryptography", "jinja2", "psutil", "uv", "sqlite3", "csvkit_ml.pipeline", "csvkit_ml.environments")
_LIST = """
import sys
from csvkit_ml.cli import app
try:
    app(sys.argv[1:])
except SystemExit as e:
    assert not e.code, e.code
print("\\n".join(sys.modules), file=sys.stderr)
"""


@pytest.mark.parametrize(
    "arguments",
    [["--help"], *([name, "--help"] for name in ("validate", "doctor", "keys", "qualify", "split", "anomalies"))],
)
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    done = subprocess.run([sys.executable, "-c", _LIST, *arguments], capture_output=True, text=True, check=True)
    assert "Usage" in done.stdout
    loaded = done.stderr.split()
    assert [m for m in loaded if any(m == h or m.startswith(h + ".") for h in HEAVY)] == []

"""Regenerate the signed sample report, or check that a fresh run of the same plan differs only in times and signatures.

    python reports/regenerate.py [--check]

The sample is a small, real run of onnxruntime. `--check` verifies the kept folder, runs its plan again into a temporary folder, verifies
that too, and compares judgement and report with times, people, host and evidence identity aside.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SAMPLE = HERE / "sample"
KEY = HERE / "sample-key.pub.json"
REQUIREMENT = "onnxruntime==1.23.2"
FUNCTIONS = ("relu", "sqrt", "matmul", "max_pool2d")
ASIDE = ("environment", "run", "manifest", "signed_by", "plan", "settings", "suite", "renderers")
"""Parts of a report that belong to one machine, one moment, or the wording of the sources; everything else must be the same everywhere."""


def mlcsv(*arguments: str, config: Path, expect: tuple[int, ...] = (0,)) -> str:
    """Run the command line with a key folder of its own."""
    env = {**os.environ, "XDG_CONFIG_HOME": str(config), "MLCSV_PASSPHRASE": "sample"}
    done = subprocess.run([sys.executable, "-m", "csvkit_ml", *arguments], cwd=HERE, env=env, capture_output=True, text=True)
    if done.returncode not in expect:
        sys.exit(f"mlcsv {' '.join(arguments)} gave {done.returncode}:\n{done.stderr}")
    return done.stdout


def generate(folder: Path, config: Path) -> None:
    """One signed run."""
    mlcsv("keys", "new", "sample", config=config)
    chosen = [a for f in FUNCTIONS for a in ("--function", f)]
    mlcsv(
        "validate",
        REQUIREMENT,
        *chosen,
        "--out",
        os.path.relpath(folder, HERE) if folder.parent == HERE else str(folder),
        "--tester",
        "Sample Tester",
        "--device",
        "sample-device.toml",
        "--quiet",
        config=config,
        expect=(0, 3),
    )


def portable(report: dict[str, Any]) -> dict[str, Any]:
    """A report without what belongs to one machine or moment."""
    kept = {k: v for k, v in report.items() if k not in ASIDE}
    for function in kept["functions"]:
        for case in function["cases"]:
            case.pop("evidence")
            case.pop("measurements")
            case.pop("detail")
        function.pop("worst")
        function["cases"].sort(key=lambda c: c["id"])
    kept["oracles"] = [name for name, _ in kept["oracles"]]
    kept["findings"] = [f for f in kept["findings"] if f["kind"] != "installation"]
    return kept


def check() -> None:
    """Verify the kept sample, regenerate, verify, compare."""
    with tempfile.TemporaryDirectory() as scratch:
        config, fresh = Path(scratch) / "config", Path(scratch) / "fresh"
        mlcsv("verify", str(SAMPLE), "--trust", str(KEY), config=config)
        generate(fresh, config)
        mlcsv("verify", str(fresh), config=config)
        old, new = (portable(json.loads((f / "report.json").read_bytes())) for f in (SAMPLE, fresh))
        for name in old:
            if old[name] != new[name]:
                sys.exit(f"the sample's {name} is not what this version gives: run python reports/regenerate.py and look at the difference")
    print("sample report: verified, regenerated, the same apart from times, host and signatures")


def main() -> None:
    """See the module's text."""
    if sys.argv[1:] == ["--check"]:
        check()
        return
    with tempfile.TemporaryDirectory() as scratch:
        config = Path(scratch)
        shutil.rmtree(SAMPLE, ignore_errors=True)
        generate(SAMPLE, config)
        shutil.copy(config / "mlcsv" / "keys" / "sample.pub.json", KEY)
    print(f"written: {SAMPLE}")


if __name__ == "__main__":
    main()

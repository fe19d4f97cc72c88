"""Regenerate the signed sample report, or check that a fresh run of the same plan differs only in times and signatures.

    python reports/regenerate.py [--check]

The sample is a small, real run of onnxruntime by an approved plan, attested by a machine and approved by three invented persons whose
private keys are not kept. `--check` verifies the kept folder with its policy, runs its plan again into a temporary folder, verifies that too,
and compares judgement and report with times, people, host and evidence identity aside.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SAMPLE = HERE / "sample"
KEYS = HERE / "sample-keys"
"""Public halves, and the certificate of the authority that issued the certificates of the signatures in PDFs."""
POLICY = HERE / "sample-policy.toml"
REQUIREMENT = "onnxruntime==1.23.2"
FUNCTIONS = ("relu", "sqrt", "matmul", "max_pool2d")
PEOPLE = {"author": "Ada Example", "reviewer": "Rex Example", "approver": "Pia Example"}
"""Invented; by role, which is the name of the key too."""
ASIDE = ("environment", "run", "manifest", "signed_by", "plan", "plan_approvals", "settings", "suite", "renderers")
"""Parts of a report that belong to one machine, one moment, one person, or the wording of the sources; everything else must be the same everywhere."""


def mlcsv(*arguments: str, config: Path, expect: tuple[int, ...] = (0,), typed: str = "") -> str:
    """Run the command line with a key folder of its own; passphrases are typed where persons sign."""
    env = {**os.environ, "XDG_CONFIG_HOME": str(config), "MLCSV_PASSPHRASE": "sample"}
    done = subprocess.run([sys.executable, "-m", "csvkit_ml", *arguments], cwd=HERE, env=env, input=typed, capture_output=True, text=True)
    if done.returncode not in expect:
        sys.exit(f"mlcsv {' '.join(arguments)} gave {done.returncode}:\n{done.stderr}")
    return done.stdout


def generate(folder: Path, config: Path, *plan: str) -> None:
    """One attested run, of a plan file where one is given."""
    mlcsv("keys", "new", "sample", config=config)
    chosen = ["--plan", *plan] if plan else [REQUIREMENT, *_chosen()]
    out = os.path.relpath(folder, HERE) if folder.parent == HERE else str(folder)
    more = ("--out", out, "--tester", "Sample Tester", "--device", "sample-device.toml", "--quiet")
    mlcsv("validate", *chosen, *more, config=config, expect=(0, 3))


def _chosen() -> list[str]:
    return [a for f in FUNCTIONS for a in ("--function", f)]


def approve(config: Path) -> None:
    """Keys and certificates of three persons; the plan signed before the run, and the report after it, in envelopes and in the PDFs."""
    keys = config / "mlcsv" / "keys"
    mlcsv("keys", "ca", "sample", config=config)
    for role, person in PEOPLE.items():
        mlcsv("keys", "new", role, "--person", person, config=config)
        mlcsv("keys", "certificate", role, "--ca", "sample", config=config, typed="sample\nsample\n")
    try:
        mlcsv("plan", REQUIREMENT, *_chosen(), "--output", "sample-plan.json", config=config)
        mlcsv("sign", "sample-plan.json", "--as", "approver", "--key", "approver", "--policy", POLICY.name, config=config, typed="sample\n")
        time.sleep(1.1)  # times have seconds, and a plan is approved before its run
        generate(SAMPLE, config, "sample-plan.json")
    finally:
        for path in HERE.glob("sample-plan.*"):  # the folder holds both
            path.unlink()
    for role in PEOPLE:
        certificate = ("--certificate", str(keys / f"{role}.p12"))
        mlcsv("sign", "sample", "--as", role, "--key", role, "--policy", POLICY.name, *certificate, config=config, typed="sample\nsample\n")
    shutil.rmtree(KEYS, ignore_errors=True)
    KEYS.mkdir()
    for path in (*keys.glob("*.pub.json"), keys / "sample.ca.pem"):
        shutil.copy(path, KEYS)


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
    """Verify the kept sample with its policy, regenerate, verify, compare."""
    with tempfile.TemporaryDirectory() as scratch:
        config, fresh = Path(scratch) / "config", Path(scratch) / "fresh"
        mlcsv("verify", str(SAMPLE), "--trust", str(KEYS), "--policy", POLICY.name, config=config)
        for name in ("soup-verification-report.pdf", "tool-validation-report.pdf"):
            path = SAMPLE / "approvals" / "3-approver" / name
            mlcsv("verify", str(path), "--ca", str(KEYS / "sample.ca.pem"), config=config)
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
        shutil.rmtree(SAMPLE, ignore_errors=True)
        approve(Path(scratch))
    print(f"written: {SAMPLE}")


if __name__ == "__main__":
    main()

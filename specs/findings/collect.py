"""Findings of a library as one document: proofs run on several releases, beside what the validation of each release said.

    python -m specs.findings.collect --title PyTorch --proofs 2.6.0.json 2.13.0.json --reports DIR DIR > specs/findings/torch.md

`--proofs` are outputs of a proofs script with --json, `--reports` finished report folders of the same releases in the same order.
Exit 3 where a function failed that no proof of that release covers: a failure without a proof is a suspicion, not a finding.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

SHOWN = 110
UNSUPPORTED = "the library says that it does not support this"
"""The reason of a case, as reports tell it."""


@dataclass(frozen=True, slots=True)
class Release:
    """One release: what was proven, and what the validation said of each function."""

    version: str
    proofs: tuple[dict[str, str], ...]
    verdicts: dict[str, str]
    cases: int
    unsupported: dict[str, tuple[str, ...]]
    """dtypes by function: cases to which the library answered that it does not have that."""

    def covered(self) -> set[str]:
        """Functions with a proof that found the library wrong."""
        return {f for p in self.proofs if p["state"] == "wrong" for f in p["functions"].split()}

    def unproven(self) -> list[str]:
        """Functions that failed without one."""
        return sorted(f for f, verdict in self.verdicts.items() if verdict == "FAILED" and f not in self.covered())


def read(proofs: Path, report: Path) -> Release:
    """One release from its two files."""
    proven, told = json.loads(proofs.read_text()), json.loads((report / "report.json").read_text())
    functions = {f["id"]: str(f["verdict"]) for f in told["functions"]}
    left = {f["id"]: tuple(sorted({c["dtype"] for c in f["cases"] if c.get("reason") == UNSUPPORTED})) for f in told["functions"]}
    cases = sum(len(f["cases"]) for f in told["functions"])
    return Release(told["version"], tuple(proven["proofs"]), functions, cases, {k: v for k, v in left.items() if v})


def cell(text: str) -> str:
    """Text of a table cell."""
    short = text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
    return short.replace("|", "\\|").replace("\n", " ")


def counts(releases: Iterable[Release]) -> Iterable[str]:
    """What each validation counted."""
    yield "| release | functions | cases | passed | failed | indeterminate |"
    yield "|---|---|---|---|---|---|"
    for r in releases:
        by = [sum(v == verdict for v in r.verdicts.values()) for verdict in ("PASSED", "FAILED", "INDETERMINATE")]
        yield f"| {r.version} | {len(r.verdicts)} | {r.cases} | {by[0]} | {by[1]} | {by[2]} |"


def findings(releases: tuple[Release, ...]) -> Iterable[str]:
    """One row a proof: what is said, and what each release answers."""
    yield "| functions | definition | " + " | ".join(r.version for r in releases) + " | expected |"
    yield "|---|---|" + "---|" * (len(releases) + 1)
    for rows in zip(*(r.proofs for r in releases), strict=True):
        answers = [("**" + cell(p["got"]) + "**") if p["state"] == "wrong" else ("as defined" if p["state"] == "ok" else "not here") for p in rows]
        if any(p["state"] == "wrong" for p in rows):
            expected = next((p["expected"] for p in rows if p["expected"]), "")
            yield f"| {rows[0]['functions']} | {cell(rows[0]['says'])} | {' | '.join(answers)} | {cell(expected)} |"


def refusals(releases: tuple[Release, ...]) -> Iterable[str]:
    """What a release says that it does not support."""
    yield "| release | the library says that it does not support |"
    yield "|---|---|"
    for r in releases:
        told = "; ".join(f"{f}: {', '.join(dtypes)}" for f, dtypes in r.unsupported.items())
        yield f"| {r.version} | {told or 'nothing that was asked'} |"


def document(title: str, releases: tuple[Release, ...]) -> str:
    """The page."""
    lines = [
        f"# What fails on {title}, and why it is the library", "",
        "Every function that failed in the validation of a release is proven here by a few lines that use the library alone. In bold: what the",
        "release answers where it is wrong. Made by `specs/findings/collect.py` from reports and from the proofs script beside this page.", "",
        *counts(releases), "", *findings(releases), "", *refusals(releases), "",
    ]  # fmt: skip
    for r in releases:
        if left := r.unproven():
            lines += [f"Failed on {r.version} without a proof here: {', '.join(left)}.", ""]
    return "\n".join(lines)


def main() -> int:
    """Write the page to stdout."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--title", required=True)
    parser.add_argument("--proofs", nargs="+", type=Path, required=True)
    parser.add_argument("--reports", nargs="+", type=Path, required=True)
    given = parser.parse_args()
    releases = tuple(read(p, r) for p, r in zip(given.proofs, given.reports, strict=True))
    print(document(given.title, releases), end="")
    return 3 if any(r.unproven() for r in releases) else 0


if __name__ == "__main__":
    sys.exit(main())

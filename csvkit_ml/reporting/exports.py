"""What other systems take: SOUP list (CSV, Markdown), CycloneDX SBOM, in-toto test-result. Pure: the same report gives the same bytes."""

from __future__ import annotations

import csv
import io
import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from csvkit_ml.model.codec import canonical
from csvkit_ml.model.digest import hex_of, sha256
from csvkit_ml.model.environment import Distribution
from csvkit_ml.model.function import Verdict
from csvkit_ml.model.report import ReportModel
from csvkit_ml.reporting.display import visible

COLUMNS = (
    "Designator", "Title", "Maker", "Version", "SHA-256", "Intended use", "Required configuration", "Risk class", "Known anomalies", "Verification",
    "Report", "Next review",
)  # fmt: skip
_RESULTS = {Verdict.PASSED: "PASSED", Verdict.FAILED: "FAILED", Verdict.INDETERMINATE: "WARNED"}


def soup_rows(model: ReportModel) -> list[tuple[str, ...]]:
    """The library first, then everything that is installed with it; what no person has answered stays empty."""
    failures = "; ".join(f"{f.subject}: {_decision(model, f.subject)}" for f in model.findings if f.kind == "failure")
    device, report = model.device, f"manifest {model.manifest}"
    rows: list[tuple[str, ...]] = []
    for d in sorted(model.environment.distributions, key=lambda d: (d.name != model.library, d.name)):
        own = d.name == model.library
        rows.append((
            device.designator if own else "", d.name, model.maker if own else "", d.version, d.wheel, device.soup_use if own else f"needed by {model.library}",
            device.required_configuration if own else "", device.soup_risk if own else "", failures if own else "",
            f"{model.status.value} on {model.backend}" if own else "installed with it, not verified apart", report, device.next_review if own else "",
        ))  # fmt: skip
    return rows


def _decision(model: ReportModel, subject: str) -> str:
    d = model.device.disposition("failure", subject)
    return f"{d.decision} ({d.reason})" if d else "no disposition"


def soup_csv(model: ReportModel) -> bytes:
    """RFC 4180; a cell that a spreadsheet would take for a formula is made a text."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([_text(c) for c in row] for row in soup_rows(model))
    return out.getvalue().encode()


def _text(cell: str) -> str:
    shown = visible(cell)
    return f"'{shown}" if shown[:1] in ("=", "+", "-", "@", "\t", "\r") else shown


def soup_markdown(model: ReportModel) -> bytes:
    """One table."""
    lines = ["| " + " | ".join(COLUMNS) + " |", "|" + "---|" * len(COLUMNS)]
    lines += ["| " + " | ".join(_cell(c) for c in row) + " |" for row in soup_rows(model)]
    return ("\n".join(lines) + "\n").encode()


def _cell(text: str) -> str:
    plain = visible(" ".join(text.split()))
    return "".join(f"\\{ch}" if ch in "\\`*_[]<>#|!" else ch for ch in plain)


def cyclonedx(model: ReportModel) -> bytes:
    """CycloneDX 1.6 JSON: every distribution and native library; the report as external reference of the library."""
    tree = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'mlcsv:{model.manifest}:{model.environment.lock}')}",
        "version": 1,
        "metadata": {
            **({"timestamp": model.run.finished} if model.run.finished else {}),
            "tools": {"components": [{"type": "application", "name": "mlcsv", "version": model.tool.removeprefix("mlcsv ")}]},
            "component": {"type": "application", "name": f"tested environment of {model.library}", "bom-ref": "environment"},
        },
        "components": [_component(model, d) for d in model.environment.distributions],
        "dependencies": [{"ref": "environment", "dependsOn": sorted({_ref(d) for d in model.environment.distributions})}],
    }
    return _json(tree)


def _ref(d: Distribution) -> str:
    return f"pkg:pypi/{quote(d.name.lower().replace('_', '-'))}@{quote(d.version)}"


def _component(model: ReportModel, d: Distribution) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "library", "bom-ref": _ref(d), "name": d.name, "version": d.version, "purl": _ref(d)}
    if d.wheel:
        made["hashes"] = [{"alg": "SHA-256", "content": d.wheel.removeprefix("sha256:")}]
    if d.native:
        made["components"] = [
            {"type": "file", "bom-ref": f"{_ref(d)}#{n}", "name": path, "hashes": [{"alg": "SHA-256", "content": h.removeprefix("sha256:")}]}
            for n, (path, h) in enumerate(d.native)
        ]
    if d.name == model.library:
        digest = hex_of(sha256(canonical(model)))
        made["supplier"] = {"name": model.maker} if model.maker else {}
        reference = {"type": "quality-metrics", "url": "report.json", "comment": f"mlcsv report, {model.status.value} on {model.backend}"}
        made["externalReferences"] = [reference | {"hashes": [{"alg": "SHA-256", "content": digest}]}]
    return {k: v for k, v in made.items() if v != {}}


def as_test_result(model: ReportModel) -> bytes:
    """An in-toto Statement v1 with the test-result predicate v0.1; the subject is the tested wheel. Unsigned: sign the bytes as you sign others."""
    wheels = [d for d in model.environment.distributions if d.name == model.library and d.wheel]
    subject = [{"name": _ref(d), "digest": {"sha256": d.wheel.removeprefix("sha256:")}} for d in wheels]
    subject = subject or [{"name": f"{model.library} {model.version}", "digest": {"sha256": hex_of(model.environment.lock)}}]
    names = {v: sorted(c.id for f in model.functions for c in f.cases if c.verdict is v) for v in Verdict}
    predicate = {
        "result": _RESULTS[model.status],
        "configuration": [{"name": "plan.json", "digest": {"sha256": hex_of(model.plan)}}],
        "passedTests": names[Verdict.PASSED],
        "warnedTests": names[Verdict.INDETERMINATE],
        "failedTests": names[Verdict.FAILED],
    }
    kind = "https://in-toto.io/attestation/test-result/v0.1"
    return _json({"_type": "https://in-toto.io/Statement/v1", "subject": subject, "predicateType": kind, "predicate": predicate})




def _json(tree: Mapping[str, Any]) -> bytes:
    return json.dumps(tree, indent=1, ensure_ascii=False, sort_keys=False).encode() + b"\n"


EXPORTS: Mapping[str, Callable[[ReportModel], bytes]] = {
    "soup-csv": soup_csv,
    "soup-md": soup_markdown,
    "cyclonedx": cyclonedx,
    "test-result": as_test_result,
}
"""By the name that `mlcsv export --as` takes."""

"""The machine object of `--json`: one plain JSON value a target."""

from __future__ import annotations

from typing import Any

from csvkit_ml.model.codec import to_json
from csvkit_ml.model.function import Measurement, Verdict
from csvkit_ml.model.report import ReportFunction, ReportModel
from csvkit_ml.reporting.assemble import severity, worst_of


def summary(model: ReportModel, report: str) -> dict[str, Any]:
    """Status, target, backend, folder of the report, counts of cases, and every function with its worst measurement.

    Args:
        report: path of the report folder, as it is to be printed.

    Returns:
        JSON values only; a float that JSON cannot carry is `{"$float": text}` as in report.json.
    """
    return {
        "status": model.status.value,
        "target": {"library": model.library, "version": model.version},
        "backend": model.backend,
        "report": report,
        "counts": {v.value.lower(): model.count(v) for v in Verdict},
        "functions": [_function(f) for f in model.functions],
    }


def _function(f: ReportFunction) -> dict[str, Any]:
    return {"id": f.id, "side": f.side.value, "status": f.verdict.value, "worst": _worst(f)}


def _worst(f: ReportFunction) -> dict[str, Any] | None:
    """The case with the largest error / limit; None where no case was measured."""
    measured = [(c.id, m) for c in f.cases if (m := worst_of(c.measurements)) is not None]
    if not measured:
        return None
    case, m = max(measured, key=lambda x: severity(x[1]))
    return {"case": case, **_numbers(m)}


def _numbers(m: Measurement) -> dict[str, Any]:
    names = ("output", "expected", "actual", "error", "limit", "ratio")
    return {"reason": m.reason.name, **{n: to_json(getattr(m, n)) for n in names}}

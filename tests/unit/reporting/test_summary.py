from __future__ import annotations

import json

from csvkit_ml.model.function import Verdict
from csvkit_ml.reporting.summary import summary
from tests.unit.reporting.fake_records import records


def test_the_machine_object() -> None:
    model = records(bad=1.0).model()
    made = summary(model, "reports/x")
    assert list(made) == ["status", "target", "backend", "report", "counts", "functions"]
    assert made["target"] == {"library": "torch", "version": "2.13.0+cpu"} and made["report"] == "reports/x"
    assert made["counts"] == {v.value.lower(): model.count(v) for v in Verdict}
    assert [(f["id"], f["side"], f["status"]) for f in made["functions"]] == [
        (f.id, f.side.value, f.verdict.value) for f in model.functions
    ]
    assert json.loads(json.dumps(made, allow_nan=False)) == made


def test_worst_is_the_models_and_names_its_case() -> None:
    model = records(bad=0.2).model()
    for f, made in zip(model.functions, summary(model, "")["functions"], strict=True):
        case = next(c for c in f.cases if c.id == made["worst"]["case"])
        assert f.worst is not None and f.worst.error in [m.error for m in case.measurements]


def test_nothing_measured_has_no_worst() -> None:
    r = records(functions=1, samples=0)
    assert summary(r.model(), "")["functions"][0]["worst"] is None

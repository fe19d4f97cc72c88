"""Failure modes: each reason of a failure is one of them, counted by function, the same on paper and page."""

from __future__ import annotations

import dataclasses
import json

from csvkit_ml.model.function import VERDICT, Reason, Verdict
from csvkit_ml.reporting import html_format
from csvkit_ml.reporting.document import SOUP, document
from csvkit_ml.reporting.failure_modes import MODES, NAMES, clean, rows, seen
from tests.unit.reporting.fake_records import records


def test_every_reason_of_a_failure_is_a_mode_and_no_reason_two() -> None:
    listed = [r for _, reasons in MODES for r in reasons]
    failing = {r for r, v in VERDICT.items() if v is Verdict.FAILED} - {Reason.NOT_REPEATABLE}
    assert len(listed) == len(set(listed)) and set(listed) == failing | {Reason.TIMED_OUT}


def test_cases_are_counted_by_mode() -> None:
    f = records(functions=1, samples=2, bad=0.0, hostile=False).model().functions[0]
    case = dataclasses.replace(f.cases[0], differing=())
    hung = dataclasses.replace(case, reason=Reason.TIMED_OUT)
    unsteady = dataclasses.replace(case, reason=Reason.NOT_REPEATABLE, differing=("rerun",))
    assert dict(zip(NAMES, seen([case, hung, hung, unsteady]), strict=True)) == dict.fromkeys(NAMES, 0) | {"hang": 2, "other bits when repeated": 1}
    assert rows([dataclasses.replace(f, cases=(case,))]) == []
    assert rows([dataclasses.replace(f, cases=(case, hung))]) == [(f.id, 2, (0, 0, 0, 0, 1, 0))]


def test_paper_and_page_say_the_same() -> None:
    model = records(functions=9, samples=6, bad=0.4, hostile=False).model()
    soup = next(s for s in document(model, SOUP)["sections"] if s["key"] == "failure-modes")
    words, page = json.dumps(soup, ensure_ascii=False), html_format.render(model).decode()
    assert rows(model.functions) and all(name in words and name in page for name in NAMES)
    assert clean(model.functions, len(rows(model.functions))) in page
    assert "In every function none" in clean(model.functions, 0)

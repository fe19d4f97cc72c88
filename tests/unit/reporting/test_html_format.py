from __future__ import annotations

import base64
import dataclasses
import hashlib
import re
from html.parser import HTMLParser

from csvkit_ml.model.function import Side, Verdict
from csvkit_ml.model.report import ReportModel
from csvkit_ml.reporting.display import visible
from csvkit_ml.reporting.html_format import FORMAT
from csvkit_ml.reporting.html_view import UNFOLDED_CASES, function_views
from csvkit_ml.reporting.paper_item import item
from tests.unit.reporting.fake_records import HOSTILE, records

_VOID = {"meta", "input", "br", "img", "link"}


class Page(HTMLParser):
    """Tags, texts and rows of a page; a tag closed out of order is an error."""

    def __init__(self, model: ReportModel) -> None:
        super().__init__(convert_charrefs=True)
        self.source = FORMAT.render(model).decode()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.rows: list[tuple[dict[str, str | None], list[str]]] = []
        self.open: list[str] = []
        self.feed(self.source)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID and not (tag == "rect" or tag == "line"):
            self.open.append(tag)
        if tag == "tr":
            self.rows.append((dict(attrs), []))
        if tag in ("td", "th") and self.rows:
            self.rows[-1][1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if "td" in self.open or "th" in self.open:
            self.rows[-1][1][-1] += data

    def text(self) -> str:
        return "".join(self.texts)


def test_hostile_texts_stay_texts() -> None:
    page = Page(records(bad=0.3).model())
    for text in HOSTILE:
        assert visible(text) in page.text()
    for raw in (HOSTILE[0], HOSTILE[1], "<img", "\u202e", "\u2066", "\u200b", "\x1b", "\x00"):
        assert raw not in page.source
    assert sum(t == "script" for t, _ in page.tags) == sum(t == "style" for t, _ in page.tags) == 1
    assert not [a for _, attrs in page.tags for a in attrs if a.startswith("on") or a == "style"]


def test_hostile_identities_too() -> None:
    model = records(functions=3).model()
    bad = "<script>alert(1)</script>\u202e"
    f = dataclasses.replace(model.functions[0], id=bad, area=bad, names=(bad,), requirement=bad)
    page = Page(dataclasses.replace(model, functions=(f, *model.functions[1:]), title=bad, library=bad, signed_by=bad, asked=bad, tool=bad))
    assert "<script>alert" not in page.source and "\u202e" not in page.source and visible(bad) in page.text()


def test_a_lone_surrogate_does_not_break_the_page() -> None:
    model = records(functions=1).model()
    assert "<U+D800>" in Page(dataclasses.replace(model, title="x\ud800")).text()


def test_nothing_is_loaded_from_anywhere() -> None:
    page = Page(records().model())
    assert {t for t, _ in page.tags} & {"link", "img", "iframe", "object", "embed", "base", "audio", "video", "source"} == set()
    for _, attrs in page.tags:
        assert not {"src", "srcset", "action", "formaction", "background", "poster", "data", "xlink:href"} & set(attrs)
        assert (attrs.get("href") or "#").startswith("#")
    style = re.search(r"<style>(.*?)</style>", page.source, re.S)
    script = re.search(r"<script>(.*?)</script>", page.source, re.S)
    assert style and script
    assert not re.search(r"url\(|@import|https?:", style[1])
    assert not re.search(r"fetch|XMLHttp|import\(|WebSocket|https?:|eval|innerHTML", script[1])


def test_policy_names_exactly_this_style_and_script() -> None:
    page = Page(records(functions=1).model())
    policy = next(a["content"] for t, a in page.tags if t == "meta" and a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    for tag in ("style", "script"):
        found = re.search(f"<{tag}>(.*?)</{tag}>", page.source, re.S)
        assert found
        assert f"{tag}-src 'sha256-{base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()}'" in policy
    assert policy.startswith("default-src 'none'; ") and "unsafe" not in policy


def test_every_count_is_the_models() -> None:
    model = records(bad=0.2, functions=9, samples=30).model()
    page = Page(model)
    rows = {a["data-counts"]: c[1:] for a, c in page.rows if "data-counts" in a}
    assert rows["all"] == [f"{model.count(v):,}" for v in Verdict]
    for side in (Side.INFERENCE, Side.TRAINING):
        assert rows[side.value] == [f"{model.count(v, side):,}" for v in Verdict]
    cases = [a["class"] for a, _ in page.rows if (a.get("class") or "").startswith("c ")]
    assert [cases.count(f"c {k}") for k in "pfi"] == [model.count(v) for v in Verdict]
    for v in Verdict:
        assert f"{model.count(v):,} {v.value.lower()}" in page.text()
    for f in model.functions:
        line = next(c for _, c in page.rows if len(c) == 8 and c[1].startswith(f.id) and c[4].isdigit())
        assert line[4:7] == [str(f.passed), str(f.failed), str(f.indeterminate)]
    assert f"Findings ({len(model.findings)})" in page.text()


def test_functions_of_both_sides_are_detailed_once_and_cited_on_both() -> None:
    model = records().model()
    page = Page(model)
    assert sum("fn" in (a.get("class") or "").split() for t, a in page.tags if t == "details") == len(model.functions)
    both = [f for f in model.functions if f.side is Side.BOTH]
    cited = [c for _, c in page.rows if len(c) == 8 and "detailed under inference" in c[1]]
    assert both and len(cited) == len(both)


def test_every_case_has_its_command() -> None:
    model = records(bad=0.3, functions=5).model()
    text = Page(model).text()
    assert all(visible(c.reproduce) in text for f in model.functions for c in f.cases)


def test_unsigned_and_status_are_said_loudly() -> None:
    unsigned = Page(records(functions=2, bad=0.0).model())
    assert "<title>UNSIGNED – PASSED – " in unsigned.source and "mlcsv keys new" in unsigned.text()
    assert re.search(r'id="status">.*UNSIGNED', unsigned.source)
    signed = Page(records(functions=2, bad=0.0, signed_by="lab machine 7").model())
    assert "UNSIGNED" not in signed.source.split("</style>")[1] and "lab machine 7" in signed.text()


def test_a_missing_fact_of_the_first_page_makes_a_draft() -> None:
    r = records(functions=2, bad=0.0, hostile=False)
    assert "DRAFT" not in Page(r.model()).text()
    assert "DRAFT" in Page(dataclasses.replace(r, run=dataclasses.replace(r.run, tester="")).model()).text()


def test_verdicts_are_told_by_word_and_sign() -> None:
    page = Page(records(bad=0.3).model())
    for word in ("✓ passed", "✕ failed", "? indeterminate", "✕ FAILED", "✓ PASSED"):
        assert word in page.text()


def test_words_that_a_tool_may_not_say() -> None:
    text = Page(records(bad=0.3, hostile=False).model()).text().lower()
    assert "compliant" not in text and not re.search(r"\bvalidated\b|\bcertified\b", text)
    assert "a named person" in text


def test_same_bytes_every_time() -> None:
    assert FORMAT.render(records().model()) == FORMAT.render(records().model())


def test_an_empty_run_still_renders() -> None:
    page = Page(records(functions=0, hostile=False).model())
    assert "INDETERMINATE" in page.text() and "No function of this side was planned" in page.text()


def test_only_a_few_cases_are_unfolded_at_first() -> None:
    model = records(bad=0.5, functions=40, samples=20).model()
    views = function_views(model)
    open_cases = sum(len(v.rows) for v in views if v.unfolded)
    assert 0 < open_cases <= UNFOLDED_CASES < sum(len(v.rows) for v in views)
    assert all(v.function.verdict is not Verdict.PASSED for v in views if v.unfolded)


def test_what_was_asked_for_beside_the_library_is_told() -> None:
    model = records().model()
    assert "Asked for beside the library" not in Page(model).text()
    asked = dataclasses.replace(model, environment=dataclasses.replace(model.environment, beside=("numpy<3", "onnx")))
    assert "Asked for beside the library and what it needs itself: numpy<3, onnx." in Page(asked).text()
    assert "asked for beside the library: numpy<3, onnx" in repr(item(asked).blocks)

"""The paper reports: tagged, bookmarked, reproducible; hostile texts stay texts; every number is the model's."""

from __future__ import annotations

import dataclasses
import json
import re
from collections import Counter

import pytest

from csvkit_ml.model.codec import canonical
from csvkit_ml.model.device import DeviceInput
from csvkit_ml.model.function import Side, Verdict
from csvkit_ml.model.report import Approval, ReportModel
from csvkit_ml.reporting import paper_cases, paper_closing, pdf
from csvkit_ml.reporting.document import SOUP, TOOL, Kind, document
from csvkit_ml.reporting.findings import with_device
from tests.unit.reporting.fake_records import ANSWERED, HOSTILE, records
from tests.worlds.anomaly_lists import tiny_anomalies
from tests.worlds.inventories import tiny_coverage


def words(model: ReportModel, kind: Kind) -> str:
    return json.dumps(document(model, kind), ensure_ascii=False).replace("\u200b", "")


@pytest.mark.parametrize("kind", [TOOL, SOUP], ids=lambda k: k.key)
def test_a_hostile_run_is_typeset_as_tagged_pdf_a_the_same_every_time(kind: Kind) -> None:
    model = records(functions=9, samples=6, bad=0.4).model()
    data = pdf.render(model, kind)
    assert data == pdf.render(model, kind)
    assert data.startswith(b"%PDF-1.7") and b"/MarkInfo" in data and b"/Outlines" in data
    assert b"report.json" in data and b"/EmbeddedFile" in data
    assert b"pdfaid:part>3<" in data and b"pdfuaid:part>1<" in data


def test_the_attachment_is_the_report_without_approvals() -> None:
    from pyhanko.pdf_utils.reader import PdfFileReader

    model = records(functions=2, samples=2).model()
    signed = dataclasses.replace(model, approvals=(Approval(role="author", name="A", time="t", meaning="m", keyid="0" * 64),))
    import io

    reader = PdfFileReader(io.BytesIO(pdf.render(signed, SOUP)))
    names = reader.root["/Names"]["/EmbeddedFiles"]
    while "/Kids" in names:
        names = names["/Kids"][0]
    assert names["/Names"][1]["/EF"]["/F"].data == canonical(model)


def test_every_character_that_is_let_through_has_a_glyph() -> None:
    from csvkit_ml.reporting.printable import COVERED, printable

    text = "".join(chr(c) for r in COVERED.split() for c in range(int(r[:4], 16), int(r[-4:], 16) + 1))
    assert printable(text) == text
    model = records(functions=1, samples=1, hostile=False).model()
    f = dataclasses.replace(model.functions[0], requirement=text, id=text[:90].replace("/", ""))
    assert pdf.render(dataclasses.replace(model, functions=(f,), title=text), SOUP)


def test_what_hides_reorders_or_has_no_glyph_is_told_by_code_point() -> None:
    text = words(records(bad=0.4).model(), SOUP)
    assert "<U+202E>" in text and "<U+65E5>" in text and "<U+0000>" in text
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08]", text)
    assert HOSTILE[0] in text


def test_every_count_is_the_models() -> None:
    model = records(functions=9, samples=8, bad=0.3).model()
    for kind, side in ((TOOL, Side.TRAINING), (SOUP, Side.INFERENCE)):
        passed, failed, open_ = (model.count(v, side) for v in Verdict)
        assert document(model, kind)["status"]["counts"].endswith(f": {passed:,} passed, {failed:,} failed, {open_:,} indeterminate")


def test_every_case_of_the_side_is_listed_once() -> None:
    model = records(functions=8, samples=5, hostile=False).model()
    listed = [b["text"] for s in document(model, SOUP)["sections"] if s["key"] == "cases" for b in s["blocks"] if b["kind"] == "raw"]
    own = [c for f in model.functions if f.side is not Side.TRAINING for c in f.cases]
    places = [line[39:].rsplit(" / ", 1) for text in listed for line in text.split("\n")[1:]]
    told = Counter((sample, v) for sample, variants in places for v in variants.split(", "))
    assert told == Counter((c.sample, c.variant) for c in own)


def test_a_large_report_lists_what_did_not_pass_and_the_nearest_of_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper_cases, "ALL_UP_TO", 10)
    monkeypatch.setattr(paper_cases, "NEAREST", 2)
    model = records(functions=6, samples=9, bad=0.3, hostile=False).model()
    blocks = paper_cases.cases(model.functions).blocks
    assert f"the complete list of {sum(len(f.cases) for f in model.functions):,} cases stands in report.html" in blocks[0]["text"]
    for f, block in zip(model.functions, blocks[1:], strict=True):
        lines = block["text"].split("\n")
        for c in f.cases:
            assert c.verdict is Verdict.PASSED or any(x[39:].startswith(f"{c.sample} / ") and c.variant in x.split(" / ")[1].split(", ") for x in lines)
        passed = {c.sample for c in f.cases if c.verdict is Verdict.PASSED}
        assert {x[39:].split(" / ")[0] for x in lines if x.startswith("  ✓")} == {c.sample for c in paper_cases.nearest(f, 2)} <= passed
        assert len(passed) <= 2 or "further passed case" in lines[-1]


def test_variants_that_agree_are_one_row_and_no_other() -> None:
    case = records(functions=1, samples=1, hostile=False).model().functions[0].cases[0]
    other = dataclasses.replace(case, variant="out")
    strange = dataclasses.replace(case, variant="in-place", detail="something else")
    made = paper_cases.rows([case, strange, other])
    assert [r.variants for r in made] == [f"{case.variant}, out", "in-place"]
    many = paper_cases.Row(tuple(dataclasses.replace(case, variant=f"variant-{n}") for n in range(30)))
    assert many.short.endswith(" … (30 variants)") and "variant-29" in many.variants


def test_the_draft_mark_goes_only_when_everything_is_answered() -> None:
    model = records(functions=3, samples=2, bad=0.5, hostile=False).model()
    assert not document(model, TOOL)["draft"] and not document(model, SOUP)["draft"]
    for name in ("depth", "soup_use"):
        less = with_device(model, dataclasses.replace(ANSWERED, **{name: " "}))
        assert document(less, SOUP)["draft"]
        assert document(less, TOOL)["draft"] == (name == "depth")
    undecided = with_device(model, dataclasses.replace(ANSWERED, dispositions=()))
    assert document(undecided, SOUP)["draft"] and "without a disposition" in words(undecided, SOUP)
    assert document(with_device(model, DeviceInput()), TOOL)["draft"]


def test_human_answers_are_printed_and_nothing_is_written_for_the_person() -> None:
    model = records(functions=3, samples=2, hostile=False).model()
    assert "Answer to soup_conclusion." in words(model, SOUP) and "Answer to tool_risk." in words(model, TOOL)
    assert "Answer to tool_use." not in words(model, SOUP)
    text = words(with_device(model, DeviceInput()), SOUP)
    assert text.count("open: a person has to answer") >= 10
    assert not re.search(r"\b(compliant|validated|certified)\b", words(model, TOOL).lower())


def test_clauses_point_at_sections_that_exist() -> None:
    model = records(functions=3, samples=2, hostile=False).model()
    for kind in (TOOL, SOUP):
        keys = {s["key"] for s in document(model, kind)["sections"]} | {"summary"}
        asked = [c for s in model.standards if kind.key in s.reports for c in s.clauses]
        assert len(asked) > 10 and {c.section for c in asked} <= keys | set(paper_closing.INSTEAD) and set(paper_closing.INSTEAD.values()) <= keys


def test_approvals_are_shown() -> None:
    model = records(functions=2, samples=2, hostile=False).model()
    ada = Approval(role="author", name="Ada Author", time="2026-03-03T10:00:00+00:00", meaning="I wrote it", keyid="ab" * 32)
    signed = dataclasses.replace(model, approvals=(ada,))
    assert "Ada Author" in words(signed, TOOL) and "I wrote it" in words(signed, TOOL)
    assert "No approval is recorded" in words(model, TOOL)


def test_a_run_without_functions_is_typeset_too() -> None:
    model = records(functions=0, hostile=False).model()
    assert pdf.render(model, TOOL).startswith(b"%PDF")


def test_known_anomalies_and_the_split_are_printed() -> None:
    run = dataclasses.replace(records(functions=2, bad=0.0), anomalies=tiny_anomalies(), coverage=tiny_coverage())
    assert pdf.render(run.model(), SOUP).startswith(b"%PDF")
    text = words(run.model(), TOOL)
    assert "9 entries" in text and "not in this run" in text and "no snapshot" not in text
    assert all(r.area in text for r in tiny_coverage().rows)
    without = words(records(functions=2, bad=0.0).model(), TOOL)
    assert "no snapshot" in without and "no functional split" in without

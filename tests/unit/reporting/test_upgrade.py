"""The upgrade section: what moved is a finding that a person decides about, and reads the same on paper and page."""

from __future__ import annotations

import dataclasses
import json

from csvkit_ml.judgement.comparison import Run, by_case, compare
from csvkit_ml.judgement.upgrade import summed
from csvkit_ml.model.codec import decode
from csvkit_ml.model.comparison import Change, Party
from csvkit_ml.model.digest import Digest, sha256
from csvkit_ml.model.function import Reason, Verdict
from csvkit_ml.model.report import ReportModel, Upgrade
from csvkit_ml.reporting import html_format, json_format, pdf
from csvkit_ml.reporting.document import SOUP, TOOL, Kind, document
from csvkit_ml.reporting.findings import with_device
from csvkit_ml.reporting.json_schema import schema
from tests.unit.reporting.fake_records import ANSWERED, Records, records
from tests.unit.reporting.json_schema_check import problems


def run(r: Records, version: str) -> Run:
    party = Party(
        library="torch", version=version, backend="cpu", status=r.judgement.verdict, plan=sha256(b"p"), manifest=sha256(version.encode())
    )
    observed = {o.case: o for o in r.manifest.observations}
    return Run(party=party, plan=r.plan, environment=r.environment, observed=observed, judged=by_case(r.judgement), blob=_none)


def _none(digest: Digest) -> bytes:
    raise AssertionError("the same bits are not read")


def upgrade(r: Records) -> Upgrade:
    """The first case of the run fails now, and passed before."""
    first, *others = r.judgement.functions
    case, *rest = first.cases
    before = dataclasses.replace(case, reason=Reason.WITHIN_BAND)
    now = dataclasses.replace(case, reason=Reason.BEYOND_BAND)
    old, new = (
        dataclasses.replace(r, judgement=dataclasses.replace(r.judgement, functions=(dataclasses.replace(first, cases=(c, *rest)), *others)))
        for c in (before, now)
    )
    return summed(compare(run(old, "2.12.0"), run(new, "2.13.0")))


def model() -> ReportModel:
    r = records(functions=4, samples=2, bad=0.0, hostile=False)
    return dataclasses.replace(r, upgrade=upgrade(r)).model()


def words(m: ReportModel, kind: Kind) -> str:
    return json.dumps(document(m, kind), ensure_ascii=False).replace("\u200b", "")


def test_it_is_counted_by_function_and_change() -> None:
    r = records(functions=4, samples=2, bad=0.0, hostile=False)
    found, total = upgrade(r), sum(len(f.cases) for f in r.judgement.functions)
    assert found.before == "torch 2.12.0 on cpu" and found.status is Verdict.FAILED and found.before_manifest == sha256(b"2.12.0")
    assert dict(found.counts) == {Change.NEWLY_FAILING.value: 1, Change.IDENTICAL.value: total - 1}
    assert found.identical == 3 and [r.change for r in found.rows] == ["newly failing"] and found.rows[0].verdict is Verdict.FAILED
    same = summed(compare(run(r, "1"), run(r, "2")))
    assert same.rows == () and same.identical == 4 and same.status is Verdict.PASSED


def test_it_reads_back_and_conforms() -> None:
    made = model()
    data = json_format.render(made)
    assert decode(ReportModel, data) == made and problems(schema(), json.loads(data)) == []


def test_what_moved_beyond_a_limit_waits_for_a_person() -> None:
    made = model()
    found = [f for f in made.findings if f.kind == "moved"]
    assert len(found) == 1 and "newly failing, against torch 2.12.0 on cpu" in found[0].sentence
    undecided = with_device(made, dataclasses.replace(ANSWERED, dispositions=()))
    assert any(f.kind == "open" and f.subject == "dispositions of kind moved" for f in undecided.findings)


def test_paper_and_page_tell_it_and_the_clauses_lead_there() -> None:
    made = model()
    page = html_format.render(made).decode()
    assert "Upgrade assessment" in page and "torch 2.12.0 on cpu" in page and 'href="#upgrade"' in page
    texts = {kind.key: words(made, kind) for kind in (TOOL, SOUP)}
    assert all("Upgrade assessment" in t and "1 newly failing" in t for t in texts.values())
    assert '"to": "upgrade"' in texts["soup"]
    moved = made.upgrade.rows[0] if made.upgrade else None
    side = next(f.side for f in made.functions if moved and f.id == moved.function)
    other = TOOL if side not in TOOL.sides else SOUP
    assert "No function of this report moved." in texts[other.key]
    assert pdf.render(made, SOUP).startswith(b"%PDF")


def test_without_a_baseline_there_is_no_section() -> None:
    made = records(functions=2, samples=1, bad=0.0, hostile=False).model()
    assert "Upgrade assessment" not in words(made, SOUP) and '"to": "use"' in words(made, SOUP)
    assert 'id="upgrade"' not in html_format.render(made).decode()

"""Pages of comparisons: complete, inert, the same bytes for the same values."""

from __future__ import annotations

from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

from csvkit_ml.judgement.comparison import compare
from csvkit_ml.model.comparison import (
    SEVERITY,
    Agreement,
    CellProof,
    Change,
    DeterminismMatrix,
    Difference,
    DimensionResult,
    FunctionDeterminism,
)
from csvkit_ml.model.function import Side
from csvkit_ml.reporting.comparison_html import SHOWN_EACH, comparison_page, determinism_page, groups, matrix_page
from csvkit_ml.reporting.heat_map import Square, heat_map
from tests.unit.judgement.test_comparison import run
from tests.unit.judgement.test_speed import times
from tests.unit.reporting.fake_records import HOSTILE, records


class Tags(HTMLParser):
    """Tags that are opened and attributes that could act."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.acting: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.acting += [f"{k}={v}" for k, v in attrs if k.startswith("on") or k == "src" or (k == "href" and ":" in (v or ""))]


def inert(page: bytes) -> str:
    text = page.decode()
    found = Tags(text)
    assert "script" not in found.tags and "img" not in found.tags and "iframe" not in found.tags
    assert found.acting == []
    assert "default-src 'none'" in unescape(text)
    assert "\u202e" not in text and "\x1b" not in text
    return text


def test_comparison() -> None:
    found = compare(run(records(bad=0.3, seed=1)), run(records(bad=0.3, seed=2)))
    text = inert(comparison_page(found))
    assert comparison_page(found) == comparison_page(found)
    assert 'id="impact"' in text and "Next review date" in text
    for change in Change:
        assert (f"{found.count(change):,} {change.value}" in text) == bool(found.count(change))
    assert found.count(Change.NEWLY_FAILING)
    assert all(f.id in text for f in found.functions)
    assert "Not told: a side has no times." in text


def test_what_matters_most_comes_first_and_no_function_fills_the_page() -> None:
    found = compare(run(records(bad=0.3, seed=1, functions=6, samples=9)), run(records(bad=0.3, seed=2, functions=6, samples=9)))
    made = groups(found)
    order = [SEVERITY[g.change] for g in made]
    assert order == sorted(order) and len(set(order)) > 1
    assert sum(g.cases for g in made) == sum(len(f.cases) for f in found.functions)
    assert all(1 <= len(g.first) <= min(g.cases, SHOWN_EACH) for g in made)
    text = inert(comparison_page(found))
    assert text.count('<tr class="c">') == len(made)
    assert all(unescape(text).count(c.case) == 1 for g in made for c in g.first)


def test_slower_and_faster_functions_are_told_for_information() -> None:
    one = run(records(functions=2))
    ids = [f.id for f in one.plan.functions]
    before, after = (replace(one, times=times(**dict(zip(ids, s, strict=True)))) for s in ((0.1, 0.1), (0.4, 0.02)))
    text = inert(comparison_page(compare(before, after)))
    assert "4.00" in text and "0.20" in text and "2 times slower" in text


def test_version_matrix() -> None:
    runs = [run(records(bad=b, seed=s)) for b, s in ((0.0, 1), (0.2, 2), (0.0, 1))]
    found = tuple(compare(runs[0], r) for r in runs[1:])
    text = inert(matrix_page(tuple(r.party for r in runs), found))
    assert text.count("<rect ") == 2 * len(runs[0].plan.functions)
    assert "comparison-2.html" in text


def result(dimension: str, agreement: Agreement, example: str = "") -> DimensionResult:
    pairs = 0 if agreement is Agreement.NOT_DRIVEN else 3
    differing = 1 if agreement in (Agreement.WITHIN, Agreement.OUTSIDE) else 0
    apart = Difference(compared=30, differing=3 * differing, worst_ulp=float("inf") if agreement is Agreement.OUTSIDE else 7.0 * differing)
    return DimensionResult(dimension=dimension, agreement=agreement, pairs=pairs, differing=differing, elements=apart, example=example)


def test_determinism() -> None:
    matrix = DeterminismMatrix(
        schema=1, tool="mlcsv", library="torch", version=HOSTILE[0], base="cpu",
        cells=(CellProof(backend="cpu", unproven=()), CellProof(backend="cpu:isa=avx512", unproven=("isa: found AVX2, expected AVX512",))),
        dimensions=(("rerun", "again"), ("threads", "more"), ("compile", "compiled")), required=("rerun",),
        functions=tuple(
            FunctionDeterminism(
                id=f"f{i}", side=Side.BOTH,
                results=(result("rerun", a), result("threads", b, HOSTILE[i]), result("compile", Agreement.NOT_DRIVEN)),
            )
            for i, (a, b) in enumerate(((Agreement.IDENTICAL, Agreement.WITHIN), (Agreement.OUTSIDE, Agreement.OUTSIDE)))
        ),
        violations=("f1: rerun",),
    )  # fmt: skip
    text = inert(determinism_page(matrix))
    assert text.count("<rect ") == 4
    assert "f1: rerun" in text and "Not driven in this run: compile" in text
    assert "isa: found AVX2, expected AVX512" in text
    assert "10 %" in text and "not a distance" in text
    assert "FAILED" in text and "PASSED" in inert(determinism_page(replace(matrix, violations=())))


def test_names_are_texts_in_the_picture() -> None:
    square = Square(css="h-same", mark="=", title=HOSTILE[1])
    text = str(heat_map((HOSTILE[0], HOSTILE[3]), (HOSTILE[2],), ((square,), (square,)), HOSTILE[4]))
    assert "<script" not in text and "<img" not in text and "\u202e" not in text
    assert text.count("<rect ") == 2

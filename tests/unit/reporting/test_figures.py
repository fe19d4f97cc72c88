"""Figures that criteria tell are one table of a function, in every format."""

from __future__ import annotations

from dataclasses import replace

from csvkit_ml.model.report import ReportFunction, ReportModel
from csvkit_ml.reporting.figures import figure_table
from csvkit_ml.reporting.html_format import FORMAT
from csvkit_ml.reporting.paper_results import results
from tests.unit.reporting.fake_records import records


def told(function: ReportFunction, **figures: str) -> ReportFunction:
    """Every measurement of the function's first sample tells these figures."""
    sample = function.cases[0].sample
    cases = tuple(
        replace(c, measurements=tuple(replace(m, figures=tuple(figures.items())) for m in c.measurements)) if c.sample == sample else c
        for c in function.cases
    )
    return replace(function, cases=cases)


def model() -> ReportModel:
    made = records(bad=0.0).model()
    return replace(made, functions=(told(made.functions[0], difficulty="higher", b1="13.2"), *made.functions[1:]))


def test_variants_that_agree_are_one_row() -> None:
    function = model().functions[0]
    table = figure_table(function)
    assert table.names == ("difficulty", "b1")
    variants = {c.variant for c in function.cases if c.sample == function.cases[0].sample}
    assert table.rows == ((function.cases[0].sample, ", ".join(sorted(variants, key=lambda v: (v != "plain", v))), ("higher", "13.2")),)


def test_a_figure_that_a_sample_does_not_have_is_a_dash() -> None:
    first = model().functions[0]
    other = next(c for c in first.cases if c.sample != first.cases[0].sample)
    cases = tuple(
        replace(c, measurements=tuple(replace(m, figures=(("b1", "2.0"),)) for m in c.measurements)) if c == other else c for c in first.cases
    )
    assert {values for _, _, values in figure_table(replace(first, cases=cases)).rows} == {("higher", "13.2"), ("\u2013", "2.0")}


def test_the_table_stands_in_the_page_and_on_paper() -> None:
    made = model()
    page = FORMAT.render(made).decode()
    assert page.count('<table class="list figures">') == 1
    assert '<td class="num"><bdi>13.2</bdi></td>' in page
    tables = [b for b in results(made.functions).blocks if b["kind"] == "table" and ["b1", "auto>"] in b["columns"]]
    assert [row[1:3] for row in tables[0]["rows"]] == [["higher", "13.2"]]

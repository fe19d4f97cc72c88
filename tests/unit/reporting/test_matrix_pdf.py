"""The matrix on paper: the same bytes for the same matrix, its record attached, hostile text printable."""

from __future__ import annotations

from dataclasses import replace

from csvkit_ml.model.codec import canonical, decode
from csvkit_ml.model.comparison import Agreement, CellProof, DeterminismMatrix, FunctionDeterminism
from csvkit_ml.model.function import Side
from csvkit_ml.model.report import ReportModel
from csvkit_ml.reporting import html_format
from csvkit_ml.reporting.comparison_html import determinism_pictures
from csvkit_ml.reporting.document import SOUP, document
from csvkit_ml.reporting.matrix_blocks import PER_PICTURE
from csvkit_ml.reporting.matrix_pdf import determinism_pdf
from tests.unit.reporting.fake_records import HOSTILE, records
from tests.unit.reporting.test_comparison_html import result

NAMES = ("rerun", "threads", "instruction set")
MATRIX = DeterminismMatrix(
    schema=1, tool="mlcsv", library="torch", version="2.13.0", base="cpu",
    cells=(CellProof(backend="cpu", unproven=()), CellProof(backend="cpu:isa=avx512", unproven=(HOSTILE[0],))),
    dimensions=tuple((n, "something") for n in NAMES), required=("rerun",), violations=("f0: rerun",), finished="2026-03-03T10:00:00+00:00",
    functions=tuple(
        FunctionDeterminism(id=f"f{i}", side=Side.BOTH, results=tuple(
            result(n, (Agreement.IDENTICAL, Agreement.WITHIN, Agreement.OUTSIDE, Agreement.NOT_DRIVEN)[(i + k) % 4], HOSTILE[1])
            for k, n in enumerate(NAMES)))
        for i in range(PER_PICTURE + 3)
    ),
)  # fmt: skip


def test_the_same_matrix_gives_the_same_bytes() -> None:
    made = determinism_pdf(MATRIX)
    assert made.startswith(b"%PDF-") and made == determinism_pdf(MATRIX)
    assert b"determinism.json" in made
    assert determinism_pdf(replace(MATRIX, violations=(), finished="")) != made


def test_pictures_are_cut_to_pages() -> None:
    parts = list(determinism_pictures(MATRIX, PER_PICTURE))
    assert [p.count("<rect ") for p in parts] == [3 * PER_PICTURE, 9]
    assert all('xmlns="http://www.w3.org/2000/svg"' in p and 'fill="#cfe6d8"' in p for p in parts)


def test_a_matrix_without_functions_is_laid_out() -> None:
    assert determinism_pdf(replace(MATRIX, functions=(), violations=())).startswith(b"%PDF-")


def test_inside_a_report_the_picture_shows_what_differs() -> None:
    plain = records(functions=4, samples=2, bad=0.0, hostile=False).model()
    moved = tuple(replace(f, id=g.id) for f, g in zip(MATRIX.functions, plain.functions, strict=False))
    still = FunctionDeterminism(id=plain.functions[3].id, side=Side.BOTH, results=tuple(result(n, Agreement.IDENTICAL) for n in NAMES))
    m = replace(plain, determinism=replace(MATRIX, functions=(*moved[:3], still)))
    page = html_format.render(m).decode()
    assert page.count('<rect class="h-') == 3 * len(NAMES) and "3 functions that did not" in page
    assert "<script>" not in page.split("under other circumstances")[1].split("</section>")[0] and HOSTILE[1] not in page
    assert "under other circumstances" not in html_format.render(plain).decode()
    assert "under other circumstances" in str(document(m, SOUP))
    assert b'"determinism"' not in canonical(plain) and decode(ReportModel, canonical(m)) == m

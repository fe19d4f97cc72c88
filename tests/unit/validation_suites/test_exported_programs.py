"""What does not fit a program is told from what fits by shapes alone; right answers are sums and products of small whole numbers."""

from __future__ import annotations

import pytest

from csvkit_ml import registry
from csvkit_ml.model.function import Sample
from validation_suites.training.exported_programs import LEAST, MOST

FUNCTION = registry.functions()["exported_program_operands"]
SAMPLES = tuple(FUNCTION.samples())


def fits(sample: Sample, shapes: tuple[tuple[int, ...], ...]) -> bool:
    """Whether operands have the count, the ranks, the static sizes and the common number of rows of what was exported."""
    columns = (4, 1)[: sample.param("right")]
    rows = {s[0] for s in shapes if s}
    allowed = range(LEAST, MOST + 1) if sample.param("ranged") else (5,)
    return tuple(s[1:] for s in shapes if s) == tuple((c,) for c in columns) and len(rows) == 1 and rows.pop() in allowed


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda s: s.name)
def test_right_operands_fit_and_wrong_ones_do_not(sample: Sample) -> None:
    shapes = tuple(t.shape for t in sample.inputs)
    n = sample.param("right")
    assert fits(sample, shapes[:n])
    assert not fits(sample, shapes[n:])


@pytest.mark.parametrize("sample", SAMPLES[:: len(SAMPLES) // 12], ids=lambda s: s.name)
def test_answers_number_by_number(sample: Sample) -> None:
    x, *rest = (a.tolist() for a in sample.arrays()[: sample.param("right")])
    shift, weight = (3, -2, 5, 1), [[4 * o + i - 5 for i in range(4)] for o in range(3)]
    said = {
        "affine": lambda: [[v * (i + 1) + shift[i] for i, v in enumerate(row)] for row in x],
        "pair": lambda: [[v * by[0] for v in row] for row, by in zip(x, rest[0], strict=True)],
        "layer": lambda: [[sum(v * w for v, w in zip(row, weight[o], strict=True)) + shift[o] for o in range(3)] for row in x],
        "sum": lambda: [sum(column) for column in zip(*x, strict=True)],
    }[sample.param("program")]()
    expected = FUNCTION.reference(sample)
    assert expected[0].value.tolist() == said
    assert expected[1].value.tolist() == [True, True]

"""The determinism matrix from pairs of answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from csvkit_ml import registry
from csvkit_ml.judgement.comparison import by_case
from csvkit_ml.judgement.determinism import (
    DIMENSIONS,
    OPTIONS,
    Pair,
    dimension_of_variant,
    gather,
    pair,
    pair_of_rows,
    pairs_of_cell,
    violations,
    within,
)
from csvkit_ml.model.comparison import Agreement
from csvkit_ml.model.digest import Digest, sha256
from csvkit_ml.model.function import Reason, Side
from csvkit_ml.model.judgement import CaseJudgement
from csvkit_ml.model.observation import Outcome, OutputRef, Produced, Raised, Unsupported
from csvkit_ml.pipeline.configurations import dimensions_between
from tests.unit.reporting.fake_records import records


def of(text: str) -> Produced:
    return Produced(outputs=(OutputRef(name="y", dtype="float32", shape=(2, 64), blob=sha256(text.encode())),))


def blob(digest: Digest) -> bytes:
    return np.frombuffer(digest.encode()[:64] * 8, np.float32).tobytes()


def one(a: Outcome, b: Outcome, ok: bool = True) -> Pair | None:
    return pair("rerun", "f", "f/s/plain", a, b, ok, blob)


def test_pairs() -> None:
    raised = Raised(type="E", message="")
    same, other, worse, lost = one(of("a"), of("a")), one(of("a"), of("b")), one(of("a"), of("b"), ok=False), one(of("a"), raised)
    assert same is not None and not same.differs
    assert other is not None and other.differs and not other.outside
    assert worse is not None and worse.outside
    assert lost is not None and lost.outside and lost.differs
    assert one(raised, raised) is None
    assert one(of("a"), Unsupported(message="")) is None


def test_a_result_that_is_the_same_and_wrong_does_not_differ() -> None:
    found = one(of("a"), of("a"), ok=False)
    assert found is not None and not found.differs


def test_a_row_of_the_matrix() -> None:
    same, other, worse = one(of("a"), of("a")), one(of("a"), of("b")), one(of("a"), of("b"), ok=False)
    assert same and other and worse
    names = ("rerun", "threads")
    for pairs, agreement in (
        ([same], Agreement.IDENTICAL),
        ([same, other], Agreement.WITHIN),
        ([other, worse, same], Agreement.OUTSIDE),
        ([], Agreement.NOT_DRIVEN),
    ):
        row = gather("f", Side.BOTH, names, pairs)
        assert row.results[0].agreement is agreement
        assert row.results[0].pairs == len(pairs)
        assert row.results[1].agreement is Agreement.NOT_DRIVEN
        wrong = any(p.differs for p in pairs)
        assert violations([row], {"f": ("rerun",)}) == (("f: rerun",) if wrong else ())
        assert violations([row], {"f": ("threads",)}) == ()
        assert bool(row.results[0].example) is wrong


def test_rows_in_common() -> None:
    x = np.arange(6, dtype=np.float32).reshape(3, 2)
    assert not pair_of_rows("batch", "f", "w", [(x[:1], x[:1].copy(), "float32")], True).differs
    found = pair_of_rows("position", "f", "w", [(x[::-1], x, "float32")], True)
    assert found.difference.differing == 4


def test_repetitions_and_variants_of_a_cell() -> None:
    made = records(bad=0.5, functions=6)
    observed = {o.case: o for o in made.manifest.observations}
    planned = made.plan.functions[0]
    found = list(pairs_of_cell(planned, observed, by_case(made.judgement), blob))
    assert {p.dimension for p in found} == {"rerun", "new process", "dirty memory", "layout", "alignment", "form"}
    unrepeatable = {c.case for f in made.judgement.functions for c in f.cases if c.reason is Reason.NOT_REPEATABLE and c.case.startswith(f"{planned.id}/")}
    assert {p.what for p in found if p.dimension == "dirty memory" and p.differs} == unrepeatable
    assert unrepeatable
    assert not any(p.outside for p in found if p.what in unrepeatable and p.dimension == "dirty memory")
    assert list(pairs_of_cell(planned, {}, {}, blob)) == []


def test_bits_that_differ_are_not_yet_outside() -> None:
    judged = CaseJudgement(case="c", reason=Reason.NOT_REPEATABLE, detail="")
    assert within(judged)
    assert not within(replace(judged, reason=Reason.BEYOND_BAND))
    assert not within(None)


@pytest.mark.parametrize("library", registry.libraries())
def test_every_variant_and_option_has_a_dimension(library: str) -> None:
    variants = {v for o in registry.libraries()[library].offers() for v in o.variants}
    assert {dimension_of_variant(v) for v in variants} <= set(DIMENSIONS)
    assert {o for b in registry.backends().values() for o in b.options} <= set(OPTIONS)


@pytest.mark.parametrize(
    ("base", "other", "dimension"),
    [
        ("cpu", "cpu:threads=1", "threads"),
        ("cpu", "cpu:isa=avx2", "instruction set"),
        ("cpu", "cpu:isa=avx2,onednn=avx2", "instruction set"),
        ("cpu", "cpu:isa=avx2,threads=1", "cpu:isa=avx2,threads=1"),
        ("cpu:threads=1", "cpu", "threads"),
        ("cpu", "cuda", "cuda"),
    ],
)
def test_a_configuration_belongs_to_the_dimension_of_what_it_changes(base: str, other: str, dimension: str) -> None:
    assert dimensions_between(base, other) == dimension

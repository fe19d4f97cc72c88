"""Decisions are kept as people wrote them, over any number of imports."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csvkit_ml.anomalies.review import Review, listed, merge, read_review, write_review
from csvkit_ml.errors import UsageError
from csvkit_ml.model.anomaly import Anomaly, Decision, Probe, Relevance, Snapshot
from csvkit_ml.model.digest import sha256
from csvkit_ml.model.function import Verdict


def snapshot(*ids: str, review: tuple[str, ...] = ()) -> Snapshot:
    return Snapshot(
        schema=1, library="tiny", version="1", source="list.csv", digest=sha256(b""), format="csv", taken="2026-01-01", filters=(),
        read=len(ids), rule="all", anomalies=tuple(Anomaly(id=i, title=f"title of {i}") for i in ids), review=review,
    )  # fmt: skip


DECIDED = Decision(
    id="A", title="title", relevance=Relevance.RELEVANT, reason="used", disposition="avoided", by="N. N.", date="2026-01-02",
    functions=("conv2d",),
)  # fmt: skip


@given(st.lists(st.tuples(st.text(min_size=1), st.text(), st.text()), max_size=4, unique_by=lambda t: t[0]))
def test_what_is_written_reads_back_equal(texts: list[tuple[str, str, str]]) -> None:
    review = Review(schema=1, decision=tuple(Decision(id=i, title=t, reason=r, functions=(t,)) for i, t, r in texts))
    assert read_review(write_review(review)) == review


def test_a_newer_list_keeps_decisions_and_asks_for_the_rest() -> None:
    merged = merge(snapshot("A", "B", review=("B", "A")), Review(schema=1, decision=(DECIDED, Decision(id="gone"))))
    assert merged.decision == (Decision(id="B", title="title of B"), DECIDED)
    assert merge(snapshot("B", review=("B",)), Review(schema=1, decision=(DECIDED,))).decision[1] == DECIDED


def test_the_list_tells_what_the_run_saw() -> None:
    found = listed(snapshot("A", "B", "C", review=("B",)), Review(schema=1, decision=(DECIDED,)), {"conv2d": Verdict.FAILED})
    assert [(r.anomaly.id, r.demanded, r.decision.relevance, r.probes) for r in found.rows] == [
        ("A", False, Relevance.RELEVANT, (Probe(function="conv2d", verdict=Verdict.FAILED),)),
        ("B", True, Relevance.NOT_REVIEWED, ()),
    ]
    (row,) = listed(snapshot("A"), Review(schema=1, decision=(DECIDED,)), {}).rows
    assert row.probes == (Probe(function="conv2d", verdict=None),)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("schema = 1\n[[decision]]\nid = 'a'\nrelevance = 'maybe'", "not a Relevance"),
        ("schema = 1\n[[decision]]\nid = 'a'\nrelevance = 'not relevant'", "a decision needs reason, by and date"),
        ("schema = 1\n[[decision]]\nid = 'a'\nrelevance = 'relevant'\nreason = 'r'\nby = 'b'\ndate = 'd'", "needs a disposition"),
        ("schema = 1\n[[decision]]\nid = 'a'\n[[decision]]\nid = 'a'", "an id stands twice"),
        ("schema = 1\n[[decision]]\nid = 'a'\nnote = 'x'", "unknown"),
        ("schema = 2", "schema 2 is not 1"),
        ("schema = ", "cannot be read"),
    ],
)
def test_a_file_that_says_too_little_or_something_else_is_refused(text: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_review(text.encode())
    assert words in caught.value.cause

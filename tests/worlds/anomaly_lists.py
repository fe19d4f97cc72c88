"""A fake supplier's list with decisions of every kind."""

from __future__ import annotations

from csvkit_ml.model.anomaly import Anomaly, AnomalyList, AnomalyRow, Decision, Probe, Relevance
from csvkit_ml.model.digest import sha256
from csvkit_ml.model.function import Verdict


def row(id: str, relevance: Relevance, *probes: Verdict | None, demanded: bool = True) -> AnomalyRow:
    """An anomaly whose text and decision are hostile to a page."""
    decided = {} if relevance is Relevance.NOT_REVIEWED else {"reason": "<b>because</b>", "by": "N. N.", "date": "2026-01-02", "disposition": "avoided"}
    return AnomalyRow(
        anomaly=Anomaly(id=id, title=f"<script>{id}</script>", url="javascript:alert(1)", mentions=("tiny.exp",)),
        decision=Decision(id=id, relevance=relevance, **decided),
        demanded=demanded,
        probes=tuple(Probe(function=f"f{i}", verdict=v) for i, v in enumerate(probes)),
    )


def tiny_anomalies() -> AnomalyList:
    """Not reviewed (asked for or not), not relevant, relevant with every kind of evidence."""
    rows = (
        row("open", Relevance.NOT_REVIEWED), row("spare", Relevance.NOT_REVIEWED, demanded=False), row("dismissed", Relevance.NOT_RELEVANT),
        row("shown", Relevance.RELEVANT, Verdict.PASSED), row("failed", Relevance.RELEVANT, Verdict.PASSED, Verdict.FAILED),
        row("not run", Relevance.RELEVANT, None), row("unprobed", Relevance.RELEVANT),
    )  # fmt: skip
    return AnomalyList(
        source="list.csv", digest=sha256(b"list"), format="csv", taken="2026-01-01", filters=(("version", "1"),), read=9, rule="All.", rows=rows
    )

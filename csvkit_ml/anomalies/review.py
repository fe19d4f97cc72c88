"""The reviewable file: one TOML table an anomaly, in which a person records what was decided."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass

from csvkit_ml.errors import UsageError
from csvkit_ml.model.anomaly import AnomalyList, AnomalyRow, Decision, Probe, Relevance, Snapshot
from csvkit_ml.model.codec import CodecError, from_json
from csvkit_ml.model.function import Verdict

SCHEMA = 1
_HEAD = """\
# Decisions on known anomalies. For each: relevance = "relevant" or "not relevant", with reason, by, date (and disposition where relevant);
# functions = functions of the suites that probe it (list them with `mlcsv qualify --list`). Importing a newer list keeps what is decided here.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """The file as a value."""

    schema: int
    decision: tuple[Decision, ...] = ()

    def __post_init__(self) -> None:
        ids = [d.id for d in self.decision]
        if len(set(ids)) < len(ids) or self.schema != SCHEMA:
            raise ValueError("an id stands twice" if self.schema == SCHEMA else f"schema {self.schema} is not {SCHEMA}")


def read_review(data: bytes) -> Review:
    """The decisions of a file. Raises UsageError."""
    try:
        return from_json(Review, tomllib.loads(data.decode()))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, CodecError) as e:
        raise UsageError(f"the decisions cannot be read: {e}", "correct the file; `mlcsv anomalies import` writes its form") from e


def merge(snapshot: Snapshot, earlier: Review) -> Review:
    """Decisions that the snapshot asks for, earlier ones kept: also those on anomalies that the list no longer has."""
    known = {d.id: d for d in earlier.decision}
    titles = {a.id: a.title for a in snapshot.anomalies}
    asked = [known.get(id) or Decision(id=id, title=titles[id]) for id in snapshot.review]
    rest = [d for d in earlier.decision if d.id not in set(snapshot.review) and d.relevance is not Relevance.NOT_REVIEWED]
    return Review(schema=SCHEMA, decision=(*asked, *rest))


def write_review(review: Review) -> bytes:
    """The file's bytes; `read_review` reads them back equal."""
    tables = [_HEAD, f"schema = {review.schema}\n"]
    for d in review.decision:
        fields = {
            "id": d.id, "title": d.title, "relevance": d.relevance.value, "reason": d.reason, "disposition": d.disposition, "by": d.by,
            "date": d.date, "functions": list(d.functions),
        }  # fmt: skip
        tables.append("\n[[decision]]\n" + "".join(f"{k} = {_toml(v)}\n" for k, v in fields.items()))
    return "".join(tables).encode()


def _toml(value: str | list[str]) -> str:
    """A JSON text is a TOML value, but for the one control character that JSON leaves as it is."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def listed(snapshot: Snapshot, review: Review, verdicts: dict[str, Verdict]) -> AnomalyList:
    """The list as a report shows it: what was to be decided or has been, gravest first.

    Args:
        verdicts: of the functions of the run.
    """
    decisions = {d.id: d for d in review.decision}
    shown = [a for a in snapshot.anomalies if a.id in decisions or a.id in set(snapshot.review)]
    rows = tuple(
        AnomalyRow(
            anomaly=a,
            decision=(d := decisions.get(a.id, Decision(id=a.id, title=a.title))),
            demanded=a.id in snapshot.review,
            probes=tuple(Probe(function=f, verdict=verdicts.get(f)) for f in d.functions),
        )
        for a in shown
    )
    return AnomalyList(
        source=snapshot.source, digest=snapshot.digest, format=snapshot.format, taken=snapshot.taken, filters=snapshot.filters,
        read=snapshot.read, rule=snapshot.rule, rows=rows,
    )  # fmt: skip

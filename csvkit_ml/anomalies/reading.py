"""Suppliers' lists: GitHub issues as exported JSON, OSV records, plain CSV. Bytes in, entries out; nothing unreadable is passed over."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from csvkit_ml.errors import UsageError
from csvkit_ml.model.anomaly import Anomaly

MAX_BYTES = 512 << 20
_COLUMNS = ("id", "title")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An anomaly with the text that is searched for names."""

    anomaly: Anomaly
    text: str


def read(data: bytes, *, packages: tuple[str, ...]) -> tuple[str, tuple[Entry, ...]]:
    """(format, entries) of a list.

    Args:
        packages: names of the library's distributions; ranges of an OSV record count for these.

    Raises:
        UsageError: too large, not a list in one of the formats, an entry without id or title, or an id twice.
    """
    if len(data) > MAX_BYTES:
        raise UsageError(f"the list has {len(data)} bytes, more than {MAX_BYTES}", "export fewer entries")
    try:
        text = data.decode("utf-8-sig")
        name, entries = _read(text, packages)
    except (UnicodeDecodeError, ValueError, KeyError, TypeError, AttributeError, RecursionError, csv.Error) as e:
        raise UsageError(f"not a list of anomalies: {type(e).__name__}: {e}", "GitHub issues as JSON, OSV records as JSON, or CSV") from e
    ids = [e.anomaly.id for e in entries]
    if twice := sorted({i for i in ids if ids.count(i) > 1}) if len(set(ids)) < len(ids) else []:
        raise UsageError(f"two entries have the id {twice[0]!r}", "each anomaly stands once in a list")
    return name, entries


def _read(text: str, packages: tuple[str, ...]) -> tuple[str, tuple[Entry, ...]]:
    if text.lstrip()[:1] not in ("[", "{"):
        return "csv", tuple(_csv(text))
    tree = json.loads(text)
    records = tree if isinstance(tree, list) else tree.get("vulns") or tree.get("items") or [tree]
    is_osv = bool(records) and "id" in records[0] and ("affected" in records[0] or "modified" in records[0])
    one: Callable[[dict[str, Any]], Entry | None] = (lambda r: _osv(r, packages)) if is_osv else _github
    found = [one(r) for r in records]
    return "osv" if is_osv else "github", tuple(e for e in found if e is not None)


def _line(value: object) -> str:
    """Text on one line, without characters that control a terminal or reorder text."""
    return _CONTROL.sub(" ", str(value or "").encode("utf-8", "replace").decode()).strip()


def _github(r: dict[str, Any]) -> Entry | None:
    """An issue as GitHub's interface or its command line exports it; pull requests are no anomalies."""
    if r.get("pull_request"):
        return None
    url = _line(r.get("html_url") or r.get("url"))
    place = re.search(r"github\.com/(?:repos/)?([^/]+/[^/]+)/", url)
    labels = tuple(sorted(_line(x["name"] if isinstance(x, dict) else x) for x in r.get("labels") or ()))
    anomaly = Anomaly(
        id=f"{place[1] if place else ''}#{int(r['number'])}", title=_line(r["title"]), url=url, state=_line(r.get("state")).lower(), labels=labels,
        changed=_line(r.get("updated_at") or r.get("updatedAt")),
    )  # fmt: skip
    return Entry(anomaly=anomaly, text=f"{r['title']}\n{r.get('body') or ''}")


def _osv(r: dict[str, Any], packages: tuple[str, ...]) -> Entry | None:
    """An OSV record; one that is about other packages only, or withdrawn, is left out."""
    about = [a for a in r.get("affected") or () if not packages or (a.get("package") or {}).get("name", "").lower() in packages]
    if r.get("withdrawn") or (r.get("affected") and not about):
        return None
    severity = tuple(_line(s.get("score")) for s in r.get("severity") or ())
    anomaly = Anomaly(
        id=_line(r["id"]), title=_line(r.get("summary") or r["id"]), url=next((_line(x.get("url")) for x in r.get("references") or ()), ""),
        state="published", labels=("security", *severity), affected=" || ".join(_ranges(about)), changed=_line(r.get("modified")),
    )  # fmt: skip
    return Entry(anomaly=anomaly, text=f"{r.get('summary', '')}\n{r.get('details', '')}")


def _ranges(about: list[dict[str, Any]]) -> list[str]:
    """Specifiers of which any may hold."""
    found: list[str] = []
    for a in about:
        for r in a.get("ranges") or ():
            if r.get("type") == "ECOSYSTEM":
                found += _events(r["events"])
        found += [f"=={_line(v)}" for v in a.get("versions") or ()]
    return list(dict.fromkeys(found))


def _events(events: list[dict[str, str]]) -> list[str]:
    """`introduced` and `fixed` or `last_affected`, in order, as specifiers."""
    found, since = [], None
    for event in events:
        if "introduced" in event:
            since = event["introduced"]
        elif since is not None and ("fixed" in event or "last_affected" in event):
            end = f"<{event['fixed']}" if "fixed" in event else f"<={event['last_affected']}"
            found.append(f">={since},{end}")
            since = None
    return [*found, f">={since}"] if since is not None else found


def _csv(text: str) -> list[Entry]:
    rows = csv.DictReader(io.StringIO(text), strict=True)
    if missing := set(_COLUMNS) - set(rows.fieldnames or ()):
        raise ValueError(f"the first line names no column {min(missing)!r}")
    found = []
    for row in rows:
        if None in row or None in row.values():
            raise ValueError(f"line {rows.line_num} has another number of fields than the first line")
        anomaly = Anomaly(
            id=_line(row["id"]), title=_line(row["title"]), url=_line(row.get("url")), state=_line(row.get("state")),
            labels=tuple(filter(None, map(_line, (row.get("labels") or "").split(";")))), affected=_line(row.get("affected")),
            changed=_line(row.get("changed")),
        )  # fmt: skip
        found.append(Entry(anomaly=anomaly, text=f"{row['title']}\n{row.get('text') or ''}"))
    return found

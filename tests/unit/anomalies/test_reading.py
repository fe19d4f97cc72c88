"""Suppliers' lists in three formats; what cannot be read is refused whole."""

from __future__ import annotations

import json
from typing import Any

import pytest

from csvkit_ml.anomalies.reading import Entry, read
from csvkit_ml.errors import UsageError

ISSUE = {
    "number": 7, "title": "conv2d is\x1b[2J wrong\u202e", "html_url": "https://github.com/o/r/issues/7", "state": "OPEN",
    "labels": [{"name": "module: nn"}, "high priority"], "body": None, "updated_at": "2026-01-02T00:00:00Z",
}  # fmt: skip
RECORD = {
    "id": "CVE-1", "summary": "load runs code", "modified": "2026-01-01", "references": [{"url": "https://x"}],
    "affected": [
        {"package": {"name": "Torch"}, "versions": ["1.0", "1.1"],
         "ranges": [{"type": "GIT", "events": [{"introduced": "abc"}]},
                    {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.6.0"}, {"introduced": "2.8"}]}]},
        {"package": {"name": "other"}, "versions": ["9"]},
    ],
}  # fmt: skip


def found(tree: Any) -> tuple[str, tuple[Entry, ...]]:
    return read(json.dumps(tree).encode(), packages=("torch",))


def test_github_issues_without_pull_requests_and_without_control_characters() -> None:
    name, (entry,) = found([ISSUE, {**ISSUE, "number": 8, "pull_request": {"url": "x"}}])
    a = entry.anomaly
    assert (name, a.id, a.title, a.state, a.affected) == ("github", "o/r#7", "conv2d is [2J wrong", "open", "")
    assert a.labels == ("high priority", "module: nn")
    assert found({"items": [ISSUE]})[1] == (entry,)


def test_osv_ranges_of_the_librarys_packages() -> None:
    name, (entry,) = found({"vulns": [RECORD, {**RECORD, "id": "CVE-2", "withdrawn": "2026"}, {**RECORD, "id": "CVE-3", "affected": RECORD["affected"][1:]}]})
    assert (name, entry.anomaly.id) == ("osv", "CVE-1")
    assert entry.anomaly.affected == ">=0,<2.6.0 || >=2.8 || ==1.0 || ==1.1"
    assert "security" in entry.anomaly.labels
    assert found(RECORD)[1] == (entry,)


def test_csv_with_quotes_and_lines() -> None:
    text = '\ufeffid,title,labels,affected,text\nA-1,"wrong, silently","a; b",">=2.0,<2.3","first\nsecond"\n'
    name, (entry,) = read(text.encode(), packages=())
    assert (name, entry.anomaly.labels, entry.anomaly.affected) == ("csv", ("a", "b"), ">=2.0,<2.3")
    assert entry.text == "wrong, silently\nfirst\nsecond"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "names no column 'id'"),
        (b"id,name\n1,x\n", "names no column 'title'"),
        (b"id,title\n1,x,y\n", "another number of fields"),
        (b"id,title\n1\n", "another number of fields"),
        (b'id,title\n1,"x\n', "not a list of anomalies"),
        (b"id,title\n,x\n", "is not the id"),
        (b"id,title\n1,x\n1,y\n", "two entries have the id '1'"),
        (b"\xff\xfe\x00", "not a list of anomalies"),
        (b"[{}", "not a list of anomalies"),
        (b'[{"title": "x"}]', "KeyError: 'number'"),
        (b'{"a": 1}', "KeyError: 'number'"),
        (b"[1, 2]", "TypeError"),
        (b'[{"number": "x", "title": "t"}]', "ValueError"),
        (b"[" * 100_000, "not a list of anomalies"),
    ],
)
def test_anything_else_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(data, packages=())
    assert words in caught.value.cause

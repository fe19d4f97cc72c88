"""What can concern a release, how grave it may be, what must be decided, and a sample that nobody chooses."""

from __future__ import annotations

import pytest

from csvkit_ml.anomalies.choosing import Mentions, Wanted, affects, choose, rule
from csvkit_ml.anomalies.reading import Entry
from csvkit_ml.errors import UsageError
from csvkit_ml.model.anomaly import Anomaly
from csvkit_ml.model.coverage import Risk
from csvkit_ml.model.digest import sha256

NAMES = ("torch.add", "torch.nn.Conv2d", "torch.nn.functional.gelu", "aten::conv2d.out", "ai.onnx.If")
RISKS = {"torch.nn.Conv2d": Risk.HIGH, "torch.add": Risk.LOW, "torch.nn.functional.gelu": Risk.MEDIUM}
SOURCE = sha256(b"list")


def entry(id: str, text: str = "", **more: object) -> Entry:
    return Entry(anomaly=Anomaly(id=id, title=text, **more), text=text)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("nn.Conv2d fails", ("torch.nn.Conv2d",)),
        ("torch.nn.Conv2d(3, 4)", ("torch.nn.Conv2d",)),
        ("x = F.gelu(y)", ("torch.nn.functional.gelu",)),
        ("calls aten::conv2d.out here", ("aten::conv2d.out",)),
        ("`Conv2d` and `add()`", ("torch.add", "torch.nn.Conv2d")),
        ("please add a Conv2d. If not", ()),
        ("mytorch.nn.Conv2dX", ()),
        ("", ()),
    ],
)
def test_names_in_a_text(text: str, names: tuple[str, ...]) -> None:
    assert Mentions(NAMES).find(text) == names


@pytest.mark.parametrize(
    ("affected", "version", "kept"),
    [("", "2.13.0", True), (">=2.0,<2.3", "2.13.0", False), (">=2.0,<2.3 || ==2.13.0", "2.13.0+cpu", True), ("<=2.13.0", "2.13.0", True)],
)
def test_versions(affected: str, version: str, kept: bool) -> None:
    assert affects(Anomaly(id="1", title="", affected=affected), version) is kept


def test_versions_that_cannot_be_read_are_refused() -> None:
    with pytest.raises(UsageError, match="A-1: the affected versions"):
        affects(Anomaly(id="A-1", title="", affected="all"), "2.13.0")


def test_gravest_first_and_what_must_be_decided() -> None:
    entries = [
        entry("quiet", "nothing known", changed="2026-01-09"), entry("low", "torch.add"), entry("medium", "F.gelu"), entry("high", "nn.Conv2d"),
        entry("marked", "nothing", labels=("module: correctness (silent)",)), entry("old", "nn.Conv2d", affected="<2"),
    ]  # fmt: skip
    kept, review = choose(entries, Wanted(version="2.13.0", sample=0), Mentions(NAMES), RISKS, SOURCE)
    assert [a.id for a in kept] == ["marked", "high", "medium", "low", "quiet"]
    assert review == ("marked", "high")
    assert kept[1].mentions == ("torch.nn.Conv2d",)


def test_the_sample_follows_from_the_list_alone() -> None:
    entries = [entry(f"E{i}") for i in range(50)]
    wanted = Wanted(version="1", sample=5)
    drawn = choose(entries, wanted, Mentions(()), {}, SOURCE)[1]
    assert len(drawn) == 5
    assert set(choose(entries[::-1], wanted, Mentions(()), {}, SOURCE)[1]) == set(drawn)
    assert set(choose(entries, wanted, Mentions(()), {}, sha256(b"another"))[1]) != set(drawn)
    assert "5, drawn by" in rule(wanted)


def test_filters_on_labels_and_names() -> None:
    entries = [entry("a", "torch.add", labels=("module: nn",)), entry("b", "nn.Conv2d", labels=("module: nn",)), entry("c", "nn.Conv2d")]
    wanted = Wanted(version="1", labels=("module: *",), names=("torch.nn.*",))
    assert [a.id for a in choose(entries, wanted, Mentions(NAMES), {}, SOURCE)[0]] == ["b"]

"""A fake library's names and rules, for the functional split."""

from __future__ import annotations

from collections.abc import Mapping

from csvkit_ml.model.coverage import Coverage
from csvkit_ml.model.function import Verdict
from csvkit_ml.model.inventory import Entry, EntryKind, Inventory
from csvkit_ml.split.classify import classify
from csvkit_ml.split.coverage import cover
from csvkit_ml.split.rules import read_rules

RULES = """
schema = 1
library = "tiny"

[families]
tensor = ["tiny.{}", "tiny.Tensor.{}", "aten::{}"]

[[rule]]
id = "mathematics"
side = "both"
area = "mathematics"
use = "Compute."
failures = ["wrong value"]
effect = "Wrong."
risk = "medium"
[rule.operations]
tensor = ["exp", "relu"]

[[rule]]
id = "losses"
side = "training"
area = "losses"
use = "Measure."
failures = ["wrong value"]
effect = "Wrong."
risk = "high"
names = ["tiny.*_loss"]
excluding = ["tiny.is_loss"]
"""

NAMES = ("aten::exp", "aten::exp.out", "aten::relu", "tiny.Tensor.exp", "tiny.exp", "tiny.is_loss", "tiny.l1_loss", "tiny.relu", "tiny.relu_again")


def entry(name: str, identity: str = "") -> Entry:
    """An operator where the name is one of the dispatcher's, a callable otherwise."""
    return Entry(name=name, kind=EntryKind.OPERATOR if "::" in name else EntryKind.CALLABLE, identity=identity)


def tiny(*more: str) -> Inventory:
    """The fake library, with more names; `tiny.relu_again` is `tiny.relu`."""
    entries = [entry(n, "tiny.relu" if n == "tiny.relu_again" else "") for n in sorted({*NAMES, *more})]
    return Inventory(methods=("made up",), entries=tuple(entries))


VERIFIES = {"exp": ("tiny.exp", "tiny.gone"), "relu": ("tiny.relu",), "also_relu": ("tiny.relu",)}
CALLS = {"exp": ("aten::exp", "aten::exp.out"), "relu": ("aten::relu", "aten::unknown")}
AGAIN = RULES.replace('tensor = ["exp", "relu"]', 'tensor = ["exp", "relu", "relu_again"]')


def tiny_coverage(
    verdicts: Mapping[str, Verdict] | None = None, calls: Mapping[str, tuple[str, ...]] = CALLS, *more: str,
    results: Mapping[str, tuple[str, ...]] = {}, verifies: Mapping[str, tuple[str, ...]] = VERIFIES,
) -> Coverage:  # fmt: skip
    """The fake library's split."""
    names, file = tiny(*more), read_rules(AGAIN.encode())
    return cover(
        library="tiny", version="1", inventory=names, file=file, classification=classify(names, file), verifies=verifies, calls=calls,
        results=results, verdicts=verdicts,
    )  # fmt: skip

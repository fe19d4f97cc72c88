"""What every library's rules of the functional split must satisfy; no library is installed."""

from __future__ import annotations

import pytest

from csvkit_ml import registry
from csvkit_ml.libraries.port import Library
from csvkit_ml.model.coverage import SplitSide
from csvkit_ml.model.function import Side
from csvkit_ml.model.inventory import Entry, EntryKind, Inventory
from csvkit_ml.split.classify import check_claims, classify
from csvkit_ml.split.rules import read_rules
from csvkit_ml.split.unverified import read_reasons

LIBRARIES = {n: lib for n, lib in registry.libraries().items() if lib.split()}
SIDES = {
    Side.INFERENCE: {SplitSide.INFERENCE, SplitSide.BOTH},
    Side.TRAINING: {SplitSide.TRAINING, SplitSide.BOTH, SplitSide.DATA},
    Side.BOTH: {SplitSide.INFERENCE, SplitSide.TRAINING, SplitSide.BOTH},
}


def test_every_shipped_library_has_rules() -> None:
    assert set(LIBRARIES) == {"torch", "onnxruntime"}


@pytest.mark.parametrize("library", LIBRARIES.values(), ids=LIBRARIES)
def test_every_bound_name_falls_under_one_rule(library: Library) -> None:
    file = read_rules(library.split())
    assert file.library == library.name
    names = sorted({n for o in library.offers() for n in o.names})
    found = classify(Inventory(methods=(), entries=tuple(Entry(name=n, kind=EntryKind.CALLABLE) for n in names)), file)
    check_claims(found.unclassified)
    assert found.unclassified == ()


@pytest.mark.parametrize("library", LIBRARIES.values(), ids=LIBRARIES)
def test_a_function_is_on_a_side_of_the_names_that_it_verifies(library: Library) -> None:
    """One of them at least: a training function may be bound to helpers of both sides and to what feeds it, but not to inference alone."""
    file = read_rules(library.split())
    names = sorted({n for o in library.offers() for n in o.names or o.exercises})
    rules = classify(Inventory(methods=(), entries=tuple(Entry(name=n, kind=EntryKind.CALLABLE) for n in names)), file).rules
    astray = {
        o.function: {rules[n].side.value for n in o.names or o.exercises if n in rules}
        for o in library.offers()
        if not SIDES[registry.functions()[o.function].side] & {rules[n].side for n in o.names or o.exercises if n in rules}
    }
    assert astray == {}


@pytest.mark.parametrize("library", LIBRARIES.values(), ids=LIBRARIES)
def test_reasons_are_of_this_library_and_of_names_that_nothing_verifies(library: Library) -> None:
    """A glob may cover verified names too; a name that is written out must not be verified."""
    file, rules = read_reasons(library.unverified()), read_rules(library.split())
    assert file.library == library.name
    assert {r for b in file.because for r in b.rules} <= {r.id for r in rules.rule}
    verified = {n for o in library.offers() for n in o.names}
    assert [n for b in file.because for n in b.names if n in verified] == []


@pytest.mark.parametrize("library", LIBRARIES.values(), ids=LIBRARIES)
def test_a_reason_is_one_sentence_and_stands_once(library: Library) -> None:
    sentences = [b.reason for b in read_reasons(library.unverified()).because]
    assert len(set(sentences)) == len(sentences)
    assert all(s.endswith(".") and s[0].isupper() for s in sentences)

"""Scope files: read back the same, one use a line, mergeable; anything else is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csvkit_ml.errors import ScopeError
from csvkit_ml.model.digest import sha256
from csvkit_ml.model.scope import Operand, Phase, Scope, Source, Use, base
from csvkit_ml.scope.collect import digest, from_text, gather, merge, to_text

TEXT = st.text("abcXYZ.:_<>&\"\\'é", max_size=8)
OPERANDS = st.builds(Operand, dtype=TEXT, shape=st.none() | st.tuples(st.integers(-1, 9)), layout=TEXT, constant=st.booleans())
ATTRIBUTES = st.lists(st.tuples(TEXT, st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats() | TEXT), max_size=2)
USES = st.builds(
    Use, operator=TEXT, version=st.integers(0, 30), phase=st.sampled_from(Phase), device=TEXT, operands=st.lists(OPERANDS, max_size=2).map(tuple),
    attributes=ATTRIBUTES.map(tuple), count=st.integers(1, 2**40),
)  # fmt: skip
SCOPES = st.builds(
    lambda uses, problems: gather("torch", [Source(kind="script", name="t.py", digest=sha256(b""))], uses, problems),
    st.lists(USES, max_size=5),
    st.lists(TEXT, max_size=3),
)


@given(SCOPES)
def test_a_file_reads_back_the_same(scope: Scope) -> None:
    data = to_text(scope)
    again = from_text(data, "s.json")
    assert to_text(again) == data
    assert digest(again) == digest(scope)
    assert data.count(b"\n") >= len(scope.uses)


@given(SCOPES, SCOPES, SCOPES)
def test_merging_does_not_depend_on_the_order(a: Scope, b: Scope, c: Scope) -> None:
    assert to_text(merge([a, merge([b, c])])) == to_text(merge([c, b, a]))


def test_merging_adds_counts() -> None:
    use = Use(operator="aten::add.Tensor", operands=(Operand(dtype="float32", shape=(2,)),))
    one = gather("torch", (), [use])
    assert [u.count for u in merge([one, one, one]).uses] == [3]
    assert one.operators == ("aten::add",)


def test_scopes_of_two_libraries_do_not_mix() -> None:
    with pytest.raises(ScopeError):
        merge([gather("torch", (), ()), gather("onnxruntime", (), ())])
    with pytest.raises(ScopeError):
        merge([])


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff", b"{" * 100_000, b'{"library":"torch"}'])
def test_what_is_no_scope(data: bytes) -> None:
    with pytest.raises(ScopeError):
        from_text(data, "s.json")


def test_a_later_schema_is_refused() -> None:
    with pytest.raises(ScopeError, match="schema 2"):
        from_text(to_text(gather("torch", (), ())).replace(b'"schema": 1', b'"schema": 2'), "s.json")


def test_an_overload_is_no_part_of_the_operator() -> None:
    assert base("aten::add.Tensor") == "aten::add"
    assert base("ai.onnx.Conv") == "ai.onnx.Conv"

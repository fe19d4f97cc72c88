from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csvkit_ml.reporting.display import margin, number, ratio, shape_index, visible
from csvkit_ml.reporting.strip import strip


@given(st.floats(min_value=0))
def test_a_ratio_never_crosses_the_limit_in_print(x: float) -> None:
    text = ratio(x)
    if math.isfinite(x):
        assert (float(text) > 1) == (x > 1)
        assert (float(text) < 1) == (x < 1)


@pytest.mark.parametrize(
    ("x", "text"), [(0.0, "0"), (1.23456e-9, "1.23e-09"), (math.nan, "NaN"), (math.inf, "∞"), (-math.inf, "−∞"), (123.0, "123")]
)
def test_number(x: float, text: str) -> None:
    assert number(x) == text


def test_margin() -> None:
    assert [margin(0.0, 0.0), margin(1.0, 0.5), margin(math.inf, math.nan), margin(1e-9, math.inf)] == ["exact", "×2", "none", "none"]
    assert margin(1.0, 4.0) == "×0.25"


def test_index() -> None:
    assert shape_index(()) == "" and shape_index((0, 3)) == "[0, 3]"


@given(st.text())
def test_visible_hides_nothing_and_keeps_the_rest(text: str) -> None:
    shown = visible(text)
    assert all(c in "\n\t" or c == " " or c.isprintable() or ord(c) > 0x7F for c in shown)
    assert not set(shown) & set("\u202a\u202e\u2066\u2069\u200b\ufeff\r\x00\x7f\x85")
    assert visible("plain é 日本") == "plain é 日本"


@given(st.lists(st.floats(min_value=0), min_size=1, max_size=30))
def test_the_strip_draws_what_is_past_the_limit_apart(ratios: list[float]) -> None:
    drawn = str(strip(tuple(ratios)))
    beyond = sum(x > 1 or x != x for x in ratios)
    assert f"; {beyond} past the limit" in drawn
    assert ('class="out"' in drawn) == (beyond > 0)
    assert ('class="in"' in drawn) == (beyond < len(ratios))


def test_the_strip_of_nothing() -> None:
    assert strip(()) == ""

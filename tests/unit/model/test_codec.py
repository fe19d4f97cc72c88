"""decode(encode(x)) == x, one way of writing, and nothing else is read."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from csvkit_ml.model.codec import CodecError, canonical, decode, from_json
from csvkit_ml.model.digest import sha256
from csvkit_ml.model.environment import EnvironmentRecord, Fingerprint
from csvkit_ml.model.function import Measurement, Reason, Side
from csvkit_ml.model.judgement import CaseJudgement, FunctionJudgement
from csvkit_ml.model.observation import Crashed, Killed, Observation, OutputRef, Produced, Raised, Repetition, TimedOut, Unsupported

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
DIGEST = st.binary(max_size=4).map(sha256)
FLOAT = st.floats()
OUTCOME = st.one_of(
    st.builds(
        Produced, outputs=st.tuples(st.builds(OutputRef, name=TEXT, dtype=TEXT, shape=st.tuples(st.integers(0, 2**60)), blob=DIGEST))
    ),
    st.builds(Raised, type=TEXT, message=TEXT),
    st.builds(Crashed, exit_code=st.none() | st.integers(0, 255), signal=TEXT, stderr=DIGEST),
    st.builds(TimedOut, limit_s=FLOAT),
    st.builds(Killed, why=TEXT),
    st.builds(Unsupported, message=TEXT),
)
OBSERVATION = st.builds(
    Observation, case=TEXT, key=DIGEST,
    repetitions=st.lists(st.builds(Repetition, kind=TEXT, process=st.integers(0, 9), outcome=OUTCOME), max_size=3).map(tuple),
)  # fmt: skip
MEASUREMENT = st.builds(
    Measurement, output=TEXT, reason=st.sampled_from(Reason), compared=st.integers(0, 2**70), offenders=st.integers(0, 9), error=FLOAT, limit=FLOAT,
    hard_limit=FLOAT, ratio=FLOAT, rms_ratio=FLOAT, worst_index=st.lists(st.integers(0, 9), max_size=3).map(tuple), expected=TEXT, actual=TEXT,
)  # fmt: skip
JUDGEMENT = st.builds(
    FunctionJudgement, id=TEXT, side=st.sampled_from(Side),
    cases=st.lists(
        st.builds(
            CaseJudgement, case=TEXT, reason=st.sampled_from(Reason), detail=TEXT, measurements=st.lists(MEASUREMENT, max_size=2).map(tuple),
            differing=st.lists(TEXT, max_size=2).map(tuple),
        ), max_size=2,
    ).map(tuple),
)  # fmt: skip


def same(a: object, b: object) -> bool:
    """Equality in which NaN equals NaN and signs of zero count."""
    return canonical(a) == canonical(b) and repr(a) == repr(b)


@given(st.one_of(OBSERVATION, JUDGEMENT, MEASUREMENT))
def test_round_trip(record: Any) -> None:
    assert same(decode(type(record), canonical(record)), record)


@given(st.one_of(OBSERVATION, JUDGEMENT))
def test_one_way_of_writing(record: Any) -> None:
    tree = json.loads(canonical(record), parse_int=lambda digits: int(digits) if abs(int(digits)) < 2**53 else float(digits))
    assert canonical(record) == rfc8785.dumps(tree)


NUMBER = st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: x != 0 or math.copysign(1, x) > 0)
PLAIN = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT | NUMBER


@given(st.recursive(PLAIN, lambda x: st.lists(x, max_size=4) | st.dictionaries(TEXT, x, max_size=4), max_leaves=12))
def test_the_same_bytes_as_a_second_implementation(tree: Any) -> None:
    assert canonical(tree) == rfc8785.dumps(tree)


@pytest.mark.parametrize("exponent", range(-330, 309, 1))
def test_numbers_of_every_size(exponent: int) -> None:
    for digits in ("1", "9007199254740993", "1.5", "123.456"):
        value = float(f"{digits}e{exponent}")
        if math.isfinite(value):
            assert canonical(value) == rfc8785.dumps(value)
            assert canonical(-value) == (rfc8785.dumps(-value) if value else b'{"$float":"-0.0"}')


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -math.inf, -0.0, 5e-324, 1e16, 1e-7, 0.1])
def test_floats_bit_for_bit(value: float) -> None:
    assert same(decode(TimedOut, canonical(TimedOut(limit_s=value))), TimedOut(limit_s=value))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"nonsense",
        b'{"limit_s":"1"}',
        b'{"limit_s":1,"more":1}',
        b'{"limit_s":{"$float":"1"}}',
        b'{"limit_s":true}',
        b"[" * 10**5,
    ],
)
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(CodecError):
        decode(TimedOut, data)


def test_a_lone_surrogate_is_refused() -> None:
    with pytest.raises(CodecError):
        canonical(Killed(why="\ud800"))


def test_unknown_outcome_is_refused() -> None:
    tree = json.loads(canonical(Repetition(kind="first", process=0, outcome=Killed(why="x"))))
    tree["outcome"]["kind"] = "Passed"
    with pytest.raises(CodecError):
        from_json(Repetition, tree)


def test_environment() -> None:
    record = EnvironmentRecord(
        library="l", version="1", adopted=True, python="p", lock=sha256(b""), distributions=(), findings=(),
        fingerprint=Fingerprint(host=(("a", "b"),), interpreter=(), library=(), variables=()),
    )  # fmt: skip
    assert decode(EnvironmentRecord, canonical(record)) == record

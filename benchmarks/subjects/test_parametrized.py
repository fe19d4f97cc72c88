"""pytest: one parametrised test a case and repetition, compared with the first."""

import pytest
from calls import CASES, REPETITIONS, run

first = {}


@pytest.mark.parametrize("number", range(len(CASES)), ids=lambda n: f"{CASES[n][0]}-{CASES[n][1]}-{n}")
@pytest.mark.parametrize("repetition", range(REPETITIONS))
def test_case(number, repetition):
    got = run(CASES[number])
    assert got == first.setdefault(number, got)

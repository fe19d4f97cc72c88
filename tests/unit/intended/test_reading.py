"""requirements.toml: every mistake at once, nothing passed over."""

from __future__ import annotations

import pytest

from csvkit_ml.errors import UsageError
from csvkit_ml.intended.reading import read_requirements
from csvkit_ml.model.coverage import Risk
from csvkit_ml.model.requirement import MakerRequirement

GOOD = """
schema = 1
[[requirement]]
id = "R-1"
text = "Convolve."
risk = "high"
hazards = ["H-1"]
functions = ["conv2d", "conv2d", "pool*"]
[[requirement]]
id = "R-2"
text = "Add."
risk = "low"
operators = ["aten::add.Tensor"]
"""


def mistakes(text: str) -> list[str]:
    with pytest.raises(UsageError) as e:
        read_requirements(text.encode(), "r.toml")
    return [line.strip() for line in e.value.cause.splitlines()[1:]]


def test_values() -> None:
    first, second = read_requirements(GOOD.encode(), "r.toml")
    assert first == MakerRequirement(id="R-1", text="Convolve.", risk=Risk.HIGH, hazards=("H-1",), functions=("conv2d", "pool*"))
    assert (second.id, second.operators, second.functions) == ("R-2", ("aten::add.Tensor",), ())


def test_all_mistakes_at_once() -> None:
    text = 'extra = 1\n[[requirement]]\nid = "A"\nrisk = "huge"\nfunctions = "conv2d"\ncolour = 1\n[[requirement]]\nid = "A"\ntext = "x"\nrisk = "low"\n'
    assert mistakes(text) == [
        "schema must be 1",
        "unknown key 'extra'",
        "requirement 1 ('A'): unknown key 'colour'",
        "requirement 1 ('A'): text must be a text that is not empty",
        "requirement 1 ('A'): risk must be one of low, medium, high",
        "requirement 1 ('A'): functions must be a list of texts that are not empty",
        "2 requirements have the id 'A'",
    ]


@pytest.mark.parametrize("text", ["schema = 1", "schema = 1\nrequirement = []", "schema = 1\nrequirement = [1]", "schema = 1\nrequirement = 3"])
def test_no_requirement_is_a_mistake(text: str) -> None:
    assert mistakes(text) == ["there is no [[requirement]]"]


@pytest.mark.parametrize(
    "table", ["id = 3", 'id = " "', 'id = "a\\nb"', 'risk = ["low"]', "text = false", 'hazards = [""]', "operators = [1]", "functions = {}"]
)
def test_each_key_is_checked(table: str) -> None:
    keys = {"id": 'id = "A"', "text": 'text = "x"', "risk": 'risk = "low"'} | {table.split(" ")[0]: table}
    assert len(mistakes("schema = 1\n[[requirement]]\n" + "\n".join(keys.values()))) == 1


@pytest.mark.parametrize("data", [b"\xff", b"schema = ", b"a = " + b"[" * 5000])
def test_not_toml(data: bytes) -> None:
    with pytest.raises(UsageError, match="is not TOML"):
        read_requirements(data, "r.toml")

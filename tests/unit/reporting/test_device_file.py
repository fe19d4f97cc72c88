from __future__ import annotations

import tomllib

import pytest

from csvkit_ml.errors import UsageError
from csvkit_ml.model.device import NO_INPUT, DeviceInput
from csvkit_ml.reporting.device_file import empty_device, read_device
from csvkit_ml.reporting.findings import QUESTIONS


def test_the_empty_file_asks_everything_and_answers_nothing() -> None:
    assert read_device(empty_device().encode()) == NO_INPUT
    asked = {f"{t}.{k}" for t, values in tomllib.loads(empty_device()).items() if isinstance(values, dict) for k in values}
    assert len(asked) == len(QUESTIONS) == len({*NO_INPUT.open("tool"), *NO_INPUT.open("soup")})


def test_what_is_answered_is_read() -> None:
    text = '''schema = 1
[item]
designator = "SOUP-7"
[soup]
use = "segmentation"
[[disposition]]
kind = "failure"
subject = "max_pool*"
decision = "avoided"
reason = "inputs are finite"
'''
    device = read_device(text.encode())
    assert device.designator == "SOUP-7" and device.soup_use == "segmentation" and "soup_use" not in device.open("soup")
    assert device.disposition("failure", "max_pool2d") and not device.disposition("indeterminate", "max_pool2d")


@pytest.mark.parametrize(
    "text",
    ["", "schema = 2", "schema = '1'", "schema = 1\n[item]\nname = 'x'", "schema = 1\n[soup]\nuse = 1", "schema = 1\nx = 1", "= 1", "schema = 1\n"
     "[[disposition]]\nkind='failure'\nsubject='a'\ndecision=''\nreason='b'"],
)  # fmt: skip
def test_what_is_not_of_the_form_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        read_device(text.encode())


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(UsageError) as e:
        read_device(b"schema = 1\n[item]\nname = 'x'\n[tool]\nuse = 3")
    assert "item.name" in e.value.cause and "tool.use" in e.value.cause


def test_open_items_are_of_the_report_that_asks() -> None:
    device = DeviceInput(soup_use="x")
    assert "soup_use" not in device.open("soup") and "tool_use" in device.open("tool") and "tool_use" not in device.open("soup")

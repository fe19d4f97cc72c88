"""junit.xml: one test suite per function, failed = failure, indeterminate = error with its reason."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from csvkit_ml.model.function import Verdict
from csvkit_ml.model.report import ReportCase, ReportFunction, ReportModel
from csvkit_ml.reporting.assemble import worst_of
from csvkit_ml.reporting.display import margin, number, ratio
from csvkit_ml.reporting.format import Format

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot carry, not even escaped."""

_ELEMENTS = {Verdict.FAILED: "failure", Verdict.INDETERMINATE: "error"}


def render(model: ReportModel, record: bytes = b"") -> bytes:
    """UTF-8 XML; the same model gives the same bytes."""
    root = ET.Element("testsuites", _counts(model.functions) | {"name": xml_text(f"{model.tool}: {model.title}")})
    for f in model.functions:
        root.append(_suite(model, f))
    ET.indent(root)
    body: bytes = ET.tostring(root, encoding="utf-8")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + body + b"\n"


def xml_text(text: str) -> str:
    """The text with every character that XML cannot carry written as `<U+0000>`."""
    return _NOT_XML.sub(lambda m: f"<U+{ord(m.group()):04X}>", text)


def _counts(functions: tuple[ReportFunction, ...]) -> dict[str, str]:
    return {
        "tests": str(sum(len(f.cases) for f in functions)),
        "failures": str(sum(f.failed for f in functions)),
        "errors": str(sum(f.indeterminate for f in functions)),
        "skipped": "0",
    }


def _suite(model: ReportModel, f: ReportFunction) -> ET.Element:
    suite = ET.Element("testsuite", {"name": xml_text(f.id), **_counts((f,)), "timestamp": xml_text(model.run.started)})
    properties = ET.SubElement(suite, "properties")
    for name, value in (
        ("side", f.side.value),
        ("area", f.area),
        ("verdict", f.verdict.value),
        ("requirement", f.requirement),
        ("library", f"{model.library} {model.version}"),
        ("backend", model.backend),
        ("signed-by", model.signed_by or "UNSIGNED"),
    ):
        ET.SubElement(properties, "property", {"name": name, "value": xml_text(value)})
    for c in f.cases:
        suite.append(_case(f, c))
    return suite


def _case(f: ReportFunction, c: ReportCase) -> ET.Element:
    classname = f"mlcsv.{f.side.value}.{f.id}"
    case = ET.Element("testcase", {"classname": xml_text(classname), "name": xml_text(f"{c.sample}/{c.variant}")})
    if c.verdict in _ELEMENTS:
        told = ET.SubElement(case, _ELEMENTS[c.verdict], {"type": c.reason.name, "message": xml_text(f"{c.reason.value}: {c.detail}")})
        told.text = xml_text("\n".join(_lines(c)))
    return case


def _lines(c: ReportCase) -> list[str]:
    """The numbers of the worst output, why the limit is what it is, and how to repeat the case."""
    lines = []
    if m := worst_of(c.measurements):
        lines.append(f"output {m.output}: expected {m.expected}, actual {m.actual} at {list(m.worst_index)}")
        lines.append(f"error {number(m.error)}, limit {number(m.limit)}, error/limit {ratio(m.ratio)}, margin {margin(m.error, m.ratio)}")
        lines.append(f"{m.offenders} of {m.compared} elements past the limit")
    lines.append(f"limit: {c.criterion.formula} ({c.criterion.rationale} {c.criterion.literature})")
    return [*lines, c.reproduce]


FORMAT = Format(name="junit", filename="junit.xml", render=render)

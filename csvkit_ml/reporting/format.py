"""The port of report formats, and their discovery: one file `<name>_format.py` exporting one constant `FORMAT`."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from typing import Protocol

from csvkit_ml.errors import SuiteError
from csvkit_ml.model.report import ReportModel


class Render(Protocol):
    """Pure: equal models give equal bytes.

    Args:
        record: report.json of the model without its approvals, where it is already made.
    """

    def __call__(self, model: ReportModel, /, record: bytes = b"") -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One kind of report file."""

    name: str
    """Short stable name, e.g. `html`."""
    filename: str
    """Name inside the report folder."""
    render: Render


def formats() -> tuple[Format, ...]:
    """Every format of this package, by name.

    Raises:
        SuiteError: a format module without `FORMAT`, or two formats of one name or one file name.
    """
    package = importlib.import_module("csvkit_ml.reporting")
    modules = sorted(m.name for m in pkgutil.iter_modules(package.__path__) if m.name.endswith("_format"))
    found = tuple(_load(f"csvkit_ml.reporting.{m}") for m in modules)
    check_distinct(found)
    return tuple(sorted(found, key=lambda f: f.name))


def check_distinct(found: tuple[Format, ...]) -> None:
    """No two formats may share a name or a file. Raises SuiteError."""
    for texts, what in (([f.name for f in found], "name"), ([f.filename for f in found], "file name")):
        if twice := sorted({t for t in texts if texts.count(t) > 1}):
            raise SuiteError(f"two report formats have the {what} {twice[0]!r}", "rename one of them")


def _load(module: str) -> Format:
    value = getattr(importlib.import_module(module), "FORMAT", None)
    if not isinstance(value, Format):
        raise SuiteError(f"{module} exports no FORMAT", "a format module exports one constant FORMAT of type Format")
    return value

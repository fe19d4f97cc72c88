"""A paper report as bytes: typst with embedded fonts, tagged PDF/A-3a and PDF/UA-1, report.json attached. Equal models give equal bytes."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from importlib.resources import files

from csvkit_ml.errors import LayoutError
from csvkit_ml.model.codec import canonical
from csvkit_ml.model.digest import sha256
from csvkit_ml.model.report import Approval, ReportModel
from csvkit_ml.reporting.blocks import safe
from csvkit_ml.reporting.document import Kind, document, timestamp

LARGE = 1 << 24
"""Bytes of a record from which a process is worth its start."""


def render(model: ReportModel, kind: Kind, record: bytes = b"") -> bytes:
    """Typeset one of the two reports; the attached report.json is the one of the run, without approvals."""
    attached = record or canonical(replace(model, approvals=()))
    return typeset(json.dumps(document(model, kind)).encode(), attached, timestamp(model))


def typeset(document: bytes, record: bytes, seconds: int) -> bytes:
    """A document and its record, laid out as at that time; a large one in a process of its own, so that the host may go on."""
    if len(record) < LARGE:
        return compiled(document, record, seconds)
    line = [sys.executable, "-P", "-m", "csvkit_ml.reporting.typesetting", str(seconds), str(len(document))]
    done = subprocess.run(line, input=document + record, capture_output=True)
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()[-500:] or f"exit {done.returncode}"
        raise LayoutError(f"a PDF of {len(record) >> 20} MiB of results cannot be laid out: {said}", "free memory and run the same command again")
    return done.stdout


def compiled(document: bytes, record: bytes, seconds: int) -> bytes:
    """See `typeset`; the compiler keeps the interpreter to itself meanwhile."""
    import typst

    inputs = {"document": document.decode(), "report": record.decode()}
    compiler = typst.Compiler(_template("report.typ"), ignore_system_fonts=True, sys_inputs=inputs)
    made = compiler.compile(format="pdf", pdf_standards=["a-3a", "ua-1"], timestamp=seconds)
    assert isinstance(made, bytes)  # one document, no output file
    return made


def stamp(approval: Approval) -> bytes:
    """The picture of a signature: a small PDF page with the words that are signed."""
    import typst

    words = safe({n: getattr(approval, n)[:160] for n in ("role", "name", "time", "meaning")})
    compiler = typst.Compiler(_template("stamp.typ"), ignore_system_fonts=True, sys_inputs={"document": json.dumps(words)})
    made = compiler.compile(format="pdf", pdf_standards=["a-3b"], timestamp=0)
    assert isinstance(made, bytes)  # one document, no output file
    return made


def renderers() -> tuple[tuple[str, str], ...]:
    """Programs that the bytes of a report depend on, and the digest of our own layout."""
    return (*((n, version(n)) for n in ("jinja2", "typst")), ("layout", _layout()))


@cache
def _layout() -> str:
    """Over the sources of this package, by name."""
    package = files("csvkit_ml.reporting")
    found = [f for folder in (package, package.joinpath("templates")) for f in folder.iterdir() if f.is_file()]
    return sha256(b"".join(f.name.encode() + b"\n" + sha256(f.read_bytes()).encode() for f in sorted(found, key=lambda f: f.name)))


@cache
def _template(name: str) -> bytes:
    return files("csvkit_ml.reporting.templates").joinpath(name).read_bytes()

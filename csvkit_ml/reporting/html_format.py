"""report.html: one self-contained file, no network, readable with scripts off, filterable and sortable with scripts on."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from csvkit_ml.model.function import Side, Verdict
from csvkit_ml.model.report import ReportModel
from csvkit_ml.reporting import agreement, circumstances, display, failure_modes, html_view, upgrade, wording
from csvkit_ml.reporting.findings import QUESTIONS, is_draft
from csvkit_ml.reporting.format import Format
from csvkit_ml.reporting.left_out import by_reason

_TEMPLATES = (
    "report.html.j2", "macros.html.j2", "summary.html.j2", "functions.html.j2", "coverage.html.j2", "intended.html.j2",
    "anomalies.html.j2", "environment.html.j2", "closing.html.j2", "pictures.html.j2", "upgrade.html.j2", "circumstances.html.j2",
)  # fmt: skip

_ANCHORS = {
    "summary": "page1", "use": "conclusion", "item": "environment", "configuration": "page1", "plan": "page1", "findings": "findings",
    "trace": "side-inference", "failure-modes": "failure-modes",
    "results": "pictures", "determinism": "determinism", "faults": "faults", "not-offered": "not-offered",
    "limits": "limits", "repeat": "repeat", "approvals": "approvals", "supplier": "anomalies", "coverage": "coverage",
    "upgrade": "upgrade",
}  # fmt: skip
"""Where the sections that clause maps name lie on the page."""


def render(model: ReportModel, record: bytes = b"") -> bytes:
    """The page as UTF-8 bytes; the same model gives the same bytes."""
    style, script = _text("report.css"), _text("report.js")
    functions = html_view.function_views(model)
    columns, heat = html_view.heat(model)
    page = _environment().get_template("report.html.j2")
    text = page.render(
        m=model,
        policy=_policy(style, script),
        style=Markup(style),
        script=Markup(script),
        functions=functions,
        sides=html_view.side_views(model, functions),
        findings=html_view.finding_groups(model),
        left_out=by_reason(model.not_offered),
        faults=tuple(d for f in model.functions for d in f.faults),
        draft=is_draft(model),
        answers=tuple((q[0].upper() + q[1:], getattr(model.device, n)) for n, q in QUESTIONS.items()),
        anchors=_ANCHORS if model.upgrade else _ANCHORS | {"upgrade": "conclusion"},
        pictures=tuple(html_view.pictures(model)),
        heat_columns=columns,
        heat=heat,
        heat_legend=agreement.LEGEND,
        around=circumstances.view(model.determinism) if model.determinism else None,
        limits=wording.limits(model),
        repeat=wording.repeat(model),
        glossary=wording.GLOSSARY,
        modes=failure_modes,
        failing=failure_modes.rows(model.functions),
        upgrade_rows=upgrade.rows(model.upgrade, tuple(Side)) if model.upgrade else (),
        counts=tuple((v, model.count(v)) for v in Verdict),
    )
    return text.encode()


def _policy(style: str, script: str) -> str:
    """Nothing may be loaded or sent; only this style sheet and this script may act."""
    return f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _text(name: str) -> str:
    return files("csvkit_ml.reporting.templates").joinpath(name).read_text(encoding="utf-8").replace("\r\n", "\n")


def _shown(value: object) -> object:
    """Every text on its way into the page: what hides or reorders characters is made visible, then escaped."""
    return display.visible(value) if type(value) is str else value


@cache
def _environment() -> Environment:
    env = Environment(
        loader=DictLoader({name: _text(name) for name in _TEMPLATES}),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters |= {
        "number": display.number,
        "ratio": display.ratio,
        "index": display.shape_index,
        "parameters": html_view.parameters,
        "plural": display.plural,
        "ordinary": html_view.ordinary,
    }
    return env


FORMAT = Format(name="html", filename="report.html", render=render)

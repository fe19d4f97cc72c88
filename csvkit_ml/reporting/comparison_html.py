"""Pages of comparisons, version matrices and determinism matrices: one file each, no network, no script."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from csvkit_ml.model.comparison import (
    SEVERITY,
    Agreement,
    CaseComparison,
    Change,
    Comparison,
    DeterminismMatrix,
    DimensionResult,
    FunctionComparison,
    Impact,
    Party,
)
from csvkit_ml.model.report import Approval
from csvkit_ml.reporting import display
from csvkit_ml.reporting.heat_map import Square, heat_map
from csvkit_ml.reporting.impact_file import QUESTIONS

_TEMPLATES = ("comparison.html.j2", "version_matrix.html.j2", "determinism.html.j2", "impact.html.j2", "macros.html.j2", "page.html.j2")
MARKS = {
    Change.NEWLY_RAISING: ("h-outside", "R"), Change.NEWLY_FAILING: ("h-outside", "!"), Change.OUTSIDE: ("h-outside", "✕"),
    Change.NEWLY_UNSUPPORTED: ("h-outside", "−"), Change.NOT_COMPARABLE: ("h-none", "?"), Change.STREAM: ("h-changed", "s"),
    Change.NEWLY_SUPPORTED: ("h-changed", "+"), Change.NEWLY_PASSING: ("h-changed", "✓"), Change.WITHIN: ("h-within", "≈"),
    Change.IDENTICAL: ("h-same", "="),
}  # fmt: skip
AGREEMENTS = {
    Agreement.IDENTICAL: ("h-same", "="), Agreement.WITHIN: ("h-within", "≈"), Agreement.OUTSIDE: ("h-outside", "✕"),
    Agreement.NOT_DRIVEN: ("h-none", "·"),
}  # fmt: skip
SHOWN_GROUPS = 1000
"""Groups of changed cases that a page lists; the JSON beside it has all."""
SHOWN_EACH = 3
"""Cases of each."""
NO_ANSWERS = Impact()


def comparison_page(c: Comparison, impact: Impact = NO_ANSWERS, approvals: tuple[Approval, ...] = ()) -> bytes:
    """The upgrade assessment of two runs, with what persons concluded and signed."""
    found = groups(c)
    counts = tuple((change, c.count(change), sum(g.change is change for g in found)) for change in Change)
    return _render(
        "comparison.html.j2", c=c, counts=counts, groups=found[:SHOWN_GROUPS], left_out=max(0, len(found) - SHOWN_GROUPS), marks=MARKS,
        moved=tuple(f for f in c.functions if f.worst is not Change.IDENTICAL),
        still=tuple(f for f in c.functions if f.worst is Change.IDENTICAL), title=f"{c.before.name} → {c.after.name}", impact=_asked(impact),
        approvals=approvals,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Cases of one function with one kind of change."""

    function: str
    change: Change
    cases: int
    first: tuple[CaseComparison, ...]
    """Those that are furthest apart."""


def groups(c: Comparison) -> tuple[Group, ...]:
    """What changed, in the order in which it matters: by kind over all functions, then by number of cases."""
    found: dict[tuple[str, Change], list[CaseComparison]] = {}
    for f in c.functions:
        for x in f.cases:
            found.setdefault((f.id, x.change), []).append(x)
    made = (Group(function=id, change=change, cases=len(xs), first=tuple(xs[:SHOWN_EACH])) for (id, change), xs in found.items())
    return tuple(sorted(made, key=lambda g: (SEVERITY[g.change], -g.cases, g.function)))


def matrix_page(parties: tuple[Party, ...], comparisons: tuple[Comparison, ...]) -> bytes:
    """Functions by runs, each compared with the first."""
    names = tuple(dict.fromkeys(f.id for c in comparisons for f in c.functions))
    tables = [{f.id: f for f in c.functions} for c in comparisons]
    squares = tuple(tuple(_change_square(n, t.get(n), c) for t, c in zip(tables, comparisons, strict=True)) for n in names)
    columns = tuple(p.name for p in parties[1:])
    picture = heat_map(names, columns, squares, f"Functions against {parties[0].name}")
    rows = tuple(zip(names, squares, strict=True))
    return _render(
        "version_matrix.html.j2", parties=parties, picture=picture, rows=rows, comparisons=comparisons, marks=MARKS, impact=_asked(NO_ANSWERS), approvals=(),
        title=f"{len(comparisons)} runs against {parties[0].name}",
    )  # fmt: skip


def determinism_page(m: DeterminismMatrix) -> bytes:
    """Functions by dimensions."""
    driven = driven_in(m)
    differing = ranked(m)
    picture = Markup("").join(determinism_pictures(m, max(1, len(m.functions))))
    missing = tuple(d for i, d in enumerate(m.dimensions) if i not in driven)
    totals = totals_of(m)
    return _render(
        "determinism.html.j2", m=m, picture=picture, differing=differing, missing=missing, totals=totals, agreements=tuple(Agreement),
        marks=AGREEMENTS, title=f"Determinism of {m.library} {m.version}",
    )  # fmt: skip


def driven_in(m: DeterminismMatrix) -> tuple[int, ...]:
    """Places of the dimensions along which anything was compared."""
    return tuple(i for i, _ in enumerate(m.dimensions) if any(f.results[i].pairs for f in m.functions))


def totals_of(m: DeterminismMatrix) -> tuple[tuple[str, int, int, int, int], ...]:
    """(dimension, functions of each agreement) of every dimension that was driven."""
    return tuple((m.dimensions[i][0], *_agreements(m, i)) for i in driven_in(m))


def _agreements(m: DeterminismMatrix, i: int) -> tuple[int, int, int, int]:
    a, b, c, d = (sum(f.results[i].agreement is a for f in m.functions) for a in Agreement)
    return a, b, c, d


def ranked(m: DeterminismMatrix) -> list[tuple[str, DimensionResult]]:
    """Where bits differ, most serious first."""
    found = ((f.id, r) for f in m.functions for r in f.results if r.differing)
    return sorted(found, key=lambda x: (x[1].agreement is not Agreement.OUTSIDE, -x[1].elements.worst_ulp, x[0]))


def determinism_pictures(m: DeterminismMatrix, rows: int) -> Iterator[Markup]:
    """The heat map in parts of so many functions."""
    driven = driven_in(m)
    columns = tuple(m.dimensions[i][0] for i in driven)
    for n in range(0, len(m.functions), rows):
        part = m.functions[n : n + rows]
        squares = tuple(tuple(_agreement_square(f.id, f.results[i]) for i in driven) for f in part)
        yield heat_map(tuple(f.id for f in part), columns, squares, "Determinism of functions by dimension")


def _asked(impact: Impact) -> tuple[tuple[str, str], ...]:
    return tuple((question, getattr(impact, name)) for name, question in QUESTIONS.items())


def share(differing: int, compared: int) -> str:
    """Share of elements, in percent."""
    return "–" if not compared else f"{100 * differing / compared:.3g} %"


def ulp(distance: float) -> str:
    """A distance in units of the last place."""
    return "not a distance" if math.isinf(distance) else f"{distance:.6g}"


def _change_square(name: str, f: FunctionComparison | None, c: Comparison) -> Square:
    if f is None:
        return Square(css="h-none", mark="·", title=f"{name}: not asked of {c.after.name}")
    css, mark = MARKS[f.worst]
    told = ", ".join(f"{n} {change.value}" for change in Change if (n := f.count(change)))
    return Square(css=css, mark=mark, title=f"{name}, {c.after.name}: {told}")


def _agreement_square(name: str, r: DimensionResult) -> Square:
    css, mark = AGREEMENTS[r.agreement]
    told = f"{r.differing} of {r.pairs} pairs differ" if r.pairs else "not driven"
    if r.differing:
        told += f", {share(r.elements.differing, r.elements.compared)} of the elements, worst {ulp(r.elements.worst_ulp)} ulp"
    return Square(css=css, mark=mark, title=f"{name}, {r.dimension}: {told}")


@cache
def _text(name: str) -> str:
    return files("csvkit_ml.reporting.templates").joinpath(name).read_text(encoding="utf-8").replace("\r\n", "\n")


def _shown(value: object) -> object:
    return display.visible(value) if type(value) is str else value


@cache
def _environment() -> Environment:
    env = Environment(
        loader=DictLoader({n: _text(n) for n in _TEMPLATES}), autoescape=True, undefined=StrictUndefined, finalize=_shown, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    env.filters |= {"ulp": ulp, "plural": display.plural, "factor": "{:g} times".format}
    env.globals |= {"share": share}
    return env


def _render(template: str, **values: object) -> bytes:
    """Nothing may be loaded, sent or executed; only this style sheet may act."""
    style = _text("report.css") + _text("comparison.css")
    allowed = "sha256-" + base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src '{allowed}'; base-uri 'none'; form-action 'none'"
    return _environment().get_template(template).render(style=Markup(style), policy=policy, **values).encode()

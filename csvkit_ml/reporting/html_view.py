"""What report.html shows, as values: which words, in which order. The templates only place them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from csvkit_ml.model.function import Json, Measurement, SampleClass, Side, Verdict
from csvkit_ml.model.plan import PlannedCriterion
from csvkit_ml.model.report import Finding, ReportCase, ReportFunction, ReportModel
from csvkit_ml.reporting import agreement, display
from csvkit_ml.reporting.assemble import worst_of
from csvkit_ml.reporting.figures import FigureTable, figure_table
from csvkit_ml.reporting.findings import KINDS
from csvkit_ml.reporting.left_out import by_reason
from csvkit_ml.reporting.pictures import PER_PICTURE, ratio_rows, ratio_words
from csvkit_ml.reporting.strip import strip

FINDING_TITLES = {
    "failure": "Failed functions",
    "first-operator": "Where a wrong result of a model begins",
    "indeterminate": "Indeterminate functions",
    "undetected-fault": "Seeded faults that the cases do not detect",
    "installation": "Installed files that differ from their record",
    "not-repeatable": "Results that change when repeated",
    "moved": "Moved beyond a limit since the baseline",
    "not-offered": "Not offered",
    "depth": "Depth of the tests",
    "unclassified": "Functionality under no regime",
    "anomaly": "Known anomalies",
    "used-not-verified": "Used but not verified",
    "requirement": "Requirements that are not shown to be met",
    "own-test": "The maker's own tests",
    "incomplete": "Not recorded",
    "open": "Open items of the responsible person",
}
"""A heading for every kind of finding."""

UNFOLDED_CASES = 400
"""So many cases are laid out when the page opens; more would make filtering slow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a case table: texts ready to be placed."""

    case: ReportCase
    css: str
    """`p`, `f` or `i`."""
    sort: str
    """Error / limit for sorting, with full precision."""
    shown: Measurement | None
    """The worst output."""
    error: str
    limit: str
    ratio: str
    margin: str
    criterion: int
    """Number of its limit within the function."""
    repeated: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionView:
    """One function, its case rows, and its distinct limits numbered from 1."""

    anchor: str
    function: ReportFunction
    worst: str
    rows: tuple[Row, ...]
    limits: tuple[PlannedCriterion, ...]
    strip: Markup
    figures: FigureTable
    unfolded: bool
    """Shown open at first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SideView:
    """One regime."""

    side: Side
    heading: str
    regime: str
    own: tuple[FunctionView, ...]
    """Functions detailed here, in the model's order."""
    cited: tuple[FunctionView, ...]
    """Functions of both sides that are detailed under the other heading."""
    counts: tuple[int, int, int]
    """Passed, failed, indeterminate cases, functions of both sides included."""


def function_views(model: ReportModel) -> tuple[FunctionView, ...]:
    """Every function, in the model's order; those that did not pass are unfolded while few cases are."""
    views, budget = [], UNFOLDED_CASES
    for n, f in enumerate(model.functions, 1):
        unfolded = f.verdict is not Verdict.PASSED and len(f.cases) <= budget
        budget -= len(f.cases) if unfolded else 0
        views.append(_function_view(f, n, unfolded))
    return tuple(views)


def side_views(model: ReportModel, functions: tuple[FunctionView, ...]) -> tuple[SideView, ...]:
    """Inference first; functions of both sides are detailed there and cited under training."""
    both = tuple(f for f in functions if f.function.side is Side.BOTH)
    return (
        SideView(
            side=Side.INFERENCE,
            heading="Inference functionality: SOUP (IEC 62304)",
            regime="These functions execute inside the device. They are software of unknown provenance: "
            "each has a requirement and is verified against it.",
            own=tuple(f for f in functions if f.function.side in (Side.INFERENCE, Side.BOTH)),
            cited=(),
            counts=_counts(model, Side.INFERENCE),
        ),
        SideView(
            side=Side.TRAINING,
            heading="Training functionality: tool (ISO 13485, software validation)",
            regime="These functions shape a model but are not part of the device. They are a tool of the quality system.",
            own=tuple(f for f in functions if f.function.side is Side.TRAINING),
            cited=both,
            counts=_counts(model, Side.TRAINING),
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatRow:
    """One function's line of the heat map."""

    anchor: str
    function: str
    differs: bool
    cells: tuple[tuple[str, str], ...]
    """(style, text) of every column."""


def heat(model: ReportModel) -> tuple[tuple[str, ...], tuple[HeatRow, ...]]:
    """(columns, a line for each function): kinds of repetition, then dimensions of the variants."""
    columns, rows = agreement.table(model, model.functions)
    return columns, tuple(
        HeatRow(anchor=f"f{n}", function=f.id, differs=any(c.differing for c in f.cases), cells=tuple(map(agreement.shade, row)))
        for n, (f, row) in enumerate(zip(model.functions, rows, strict=True), 1)
    )


def pictures(model: ReportModel) -> Iterable[tuple[Markup, str]]:
    """The error / limit picture in parts of a screen's height, with what each shows in words."""
    for n in range(0, len(model.functions), PER_PICTURE):
        part = model.functions[n : n + PER_PICTURE]
        yield Markup(ratio_rows(part)), ratio_words(part)


def _counts(model: ReportModel, side: Side) -> tuple[int, int, int]:
    return (model.count(Verdict.PASSED, side), model.count(Verdict.FAILED, side), model.count(Verdict.INDETERMINATE, side))


def finding_groups(model: ReportModel) -> tuple[tuple[str, int, tuple[Finding, ...]], ...]:
    """(heading, number, rows) of every kind that occurs; what was not offered has one row a reason. A kind unknown here keeps its own name."""
    found = model.findings
    kinds = [*KINDS, *sorted({f.kind for f in found} - set(KINDS))]
    groups = ((k, tuple(f for f in found if f.kind == k)) for k in kinds)
    return tuple((FINDING_TITLES.get(k, k), len(group), _summed(model) if k == "not-offered" else group) for k, group in groups if group)


def _summed(model: ReportModel) -> tuple[Finding, ...]:
    """The functions themselves stand in the section about what was left out."""
    told = ((what, f"{reason}: {display.plural(len(names), 'function')}") for what, reason, names in by_reason(model.not_offered))
    return tuple(Finding(kind="not-offered", subject=what, sentence=sentence) for what, sentence in told)


def parameters(params: tuple[tuple[str, Json], ...]) -> str:
    """`axis=1, keepdims=true`."""
    return ", ".join(f"{name}={_json(value)}" for name, value in params)


def _json(value: Json) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_json(v) for v in value)}]"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "none"}[value]
    return repr(value) if isinstance(value, float) else str(value)


def _function_view(function: ReportFunction, ordinal: int, unfolded: bool) -> FunctionView:
    limits = tuple(dict.fromkeys(c.criterion for c in function.cases))
    numbers = {limit: n for n, limit in enumerate(limits, 1)}
    worst = (worst_of(c.measurements) for c in function.cases)
    return FunctionView(
        anchor=f"f{ordinal}",
        function=function,
        worst=display.ratio(function.worst.ratio) if function.worst else "–",
        rows=tuple(_row(c, numbers[c.criterion]) for c in function.cases),
        limits=limits,
        figures=figure_table(function),
        strip=strip(tuple(m.ratio for m in worst if m is not None)),
        unfolded=unfolded,
    )


def _row(case: ReportCase, criterion: int) -> Row:
    m = worst_of(case.measurements)
    return Row(
        case=case,
        css=case.verdict.value[0].lower(),
        sort=repr(m.ratio) if m else "",
        shown=m,
        error=display.number(m.error) if m else "–",
        limit=display.number(m.limit) if m else "–",
        ratio=display.ratio(m.ratio) if m else "–",
        margin=display.margin(m.error, m.ratio) if m else "–",
        criterion=criterion,
        repeated="same bits" if case.identical else f"differs: {', '.join(case.differing)}" if case.differing else "not shown",
    )


def ordinary(why: str) -> bool:
    """Whether a sample is of the ordinary class, whose name needs no mention."""
    return why == SampleClass.ORDINARY.value

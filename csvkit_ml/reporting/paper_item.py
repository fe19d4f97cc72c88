"""Paper sections about what was tested, for what, and on what."""

from __future__ import annotations

from csvkit_ml.model.report import ReportFunction, ReportModel
from csvkit_ml.reporting.blocks import Block, Cell, Section, cell, facts, heading, items, listing, para, table
from csvkit_ml.reporting.display import plural
from csvkit_ml.reporting.findings import QUESTIONS

OPEN = cell("open", "open: a person has to answer")
"""What stands where a person has not answered."""


def use(model: ReportModel, kind: str) -> Section:
    """Every human answer of this report, open ones marked."""
    rows: list[tuple[str, Cell]] = []
    for name, question in QUESTIONS.items():
        if name.startswith("soup_" if kind == "tool" else "tool_"):
            continue
        rows.append((question[0].upper() + question[1:], getattr(model.device, name) or OPEN))
    words = "These are decisions of the maker of the device, taken from its own file. The tool never fills them in."
    return Section(key="use", title="Intended use, risk, depth, conclusion", blocks=(para(words), facts(rows)))


def item(model: ReportModel) -> Section:
    """The software item and everything that was installed with it."""
    env = model.environment
    how = "adopted as found, nothing changed in it" if env.adopted else "built from a lock that pins every wheel by its digest"
    how += f"; asked for beside the library: {', '.join(env.beside)}" if env.beside else ""
    top = facts([
        ("Name", model.library), ("Maker", model.maker or "not recorded"), ("Version", model.version), ("Asked for", cell("mono", model.asked)),
        ("Environment", how), ("Lock", cell("digest", env.lock)),
    ])  # fmt: skip
    rows = []
    for d in env.distributions:
        rows.append([cell("strong", d.name), d.version, f"{d.files:,}", str(len(d.native)), cell("digest", d.wheel or "not known (adopted)")])
    columns = [("Distribution", "1.3fr"), ("Version", "0.8fr"), ("Files", "auto>"), ("Native", "auto>"), ("SHA-256 of the wheel", "auto")]
    return Section(key="item", title="Software item", blocks=(top, heading(2, "Installed distributions"), table(columns, rows, small=True),
                   heading(2, "Installation qualification"), *_installed(model)))  # fmt: skip


def _installed(model: ReportModel) -> list[dict[str, object]]:
    env = model.environment
    if not env.distributions:
        return [para("No distribution was recorded, so nothing is shown about the installation.")]
    if not env.findings:
        return [para("Every installed file is as its distribution's list of files says: none missing, none altered, none unrecorded.")]
    rows = [[i.distribution, cell("mono", i.path), i.what] for i in env.findings[:200]]
    more = [para(f"and {plural(len(env.findings) - 200, 'further file')}: see report.json")] if len(env.findings) > 200 else []
    return [table([("Distribution", "1fr"), ("File", "4fr"), ("What", "auto")], rows, small=True), *more]


def configuration(model: ReportModel) -> Section:
    """Required and found hardware and software."""
    blocks = [facts([("Required for the intended use", model.device.required_configuration or OPEN), ("Backend", cell("mono", model.backend))])]
    for title, pairs in (
        ("Machine", model.environment.fingerprint.host),
        ("Interpreter", model.environment.fingerprint.interpreter),
        ("The library about itself", model.environment.fingerprint.library),
        ("Backend settings", model.settings),
        ("Environment variables that the run was given, and no others", model.environment.fingerprint.variables),
    ):
        blocks.append(heading(2, title))
        blocks.append(facts([(k, v or "empty") for k, v in pairs]) if pairs else para("not recorded"))
    check = model.spawn_check
    told = (
        f"{plural(check.compared, 'case')} executed once more in a process started from nothing instead of forked: "
        f"{'every outcome the same, bit for bit' if not check.differing else f'{len(check.differing)} differ'}."
        if check.compared
        else "No case was executed in a process started from nothing, so nothing is shown about forking."
    )
    return Section(key="configuration", title="Test configuration", blocks=(*blocks, heading(2, "Forked and started processes"), para(told)))


def plan(model: ReportModel, functions: tuple[ReportFunction, ...]) -> Section:
    """What was fixed before the run."""
    cases = sum(len(f.cases) for f in functions)
    return Section(
        key="plan",
        title="Plan, fixed before the run",
        blocks=(
            para(
                "Functions, samples, limits and the repeatability that is required were written and hashed before anything ran; a changed "
                "criterion is another plan. Expected values come from definitions evaluated in higher precision, never from the library under "
                "test or another version of it."
            ),
            facts([
                ("Plan", cell("digest", model.plan)), ("Suite", cell("digest", model.suite)),
                ("Scope of this report", f"{plural(len(functions), 'function')}, {plural(cases, 'case')}"),
                ("Executions of every case", ", ".join(model.repetitions)),
                ("Identical bits required of", ", ".join(model.required_identical) or "none"),
                ("Executed, reused", f"{model.run.executed:,} cases executed in this run, {model.run.reused:,} taken from the store"),
                ("Approved before the run", _approved(model)),
                ("Laid out by", ", ".join(f"{n} {v}" for n, v in model.renderers if n != "layout") or "not recorded"),
            ]),
            para("The limit of every function, with its formula, reason and literature, stands with its results."),
        ),
    )  # fmt: skip


def _approved(model: ReportModel) -> str:
    given = "; ".join(f"{a.role}: {a.name}, {a.time}: {a.meaning}" for a in model.plan_approvals)
    return given or "by nobody: no approval of the plan was given to the run"


def supplier(model: ReportModel) -> Section:
    """Supplier evidence, and its list of known anomalies as of a date where one was given."""
    blocks: list[Block] = [facts([("Supplier evidence", model.device.supplier or OPEN)])]
    known = model.anomalies
    if known is None:
        blocks.append(items([
            "This run was given no snapshot of the supplier's list of known anomalies. Where a standard asks for its evaluation, it is to be added.",
            "Anomalies that this run found itself stand under findings.",
        ]))  # fmt: skip
        return Section(key="supplier", title="Supplier evidence and anomalies", blocks=tuple(blocks))
    read = f"{plural(known.read, 'entry', 'entries')}, {len(known.rows):,} may concern this release"
    demanded = [r for r in known.rows if r.demanded or r.decision.reason]
    blocks.append(facts([
        ("List", f"{known.source} ({known.format}), as of {known.taken}: {read}"),
        ("Digest", cell("digest", known.digest)), ("Left out", "; ".join(f"{what}: {value}" for what, value in known.filters) or "nothing"),
        ("Chosen for review", known.rule),
    ]))  # fmt: skip
    rows: list[list[Cell]] = [
        [
            cell("strong", r.anomaly.id), r.anomaly.title, r.decision.relevance.value,
            "; ".join(x for x in (r.decision.reason, r.decision.disposition, r.decision.by, r.decision.date) if x) or OPEN,
            ", ".join(f"{p.function}: {p.verdict.value if p.verdict else 'not in this run'}" for p in r.probes) or "–",
        ]
        for r in demanded
    ]  # fmt: skip
    columns = [("Anomaly", "1fr"), ("Title", "2fr"), ("Relevance", "0.8fr"), ("Reason, disposition, by, date", "1.8fr"), ("Probed here", "1fr")]
    blocks.append(table(columns, rows, small=True) if rows else para("None was chosen for review."))
    return Section(key="supplier", title="Supplier evidence and anomalies", blocks=tuple(blocks))


def coverage(model: ReportModel) -> Section:
    """The functional split: what of the library this run shows, and what not."""
    split = model.coverage
    if split is None:
        told = para("This library has no functional split: which of its names were not tested is not told here.")
        return Section(key="coverage", title="Functional split and coverage", blocks=(told,))
    rows: list[list[Cell]] = [
        [
            cell("strong", r.area), r.side.value, f"{r.use} Out of scope: {r.reason}" if r.reason else r.use,
            f"{'; '.join(r.failures)}. {r.effect}", r.risk.value, f"{len(r.covered):,}", f"{len(r.uncovered):,}",
        ]
        for r in split.rows
        if r.names.total or r.operators.total
    ]  # fmt: skip
    columns = [
        ("Area", "1.1fr"), ("Side", "auto"), ("Use", "1.7fr"), ("How it can fail, and the effect", "2fr"), ("Risk", "auto"), ("Shown", "auto>"),
        ("Not shown", "auto>"),
    ]  # fmt: skip
    words = (
        f"Public names of {split.library} {split.version} by the rules of the split, and of how many of them something is shown. "
        f"{plural(len(split.unclassified), 'name')} no rule or several rules claim. The names themselves: report.json."
    )
    facts_of = facts([("Rules", cell("digest", split.rules)), ("Names were found by", "; ".join(split.methods))])
    return Section(key="coverage", title="Functional split and coverage", blocks=(para(words), facts_of, table(columns, rows, small=True)))


def native(model: ReportModel) -> Section:
    """Every native library with its digest, one line each."""
    lines = [f"{digest.removeprefix('sha256:')}  {path}" for d in model.environment.distributions for path, digest in d.native]
    text = listing("\n".join(lines)) if lines else para("None was recorded.")
    return Section(key="native", title="Native libraries by SHA-256", blocks=(text,))

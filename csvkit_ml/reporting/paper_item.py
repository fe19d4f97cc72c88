"""Paper sections about what was tested, for what, and on what."""

from __future__ import annotations

from csvkit_ml.model.report import ReportFunction, ReportModel
from csvkit_ml.reporting.blocks import Cell, Section, cell, facts, heading, items, listing, para, table
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
                ("Laid out by", ", ".join(f"{n} {v}" for n, v in model.renderers if n != "layout") or "not recorded"),
            ]),
            para("The limit of every function, with its formula, reason and literature, stands with its results."),
        ),
    )  # fmt: skip


def supplier(model: ReportModel) -> Section:
    """Supplier evidence and its anomaly list."""
    return Section(
        key="supplier",
        title="Supplier evidence and anomalies",
        blocks=(
            facts([("Supplier evidence", model.device.supplier or OPEN)]),
            items([
                "This run took no snapshot of the supplier's list of known anomalies. Where a standard asks for its evaluation, it is to be added.",
                "Anomalies that this run found itself stand under findings.",
            ]),
        ),
    )  # fmt: skip


def native(model: ReportModel) -> Section:
    """Every native library with its digest, one line each."""
    lines = [f"{digest.removeprefix('sha256:')}  {path}" for d in model.environment.distributions for path, digest in d.native]
    text = listing("\n".join(lines)) if lines else para("None was recorded.")
    return Section(key="native", title="Native libraries by SHA-256", blocks=(text,))

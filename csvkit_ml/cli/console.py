"""What people see on stderr: progress, the summary table, the path of the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console as RichConsole
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from csvkit_ml.model.function import Side, Verdict
from csvkit_ml.model.report import ReportFunction, ReportModel

STYLE = {Verdict.PASSED: "green", Verdict.FAILED: "bold red", Verdict.INDETERMINATE: "yellow"}


class Console:
    """stderr for people; silent when quiet."""

    def __init__(self, *, quiet: bool) -> None:
        self.quiet = quiet
        self.rich = RichConsole(stderr=True, quiet=quiet)

    def finished(self, report: ReportModel, folder: Path, *, verbose: bool, stands: bool = False) -> None:
        """Summary table, findings, status line, path."""
        self.rich.print(_table(report))
        for f in report.functions:
            if f.verdict is not Verdict.PASSED:
                self._worst(f, verbose=verbose)
        self._used(report)
        signed = f"signed by {escape(report.signed_by)}" if report.signed_by else "[bold]UNSIGNED[/] (make a key: mlcsv keys new NAME)"
        style = STYLE[report.status]
        self.rich.print(f"[{style}]{report.status.value}[/]  {report.library} {report.version} on {escape(report.backend)}, {signed}")
        self.rich.print(f"{report.run.executed} cases executed, {report.run.reused} reused")
        if stands:
            self.rich.print(f"nothing has changed since {report.run.finished}: that report stands (a new one: --fresh, or --out DIR)", highlight=False)
        self.rich.print(f"report: {folder}", soft_wrap=True, highlight=False)

    def _used(self, report: ReportModel) -> None:
        """What of the scope is not verified, and whose requirements are not met."""
        if report.scope:
            rows = report.scope.rows
            bad = [r.operator for r in rows if not r.verified]
            self.rich.print(f"scope: {len(rows)} operators used, {len(rows) - len(bad)} verified, {len(bad)} used but not verified", highlight=False)
            self.rich.print(*(f"  {escape(name)}" for name in bad), sep="\n", highlight=False)
        for row in report.requirements.rows if report.requirements else ():
            if row.verdict is not Verdict.PASSED:
                style, r = STYLE[row.verdict], row.requirement
                self.rich.print(f"  [{style}]{row.verdict.value}[/] requirement {escape(r.id)}: {escape(' '.join(row.gaps) or r.text)}", highlight=False)
        if report.own_tests:
            tests = report.own_tests
            passed = sum(t.verdict is Verdict.PASSED for t in tests.tests)
            self.rich.print(f"own tests: {passed} of {len(tests.tests)} passed{''.join('; ' + escape(p) for p in tests.problems)}", highlight=False)

    def _worst(self, f: ReportFunction, *, verbose: bool) -> None:
        cases = [c for c in f.cases if c.verdict is not Verdict.PASSED]
        for c in cases if verbose else cases[:1]:
            self.rich.print(
                f"  [{STYLE[c.verdict]}]{c.verdict.value}[/] {escape(c.id)}: {escape(c.reason.value)}; {escape(c.detail)}", highlight=False
            )
        if not verbose and len(cases) > 1:
            self.rich.print(f"    and {len(cases) - 1} more cases of {f.id}")


def _table(report: ReportModel) -> Table:
    table = Table(title=f"{report.library} {report.version}, backend {report.backend}")
    for column in ("side", "functions", "passed", "failed", "indeterminate", "cases"):
        table.add_column(column, justify="left" if column == "side" else "right")
    for side, name in ((Side.INFERENCE, "inference (SOUP)"), (Side.TRAINING, "training (tool)")):
        of_side = [f for f in report.functions if f.side in (side, Side.BOTH)]
        if not of_side:
            continue
        seen = Counter(f.verdict for f in of_side)
        cases = sum(f.passed + f.failed + f.indeterminate for f in of_side)
        table.add_row(
            name, str(len(of_side)), str(seen[Verdict.PASSED]), str(seen[Verdict.FAILED]), str(seen[Verdict.INDETERMINATE]), str(cases)
        )
    return table


class Watch:
    """Progress of one run; implements pipeline.Watcher."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("starting", total=None)
        self._tally: Counter[str] = Counter()

    def stage(self, text: str) -> None:
        self._bar.update(self._task, description=escape(text[:60]), total=None, completed=0)

    def expect(self, text: str, total: int) -> None:
        self._bar.reset(self._task, description=escape(text[:60]), total=total, completed=0)

    def advance(self, count: int = 1) -> None:
        self._bar.advance(self._task, count)

    def judged(self, side: Side, verdict: Verdict) -> None:
        self._tally[f"{side.value} {verdict.value.lower()}"] += 1
        text = ", ".join(f"{n} {k}" for k, n in sorted(self._tally.items()))
        self._bar.update(self._task, description=f"judging: {text}"[:100])
        self._bar.advance(self._task)


@contextmanager
def progress(console: Console) -> Iterator[Watch]:
    """Live progress on a terminal, nothing elsewhere."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console.rich, transient=True, disable=console.quiet or not console.rich.is_terminal) as bar:
        yield Watch(bar)

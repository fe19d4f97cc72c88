"""A comparison as the report of the newer run tells it: by function, with the most serious case of each. Pure."""

from __future__ import annotations

import math

from csvkit_ml.model.comparison import CHANGE_VERDICT, Change, Comparison, FunctionComparison
from csvkit_ml.model.report import Upgrade, UpgradeRow


def summed(c: Comparison) -> Upgrade:
    """What of a comparison the report carries; every case stands in `comparison.json` beside it."""
    moved = tuple(f for f in c.functions if f.worst is not Change.IDENTICAL)
    return Upgrade(
        before=c.before.name,
        before_plan=c.before.plan,
        before_manifest=c.before.manifest,
        status=c.verdict,
        counts=tuple((change.value, n) for change in Change if (n := c.count(change))),
        only_before=c.only_before,
        only_after=c.only_after,
        facts=tuple((f.what, f.before, f.after) for f in c.facts),
        identical=len(c.functions) - len(moved),
        rows=tuple(map(_row, moved)),
    )


def _row(f: FunctionComparison) -> UpgradeRow:
    first = f.cases[0] if f.cases else None
    told = f"{first.case}: {first.detail or f'{first.before}; now {first.after}'}" if first else "no case of both runs could be compared"
    return UpgradeRow(
        function=f.id,
        side=f.side,
        change=f.worst.value,
        verdict=CHANGE_VERDICT[f.worst],
        counts=tuple((change.value, n) for change in Change if (n := f.count(change))),
        worst_ulp=max((c.difference.worst_ulp for c in f.cases), default=0.0, key=lambda x: math.inf if math.isnan(x) else x),
        first=told,
    )

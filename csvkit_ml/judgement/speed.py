"""Which functions took another time than before by more than a factor. Informative. Pure."""

from __future__ import annotations

from collections.abc import Collection

from csvkit_ml.model.timing import Moved, Speed, Times

FLOOR_S = 0.005
"""Sum of a function's calls below which chance decides."""


def speed(before: Times, after: Times, slower: float, faster: float, among: Collection[str]) -> Speed:
    """Functions with as many timed calls on both sides, by factor.

    Args:
        slower: factor from which one counts as slower, above 1; faster: likewise.
        among: functions that are compared.
    """
    old = {f.id: f for f in before.functions if f.id in among}
    both = [(old[f.id], f) for f in after.functions if f.id in old and old[f.id].calls == f.calls and min(old[f.id].seconds, f.seconds) > 0]
    timed = [
        Moved(id=b.id, calls=b.calls, before_s=a.seconds, after_s=b.seconds) for a, b in both if max(a.seconds, b.seconds) >= FLOOR_S
    ]
    moved = sorted((m for m in timed if m.factor >= slower or m.factor <= 1 / faster), key=lambda m: -m.factor)
    return Speed(slower=slower, faster=faster, floor_s=FLOOR_S, compared=len(both), moved=tuple(moved))

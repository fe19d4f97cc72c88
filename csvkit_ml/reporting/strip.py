"""The error / limit strip of a function: one small SVG, a histogram on a logarithmic scale with the limit at 1."""

from __future__ import annotations

import math
from collections import Counter

from markupsafe import Markup

from csvkit_ml.reporting.display import plural, ratio

_LOW, _HIGH = -6, 3
"""Decades shown; what is smaller or larger is drawn in the first or last column."""
_PER_DECADE = 6
_COLUMNS = (_HIGH - _LOW) * _PER_DECADE
_STEP = 9
_HEIGHT = 40


def strip(ratios: tuple[float, ...]) -> Markup:
    """Draw the worst error / limit of every case; NaN counts as beyond. Empty for no case."""
    if not ratios:
        return Markup("")
    columns = Counter(_column(r) for r in ratios)
    tallest = math.log1p(max(columns.values()))
    bars = "".join(_bar(i, math.log1p(columns[i]) / tallest) for i in sorted(columns))
    beyond = sum(not r <= 1 for r in ratios)
    label = f"{plural(len(ratios), 'case')}; largest error / limit {ratio(_largest(ratios))}; {beyond} past the limit"
    width = _COLUMNS * _STEP
    return Markup(
        f'<svg class="strip" role="img" viewBox="0 0 {width} {_HEIGHT + 16}" width="{width}" height="{_HEIGHT + 16}">'
        f"<title>{label}</title>{bars}{_axis(width)}</svg>"
    )


def _largest(ratios: tuple[float, ...]) -> float:
    return max(math.inf if math.isnan(r) else r for r in ratios)


def _column(r: float) -> int:
    """Columns left of the limit line hold exactly the ratios <= 1."""
    if math.isnan(r) or r == math.inf:
        return _COLUMNS - 1
    if r <= 0:
        return 0
    split = -_LOW * _PER_DECADE
    place = math.floor((math.log10(r) - _LOW) * _PER_DECADE)
    low, high = (0, split - 1) if r <= 1 else (split, _COLUMNS - 1)
    return min(max(place, low), high)


def _bar(column: int, share: float) -> str:
    """A filled bar within the limit, a hollow one past it: told apart without colour."""
    height = max(3, round(share * (_HEIGHT - 4)))
    kind = "in" if column < -_LOW * _PER_DECADE else "out"
    return f'<rect class="{kind}" x="{column * _STEP + 1}" y="{_HEIGHT - height}" width="{_STEP - 2}" height="{height}"/>'


def _axis(width: int) -> str:
    limit = -_LOW * _PER_DECADE * _STEP
    ticks = "".join(
        f'<text x="{(d - _LOW) * _PER_DECADE * _STEP}" y="{_HEIGHT + 12}" text-anchor="middle">{_tick(d)}</text>' for d in (-4, -2, 0, 2)
    )
    lines = f'<line class="axis" x1="0" x2="{width}" y1="{_HEIGHT}" y2="{_HEIGHT}"/>'
    return f'{lines}<line class="limit" x1="{limit}" x2="{limit}" y1="0" y2="{_HEIGHT}"/>{ticks}'


def _tick(decade: int) -> str:
    return "1 = limit" if decade == 0 else f"1e{decade}"

"""Vector pictures for paper and screen, drawn with attributes only, so that no style sheet is needed. Pure."""

from __future__ import annotations

import math
from html import escape

from csvkit_ml.model.report import ReportFunction
from csvkit_ml.reporting.assemble import severity, worst_of
from csvkit_ml.reporting.display import ratio
from csvkit_ml.reporting.printable import printable

PER_PICTURE = 56
"""Functions that one picture shows: a page of paper."""

_LOW, _HIGH = -6.0, 2.0
"""Decades of error / limit that are drawn; smaller and larger ones lie on the edge."""
_NAMES, _PLOT, _ROW, _VALUE = 150, 300, 11, 60
_WITHIN, _BEYOND, _SOFT = "#2c5f8a", "#a31515", "#55616e"
_FONT = 'font-family="DejaVu Sans Mono, monospace" font-size="6.5"'


def ratio_rows(functions: tuple[ReportFunction, ...]) -> str:
    """Error / limit of every case, one line a function: a tick a case, a dot at the worst; past the limit the dot is hollow."""
    height = len(functions) * _ROW + 18
    width = _NAMES + _PLOT + _VALUE
    rows = "".join(_row(f, n * _ROW) for n, f in enumerate(functions))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f"{_grid(len(functions) * _ROW)}{rows}</svg>"
    )


def ratio_words(functions: tuple[ReportFunction, ...]) -> str:
    """What the picture shows."""
    beyond = sum(f.worst is not None and not f.worst.ratio <= 1 for f in functions)
    return f"Error divided by limit of {len(functions)} functions on a logarithmic scale; the worst case of {beyond} lies past the limit."


def _row(f: ReportFunction, top: int) -> str:
    middle = top + _ROW / 2
    found = [m for c in f.cases if (m := worst_of(c.measurements)) is not None]
    places = sorted({_place(severity(m)) for m in found})
    name = f'<text x="{_NAMES - 6}" y="{middle + 2.3}" text-anchor="end" {_FONT}>{escape(printable(f.id)[:36])}</text>'
    if not found:
        return name + f'<text x="{_NAMES + 4}" y="{middle + 2.3}" fill="{_SOFT}" {_FONT}>nothing was measured</text>'
    ticks = "".join(f"M{x} {middle - 2.5}v5" for x in places)
    worst = max(severity(m) for m in found)
    within = worst <= 1
    fill, edge = (_WITHIN, _WITHIN) if within else ("#ffffff", _BEYOND)
    dot = f'<circle cx="{_place(worst)}" cy="{middle}" r="3" fill="{fill}" stroke="{edge}" stroke-width="1.4"/>'
    text = f'<text x="{_NAMES + _PLOT + 8}" y="{middle + 2.3}" fill="{edge}" {_FONT}>{escape(ratio(worst))}</text>'
    return f'{name}<path d="{ticks}" stroke="{_WITHIN}" stroke-opacity="0.45" stroke-width="0.7"/>{dot}{text}'


def _place(r: float) -> float:
    """Where a ratio lies on the logarithmic axis, in half units."""
    decade = _LOW if r <= 0 else min(max(math.log10(r) if math.isfinite(r) else _HIGH, _LOW), _HIGH)
    return round((_NAMES + (decade - _LOW) / (_HIGH - _LOW) * _PLOT) * 2) / 2


def _grid(height: int) -> str:
    lines = ""
    for decade in range(int(_LOW), int(_HIGH) + 1):
        x = _place(10.0**decade)
        limit = decade == 0
        look = 'stroke="#16202b" stroke-dasharray="3 2"' if limit else 'stroke="#dde2e7"'
        lines += f'<path d="M{x} 0V{height}" {look} stroke-width="0.8"/>'
        text = "1 = limit" if limit else f"1e{decade}"
        lines += f'<text x="{x}" y="{height + 10}" text-anchor="middle" fill="{_SOFT}" {_FONT}>{text}</text>'
    return lines

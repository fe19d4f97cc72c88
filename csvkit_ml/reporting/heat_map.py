"""A heat map as SVG: colour and a mark in every square, so that it reads without colour and in print. Attributes stand for paper, classes for screens."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup, escape

from csvkit_ml.reporting.display import visible

_SQUARE, _GAP, _CHAR, _HEAD = 22, 2, 7.2, 15
_LONGEST = 60
FILLS = {"h-same": "#cfe6d8", "h-within": "#f6e3a1", "h-changed": "#bcd6ef", "h-outside": "#e58b8b", "h-none": "#f5f7f9"}
"""Colours on paper, where no style sheet applies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Square:
    """One square."""

    css: str
    """Class of its colour: h-same, h-within, h-outside, h-changed, h-none."""
    mark: str
    """One character."""
    title: str
    """Shown when pointed at, and read aloud."""


def heat_map(rows: tuple[str, ...], columns: tuple[str, ...], squares: tuple[tuple[Square, ...], ...], title: str) -> Markup:
    """The picture.

    Args:
        squares: by row, then column.
        title: what it shows, for those who do not see it.
    """
    left = _width(rows)
    top = _width(columns) * 0.75 + _HEAD
    step = _SQUARE + _GAP
    width, height = left + step * len(columns) + top, top + step * len(rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="heat" role="img" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" font-family="DejaVu Sans Mono, monospace" font-size="12" fill="#16202b">'
        f"<title>{_text(title)}</title>"
    ]
    for i, name in enumerate(columns):
        x = left + step * i + _SQUARE / 2
        parts.append(f'<text transform="translate({x:.0f} {top - 6:.0f}) rotate(-45)">{_text(name)}</text>')
    for j, (name, line) in enumerate(zip(rows, squares, strict=True)):
        y = top + step * j
        parts.append(f'<text class="row" text-anchor="end" x="{left - 6:.0f}" y="{y + 15:.0f}">{_text(name)}</text>')
        for i, s in enumerate(line):
            x = left + step * i
            parts.append(
                f'<g><title>{_text(s.title, 400)}</title><rect class="{_text(s.css)}" fill="{_fill(s)}" '
                f'stroke="#c6ced6" x="{x:.0f}" y="{y:.0f}" width="{_SQUARE}" height="{_SQUARE}"/>'
                f'<text class="mark" text-anchor="middle" x="{x + _SQUARE / 2:.0f}" y="{y + 15:.0f}">{_text(s.mark)}</text></g>'
            )
    return Markup("".join(parts) + "</svg>")


def _fill(square: Square) -> str:
    return FILLS.get(square.css, "#ffffff")


def _width(names: tuple[str, ...]) -> float:
    return _CHAR * min(max(map(len, names), default=0), _LONGEST) + 12


def _text(text: str, longest: int = _LONGEST) -> str:
    return str(escape(visible(text[:longest])))

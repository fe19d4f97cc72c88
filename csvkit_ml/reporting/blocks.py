"""The parts that a paper document is made of, as plain JSON values: the typst template only places them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from csvkit_ml.reporting.printable import printable

Block = dict[str, Any]
Cell = str | dict[str, str]
"""Text, or `{"s": style, "t": text}`; styles: mono, soft, bad, ok, open, strong, and `same`, `differs` for heat maps."""

_RUN = re.compile(r"[^\s\u200b]{25,}")
_JOINT = re.compile(r"(?<=[/_.,=|:;)\]-])(?=[^\s])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A numbered section; the key is stable and is what clause maps name."""

    key: str
    title: str
    blocks: tuple[Block, ...]


def cell(style: str, text: str) -> Cell:
    """A styled cell."""
    return {"s": style, "t": text}


def para(text: str, style: str = "") -> Block:
    """A paragraph, kept with a table, facts or a picture that it stands before; styles: soft, strong."""
    return {"kind": "para", "text": text, "style": style}


def items(texts: Iterable[str]) -> Block:
    """A bulleted list."""
    return {"kind": "items", "texts": list(texts)}


def facts(pairs: Iterable[tuple[str, Cell]]) -> Block:
    """Names and values; a short group is kept on one page."""
    rows = [list(p) for p in pairs]
    length = sum(len(v if isinstance(v, str) else v["t"]) for _, v in rows)
    return {"kind": "facts", "rows": rows, "keep": len(rows) <= 12 and length < 1500}


def table(columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[Cell]], *, small: bool = False) -> Block:
    """A table with a header that repeats on every page.

    Args:
        columns: (title, width); a width is a typst fraction such as `2fr`, `auto`, or `auto>` for numbers aligned to the right.
    """
    return {"kind": "table", "columns": [list(c) for c in columns], "rows": [list(r) for r in rows], "small": small}


def heading(level: int, text: str, label: str = "") -> Block:
    """A heading inside a section (level 2 or 3), with a label that others can point at."""
    return {"kind": "heading", "level": level, "text": text, "label": label}


def caption(text: str) -> Block:
    """A bold line over a group of facts that is no heading of its own."""
    return {"kind": "caption", "text": text}


def listing(text: str) -> Block:
    """Many lines in one raw block: the form that scales to tens of thousands."""
    return {"kind": "raw", "text": text}


def picture(svg: str, alt: str) -> Block:
    """A vector picture with what it shows in words."""
    return {"kind": "svg", "svg": svg, "alt": alt}


def safe(value: Any, *, wrap: bool = True) -> Any:
    """The tree with every text made printable and, outside listings and pictures, breakable."""
    if isinstance(value, str):
        text = printable(value)
        return _RUN.sub(lambda m: breakable(m.group()), text) if wrap else text
    if isinstance(value, dict):
        keep = value.get("kind") in ("raw", "svg") or value.get("s") == "digest"
        return {k: safe(v, wrap=wrap and not keep) for k, v in value.items()}
    return [safe(v, wrap=wrap) for v in value] if isinstance(value, list | tuple) else value


def breakable(run: str) -> str:
    """A long run of characters with places where a line may end."""
    parts = _JOINT.split(run)
    return "\u200b".join("\u200b".join(p[i : i + 16] for i in range(0, len(p), 16)) for p in parts)

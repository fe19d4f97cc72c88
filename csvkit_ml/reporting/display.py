"""How values are written for people: numbers with three digits, hostile characters made visible."""

from __future__ import annotations

import math
import re

_HIDDEN = re.compile(
    r"[^\S \n\t\u3000]|[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff]"
    r"|[\ud800-\udfff\U000e0000-\U000e007f]"
)
"""Controls, other white space, invisible and direction-changing characters, surrogates: nothing that shows itself."""


def visible(text: str) -> str:
    """The text with every character that hides or reorders others written as `<U+202E>`."""
    if text.isascii() and text.isprintable():
        return text
    return _HIDDEN.sub(lambda m: f"<U+{ord(m.group()):04X}>", text)


def number(x: float) -> str:
    """Three significant digits; NaN and infinities by name."""
    if math.isnan(x):
        return "NaN"
    if math.isinf(x):
        return "∞" if x > 0 else "−∞"
    return f"{x:.3g}"


def ratio(x: float) -> str:
    """Error / limit: as many digits as keep it on its side of 1."""
    if not math.isfinite(x) or x == 1:
        return number(x)
    for digits in range(3, 18):
        text = f"{x:.{digits}g}"
        if (float(text) > 1) == (x > 1) and float(text) != 1:
            return text
    return repr(x)


def margin(error: float, x: float) -> str:
    """Limit / error from error and error / limit: how often the error fits into its limit."""
    if math.isnan(x) or math.isinf(x):
        return "none"
    if error == 0 or x == 0:
        return "exact"
    return f"×{ratio(1 / x)}" if x > 1e-300 else "exact"


def shape_index(index: tuple[int, ...]) -> str:
    """`[3, 0]`; empty for a scalar."""
    return f"[{', '.join(map(str, index))}]" if index else ""


def plural(n: int, one: str, many: str = "") -> str:
    """`1 case`, `20,000 cases`."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"

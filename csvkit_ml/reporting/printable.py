"""Text for paper: every character that the embedded fonts cannot show is written as `<U+65E5>`."""

from __future__ import annotations

import re

from csvkit_ml.reporting.display import visible

COVERED = (
    "0020-007e 00a1-00ac 00ae-02ff 0370-0377 037a-037f 0384-038a 038c 038e-03a1 03a3-0482 048a-04ff 0510-0513 051a-051d 2010-2027 2030-2040 "
    "2042 2044-2052 2054-205e 2070-2071 2074-208e 2090-209c 20a0-20c0 2100-211e 2120 2122 2124 2126-2151 2153-2184 2189 2190-23ff 2500-2606 "
    "2609-262f 2638-268b 2690-269c 26a0-26a7 26aa-26af 26b2 2701-2704 2706-2709 270c-2714 2717-2726 272a-274b 274d 274f-2752 2756 2758-275e "
    "2761-277f 2794 2798-27af 27b1-2b73 2b76-2b95 2b97-2bff"
)
"""Code points that typst's embedded fonts show, measured by typesetting each of them as PDF/A."""

_RANGES = "".join(f"\\u{a}-\\u{b}" for a, _, b in (r.partition("-") for r in COVERED.split()) if b)
_SINGLE = "".join(f"\\u{r}" for r in COVERED.split() if "-" not in r)
_MISSING = re.compile(f"[^\\n{_RANGES}{_SINGLE}]")


def printable(text: str) -> str:
    """The text with tabs as spaces and with what hides, reorders, or has no glyph written by its code point."""
    if text.isascii() and text.isprintable():
        return text
    return _MISSING.sub(lambda m: f"<U+{ord(m.group()):04X}>", visible(text.replace("\r\n", "\n").replace("\t", " ")))

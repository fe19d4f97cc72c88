"""Understanding a requirement as people type it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Pep508
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from csvkit_ml.errors import MalformedRequirementError, UnknownLibraryError

_HABIT = re.compile(r"(?:==)?\s*((?:\d+\.)+)[xX](?=\s*(?:,|$))")
_LOCAL = re.compile(r"\+([A-Za-z0-9.]+)")
_HINT = "e.g. torch==2.13.0, torch==2.x, onnxruntime>=1.20,<1.24 or onnxruntime"


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """A requirement, understood."""

    asked: str
    """As typed."""
    distribution: str
    """Normalised name on the package index."""
    library: str
    """Library that the suites are bound to."""
    specifier: str
    """PEP 440 specifiers, `2.x` rewritten to `==2.*`, local label split off."""
    local: str
    """Local version label, '' = none."""
    prereleases: bool
    """Pre-releases are named."""

    def admits(self, version: str) -> bool:
        """Whether a public version satisfies the specifiers."""
        return SpecifierSet(self.specifier).contains(version, prereleases=self.prereleases)


def parse_requirement(text: str, known: Mapping[str, str]) -> Requirement:
    """Read a PEP 508 name with specifiers; `2.x` and `==2.13.x` mean `==2.*` and `==2.13.*`.

    Args:
        known: library name by distribution name.

    Raises:
        MalformedRequirementError: not a requirement, or one with markers, extras or a URL.
        UnknownLibraryError: no suite is bound to this name; the hint names the nearest.
    """
    rewritten = _HABIT.sub(lambda m: f"=={m[1]}*", text.strip()[:500])
    locals_found = _LOCAL.findall(rewritten)
    rewritten = _LOCAL.sub("", rewritten)
    try:
        parsed = Pep508(rewritten)
    except InvalidRequirement as e:
        raise MalformedRequirementError(f"not a requirement: {text[:200]!r} ({str(e).splitlines()[0]})", _HINT) from e
    if any(s.operator == "===" for s in parsed.specifier):
        raise MalformedRequirementError(f"`===` is not understood: {text[:200]!r}", _HINT)
    if parsed.url or parsed.marker or parsed.extras or len(set(locals_found)) > 1:
        raise MalformedRequirementError(f"URLs, markers, extras and several builds are not understood: {text[:200]!r}", _HINT)
    name = canonicalize_name(parsed.name)
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.4) or sorted(known)
        raise UnknownLibraryError(f"no suite is bound to {parsed.name!r}", f"nearest: {', '.join(near)}")
    return Requirement(
        asked=text, distribution=name, library=known[name], specifier=str(parsed.specifier),
        local=locals_found[0].lower() if locals_found else "", prereleases=bool(parsed.specifier.prereleases),
    )  # fmt: skip

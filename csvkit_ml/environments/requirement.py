"""Understanding a requirement as people type it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Pep508
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from csvkit_ml.errors import MalformedRequirementError, UnknownLibraryError

MAX_LENGTH = 500
"""Characters of a requirement."""
_HABIT = re.compile(r"(==\s*|!=\s*|(?<=[A-Za-z0-9])\s+|,\s*)((?:[0-9]+\.)+)[xX](?:\.[xX])*(?=\s*(?:,|\)|$))")
"""`2.x`, with `==`, `!=` or no operator before it."""
_LOCAL = re.compile(r"(==\s*[0-9][^\s,+*]*)\+([A-Za-z0-9]+(?:[-_.][A-Za-z0-9]+)*)(?=\s*\)?$)")
"""A build label, at the end of a requirement for one exact version."""
_HINT = "e.g. torch==2.13.0, torch==2.13.0+cpu, torch==2.x, onnxruntime>=1.20,<1.24 or onnxruntime"


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

    @property
    def text(self) -> str:
        """As PEP 508 text; a local label goes with `==`, its only operator."""
        return self.distribution + self.specifier + (f"+{self.local}" if self.local else "")

    @property
    def exact(self) -> bool:
        """One version is named."""
        specifiers = tuple(SpecifierSet(self.specifier))
        return len(specifiers) == 1 and specifiers[0].operator == "==" and not specifiers[0].version.endswith(".*")


def parse_requirement(text: str, known: Mapping[str, str]) -> Requirement:
    """Read a PEP 508 name with specifiers; `2.x` and `==2.13.x` mean `==2.*` and `==2.13.*`.

    Args:
        known: library name by distribution name.

    Raises:
        MalformedRequirementError: not a requirement, or one with markers, extras or a URL.
        UnknownLibraryError: no suite is bound to this name; the hint names the nearest.
    """
    if len(text) > MAX_LENGTH:
        raise MalformedRequirementError(f"not a requirement: {text[:80]!r}... ({len(text)} characters)", _HINT)
    rewritten = _HABIT.sub(_as_wildcard, text.strip())
    label = _LOCAL.search(rewritten)
    try:
        parsed = Pep508(_LOCAL.sub(r"\1", rewritten))
    except InvalidRequirement as e:
        raise MalformedRequirementError(f"not a requirement: {text!r} ({str(e).splitlines()[0]})", _HINT) from e
    if parsed.url or parsed.marker or parsed.extras:
        raise MalformedRequirementError(f"URLs, markers and extras are not understood: {text!r}", _HINT)
    if any(s.operator == "===" for s in parsed.specifier):
        raise MalformedRequirementError(f"`===` is not understood: {text!r}", _HINT)
    if any("+" in s.version for s in parsed.specifier) or (label and len(parsed.specifier) > 1):
        raise MalformedRequirementError(f"a build label is understood with one exact version only: {text!r}", _HINT)
    name = str(canonicalize_name(parsed.name))
    if name not in known:
        raise UnknownLibraryError(f"no suite is bound to {parsed.name!r}", f"nearest: {', '.join(_near(name, known))}")
    return Requirement(
        asked=text, distribution=name, library=known[name], specifier=str(parsed.specifier),
        local=re.sub("[-_]", ".", label[2].lower()) if label else "", prereleases=bool(parsed.specifier.prereleases),
    )  # fmt: skip


def parse_beside(texts: Iterable[str], known: Mapping[str, str]) -> tuple[str, ...]:
    """Requirements to install beside the library, as PEP 508 text, sorted.

    Raises:
        MalformedRequirementError: not a name with specifiers, or one that brings a library with suites itself.
    """
    found = set()
    for text in texts:
        if len(text) > MAX_LENGTH:
            raise MalformedRequirementError(f"not a requirement: {text[:80]!r}... ({len(text)} characters)", "e.g. --with onnx==1.17.0")
        try:
            parsed = Pep508(text)
        except InvalidRequirement as e:
            raise MalformedRequirementError(f"not a requirement: {text[:80]!r} ({str(e).splitlines()[0]})", "e.g. --with onnx==1.17.0 --with numpy") from e
        if parsed.url or parsed.marker or parsed.extras:
            raise MalformedRequirementError(f"URLs, markers and extras are not understood: {text[:80]!r}", "e.g. --with onnx==1.17.0")
        name = str(canonicalize_name(parsed.name))
        if name in known:
            raise MalformedRequirementError(f"{name} is validated by itself, not installed beside", f"run mlcsv validate {name}")
        found.add(name + str(parsed.specifier))
    return tuple(sorted(found))


def _as_wildcard(found: re.Match[str]) -> str:
    operator = {"!": "!=", ",": ",=="}.get(found[1][:1], "==")
    return f"{operator}{found[2]}*"


def _near(name: str, known: Mapping[str, str]) -> list[str]:
    return difflib.get_close_matches(name, known, n=3, cutoff=0.4) or sorted(known)

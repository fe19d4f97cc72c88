"""The host half of a library: what it offers and how a sample becomes a request. Never imports the library."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from packaging.version import Version

from csvkit_ml.libraries.raised import Raiser


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a library offers for one function."""

    function: str
    names: tuple[str, ...]
    """Public names or operators verified through this function."""
    dtypes: tuple[str, ...]
    variants: tuple[str, ...]
    """Plain first."""
    since: str = ""
    """First version, empty = all."""
    until: str = ""
    """First version that documents another definition, empty = none."""
    brief: tuple[str, ...] = ()
    """Variants, each one public name's, in which the first sample of every dtype runs and no other."""
    exercises: tuple[str, ...] = ()
    """Operators that take part, without a reference that is theirs: where the library cannot tell what it calls."""
    paths: tuple[str, ...] = ()
    """Variants, each a way of execution, in which the first sample of every dtype runs and no other."""
    once: tuple[str, ...] = ()
    """Variants in which the first sample of all runs and no other."""

    def variants_of(self, met: AbstractSet[str], dtype: str) -> tuple[str, ...]:
        """Those of a sample of a dtype, after samples of the dtypes `met`."""
        first = (*self.brief, *self.paths) if dtype not in met else ()
        return (*self.variants, *first, *(self.once if not met else ()))

    def missing_in(self, version: Version) -> str:
        """Why a release does not offer it; empty = it does."""
        if self.since and version < Version(self.since):
            return f"offered since {self.since}"
        return f"defined otherwise since {self.until}" if self.until and version >= Version(self.until) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """One supported library; each `csvkit_ml/libraries/<name>/host.py` exports one as LIBRARY."""

    name: str
    """Import and folder name."""
    distributions: tuple[str, ...]
    """Names on the package index, the usual one first."""
    maker: str
    title: str
    offers: Callable[[], tuple[Offer, ...]]
    """Everything that is bound."""
    lower: Callable[[str, Any], bytes]
    """(function id, Sample) -> program for the worker, b'' where the library is called directly."""
    staged: tuple[str, ...]
    """Packages to stage besides the worker, e.g. `csvkit_ml.libraries.torch.staged`."""
    split: Callable[[], bytes] = bytes
    """Rules of the functional split as TOML (see specs/libraries); empty = there are none."""
    unverified: Callable[[], bytes] = bytes
    """Reasons of names that are not verified, as TOML; empty = none are written."""
    raisers: Callable[[], Mapping[str, Raiser]] = dict
    """By operator: uses of it in the terms of functions (see raised.py)."""
    undeclared: Callable[[str], tuple[str, ...]] = lambda version: ()
    """Requirements without which a release does not run though its wheel does not state them."""
    traces: bool = False
    """Whether the staged half tells which operators an execution calls."""

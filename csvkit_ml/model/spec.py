"""What was asked, and what it resolved to."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from csvkit_ml.model.digest import Digest

UNWRITTEN = {"unwritten": True}
"""Metadata of a field that came later: while it has its default the canonical bytes are those from before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentRequest:
    """How the tested environment is to be had."""

    python: str = ""
    """Path of an interpreter to adopt unchanged; empty = build with uv."""
    find_links: tuple[str, ...] = ()
    """Folders or pages with wheels."""
    index_url: str = ""
    """Package index instead of the default one."""
    extra_index_urls: tuple[str, ...] = ()
    """Further indexes."""
    torch_backend: str = ""
    """uv's --torch-backend, e.g. `cpu`."""
    beside: tuple[str, ...] = ()
    """Requirements to install besides those that the release states, e.g. `onnx`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeReference:
    """What a product uses, by digest."""

    digest: Digest
    """Of the scope in canonical form."""
    sources: tuple[tuple[str, Digest], ...]
    """(name, digest) of every model or script."""


class Depth(Enum):
    """How much of a function's samples is run."""

    QUICK = "quick"
    STANDARD = "standard"
    EXHAUSTIVE = "exhaustive"


SAYS = {
    Depth.QUICK: "special values, and for each type the first sample of ordinary use and of parameters; other names, layouts and ways of execution "
    "once; nothing that is compiled, exported or takes seconds a sample",
    Depth.STANDARD: "all samples",
    Depth.EXHAUSTIVE: "all samples, and for functions of one operand every float32 value, or one between any two neighbours of float16",
}
"""What of a function's samples each depth runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionDepth:
    """The depth of one function where its risk chose it."""

    function: str
    depth: Depth
    reason: str
    """The highest risk that relies on it, and of what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReference:
    """A maker's model and what is fed to it, by digest."""

    name: str
    """As sample names begin."""
    files: tuple[tuple[str, Digest], ...]
    """(name in the report folder, digest) of model, inputs, expected values and tolerance plan."""
    each_value: bool = False
    """Every value is asked alone, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationSpec:
    """One library to validate: as asked and as resolved."""

    asked: str
    """Requirement as typed, e.g. `torch==2.x`."""
    library: str
    """Normalised library name, e.g. `torch`."""
    version: str
    """Resolved public version, e.g. `2.13.0`."""
    local: str = ""
    """Local version label = build axis, e.g. `cpu`."""
    resolved_on: str = ""
    """UTC date of the resolution, ISO 8601."""
    backend: str = "cpu"
    """Backend specification, e.g. `cpu:threads=1`."""
    functions: tuple[str, ...] = ()
    """Selected function ids or globs; empty = all that the library offers."""
    scope: ScopeReference | None = None
    """What the functions were selected for; None = no product in particular."""
    model: ModelReference | None = None
    """The maker's own model; None = none is validated."""
    depth: Depth = field(default=Depth.STANDARD, metadata=UNWRITTEN)
    """Of every function without a depth of its own."""
    depths: tuple[FunctionDepth, ...] = field(default=(), metadata=UNWRITTEN)
    """Of functions whose risk asks for one."""

    @property
    def full_version(self) -> str:
        return f"{self.version}+{self.local}" if self.local else self.version

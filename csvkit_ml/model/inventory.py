"""The public functionality of one library release, as introspection inside its environment found it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class EntryKind(Enum):
    """What a name of the inventory stands for."""

    CALLABLE = "callable"
    CLASS = "class"
    PROPERTY = "property"
    OPTION = "option"
    PROVIDER = "provider"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """One implementation of an operator, where the library tells which it has."""

    provider: str
    """Execution provider, e.g. `CPUExecutionProvider`."""
    since: int
    """First opset."""
    until: int
    """Last opset, 0 = open."""
    types: tuple[tuple[str, tuple[str, ...]], ...]
    """(type parameter, element types) as the library writes them, e.g. `("T", ("tensor(float)",))`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One public name."""

    name: str
    """`torch.nn.functional.relu`, `aten::add.Tensor`, `ai.onnx.Conv`, `onnxruntime.SessionOptions.logid`."""
    kind: EntryKind
    identity: str = ""
    """Name under which the same object is met first; empty = this one."""
    tags: tuple[str, ...] = ()
    """What the library says of an operator, e.g. `core`, `pointwise`."""
    opsets: tuple[int, ...] = ()
    """Opsets in which an ONNX operator was defined or changed."""
    kernels: tuple[Kernel, ...] = ()
    """Implementations in this build."""

    def __post_init__(self) -> None:
        if not self.name.isprintable() or not self.name.strip():
            raise ValueError(f"{self.name!r} is not a name")

    @property
    def canonical(self) -> str:
        """The identity of the object: one for all its aliases."""
        return self.identity or self.name

    @property
    def packet(self) -> str:
        """An operator without its overload (`aten::add` of `aten::add.Tensor`); any other name as it is."""
        return self.name.partition(".")[0] if "::" in self.name else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What a library's staged half answers to the question for its inventory; read back by the codec."""

    methods: tuple[str, ...]
    """How the names were found and what could not be asked, one sentence each."""
    entries: tuple[Entry, ...]
    """Sorted by name, each name once."""

    def __post_init__(self) -> None:
        names = [e.name for e in self.entries]
        if names != sorted(set(names)):
            raise ValueError("the entries of an inventory are sorted and have distinct names")
        if unknown := {e.identity for e in self.entries if e.identity} - set(names):
            raise ValueError(f"{min(unknown)!r} is named as an identity but is no entry")

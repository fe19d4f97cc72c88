"""How one library computes a function: the ports of both halves. Standard library only; staged into the tested environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from csvkit_ml.worker.wire import NotSupported, Runtime, WireRequest, WireTensor

__all__ = ["Binding", "NotSupported", "Runtime", "WireRequest", "WireTensor"]

_NONE: Mapping[str, Callable[..., Any]] = MappingProxyType({})


class Binding(NamedTuple):
    """A function bound to Python calls of a library (staged half).

    `forms` are ways to call that must give the same answer; each is called as `form(lib, params, *inputs)` with the
    library's module, a dict of the sample's parameters and the library's own tensors, and returns one tensor or a
    tuple of tensors. Every form except those named in `no_layouts` also runs in every layout of `layouts`.
    """

    function: str
    """Function id of validation_suites."""
    forms: dict[str, Callable[..., Any]]
    """First entry = plain form; names are kebab case."""
    names: tuple[str, ...]
    """Public names of the library that this verifies, e.g. `torch.exp`, `torch.nn.functional.gelu`."""
    dtypes: tuple[str, ...]
    """Sample dtypes offered."""
    layouts: tuple[str, ...] = ("strided", "transposed", "offset")
    """Storage layouts of the inputs in which the plain form must give the same answer."""
    modes: tuple[str, ...] = ()
    """Execution modes in which the plain form must give the same answer, e.g. `inference-mode`."""
    since: str = ""
    """First library version that offers it, empty = all."""
    until: str = ""
    """First library version that documents another definition, empty = none."""
    aliases: Mapping[str, Callable[..., Any]] = _NONE
    """Further public names, each with its call: verified like `names`, by a variant of the same name that runs once in every dtype."""

    paths: tuple[str, ...] = ()
    """Variants in which the first sample of every dtype runs: other ways of execution, e.g. `mode=jit-trace`."""
    once: tuple[str, ...] = ()
    """Variants in which the first sample alone runs, because each costs much."""

    def variants(self) -> tuple[str, ...]:
        """Names of the variants in which every sample runs, plain first."""
        return tuple(self.forms) + tuple("layout=" + x for x in self.layouts) + tuple("mode=" + x for x in self.modes)

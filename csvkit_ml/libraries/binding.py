"""How one library computes a function: the ports of both halves. Standard library only; staged into the tested environment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


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

    def variants(self) -> tuple[str, ...]:
        """Names of all variants, plain first."""
        return tuple(self.forms) + tuple("layout=" + x for x in self.layouts) + tuple("mode=" + x for x in self.modes)


class WireTensor(NamedTuple):
    """A tensor as it crosses the pipe."""

    dtype: str
    shape: tuple[int, ...]
    data: Any
    """bytes or memoryview, little-endian, C order."""


class WireRequest(NamedTuple):
    """One case as the worker sees it. It never carries an expected value."""

    op: str
    """Function id."""
    variant: str
    params: dict[str, Any]
    """Lists instead of tuples, as JSON gives them."""
    inputs: list[WireTensor]
    program: bytes = b""
    """Serialised model, for libraries that execute one."""


class NotSupported(Exception):
    """The library says that it does not implement this; becomes the outcome Unsupported."""


class Runtime:
    """What a library's staged half exports as `RUNTIME` (a subclass, from `csvkit_ml.libraries.<library>.staged.runtime`).

    The constructor imports the library and computes nothing (it runs in the zygote, before fork).
    """

    def apply(self, settings: dict[str, str]) -> dict[str, str]:
        """In the cell process, before the first case: put runtime options (threads, ...) in force; return what is proven in force."""
        raise NotSupported("settings")

    def describe(self) -> dict[str, str]:
        """Build facts as the library reports them: version, BLAS, threads, capability, providers, devices."""
        raise NotSupported("describe")

    def run(self, request: WireRequest) -> list[tuple[str, WireTensor]]:
        """Execute one case; (output name, tensor) in order. Raises whatever the library raises."""
        raise NotSupported("run")

    def dirty(self) -> None:
        """Fill free memory with a pattern (NaN bit patterns), so that reads of uninitialised memory show."""
        raise NotSupported("dirty")


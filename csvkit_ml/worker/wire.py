"""What crosses between host and worker, and the port of a library's staged half. Standard library only."""

from __future__ import annotations

from typing import Any, NamedTuple


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

    def inventory(self) -> dict[str, Any]:
        """Public names of the library by introspection, executing nothing: `methods` and `entries` as `model.inventory` reads them."""
        raise NotSupported("inventory")

    def run(self, request: WireRequest) -> list[tuple[str, WireTensor]]:
        """Execute one case; (output name, tensor) in order. Raises whatever the library raises."""
        raise NotSupported("run")

    def calls(self, request: WireRequest) -> dict[str, bool]:
        """Names of the operators that the execution of one case calls, as far as it gets; true for those that wrote what it returned."""
        raise NotSupported("calls")

    def dirty(self) -> None:
        """Fill free memory with a pattern (NaN bit patterns), so that reads of uninitialised memory show."""
        raise NotSupported("dirty")

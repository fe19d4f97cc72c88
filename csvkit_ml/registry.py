"""Plug-ins: functions, libraries and backends, by folder and by entry point. A broken or duplicate one is an error."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import entry_points
from types import ModuleType

import csvkit_ml.backends
import csvkit_ml.libraries
from csvkit_ml.backends.port import Backend, parse
from csvkit_ml.errors import SuiteError, UnknownCaseError, UnknownLibraryError
from csvkit_ml.libraries.port import Library
from csvkit_ml.model.function import Function

GROUP = "csvkit_ml"
"""Entry-point groups are csvkit_ml.functions, csvkit_ml.libraries and csvkit_ml.backends; each names a module."""


def _modules(package: ModuleType) -> Iterator[ModuleType]:
    for info in pkgutil.iter_modules(package.__path__):
        yield importlib.import_module(f"{package.__name__}.{info.name}")


def _plugged(kind: str) -> Iterator[ModuleType]:
    for point in entry_points(group=f"{GROUP}.{kind}"):
        yield point.load()


@cache
def functions() -> dict[str, Function]:
    """Every function by id, in order of folder, module and declaration. Raises SuiteError."""
    suites = importlib.import_module("validation_suites")
    modules = [m for area in _modules(suites) if hasattr(area, "__path__") for m in _modules(area)]
    found: dict[str, Function] = {}
    for module in [*modules, *_plugged("functions")]:
        for function in getattr(module, "FUNCTIONS", ()):
            if function.id in found:
                raise SuiteError(f"two functions named {function.id!r}, the second in {module.__name__}")
            found[function.id] = function
            _HOME[function.id] = module.__name__
    return found


_HOME: dict[str, str] = {}


def home(function_id: str) -> str:
    """Name of the module that defines a function."""
    functions()
    return _HOME[function_id]


@cache
def libraries() -> dict[str, Library]:
    """Every supported library by name. Raises SuiteError."""
    folders = [i.name for i in pkgutil.iter_modules(csvkit_ml.libraries.__path__) if i.ispkg]
    modules = [importlib.import_module(f"csvkit_ml.libraries.{name}.host") for name in folders]
    found: dict[str, Library] = {}
    for module in [*modules, *_plugged("libraries")]:
        library: Library = module.LIBRARY
        if library.name in found:
            raise SuiteError(f"two libraries named {library.name!r}")
        found[library.name] = library
    return found


def library(name: str) -> Library:
    """A library by name. Raises UnknownLibraryError."""
    try:
        return libraries()[name]
    except KeyError:
        raise UnknownLibraryError(f"no suite is bound to {name!r}", f"supported: {', '.join(libraries())}") from None


def known_distributions() -> dict[str, str]:
    """Library name by distribution name."""
    return {d: lib.name for lib in libraries().values() for d in lib.distributions}


@cache
def backends() -> dict[str, Backend]:
    """Every backend by name. Raises SuiteError."""
    found: dict[str, Backend] = {}
    for module in [*_modules(csvkit_ml.backends), *_plugged("backends")]:
        backend = getattr(module, "BACKEND", None)
        if backend is None:
            continue
        if backend.name in found:
            raise SuiteError(f"two backends named {backend.name!r}")
        found[backend.name] = backend
    return found


def backend(text: str) -> tuple[Backend, dict[str, str]]:
    """A backend and its options, from `cpu` or `cpu:threads=1,isa=avx2`. Raises UnknownCaseError."""
    name, _, tail = text.partition(":")
    if name not in backends():
        raise UnknownCaseError(f"no backend {name!r}", f"backends: {', '.join(backends())}; presets: {', '.join(presets())}")
    found = backends()[name]
    try:
        return found, parse(found, tail)
    except ValueError as e:
        raise UnknownCaseError(str(e), "see `mlcsv doctor`") from e


def presets() -> tuple[str, ...]:
    """Names that stand for several cells, in order."""
    return tuple(dict.fromkeys(p for b in backends().values() for p in b.presets))


def cells(texts: Iterable[str], library: str) -> tuple[str, ...]:
    """Backends of a library in order, presets replaced by the cells that they stand for, each once. Raises UnknownCaseError."""
    found: list[str] = []
    for text in texts:
        named = [b.presets[text] for b in backends().values() if text in b.presets]
        found += [c for of in named for c in of.get(library, of.get("", ()))] if named else [text]
    for text in found:
        backend(text)
    return tuple(dict.fromkeys(found))

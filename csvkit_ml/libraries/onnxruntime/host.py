"""ONNX Runtime, host half: samples become ONNX models."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from importlib.resources import files
from typing import Any

from packaging.version import Version

from csvkit_ml.errors import SuiteError
from csvkit_ml.libraries.onnxruntime import lowering
from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering
from csvkit_ml.libraries.onnxruntime.raising import RAISERS
from csvkit_ml.libraries.port import Library, Offer


@cache
def lowerings() -> dict[str, Lowering]:
    """Every lowering by function id. Raises SuiteError on a duplicate."""
    found: dict[str, Lowering] = {}
    for info in pkgutil.iter_modules(lowering.__path__):
        module = importlib.import_module(f"{lowering.__name__}.{info.name}")
        for made in getattr(module, "LOWERINGS", ()):
            if made.function in found:
                raise SuiteError(f"two onnxruntime lowerings of {made.function!r}")
            found[made.function] = made
    return found


def offers() -> tuple[Offer, ...]:
    """One offer per lowering."""
    return tuple(
        Offer(
            function=w.function, names=w.names, dtypes=w.dtypes, variants=w.variants, since=w.since, paths=_paths(w), exercises=w.exercises
        )
        for w in lowerings().values()
    )  # fmt: skip


def _paths(w: Lowering) -> tuple[str, ...]:
    return tuple(p for p in w.paths if p not in w.variants)


def lower(function: str, sample: Any) -> bytes:
    """The serialised model of a sample (deterministic)."""
    found = lowerings()[function]
    return found.program(sample) if found.program else bytes(found.build(sample).SerializeToString(deterministic=True))


def undeclared(version: str) -> tuple[str, ...]:
    """Wheels up to 1.18 are compiled for the first ABI of numpy, do not say so, and crash with numpy 2."""
    return ("numpy<2",) if Version(version) < Version("1.19") else ()


LIBRARY = Library(
    name="onnxruntime",
    distributions=("onnxruntime", "onnxruntime-gpu", "onnxruntime-openvino"),
    maker="Microsoft Corporation and the ONNX Runtime contributors",
    title="ONNX Runtime",
    offers=offers,
    lower=lower,
    undeclared=undeclared,
    staged=("csvkit_ml.libraries.onnxruntime", "csvkit_ml.libraries.onnxruntime.staged"),
    raisers=lambda: RAISERS,
    split=lambda: files("specs.libraries").joinpath("onnxruntime.toml").read_bytes(),
    unverified=lambda: files("specs.libraries").joinpath("onnxruntime_unverified.toml").read_bytes(),
)

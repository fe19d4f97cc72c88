"""The tables with which numpy validates its elementary functions, put to the libraries and judged by our own reference and criterion.

A table names an argument, a result and the error in ulp that numpy allows itself, for some hundreds of arguments: subnormal, tiny, huge, next to
poles and to multiples of pi. The results are not needed here, where a certified reference is; a test asserts that both agree.
"""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import numpy as np

from csvkit_ml.errors import SuiteError
from csvkit_ml.model.digest import sha256
from csvkit_ml.model.function import Function, Sample, SampleClass, params
from csvkit_ml.model.tensor import Array, Tensor
from validation_suites import faults
from validation_suites.inference import elementwise_unary, exponentials, trigonometry

DATA, INDEX = "umath.xz", "umath.json"
LARGEST_BYTES = 8 << 20
PARTS = 3
"""Samples that a table's rows of one dtype are laid out in."""
NAMES = {
    "arccos": "acos", "arccosh": "acosh", "arcsin": "asin", "arcsinh": "asinh", "arctan": "atan", "arctanh": "atanh", "cos": "cos", "cosh": "cosh",
    "exp": "exp", "exp2": "exp2", "expm1": "expm1", "log": "log", "log10": "log10", "log1p": "log1p", "log2": "log2", "sin": "sin", "sinh": "sinh",
    "tan": "tan", "tanh": "tanh",
}  # fmt: skip
"""Our function by numpy's table; cube roots have none."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """The rows of one dtype in a table."""

    arguments: Array
    results: Array
    ulps: Array
    """Error that numpy allows itself."""


@cache
def index() -> Mapping[str, Any]:
    """Everything that is said about the frozen tables."""
    told: dict[str, Any] = json.loads(files(__package__).joinpath(INDEX).read_bytes())
    return MappingProxyType(told)


@cache
def _tables() -> Mapping[str, bytes]:
    """Texts by name. Raises SuiteError where they are not those of the index."""
    unpacker = lzma.LZMADecompressor(format=lzma.FORMAT_XZ)
    data = unpacker.decompress(files(__package__).joinpath(DATA).read_bytes(), LARGEST_BYTES)
    found = {name: data[start : start + size] for name, _, start, size in index()["tables"]}
    if any(sha256(found[name]) != digest for name, digest, _, _ in index()["tables"]):
        raise SuiteError(f"{DATA} is not the file that {INDEX} describes")
    return MappingProxyType(found)


@cache
def rows(table: str) -> Mapping[str, Rows]:
    """By dtype, in the order of the table."""
    lines = [line.split(",") for line in _tables()[table].decode("ascii").splitlines() if line.startswith("np.")]
    found = {}
    for dtype in ("float32", "float64"):
        bits = np.dtype(f"u{np.dtype(dtype).itemsize}")
        mine = [line for line in lines if line[0] == f"np.{dtype}"]
        argument, result = (np.array([int(line[i], 16) for line in mine], dtype=bits).view(dtype) for i in (1, 2))
        found[dtype] = Rows(arguments=argument, results=result, ulps=np.array([float(line[3]) for line in mine]))
    return MappingProxyType(found)


def _samples(table: str) -> Iterable[Sample]:
    for dtype, of in rows(table).items():
        for i, part in enumerate(np.array_split(of.arguments, PARTS) if of.arguments.size else []):
            why = SampleClass.COVERING if i else SampleClass.ORDINARY
            yield Sample(name=f"{dtype}-rows-{i}", dtype=dtype, inputs=(Tensor.of(part),), params=params(), why=why)


def _function(table: str, base: Function) -> Function:
    return replace(
        base, id=f"umath_{base.id}", area="published cases", samples=partial(_samples, table),
        requirement=f"The library shall give {table} of the arguments that numpy validates itself with, to the accuracy of {base.id}.",
        source=f"{index()['package']}, umath validation sets; {base.source}",
        faults=(faults.relative(1e-4), faults.one_element(), faults.rolled(), faults.stale()),
    )  # fmt: skip


_BASES = {f.id: f for m in (elementwise_unary, exponentials, trigonometry) for f in m.FUNCTIONS}
FUNCTIONS: tuple[Function, ...] = tuple(_function(table, _BASES[id]) for table, id in NAMES.items())

"""How deep each function is tested: a choice among its samples and their variants, by the command or by the risk of what relies on it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from functools import partial

import numpy as np

from csvkit_ml.libraries.port import Offer
from csvkit_ml.model.function import Function, Sample, SampleClass, seed_for
from csvkit_ml.model.patterns import Patterns
from csvkit_ml.model.spec import Depth, ValidationSpec
from csvkit_ml.model.tensor import Tensor
from csvkit_ml.planning.sweeping import swept
from csvkit_ml.references.sieve import TABLE

WHOLE_MODEL = "whole_model"
"""The function of a maker's own model, whose inputs are all run."""
_ALWAYS = (SampleClass.SPECIAL, SampleClass.SCOPE)
_FIRST = (SampleClass.ORDINARY, SampleClass.COVERING)
_PIECES = 4
CHUNK = 1 << 22
"""Bit patterns of one sample of a sweep: 16 MiB of inputs, 1,024 samples a function."""


def depth_of(spec: ValidationSpec, function: str) -> Depth:
    """The depth of one function: its own where it has one, else the run's."""
    return next((d.depth for d in spec.depths if d.function == function), spec.depth)


def at_depths(functions: Mapping[str, Function], spec: ValidationSpec) -> Mapping[str, Function]:
    """All functions, each with the samples of its depth."""
    if spec.depth is Depth.STANDARD and not spec.depths:
        return functions
    return {id: f if spec.model and id == WHOLE_MODEL else at_depth(f, depth_of(spec, id)) for id, f in functions.items()}


def at_depth(function: Function, depth: Depth) -> Function:
    """The function with the samples of a depth."""
    if depth is Depth.STANDARD:
        return function
    if depth is Depth.QUICK:
        return replace(function, samples=partial(_quick, function))
    return replace(swept(function, function), samples=partial(_exhaustive, function))


def left_out_at(depth: Depth, function: Function) -> str:
    """Why a function is not run at a depth; empty = it is."""
    return "takes seconds a sample: not a part of quick depth" if function.lengthy and depth is Depth.QUICK else ""


def variants_at(depth: Depth, offer: Offer, met: Mapping[str, AbstractSet[str]], dtype: str) -> tuple[str, ...]:
    """Variants of a sample of a dtype.

    Args:
        met: variants of the samples before, by dtype.
    """
    if depth is not Depth.QUICK:
        return offer.variants_of(met.keys(), dtype)
    ran = {v for variants in met.values() for v in variants}
    return tuple(v for i, v in enumerate((*offer.variants, *offer.brief, *offer.paths)) if i == 0 or v not in ran)


def _quick(function: Function) -> Iterator[Sample]:
    """See SAYS; also the first sample of a type that has none of these classes."""
    seen: dict[str, set[SampleClass]] = {}
    for s in function.samples():
        kinds = seen.setdefault(s.dtype, set())
        if s.why in _ALWAYS or not kinds or (s.why in _FIRST and s.why not in kinds):
            kinds.add(s.why)
            yield s


def _exhaustive(function: Function) -> Iterator[Sample]:
    wide: set[object] = set()
    for s in function.samples():
        if s.dtype == "float32":
            wide.add(s.params)
        yield s
    for s in function.samples():
        if s.why is SampleClass.EXHAUSTIVE and s.dtype == "float16" and len(s.inputs) == 1 and s.params in wide:
            undefined = _undefined(s)
            whole = function.id in TABLE and not s.params and undefined is not None
            yield from _sweep(undefined or ()) if whole else _between(function, s)


def _undefined(s: Sample) -> tuple[float, ...] | None:
    """The infinities that a sample of all values of float16 does not ask; None = it leaves out other values."""
    bits = np.arange(1 << 16, dtype=np.uint16)
    every, asked = bits.view(np.float16), s.inputs[0].array().reshape(-1)
    if asked.size != every.size:
        return None
    left = every[(asked.view(np.uint16) != bits) & ~np.isnan(every)]
    return None if np.isfinite(left).any() else tuple(left.tolist())


def _sweep(undefined: tuple[float, ...]) -> Iterator[Sample]:
    """Every bit pattern of float32, CHUNK of them a sample."""
    for first in range(0, 1 << 32, CHUNK):
        inputs = (Patterns(first, CHUNK, undefined),)
        yield Sample(name=f"float32-sweep-{first:08x}", dtype="float32", inputs=inputs, why=SampleClass.EXHAUSTIVE)


def _between(function: Function, s: Sample) -> Iterator[Sample]:
    """Float32 values, one behind each finite value of a sample of float16: random low bits, the last one set, so that none is a value of float16."""
    x = s.inputs[0].array().reshape(-1)
    bits = x[np.isfinite(x)].astype(np.float32).view(np.uint32)
    bits |= seed_for("between", function.id, s.name).integers(0, 1 << 13, bits.shape, dtype=np.uint32) | np.uint32(1)
    for i, part in enumerate(np.array_split(bits.view(np.float32), _PIECES)):
        name = f"float32-between-{s.name.removeprefix('float16-')}-{i}"
        yield Sample(name=name, dtype="float32", inputs=(Tensor.of(part, "float32"),), params=s.params, why=SampleClass.EXHAUSTIVE)

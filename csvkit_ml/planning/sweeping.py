"""Functions whose float32 values are swept: their reference and criterion go through the sieve. Pure."""

from __future__ import annotations

from dataclasses import replace

from csvkit_ml.model.function import Criterion, Expected, Function, Sample, SampleClass
from csvkit_ml.model.patterns import Patterns
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references.sieve import TABLE, Approximation, Sieved, approximated

MODULE = __name__
"""Whose text, with that of the sieve, decides beside a function's own what a sweep asks and how it is judged."""


def is_sweep(sample: Sample) -> bool:
    """Whether this is a chunk of a sweep."""
    return bool(sample.inputs) and isinstance(sample.inputs[0], Patterns)


def swept(function: Function, plain: Function) -> Function:
    """The function with its sweeps sieved; other samples are judged as before.

    Args:
        plain: the same function, whose reference remembers nothing.
    """
    approximation = TABLE.get(function.id)
    return function if approximation is None else _sieved(function, plain, approximation)


def _sieved(function: Function, plain: Function, approximation: Approximation) -> Function:
    def authority(x: Array) -> Expected:
        (e,) = plain.reference(Sample(name="float32-part", dtype="float32", inputs=(Tensor.of(x),), why=SampleClass.EXHAUSTIVE))
        return e

    def reference(s: Sample) -> tuple[Expected, ...]:
        if not is_sweep(s):
            return function.reference(s)
        return (approximated(f"{function.id}/{s.name}", s.inputs[0].array(), approximation, authority),)

    def criterion(s: Sample) -> Criterion:
        inner = function.criterion_for(s)
        return Sieved(inner=inner, authority=authority, exact=approximation.exact) if is_sweep(s) else inner

    return replace(function, reference=reference, criterion=criterion)

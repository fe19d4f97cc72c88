"""Generators as objects: seeds, states, clones, and what must repeat; deprecated initialisers that must draw what their successors draw."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from csvkit_ml.model.function import Function, Sample
from validation_suites import faults
from validation_suites.guarantees import Guarantee, case, denied, wrong, yes
from validation_suites.training.randomness import words

SOURCE = "PyTorch documentation, torch.Generator and torch.random"
BITS = 24


def _cases() -> Iterable[Sample]:
    for seed, count in ((42, 9), (0, 700), (2**32 - 1, 33), (123456789, 1249)):
        yield case(f"seed{seed}-n{count}", seed=seed, count=count, bits=BITS)


def state(sample: Sample) -> tuple[Any, ...]:
    """(the stream after a detour, the same again from a clone, the seed, answers)."""
    n = sample.param("count")
    stream = words(sample.param("seed"), 2 * n) % 2**BITS
    return stream[:n], stream[n:], np.array([sample.param("seed")]), yes(True, True, True)


def _not_restored(sample: Sample) -> tuple[Any, ...]:
    n = sample.param("count")
    stream = words(sample.param("seed"), 3 * n) % 2**BITS
    return stream[:n], stream[2 * n :], np.array([sample.param("seed")]), yes(True, True, True)


def _restarted(sample: Sample) -> tuple[Any, ...]:
    first, _, seed, answers = state(sample)
    return first, first, seed, answers


NAMES = ("kaiming_normal", "kaiming_uniform", "xavier_normal", "xavier_uniform", "normal", "uniform", "orthogonal", "sparse")


def _deprecated() -> Iterable[Sample]:
    for name in NAMES:
        yield case(name.replace("_", "-"), name=name, seed=5)


def _sparse() -> Iterable[Sample]:
    for shape, share in (((10, 4), 0.3), ((7, 5), 0.5), ((20, 1), 0.05)):
        yield case(f"{shape[0]}x{shape[1]}-{share:g}", shape=shape, share=share, seed=9)


def _zeros(sample: Sample) -> tuple[Any, ...]:
    """Zeros in every column: the share of the rows, rounded up."""
    rows, columns = sample.param("shape")
    return np.full(columns, int(np.ceil(sample.param("share") * rows))), yes(True, True)


def _rounded_down(sample: Sample) -> tuple[Any, ...]:
    rows, columns = sample.param("shape")
    return np.full(columns, int(sample.param("share") * rows)), yes(True, True)


ROWS = (
    Guarantee(
        id="generator_state",
        area="randomness",
        source=SOURCE,
        cases=_cases,
        truth=state,
        requirement="The library shall continue a stream from a saved or cloned state, tell the seed, and draw a fresh seed when asked.",
        faults=(
            wrong("not-restored", "The state is not restored.", _not_restored),
            wrong("restarted", "The stream starts again.", _restarted),
            denied("seed-repeated", "A fresh seed is the old one.", 3),
            denied("clone-shared", "A clone shares its state.", 3, 1),
            faults.stale(),
        ),
    ),
    Guarantee(
        id="deprecated_initialisers",
        area="initialisers",
        source="PyTorch documentation, torch.nn.init",
        cases=_deprecated,
        truth=lambda s: (yes(True, True),),
        requirement="The library shall draw by the deprecated name of an initialiser what its successor draws.",
        faults=(
            denied("differs", "Other values are drawn.", 0),
            denied("not-in-place", "The tensor is not filled.", 0, 1),
            wrong("neither", "Nothing is drawn.", lambda s: (yes(False, False),)),
        ),
    ),
    Guarantee(
        id="sparse_initialiser",
        area="initialisers",
        source="Martens 2010; PyTorch documentation, torch.nn.init.sparse_",
        cases=_sparse,
        truth=_zeros,
        requirement="The library shall leave in every column the share of zeros that is asked, rounded up, in different rows.",
        faults=(
            wrong("rounded-down", "The number of zeros is rounded down.", _rounded_down),
            denied("same-rows", "All columns have zeros in the same rows.", 1),
            denied("not-drawn", "The others are not drawn.", 1, 1),
        ),
    ),
)
FUNCTIONS: tuple[Function, ...] = tuple(r.function() for r in ROWS)

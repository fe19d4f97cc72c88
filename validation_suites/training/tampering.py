"""Checkpoint files that were damaged on the way: cut short, one bit turned, or with code in them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np

from csvkit_ml.model.function import Function, Sample
from csvkit_ml.model.tensor import Array, Tensor
from validation_suites import faults
from validation_suites.guarantees import Guarantee, case, denied, wrong, yes
from validation_suites.sampling import normal
from validation_suites.training.autograd import whole

CUTS = (0.0, 0.01, 0.3, 0.5, 0.9, 0.99, 1.0)
"""Shares of the file that are kept; 1 = all but the last byte."""


def _cases() -> Iterable[Sample]:
    """The tensor that is damaged and one beside it; `bit` of its element at `place` is turned in the file."""
    kinds = (("float32", 7, 22), ("float64", 33, 51), ("int64", 12, 40), ("float32", 0, 0), ("int64", 0, 62), ("float64", 5, 3))
    for (dtype, place, bit), legacy in itertools.product(kinds, (False, True)):
        label = f"{dtype}-{'legacy' if legacy else 'archive'}-place{place}-bit{bit}"
        made = Tensor.of(whole((65,), "damaged", label), dtype) if dtype == "int64" else normal(dtype, (65,), "damaged", label)
        yield case(label, made, Tensor.of(whole((9,), "beside", label), dtype), dtype=dtype, place=place, bit=bit, legacy=legacy)


def _turned(sample: Sample, step: int = 0) -> Array:
    x = sample.arrays()[0].copy()
    bits = x.view(np.uint32 if x.itemsize == 4 else np.uint64)
    bits[sample.param("place") + step] ^= bits.dtype.type(1 << sample.param("bit"))
    return x


def _cut(sample: Sample) -> tuple[Any, ...]:
    """(both tensors of the whole file; every shorter file refused)."""
    return (*sample.arrays(), np.ones(len(CUTS), dtype=bool))


def _flip(sample: Sample) -> tuple[Any, ...]:
    """(the tensor with that bit turned, the other as it was, loading refused)."""
    return _turned(sample), sample.arrays()[1], yes(False)


def _code(sample: Sample) -> tuple[Any, ...]:
    """(both tensors of a file without code, [a file with code refused, the code run])."""
    return (*sample.arrays(), yes(True, False))


SOURCE = "PyTorch documentation, torch.save, torch.load (weights_only)"
ROWS = (
    Guarantee(
        id="checkpoint_truncated", area="persistence", source=SOURCE, cases=_cases, truth=_cut,
        requirement="The library shall refuse a checkpoint file that was cut short, wherever, and load the whole one.",
        faults=(denied("empty-accepted", "An empty file is loaded.", 2), denied("middle-accepted", "Half a file is loaded.", 2, 3),
                denied("last-byte-unread", "A file without its last byte is loaded.", 2, len(CUTS) - 1), faults.stale()),
    ),
    Guarantee(
        id="checkpoint_bit_flipped", area="persistence", source=SOURCE, cases=_cases, truth=_flip,
        requirement="The library shall load a checkpoint file in whose values one bit was turned with that bit turned and nothing else changed (a trap: the "
        "archive's checksum is not looked at; a maker stores a digest of the file and compares it before loading).",
        faults=(wrong("neighbour", "Another element changes.", lambda s: (_turned(s, 1), s.arrays()[1], yes(False))),
                wrong("spread", "The tensor beside changes, too.", lambda s: (_turned(s), s.arrays()[1] + 1, yes(False))),
                denied("noticed", "The file is refused.", 2), faults.stale()),
    ),
    Guarantee(
        id="checkpoint_with_code", area="persistence", source=SOURCE, cases=_cases, truth=_code,
        requirement="The library shall refuse, where weights alone are asked for, a file that names a function to call, without calling it.",
        faults=(denied("accepted", "The file is loaded.", 2), denied("run", "The function is called.", 2, 1), faults.stale()),
    ),
)  # fmt: skip
FUNCTIONS: tuple[Function, ...] = tuple(r.function() for r in ROWS)

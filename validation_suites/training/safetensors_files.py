"""Files of the safetensors format, in which pre-trained weights are handed on: every bit kept, the layout as published, damaged files refused."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from csvkit_ml.model.function import Expected, Function, Sample, seed_for
from csvkit_ml.model.tensor import DTYPES, Tensor
from csvkit_ml.references import exactly
from validation_suites import faults
from validation_suites.guarantees import Guarantee, case, denied, wrong, yes
from validation_suites.training.persistence import UNCHANGED

KINDS = ("float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool")
SHAPES = {"matrix": (5, 7), "scalar": (), "empty": (0, 3), "vector": (1031,)}
REFUSED = (
    "cut in the length", "cut in the header", "cut in the values", "without the last byte", "header longer than the file", "header that is no JSON",
    "two tensors in the same bytes", "a hole between tensors", "values beyond the end", "a shape that does not fit", "an unknown dtype",
    "tensors that share memory", "a tensor that is not contiguous",
)  # fmt: skip
"""Files that are not loaded; the last two: what is not written."""


def _cases() -> Iterable[Sample]:
    """The tensor of random bits, NaN and infinities among them, and a float32 matrix beside it in the same file."""
    for i, dtype in enumerate(KINDS):
        for j, (label, shape) in enumerate(SHAPES.items()):
            if i and j and (i + j) % 3:
                continue
            name = f"{dtype}-{label}"
            raw = seed_for("safetensors", name).integers(0, 2 if dtype == "bool" else 256, int(np.prod(shape)) * DTYPES[dtype].itemsize, dtype=np.uint8)
            yield case(name, Tensor(dtype=dtype, shape=shape, data=raw.tobytes()), Tensor.of(np.arange(6.0).reshape(2, 3), "float32"), dtype=dtype)


def _kept(sample: Sample, move: int = 0) -> tuple[Expected, ...]:
    """uint8: the bytes of both tensors, from a file that the library wrote and from one written byte by byte as the format is published."""
    x, beside = (np.frombuffer(t.data, np.uint8) for t in sample.inputs)
    read = (x, np.roll(beside, move))
    return tuple(exactly(a, dtype="uint8", name=f"y{i}" if i else "y") for i, a in enumerate(read * 2))


def _truth(sample: Sample) -> tuple[Any, ...]:
    """(the four tensors, [the library's own file is laid out as published, dtypes and shapes are kept in both files], what is refused)."""
    return (*_kept(sample), yes(True, True), yes(*(True,) * len(REFUSED)))


def _refusal(what: str) -> Any:
    return denied("accepted-" + what.replace(" ", "-"), f"Accepted: {what}.", 5, REFUSED.index(what))


ROWS = (
    Guarantee(
        id="safetensors_file", area="persistence", cases=_cases, truth=_truth, criterion=UNCHANGED,
        source="safetensors, Format (github.com/huggingface/safetensors, README); its Python interface for torch",
        requirement="The library shall write safetensors files as the format is published, load them with every bit kept, and refuse damaged ones.",
        faults=(
            wrong("beside-moved", "The tensor beside is read one byte off.", lambda s: (*(e.value for e in _kept(s, 1)), *_truth(s)[4:])),
            denied("layout", "The file is not laid out as published.", 4), denied("dtype-lost", "A tensor comes back in another dtype.", 4, 1),
            *map(_refusal, ("without the last byte", "two tensors in the same bytes", "values beyond the end", "tensors that share memory")),
            faults.stale(),
        ),
    ),
)  # fmt: skip
FUNCTIONS: tuple[Function, ...] = tuple(r.function() for r in ROWS)

"""Which dtype an operation answers in: promotion, what may be cast to what, and the limits of every format.

dtypes are told apart by their place in a list, so answers are numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from csvkit_ml.criteria import Exact
from csvkit_ml.model.function import Expected, Fault, Function, Results, Sample, SampleClass, Side, params
from csvkit_ml.references import exactly
from validation_suites import faults

KINDS = (
    "bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64", "complex64", "complex128",
)  # fmt: skip
"""In the order of their categories: truth values, integers, real, complex numbers."""
COMPLEX_OF = {"float16": "complex64", "bfloat16": "complex64", "float32": "complex64", "float64": "complex128"}
SOURCE = "PyTorch reference, Tensor Attributes, torch.dtype: type promotion"
AREA = "dtypes"


def category(kind: str) -> int:
    """0 truth value, 1 integer, 2 real, 3 complex."""
    return 0 if kind == "bool" else 3 if kind[0] == "c" else 2 if kind in COMPLEX_OF else 1


def _bits(kind: str) -> int:
    return 16 if kind == "bfloat16" else np.dtype(kind).itemsize * 8


def promoted(a: str, b: str) -> str:
    """The smallest dtype that both can be held in: of the higher category, wide enough for both of equal category."""
    if a == b:
        return a
    low, high = sorted((a, b), key=lambda k: (category(k), KINDS.index(k)))
    if category(low) < 2 and category(high) >= 2:
        return high
    if category(high) == 3:
        return high if category(low) == 3 or COMPLEX_OF[low] != "complex128" else "complex128"
    if category(high) == 2:
        return "float32" if _bits(a) == _bits(b) == 16 else high
    if category(low) == 0 or "uint8" not in (a, b):
        return high
    return "int16" if "int8" in (a, b) else high


def castable(a: str, b: str) -> bool:
    """Not from a higher category to a lower one."""
    return category(a) <= category(b) or (category(b) == 1 and category(a) == 1)


def _pairs() -> Iterable[Sample]:
    for a in KINDS:
        for b in KINDS:
            yield Sample(name=f"{a}-{b}", dtype="int64", inputs=(), params=params(a=a, b=b, kinds=KINDS))


def _place(of: Callable[[Any], Any]) -> Callable[[Sample], tuple[Expected, ...]]:
    def reference(sample: Sample) -> tuple[Expected, ...]:
        made = of(dict(sample.params))
        return (exactly(np.asarray(made), dtype="bool" if isinstance(made, bool) else "int64"),)

    return reference


def _wrong(id: str, sentence: str, of: Callable[[Any], Any]) -> Fault:
    def apply(_: Function, sample: Sample, true: Results) -> Results | None:
        made = np.asarray(of(dict(sample.params))).astype(true[0].dtype)
        return None if np.array_equal(made, true[0]) else (made,)

    return Fault(id=id, sentence=sentence, apply=apply)


def _combinations() -> Iterable[Sample]:
    """A tensor with another, with one of no dimension, and with a Python number.

    A real tensor with a complex number or a complex tensor of no dimension is not asked: the source's rule says that the number's size
    decides, its examples of complex dtypes that the tensor's does.
    """
    for a in KINDS:
        for b in KINDS:
            for other in ("tensor", "scalar"):
                if other == "scalar" and category(a) == 2 and category(b) == 3:
                    continue
                yield Sample(name=f"{a}-{b}-{other}", dtype="int64", inputs=(), params=params(a=a, b=b, other=other, kinds=KINDS),
                    why=SampleClass.COVERING)
        for b in ("bool", "int64", "float32", *(("complex64",) if category(a) != 2 else ())):
            yield Sample(name=f"{a}-{b}-number", dtype="int64", inputs=(), params=params(a=a, b=b, other="number", kinds=KINDS))


def result(p: Any) -> str:
    """What has dimensions decides, unless the other is of a higher category; a Python number then counts as of the default dtype."""
    a, b = p["a"], p["b"]
    if p["other"] == "tensor":
        return promoted(a, b)
    if category(b) <= category(a):
        return str(a)
    if p["other"] == "scalar":
        return promoted(a, b)
    return {1: "int64", 2: "float32", 3: "complex64"}[category(b)]


FUNCTIONS: tuple[Function, ...] = (
    Function(
        id="promote_types", side=Side.INFERENCE, area=AREA,
        requirement="The library shall name the smallest dtype that can hold the values of both of two dtypes.",
        source=SOURCE, oracle="exact: the rule, dtype by dtype", samples=_pairs,
        reference=_place(lambda p: KINDS.index(promoted(p["a"], p["b"]))),
        criterion=Exact(rationale="A name has no rounding.", literature=SOURCE),
        faults=(
            _wrong("first", "The first dtype is named.", lambda p: KINDS.index(p["a"])),
            _wrong("later", "The one that stands later in the list is named.", lambda p: max(KINDS.index(p["a"]), KINDS.index(p["b"]))),
            faults.one_element(),
        ),
    ),
    Function(
        id="can_cast", side=Side.INFERENCE, area=AREA,
        requirement="The library shall tell whether values of a dtype may be written in another.",
        source=f"{SOURCE}; torch.can_cast", oracle="exact: the rule, dtype by dtype", samples=_pairs,
        reference=_place(lambda p: castable(p["a"], p["b"])),
        criterion=Exact(rationale="A truth value has no rounding.", literature=SOURCE),
        faults=(
            _wrong("always", "Everything may be cast.", lambda p: True),
            _wrong("exchanged", "The dtypes are exchanged.", lambda p: castable(p["b"], p["a"])),
            _wrong("lossless", "Only what loses nothing may be cast.", lambda p: promoted(p["a"], p["b"]) == p["b"]),
        ),
    ),
    Function(
        id="result_type", side=Side.INFERENCE, area=AREA,
        requirement="The library shall name the dtype in which an operation on two tensors, or a tensor and a number, answers.",
        source=f"{SOURCE}; torch.result_type", oracle="exact: the rule, dtype by dtype", samples=_combinations,
        reference=_place(lambda p: KINDS.index(result(p))),
        criterion=Exact(rationale="A name has no rounding.", literature=SOURCE),
        faults=(
            _wrong("by-dtype", "Dimensions do not count.", lambda p: KINDS.index(promoted(p["a"], p["b"]))),
            _wrong("first", "The first dtype is named.", lambda p: KINDS.index(p["a"])), faults.one_element(),
        ),
    ),
)  # fmt: skip

"""Operands of different dtypes: the result has the dtype that promotion names, and both operands are converted to it first.

Data are whole numbers up to 100 and quarters up to 8, which every format holds, so conversion changes none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from csvkit_ml.criteria import Exact, round_to
from csvkit_ml.model.function import Function, Sample, SampleClass, params, seed_for
from csvkit_ml.model.tensor import DTYPES, Array, Tensor
from validation_suites import faults
from validation_suites.inference.dtype_rules import KINDS, SOURCE, category, result
from validation_suites.moving import PLAIN, moving

REAL = tuple(k for k in KINDS if category(k) < 3)
Shape = tuple[int, ...]
Operation = Callable[[Array, Array], Array]
_COMPARED = (faults.one_element(), faults.stale())
_GENERAL = tuple(f for f in PLAIN if f.id != "nan-lost")


def _data(kind: str, shape: tuple[int, ...], *names: str) -> Tensor:
    rng = seed_for("mixed", kind, *names)
    if category(kind) == 2:
        return Tensor.of(rng.integers(-32, 33, shape) / 4, kind)
    low, high = {"bool": (0, 2), "uint8": (1, 101)}.get(kind, (-100, 101))
    drawn = rng.integers(low, high, shape)
    return Tensor.of(np.where(drawn == 0, low, drawn), kind)


def _samples(id: str, every: int, start: int) -> Callable[[], Iterable[Sample]]:
    """Every pair of dtypes in turn; then with a tensor of no dimension, and with a Python number, of each category."""

    def samples() -> Iterable[Sample]:
        pairs: list[tuple[str, str, str, Shape]] = []
        pairs += [(a, b, "tensor", (3, 7)) for a in REAL for b in REAL if a != b and "bool" not in (a, b)][start::every]
        pairs += [(a, "bool", "tensor", (3, 7)) for a in REAL[1:]][start % 3 :: every] + [("bool", a, "tensor", (5,)) for a in REAL[1::3]]
        pairs += [(a, b, "scalar", (2, 9)) for a in REAL[1:] for b in ("int64", "uint8", "float64", "float16") if a != b][start::every]
        pairs += [(a, b, "number", (2, 9)) for a in REAL[1:] for b in ("int64", "float32")][start::every]
        for i, (a, b, other, shape) in enumerate([("int64", "float32", "tensor", (3, 7)), *pairs]):
            p = {"a": a, "b": b, "other": other}
            name = f"{a}-{b}-{other}{'' if i else '-ordinary'}"
            inputs = (_data(a, shape, id, name, "x"), _data(b, shape if other == "tensor" else (), id, name, "y"))
            why = SampleClass.COVERING if i else SampleClass.ORDINARY
            yield Sample(name=name, dtype=result(p), inputs=inputs, params=params(**p), why=why)

    return samples


def _wide(x: Array, kind: str) -> Array:
    return x.astype(DTYPES[kind]).astype(np.float64 if category(kind) == 2 else np.int64)


def _rounded(made: Array, kind: str) -> Array:
    """Once: quotients of two numbers of up to 24 digits keep their nearest value through a double."""
    return round_to(kind, np.asarray(made, dtype=np.float64)) if category(kind) == 2 else made.astype(DTYPES[kind])


def _in(kind: Callable[[Any], str], operation: Operation) -> Callable[..., Array]:
    def move(p: Any, x: Array, y: Array) -> Array:
        to = kind(p)
        return _rounded(operation(_wide(x, to), _wide(y, to)), to)

    return move


def _early(kind: Callable[[Any], str], operation: Operation) -> Callable[..., Array]:
    """The second operand passes through the dtype of the first."""

    def move(p: Any, x: Array, y: Array) -> Array:
        with np.errstate(all="ignore"):
            return _in(kind, operation)(p, x, y.astype(np.float64).astype(x.dtype))

    return move


def _answer(p: Any) -> str:
    """Of a true division: whole numbers divide as numbers of the default dtype."""
    return result(p) if category(result(p)) == 2 else "float32"


def _function(id: str, says: str, source: str, operation: Operation, other: Operation, k: int, **how: Any) -> Function:
    kind = how.pop("kind", result)
    return moving(
        id, f"{says} of operands of two dtypes in the dtype that promotion names, both converted to it first", f"{source}; {SOURCE}",
        how.pop("samples", _samples(id, 3 if k else 1, k % 3)), _in(kind, operation),
        ("through-the-first", "The second operand passes through the dtype of the first.", _early(kind, operation)),
        ("exchanged", "Another operation of the two operands.", _in(kind, other)),
        area="dtypes", oracle="the definition in double or in whole numbers, rounded once",
        criterion=Exact(rationale="Conversion is exact for these data, and the operation is rounded once.",
            literature="IEEE 754-2019, 4.3"),
        general=_GENERAL, **how,
    )  # fmt: skip


def _divided() -> Iterable[Sample]:
    """As the others, and whole numbers by whole numbers of the same dtype."""
    for s in _samples("div_mixed", 2, 1)():
        if (s.inputs[1].array() != 0).all():
            yield Sample(name=s.name, dtype=_answer(dict(s.params)), inputs=s.inputs, params=s.params, why=s.why)
    for kind in ("int64", "int32", "uint8", "int8", "int16"):
        inputs = (_data(kind, (4, 33), "div", "x"), _data(kind, (4, 33), "div", "y"))
        p = params(a=kind, b=kind, other="tensor")
        yield Sample(name=f"{kind}-{kind}-tensor", dtype="float32", inputs=inputs, params=p, why=SampleClass.COVERING)


def _compared(compare: Callable[[Array, Array], Array]) -> Callable[..., Array]:
    def move(p: Any, x: Array, y: Array) -> Array:
        to = result(p)
        return np.asarray(compare(_wide(x, to), _wide(y, to)))

    return move


def _comparison(id: str, says: str, compare: Callable[..., Array], other: Callable[..., Array], k: int) -> Function:
    return moving(
        id, f"tell whether {says}, both converted to the dtype that promotion names", SOURCE, _samples(id, 3, k), _compared(compare),
        ("other", "Another comparison.", _compared(other)),
        ("through-the-first", "The second operand passes through the dtype of the first.",
         lambda p, x, y: _compared(compare)(p, x, y.astype(np.float64).astype(x.dtype))),
        area="dtypes", outputs=("bool",), general=_COMPARED,
    )  # fmt: skip


def _joined(p: Any, x: Array, y: Array) -> Array:
    to = result(p)
    return np.concatenate([_rounded(_wide(x, to), to), _rounded(_wide(y, to), to)])


def _tensors(id: str, k: int) -> Callable[[], Iterable[Sample]]:
    return lambda: (s for s in _samples(id, 2, k)() if s.param("other") == "tensor")


def _chosen(p: Any, x: Array, y: Array) -> Array:
    """x where its place is even, else y."""
    to = result(p)
    even = np.arange(x.size).reshape(x.shape) % 2 == 0
    return np.where(even, _rounded(_wide(x, to), to), _rounded(_wide(y, to), to)).astype(DTYPES[to])


FUNCTIONS: tuple[Function, ...] = (
    _function("add_mixed", "return the sum", "torch.add", np.add, np.subtract, 0),
    _function("sub_mixed", "return the difference", "torch.sub", np.subtract, np.add, 1,
        samples=lambda: (s for s in _samples("sub_mixed", 3, 1)() if "bool" not in (s.param("a"), s.param("b")))),
    _function("mul_mixed", "return the product", "torch.mul", np.multiply, np.add, 2),
    _function("div_mixed", "return the quotient", "torch.div", np.divide, np.multiply, 3, kind=_answer, samples=_divided),
    _function("maximum_mixed", "return the larger", "torch.maximum", np.maximum, np.minimum, 4,
        samples=lambda: (s for s in _samples("maximum_mixed", 3, 1)() if s.param("other") != "number")),
    _comparison("less_mixed", "one is less than the other", np.less, np.less_equal, 0),
    _comparison("equal_mixed", "two are equal", np.equal, np.not_equal, 1),
    moving(
        "concat_mixed", "join tensors of two dtypes in the dtype that promotion names", f"torch.cat; {SOURCE}", _tensors("concat_mixed", 0),
        _joined, ("other-order", "They come in the other order.", lambda p, x, y: np.roll(_joined(p, x, y), len(y), axis=0)),
        area="dtypes", general=_GENERAL,
    ),
    moving(
        "where_mixed", "choose between elements of two dtypes in the dtype that promotion names", f"torch.where; {SOURCE}",
        _tensors("where_mixed", 1), _chosen,
        ("first", "The first is taken everywhere.", lambda p, x, y: _rounded(_wide(x, result(p)), result(p))), area="dtypes",
            general=_GENERAL,
    ),
)  # fmt: skip

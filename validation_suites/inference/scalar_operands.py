"""Tensors of no dimension, long axes, and whole numbers where an answer is a floating-point number.

A function of each element answers for a tensor of no dimension as for a vector of one element; a reduction of it is the element itself.
Positions beyond 2^24 have no float32, and sums of the long data are whole numbers that every order of summation keeps exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from csvkit_ml.model.function import Criterion, Expected, Function, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from validation_suites import faults
from validation_suites.inference import elementwise_unary, exponentials, powers, rounding, trigonometry
from validation_suites.moving import PLAIN, moving
from validation_suites.sampling.places import sample

NAMES = (
    "exp", "log", "sqrt", "tanh", "sigmoid", "erf", "relu", "gelu", "exp2", "expm1", "log2", "log10", "log1p", "square", "rsqrt",
    "reciprocal", "ceil", "floor", "trunc", "round", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "asinh", "atanh",
)  # fmt: skip
POINTWISE = {
    f.id: f
    for area in (elementwise_unary, exponentials, powers, rounding, trigonometry)
    for f in area.FUNCTIONS
    if f.id in NAMES
}  # fmt: skip
"""Functions that are asked of a single value."""
OF_WHOLE = (
    "exp", "log", "sqrt", "tanh", "sigmoid", "erf", "exp2", "expm1", "log2", "log10", "log1p", "rsqrt", "reciprocal", "sin", "cos",
    "tan", "sinh", "cosh", "asinh", "atan",
)  # fmt: skip
"""Those that answer a floating-point number for a whole one."""
VALUES = (0.625, 0.25)
REDUCED = ("sum", "mean", "prod", "amax", "amin")
ORDERED = ("sort", "median", "logsumexp", "cumsum", "cumprod")
"""Reductions, scans and orders that return the only element."""
OPERATORS = (
    "exp", "log", "sqrt", "tanh", "sigmoid", "relu", "reciprocal", "ceil", "floor", "round", "sin", "erf", "cos", "tan", "asin",
    "acos", "atan", "sinh", "cosh", "asinh", "atanh",
)  # fmt: skip
"""Those that are an operator of ONNX."""
PATTERN, TURNS = 251, 66_847
"""The long data: a pattern of 251 elements, 66,847 times: 16,778,597 elements, more than 2^24."""
GENERAL = tuple(f for f in PLAIN if f.id not in ("nan-lost", "off-by-one"))


def _inner(s: Sample) -> Sample:
    """The same values as a vector of floating-point numbers."""
    x = s.inputs[0].array()
    flat = np.atleast_1d(x).astype(np.float32 if x.dtype.kind in "iu" else x.dtype)
    return replace(s, inputs=(Tensor.of(flat),), params=())


def _pointwise(s: Sample) -> tuple[Expected, ...]:
    """The registered reference of the function that the sample names."""
    shape = s.inputs[0].shape
    return tuple(replace(e, value=e.value.reshape(shape), low=None if e.low is None else e.low.reshape(shape), radius=_to(e.radius, shape),
        scale=_to(e.scale, shape)) for e in POINTWISE[s.param("of")].reference(_inner(s)))  # fmt: skip


def _to(a: Array | float, shape: tuple[int, ...]) -> Array | float:
    return a.reshape(shape) if isinstance(a, np.ndarray) and a.ndim else a


def _limit(s: Sample) -> Criterion:
    function: Function = POINTWISE[s.param("of")]
    return function.criterion_for(_inner(s))


def _of_scalars() -> Iterable[Sample]:
    for i, of in enumerate(POINTWISE):
        for dtype in ("float32", "float64"):
            x = Tensor.of(np.asarray(VALUES[i % 2]), dtype)
            why = SampleClass.EDGE if i else SampleClass.ORDINARY
            yield Sample(name=f"{dtype}-{of}", dtype=dtype, inputs=(x,), params=params(of=of), why=why)


def _of_whole() -> Iterable[Sample]:
    """1 .. 16, with which every one of the functions has a value."""
    for i, of in enumerate(OF_WHOLE):
        for kind in dict.fromkeys(("int64", ("int32", "uint8", "int8", "int16")[i % 4])):
            x = seed_for("of whole numbers", of, kind).integers(1, 17, (3, 11))
            why = SampleClass.COVERING if i else SampleClass.ORDINARY
            yield Sample(name=f"{kind}-{of}", dtype="float32", inputs=(Tensor.of(x, kind),), params=params(of=of), why=why)


def _other(s: Sample) -> Sample:
    names = list(POINTWISE)
    following = names[(names.index(s.param("of")) + 1) % len(names)]
    return replace(s, params=params(of=following if following not in ("asin", "acos", "atanh") else "exp"))


def _by_name(id: str, says: str, samples: Callable[[], Iterable[Sample]], *more: Any) -> Function:
    return Function(
        id=id, side=Side.INFERENCE, area="elementwise", requirement=f"The library shall return {says}.", source="as the function's own",
        oracle="the function's own reference", samples=samples, reference=_pointwise, criterion=_limit,
        faults=(
            faults.relative(1e-3), faults.one_element(), faults.stale(),
            faults.other_sample("other", "Another function's value.", _other), *more,
        ),
    )  # fmt: skip


def _singles(names: tuple[str, ...]) -> Callable[[], Iterable[Sample]]:
    def samples() -> Iterable[Sample]:
        for i, of in enumerate(names):
            for dtype in ("float32", "float64", *(("int64",) if of not in ("mean", "logsumexp") else ())):
                x = Tensor.of(np.asarray(3 + i if i % 2 else -3 - i), dtype)
                yield sample(f"{dtype}-{of}", dtype, (x,), i, of=of)

    return samples


def _single(id: str, says: str, names: tuple[str, ...]) -> Function:
    return moving(
        id, f"{says} a tensor of no dimension to the element itself", "the definition, of one element", _singles(names), lambda p, x: x,
        ("zero", "It is taken for empty.", lambda p, x: x * 0), ("doubled", "The element counts twice.", lambda p, x: x + x),
        ("dimension-added", "The result has a dimension.", lambda p, x: x[None]), area="reductions", general=GENERAL,
    )  # fmt: skip


def _long(dtype: str, *names: str) -> tuple[Tensor, Tensor]:
    """A pattern of 0, 1 and -1 whose sum is 1, and a tail that holds its largest value."""
    x = np.zeros(PATTERN, dtype=np.int64)
    places = seed_for("long", dtype, *names).permutation(PATTERN)
    x[places[:61]] = 1
    if dtype != "uint8":
        x[places[61:121]] = -1
    return Tensor.of(x, dtype), Tensor.of(np.array([1, 0, 3, 2]), dtype)


def _longs(id: str, dtypes: tuple[str, ...]) -> Callable[[], Iterable[Sample]]:
    def samples() -> Iterable[Sample]:
        for i, dtype in enumerate(dtypes):
            pattern, tail = _long(dtype, id)
            yield sample(f"{dtype}-{PATTERN * TURNS + 4}", dtype, (pattern, tail), i, turns=TURNS)

    return samples


def _count(p: Any, x: Array) -> int:
    return int(p["turns"]) * len(x)


def _total(p: Any, x: Array, tail: Array) -> Array:
    return np.asarray(p["turns"] * x.astype(np.int64).sum() + tail.astype(np.int64).sum()).astype(x.dtype)


def _running(p: Any, x: Array, tail: Array) -> Array:
    """The last seven of the running sums."""
    last = np.cumsum(np.concatenate([x[-3:], tail]).astype(np.int64))
    return np.asarray(last + p["turns"] * x.astype(np.int64).sum() - x[-3:].astype(np.int64).sum()).astype(x.dtype)


def _end(p: Any, x: Array, tail: Array) -> Array:
    """What stands at the positions asked: the first, around 2^24, and the last."""
    whole = np.concatenate([np.tile(x, p["turns"]), tail])
    return np.asarray(whole[_asked(p, x)])


def _asked(p: Any, x: Array) -> Array:
    n = _count(p, x) + 4
    return np.array([0, 2**24 - 1, 2**24, 2**24 + 1, n - 3, n - 1], dtype=np.int64)


def _in_float32(positions: Any) -> Array:
    return np.asarray(np.asarray(positions, dtype=np.float32).astype(np.int64))


def _lengthy(
    id: str, says: str, dtypes: tuple[str, ...], move: Callable[..., Array], *wrong: Any, outputs: tuple[str, ...] = ()
) -> Function:  # fmt: skip
    function = moving(
        id, f"{says} of more than 2^24 elements", "the definition, at lengths that float32 does not count",
        _longs(id, dtypes), move, *wrong,
        area="reductions", outputs=outputs, general=(GENERAL[0], GENERAL[1]), oracle="exact: whole numbers",
    )  # fmt: skip
    return replace(function, lengthy=True)


FUNCTIONS: tuple[Function, ...] = (
    _by_name("pointwise_of_scalar", "a tensor of no dimension for one of no dimension", _of_scalars,
        faults.other_sample("argument", "The argument is halved.", lambda s: replace(s, inputs=(_halved(s.inputs[0]),)))),
    _by_name("pointwise_of_whole", "a floating-point number of the default dtype for whole numbers", _of_whole),
    _by_name("operator_of_scalar", "a tensor of no dimension for one of no dimension, operator by operator",
        lambda: (s for s in _of_scalars() if s.dtype == "float32" and s.param("of") in OPERATORS)),
    _single("reduction_of_scalar", "reduce", REDUCED),
    _single("order_of_scalar", "sort and sum up", ORDERED),
    _lengthy("sum_of_long", "return the sum", ("float32", "int64", "int32", "float64"), _total,
        ("stops-at-2-24", "What comes after 2^24 elements is lost.",
            lambda p, x, t: np.asarray(x.dtype.type(np.tile(x, p["turns"])[:2**24].sum()))),
        ("tail-lost", "The last four elements are lost.", lambda p, x, t: _total(p, x, t * 0))),
    _lengthy("argmax_of_long", "return the position of the largest", ("float32", "int32", "float64"),
        lambda p, x, t: np.asarray(_count(p, x) + 2), ("in-float32", "The position passes through float32.", lambda p, x,
            t: _in_float32(_count(p, x) + 2)),
        ("in-tail", "The position is counted from 2^24.", lambda p, x, t: np.asarray(_count(p, x) + 2 - 2**24)), outputs=("int64",)),
    _lengthy("cumsum_of_long", "return the running sum", ("float32", "float64", "int64"), _running,
        ("restarted", "The sum starts again at 2^24.", lambda p, x, t: _running({**p, "turns": 0}, x, t)),
        ("shifted", "The sum excludes the element itself.", lambda p, x, t: np.roll(_running(p, x, t), 1))),
    _lengthy("index_of_long", "return what stands at positions", ("float32", "int64", "uint8"), _end,
        ("in-float32", "Positions pass through float32.", lambda p, x, t: np.concatenate([np.tile(x, p["turns"]),
            t])[_in_float32(_asked(p, x)) % (_count(p, x) + 4)]),
        ("next", "The next element is read.", lambda p, x, t: np.roll(_end(p, x, t), 1))),
)  # fmt: skip


def _halved(t: Tensor) -> Tensor:
    return Tensor.of(t.array() / 2 if t.dtype.startswith("float") else t.array(), t.dtype)

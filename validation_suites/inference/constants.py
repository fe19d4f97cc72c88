"""Copies, extents, ranges, identities and constants, complex numbers taken apart and put together. Nothing is rounded."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from csvkit_ml.model.function import Function, Sample, SampleClass
from csvkit_ml.model.tensor import Array, Tensor
from validation_suites import faults
from validation_suites.moving import ALL, Case, moving
from validation_suites.sampling.pieces import moved
from validation_suites.sampling.places import in_turn, sample, specials, whole

ONNX = "ONNX operator specification, "
Samples = Callable[[], Iterable[Sample]]
SHAPES: tuple[Case, ...] = tuple((s, {}) for s in ((3, 4), (), (7,), (2, 3, 4, 5), (0, 3), (1, 1), (9, 129), (100, 90)))
RANGES: tuple[tuple[float, float, float], ...] = (
    (0, 9, 1), (2, 17, 3), (10, 0, -3), (0, 0, 1), (5, 6, 1), (-4, 5, 2), (0, 1000, 7), (0.5, 4, 0.25), (-1, -3.5, -0.5), (0, 1, 0.125),
)  # fmt: skip


def _ranges() -> Iterable[Sample]:
    for dtype, k, (start, stop, step) in in_turn(("int64", "float32", "float64", "int32", "int16"), RANGES):
        if dtype[0] == "i" and step != int(step):
            continue
        yield sample(f"{dtype}-from{start}-to{stop}-by{step}", dtype, (), k, kind=dtype, start=start, step=step, stop=stop)
    for dtype in ("float32", "float64"):
        for k, (start, stop, step) in enumerate(RANGES[7:]):
            yield sample(f"{dtype}-part{k}", dtype, (), k + 1, kind=dtype, start=start, step=step, stop=stop)


def _range(p: Any) -> Array:
    """ceil((stop - start) / step) values."""
    count = max(0, int(np.ceil((p["stop"] - p["start"]) / p["step"])))
    return np.asarray(p["start"] + p["step"] * np.arange(count))


def _stop_included(p: Any) -> Array:
    return _range({**p, "stop": p["stop"] + p["step"]})


def _step_one(p: Any) -> Array:
    return np.asarray(p["start"] + np.arange(_range(p).size))


def _identities() -> Iterable[Sample]:
    cases: tuple[Any, ...] = ((3, 4), (5, 5), (4, 3), (1, 1), (0, 3), (3, 0), (33, 17), (64, 65))
    for dtype, k, (n, m) in in_turn(("float32", "float64", "int64", "int32", "float16", "bfloat16", "bool", "uint8"), cases):
        yield sample(f"{dtype}-{n}x{m}", dtype, (), k, columns=m, kind=dtype, rows=n)


def _eye(p: Any, k: int) -> Array:
    return np.asarray(np.subtract.outer(np.arange(p["rows"]), np.arange(p["columns"])) == -k)


def _extents_of(x: Array) -> dict[str, int]:
    return {"columns": x.shape[1], "rows": x.shape[0]}


def _shifted_identities() -> Iterable[Sample]:
    cases: tuple[Any, ...] = (((3, 4), 0), ((5, 5), 1), ((4, 3), -2), ((1, 1), 0), ((4, 4), 7), ((33, 17), -16), ((9, 9), -1))
    for dtype, k, (shape, diagonal) in in_turn(("float32", "float64", "int64", "int32"), cases):
        name = f"{dtype}-{'x'.join(map(str, shape))}-k{diagonal}"
        yield sample(name, dtype, (moved(dtype, shape, "eye_like", name),), k, k=diagonal)


def _fills() -> Iterable[Sample]:
    cases: tuple[Any, ...] = (((3, 4), 1), ((), 1), ((7,), 0), ((0, 3), 1), ((2, 3, 4), 0), ((9, 129), 1), ((100, 90), 1))
    for dtype, k, (shape, value) in in_turn(ALL, cases):
        name = f"{dtype}-{'x'.join(map(str, shape)) or 'scalar'}-value{value}"
        yield sample(name, dtype, (), k, kind=dtype, shape=shape, value=value)
    for dtype, value in (("float32", 2.5), ("float64", -0.1), ("int64", 2**40 + 1), ("int32", -7), ("uint8", 255), ("float16", 65504.0)):
        yield sample(f"{dtype}-value", dtype, (), 1, kind=dtype, shape=(5, 7), value=value)


def _filled(p: Any) -> Array:
    return np.full(p["shape"], p["value"])


def _extents() -> Iterable[Sample]:
    cases: tuple[Any, ...] = (
        ((3, 4, 5), 0, None), ((3, 4, 5), 1, None), ((3, 4, 5), 0, -1), ((3, 4, 5), -2, 3), ((3, 4, 5), 2, 1), ((), 0, None),
        ((0, 7), 0, None),
        ((7,), -9, 9),
    )  # fmt: skip
    for dtype, k, (shape, start, end) in in_turn(tuple(d for d in ALL if d != "bfloat16"), cases):
        name = f"{dtype}-{'x'.join(map(str, shape)) or 'scalar'}-from{start}-to{'end' if end is None else end}"
        yield sample(name, dtype, (moved(dtype, shape, "extents", name),), k, end=end, start=start)


def _vanders() -> Iterable[Sample]:
    for dtype, k, (n, columns, rising) in in_turn(("float32", "float64", "int64"),
        ((4, None, False), (3, 5, True), (5, 2, False), (1, 4, False), (4, 1, True), (0, 3, False))):
        name = f"{dtype}-{n}-columns{'none' if columns is None else columns}{'-rising' if rising else ''}"
        yield sample(name, dtype, (Tensor.of(whole("uint8", (n,), name).array().astype(np.int64) - 2, dtype),), k, columns=columns,
            increasing=rising)


def _vander(p: Any, x: Array) -> Array:
    return np.vander(x.astype(np.float64), p["columns"], increasing=p["increasing"])


def _parts(id: str, *, pairs: bool) -> Samples:
    """Complex numbers, or real data whose last axis holds their two parts."""

    def samples() -> Iterable[Sample]:
        kinds = ("complex64", "complex128")
        for dtype, k, shape in in_turn(kinds, ((3, 4), (7,), (2, 3, 4), (), (0, 3), (9, 65))):
            part = {"complex64": "float32", "complex128": "float64"}[dtype]
            name = f"{dtype}-{'x'.join(map(str, shape)) or 'scalar'}"
            x = moved(part, (*shape, 2), id, name)
            yield sample(name, part if pairs else dtype, (x if pairs else _joined(x, dtype),), k)
        for dtype in kinds:
            part = {"complex64": "float32", "complex128": "float64"}[dtype]
            x = specials(part, (40, 2))
            yield Sample(
                name=f"{dtype}-special", dtype=part if pairs else dtype, inputs=(x if pairs else _joined(x, dtype),),
                why=SampleClass.SPECIAL
            )

    return samples


def _joined(x: Tensor, dtype: str) -> Tensor:
    return Tensor(dtype=dtype, shape=x.shape[:-1], data=x.data)


def _two_parts(p: Any, x: Array) -> Array:
    return np.stack([x.real, x.imag], axis=-1)


def _complex(p: Any, x: Array) -> Array:
    out = np.empty(x.shape[:-1], dtype=np.complex64 if x.dtype == np.float32 else np.complex128)
    out.real, out.imag = x[..., 0], x[..., 1]
    return out


def _reversed(move: Any) -> Any:
    """Elements come from the end."""
    return lambda p, x: move(p, x.reshape(-1)[::-1].reshape(x.shape))


BACKWARDS = ("reversed", "Elements are taken from the end.")
COUNTS = (faults.one_element(), faults.stale())
NUMBERED = (*COUNTS, faults.rolled())
_OTHER = {"complex64": "float32", "complex128": "float64", "float32": "complex64", "float64": "complex128"}


def _answered_in_the_other(function: Function) -> Function:
    """Complex data give real results and vice versa."""
    return replace(function, reference=lambda s: tuple(replace(e, dtype=_OTHER[s.dtype]) for e in function.reference(s)))


FUNCTIONS: tuple[Function, ...] = (
    moving(
        "copy", "return its operand's elements unchanged", f"{ONNX}Identity; torch.clone", SHAPES, lambda p, x: x.copy(),
        (*BACKWARDS, _reversed(lambda p, x: x)), ("flattened", "The extents are lost.", lambda p, x: x.reshape(-1)),
    ),
    moving(
        "arange", "return the values from start to before stop in steps", f"{ONNX}Range; torch.arange", _ranges, _range,
        ("stop-included", "The value at the stop is returned too.", _stop_included), ("step-one", "Steps are taken for 1.", _step_one),
        general=NUMBERED,
    ),
    moving(
        "eye", "return a matrix with 1 on its diagonal and 0 elsewhere", "torch.eye", _identities,
        lambda p: _eye(p, 0),
        ("off-diagonal", "The diagonal beside is 1.", lambda p: _eye(p, 1)), general=NUMBERED,
    ),
    moving(
        "eye_like", "return a matrix of its operand's extents with 1 on the k-th diagonal and 0 elsewhere", f"{ONNX}EyeLike",
        _shifted_identities,
        lambda p, x: _eye(_extents_of(x), p["k"]), ("sign-of-k", "k counts the other way.", lambda p, x: _eye(_extents_of(x), -p["k"])),
        general=NUMBERED,
    ),
    moving(
        "full", "return a tensor of the extents given in which every element is a value", f"{ONNX}ConstantOfShape; torch.full", _fills,
        _filled,
        ("negated", "The value is negated.", lambda p: -_filled(p)), general=COUNTS,
    ),
    moving(
        "extents", "return the extents of its operand, from one axis to before another where given", f"{ONNX}Shape", _extents,
        lambda p, x: np.array(x.shape[p["start"] : p["end"]], dtype=np.int64),
        ("all-axes", "All extents are returned.", lambda p, x: np.array(x.shape, dtype=np.int64)), outputs=("int64",), general=NUMBERED,
    ),
    moving(
        "element_count", "return the number of elements of its operand", f"{ONNX}Size; torch.numel", SHAPES, lambda p, x: np.array(x.size),
        ("first-extent", "The first extent is returned.", lambda p, x: np.array(x.shape[0]) if x.ndim > 1 else None), outputs=("int64",),
        general=COUNTS,
    ),
    moving(
        "vander", "return the powers of each element of a vector as a row, falling, or rising where asked", "torch.vander", _vanders,
        _vander,
        ("other-order", "Powers come in the other order.", lambda p, x: _vander({**p, "increasing": not p["increasing"]}, x)),
        general=NUMBERED,
    ),
    _answered_in_the_other(moving(
        "view_as_real", "return the real and imaginary parts of complex numbers along a new last axis", "torch.view_as_real",
        _parts("view_as_real", pairs=False), lambda p, x: _two_parts(p, x),
        ("exchanged", "The parts are exchanged.", lambda p, x: _two_parts(p, x)[..., ::-1]),
        (*BACKWARDS, _reversed(_two_parts)), general=COUNTS,
    )),
    _answered_in_the_other(moving(
        "view_as_complex", "return the pairs along the last axis as complex numbers", "torch.view_as_complex; torch.complex",
        _parts("view_as_complex", pairs=True), _complex, ("exchanged", "The parts are exchanged.", lambda p, x: _complex(p, x[..., ::-1])),
        (*BACKWARDS, lambda p, x: _complex(p, x.reshape(-1, 2)[::-1].reshape(x.shape))), general=COUNTS,
    )),
    moving(
        "conjugate", "return complex numbers with the sign of their imaginary part changed, that of zero and infinity too", "torch.conj",
        _parts("conjugate", pairs=False), lambda p, x: np.conj(x), ("unchanged", "Nothing is changed.", lambda p, x: x),
        ("negated", "Both signs are changed.", lambda p, x: -x), general=COUNTS,
    ),
)  # fmt: skip

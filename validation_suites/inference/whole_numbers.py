"""Reductions, scans and products of whole numbers and truth values: sums are kept wide, so every result is exact."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from csvkit_ml.model.function import Function, Sample, params, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from validation_suites.moving import PLAIN, moving
from validation_suites.sampling.places import in_turn, sample

NARROW = ("int32", "uint8", "int8", "int16", "bool")
PRODUCTS = ("int64", "int32", "int16", "int8", "uint8", "uint32", "uint64")
Samples = Callable[[], Iterable[Sample]]
GENERAL = tuple(f for f in PLAIN if f.id != "nan-lost")
TORCH = "PyTorch reference, "
AXES: tuple[tuple[tuple[int, ...], tuple[int, ...] | None, bool], ...] = (
    ((6, 40), (1,), False), ((6, 40), (0,), True), ((6, 40), None, False), ((3, 5, 17), (-2,), False), ((3, 5, 17), (2,), True),
    ((3, 5, 17), (0,), False), ((257,), (0,), False), ((0, 4), (0,), False), ((3, 1000), (-1,), False), ((1,), (0,), True),
    ((), None, False),
)  # fmt: skip
SHAPES: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((5, 7), (7, 6)), ((2, 3, 9), (2, 9, 4)), ((17, 33), (33, 16)), ((2, 1, 4, 5), (3, 5, 2)), ((8,), (8,)), ((4, 65), (65,)),
    ((9,), (9, 3)),
    ((1, 257), (257, 1)), ((0, 3), (3, 2)), ((2, 0), (0, 3)),
)  # fmt: skip


def _drawn(dtype: str, shape: tuple[int, ...], small: bool, *names: str) -> Tensor:
    """Over the whole range of 8 and 16 bits and 2^20 of wider ones; `small` = every fifth a 2, so that 64 bits hold the product."""
    rng = seed_for("whole numbers", dtype, *names)
    if small:
        drawn = rng.choice((1, 1, 1, 2, 1 if dtype[0] in "ub" else -1), shape)
        return Tensor.of(rng.uniform(size=shape) < 0.97 if dtype == "bool" else drawn.astype(dtype))
    low, high = {"bool": (0, 2), "uint8": (0, 256), "int8": (-128, 128), "int16": (-32768, 32768)}.get(dtype, (-(2**20), 2**20 + 1))
    return Tensor.of(rng.integers(low, high, shape), dtype)


def _axes(id: str, dtypes: tuple[str, ...], *, small: bool = False, along: bool = False, empty: bool = True) -> Samples:
    """Axes in turn; `along` = a scan: one axis, whose extent stays."""

    def samples() -> Iterable[Sample]:
        for dtype, i, (shape, axes, keep) in in_turn(dtypes, AXES):
            if (along and axes is None) or (not empty and 0 in shape):
                continue
            where: Mapping[str, Any] = {"axis": axes[0]} if along and axes else {"axes": axes, "keepdims": keep}
            spot = "all" if axes is None else "axis" + ",".join(map(str, axes))
            name = f"{dtype}-{'x'.join(map(str, shape)) or 'scalar'}-{spot}{'-keep' if keep and not along else ''}"
            yield sample(name, dtype, (_drawn(dtype, shape, small, id, name),), i, **where)

    return samples


def _over(fn: Callable[..., Any], to: str = "") -> Callable[..., Array]:
    def move(p: Any, x: Array) -> Array:
        return np.asarray(fn(x.astype(np.int64) if to else x, axis=p["axes"], keepdims=p["keepdims"]))

    return move


def _scan(fn: Callable[..., Any]) -> Callable[..., Array]:
    return lambda p, x: np.asarray(fn(x.astype(np.int64), axis=p["axis"]))


def _narrowly(fn: Callable[..., Any], of: Callable[[Any], dict[str, Any]]) -> Callable[..., Array]:
    """Kept in the operand's own dtype, in which it wraps around."""
    return lambda p, x: np.asarray(fn(x, dtype=np.uint8 if x.dtype == bool else x.dtype, **of(p)))


def _where(p: Any) -> dict[str, Any]:
    return {"axis": p["axes"], "keepdims": p["keepdims"]}


def _along(p: Any) -> dict[str, Any]:
    return {"axis": p["axis"]}


def _products(id: str, dtypes: tuple[str, ...]) -> Callable[[], Iterable[Sample]]:
    def samples() -> Iterable[Sample]:
        for dtype, i, (left, right) in in_turn(dtypes, SHAPES):
            name = f"{dtype}-{'x'.join(map(str, left))}-by-{'x'.join(map(str, right))}"
            inputs = tuple(_factor(dtype, s, id, name, str(k)) for k, s in enumerate((left, right)))
            yield sample(name, dtype, inputs, i)

    return samples


def _factor(dtype: str, shape: tuple[int, ...], *names: str) -> Tensor:
    """So small that no sum of products leaves the dtype; wide ones have more digits than a float32 keeps."""
    n = {"int8": 1, "uint8": 1, "int16": 10, "int32": 2000, "uint32": 2000, "int64": 2**24, "uint64": 2**24}[dtype]
    return Tensor.of(seed_for("factors", dtype, *names).integers(0 if dtype[0] == "u" else -n, n + 1, shape), dtype)


def _matmul(_: Any, a: Array, b: Array) -> Array:
    return np.asarray(np.matmul(a.astype(object), b.astype(object))).astype(a.dtype)


def _in_float32(p: Any, a: Array, b: Array) -> Array:
    return np.asarray(np.matmul(a.astype(np.float32), b.astype(np.float32))).astype(a.dtype)


def _kept(id: str, says: str, source: str, fn: Callable[..., Any], other: Callable[..., Any], dtypes: tuple[str, ...]) -> Function:
    return moving(
        id, f"{says}, in the operand's own dtype", source, _axes(id, dtypes, empty=False), _over(fn),
        ("other", "The other extreme.", _over(other)), ("signedness", "Bytes are read with the other signedness.", _turned(fn)),
        area="reductions", general=GENERAL,
    )  # fmt: skip


def _turned(fn: Callable[..., Any]) -> Callable[..., Array | None]:
    def move(p: Any, x: Array) -> Array | None:
        if x.dtype.kind not in "iu":
            return None
        other = np.dtype(("u" if x.dtype.kind == "i" else "") + f"int{8 * x.dtype.itemsize}")
        return _over(fn)(p, x.view(other)).astype(x.dtype)

    return move


def _wide(id: str, says: str, source: str, move: Callable[..., Array], narrow: Callable[..., Array], samples: Any, *wrong: Any) -> Function:
    return moving(
        id, f"return {says} of whole numbers and truth values as 64-bit integers", source, samples, move,
        ("wraps", "It is kept in the operand's own dtype and wraps around.", narrow), *wrong, area="reductions", outputs=("int64",),
        general=GENERAL, oracle="exact: 64-bit integers",
    )  # fmt: skip


FUNCTIONS: tuple[Function, ...] = (
    _wide("sum_of_whole", "the sum", f"{TORCH}torch.sum", _over(np.sum, "int64"), _narrowly(np.sum, _where), _axes("sum_of_whole", NARROW)),
    _wide("prod_of_whole", "the product", f"{TORCH}torch.prod", _over(np.prod, "int64"), _narrowly(np.prod, _where),
        lambda: (s for s in _axes("prod_of_whole", NARROW, small=True)() if s.inputs[0].array().size < 260)),
    _wide("cumsum_of_whole", "the running sum", f"{TORCH}torch.cumsum", _scan(np.cumsum), _narrowly(np.cumsum, _along),
        _axes("cumsum_of_whole", NARROW, along=True)),
    _wide("cumprod_of_whole", "the running product", f"{TORCH}torch.cumprod", _scan(np.cumprod), _narrowly(np.cumprod, _along),
        lambda: (s for s in _axes("cumprod_of_whole", NARROW, small=True, along=True)() if max(s.inputs[0].shape) < 260)),
    _kept("max_of_whole", "return the largest of whole numbers and truth values",
        f"{TORCH}torch.amax; ONNX operator specification, ReduceMax",
        np.max, np.min, ("int32", "int64", "uint8", "int8", "int16", "bool")),
    _kept("min_of_whole", "return the least of whole numbers and truth values",
        f"{TORCH}torch.amin; ONNX operator specification, ReduceMin",
        np.min, np.max, ("int32", "int64", "uint8", "int8", "int16", "bool")),
    moving(
        "sum_of_int32", "return the sum of 32-bit integers as a 32-bit integer", "ONNX operator specification, ReduceSum",
        lambda: (_within(s) for s in _axes("sum_of_int32", ("int32",))() if 0 not in s.inputs[0].shape), _over(np.sum, "int64"),
        ("in-float32", "Sums pass through float32.", lambda p, x: _over(np.sum)(p, x.astype(np.float32))),
        ("first-lost", "The first element is lost.", lambda p, x: _over(np.sum, "int64")(p, np.where(np.arange(x.size).reshape(x.shape),
            x, 0))),
        area="reductions", general=GENERAL,
    ),
    moving(
        "matmul_of_whole", "return the product of matrices of whole numbers, exactly",
            f"{TORCH}torch.matmul; ONNX operator specification, MatMul",
        _products("matmul_of_whole", PRODUCTS), _matmul, ("in-float32", "It is computed in float32.", _in_float32),
        ("last-term-dropped", "The last term is dropped.", lambda p, a, b: _matmul(p, a[..., :-1], b[:-1] if b.ndim == 1 else b[..., :-1,
            :])),
        area="linear algebra", general=GENERAL, oracle="exact: integers of any length",
    ),
)  # fmt: skip


def _within(s: Sample) -> Sample:
    """Elements so small that 32 bits hold every sum."""
    x = s.inputs[0].array() % (2**20)
    return Sample(name=s.name, dtype=s.dtype, inputs=(Tensor.of(x.astype(np.int32)),), params=params(**dict(s.params)), why=s.why)

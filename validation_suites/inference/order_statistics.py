"""Least elements and where they are, medians, modes, k-th values, quantiles with every interpolation.

Which of equal elements is named is open for medians, modes and k-th values: positions are judged by what they point at.
Ranks of quantiles are exact (dyadic q), except where interpolation makes the result continuous in q.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from csvkit_ml.criteria import Exact, Positions, Scaled
from csvkit_ml.model.function import Criterion, Expected, Function, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import U, exactly, expected_extended, extended
from validation_suites import faults
from validation_suites.moving import PLAIN, moving
from validation_suites.sampling import normal
from validation_suites.sampling.axes import FLOATS, data, lengths, reduced, special_rows
from validation_suites.sampling.orders import tied, with_nan
from validation_suites.sampling.pieces import moved

ONNX = "ONNX operator specification, "
NUMBERS = (*FLOATS, "int64", "int32", "int16", "int8", "uint8")
Samples = Callable[[], Iterable[Sample]]


def _wide(x: Array) -> Array:
    return x.astype(np.float64) if x.dtype.kind in "fV" else x


def _min_samples() -> Iterable[Sample]:
    made = data("reduce_min", offset=3.0)
    yield from reduced(made, (*FLOATS, "int64"))
    yield from lengths(made)
    yield from special_rows("reduce_min")


def _min(p: Any, x: Array) -> Any:
    return _wide(x).min(axis=p["axes"], keepdims=p["keepdims"])


def _nan_dropped(p: Any, x: Array) -> Any:
    return np.fmin.reduce(_wide(x), axis=p["axes"], keepdims=p["keepdims"]) if np.isnan(_wide(x)).any() else None


def _unsigned_zero(function: Function) -> Function:
    """Zeros of both signs are equal, so either may be returned."""
    return replace(function, reference=lambda s: tuple(replace(e, any_sign_of_zero=True) for e in function.reference(s)))


def _argument_samples(id: str, dtypes: tuple[str, ...], kinds: tuple[dict[str, Any], ...], *, nan: bool) -> Samples:
    """Ties everywhere, so that the first or last of equal elements shows."""

    def samples() -> Iterable[Sample]:
        cases: tuple[Any, ...] = (
            ((5, 7), 1, False), ((5, 7), 0, True), ((3, 4, 5), -2, False), ((17,), 0, False), ((1, 9), 0, False), ((3, 257), 1, False),
            ((2, 9000), -1, True),
        )  # fmt: skip
        for given in kinds:
            label = "-".join(str(v) for v in given.values())
            for i, (shape, axis, keep) in enumerate(cases):
                for dtype in dtypes if i == 0 else dict.fromkeys((dtypes[0], dtypes[i % len(dtypes)])):
                    name = "-".join(filter(None, (dtype, "x".join(map(str, shape)), f"axis{axis}", label)))
                    p = params(axis=axis, keepdims=keep, **given)
                    why = SampleClass.COVERING if i else SampleClass.ORDINARY
                    yield Sample(name=name, dtype=dtype, inputs=(tied(dtype, shape, id, name),), params=p, why=why)
            if nan:
                for name, x, axis, why in with_nan(FLOATS, id):
                    yield Sample(name=name, dtype=x.dtype, inputs=(x,), params=params(axis=axis, keepdims=False, **given), why=why)

    return samples


def _argmin(p: Any, x: Array) -> Any:
    """The first position of the minimum, of the first NaN where there is one."""
    return np.argmin(_wide(x), axis=p["axis"], keepdims=p["keepdims"])


def _last(p: Any, x: Array) -> Any:
    """The last position of the extreme."""
    wide = np.flip(_wide(x), p["axis"])
    found = (np.argmax if p["kind"] == "max" else np.argmin)(wide, axis=p["axis"], keepdims=p["keepdims"])
    return x.shape[p["axis"]] - 1 - found


def _first(p: Any, x: Array) -> Any:
    return (np.argmax if p["kind"] == "max" else np.argmin)(_wide(x), axis=p["axis"], keepdims=p["keepdims"])


def _extremes(p: Any, x: Array) -> Any:
    return tuple(f(_wide(x), axis=p["axis"], keepdims=p["keepdims"]) for f in (np.min, np.max))


def _extremes_samples() -> Iterable[Sample]:
    yield from _argument_samples("aminmax", NUMBERS, ({},), nan=True)()
    for dtype in ("float32", "int64"):
        x = moved(dtype, (5, 7), "aminmax", "all")
        yield Sample(name=f"{dtype}-all", dtype=dtype, inputs=(x,), params=params(axis=None, keepdims=False), why=SampleClass.COVERING)


def _rows(id: str, dtypes: tuple[str, ...], *, nan: bool, ties: bool = True, **given: Any) -> Iterable[Sample]:
    """Odd and even lengths, ties, NaN; parameter `axis`; `given` maps the length to further parameters."""
    cases: tuple[Any, ...] = (((5, 9), 1), ((5, 8), 1), ((7, 4), 0), ((3, 4, 5), -2), ((17,), 0), ((4, 1), 1), ((3, 129), 1),
        ((2, 4000), -1))
    for i, (shape, axis) in enumerate(cases):
        for dtype in dtypes if i == 0 else dict.fromkeys((dtypes[0], dtypes[i % len(dtypes)])):
            name = f"{dtype}-{'x'.join(map(str, shape))}-axis{axis}"
            p = params(axis=axis, **{k: f(shape[axis], i) for k, f in given.items()})
            why = SampleClass.COVERING if i else SampleClass.ORDINARY
            yield Sample(name=name, dtype=dtype, inputs=(moved(dtype, shape, id, name),), params=p, why=why)
    for dtype in dtypes if ties else ():
        for n in (8, 65):
            p = params(axis=1, **{k: f(n, 1) for k, f in given.items()})
            yield Sample(name=f"{dtype}-ties{n}", dtype=dtype, inputs=(tied(dtype, (4, n), id),), params=p, why=SampleClass.SPECIAL)
    for name, x, axis, why in with_nan(tuple(d for d in dtypes if d in FLOATS), id) if nan else ():
        p = params(axis=axis, **{k: f(x.shape[axis], 1) for k, f in given.items()})
        yield Sample(name=name, dtype=x.dtype, inputs=(x,), params=p, why=why)


def _at_rank(sample: Sample, rank: Any) -> tuple[Expected, ...]:
    """The element of a rank (an array for each row, or a number) along the axis, kept, and a position of it."""
    x, axis = sample.arrays()[0], int(sample.param("axis"))
    order = np.argsort(_wide(x), axis=axis, kind="stable")
    at = np.take_along_axis(order, np.broadcast_to(rank, [1 if a == axis % x.ndim else n for a, n in enumerate(x.shape)]), axis)
    values = exactly(np.take_along_axis(x, at, axis), dtype=sample.dtype, any_sign_of_zero=True)
    extra = {"operand": x, "axis": np.array(axis % x.ndim)}
    return values, replace(exactly(at, dtype="int64", name="y1"), extra=extra)


def _median_rank(sample: Sample, *, ignore: bool) -> Array:
    """(n - 1) // 2 of the elements; the first NaN where one is there and NaN is not ignored."""
    x, axis = sample.arrays()[0], int(sample.param("axis"))
    missing = np.isnan(x.astype(np.float64)).sum(axis=axis, keepdims=True)
    n = x.shape[axis]
    present = n - missing
    rank = np.maximum(present - 1, 0) // 2
    return np.asarray(rank if ignore else np.where(missing > 0, present, rank))


def _shifted(function: Any, by: int) -> Any:
    """The element of another rank."""

    def made(sample: Sample) -> tuple[Array, ...] | None:
        x, axis = sample.arrays()[0], int(sample.param("axis"))
        n = x.shape[axis]
        rank = function(sample) + by
        return None if np.max(rank) >= n or np.min(rank) < 0 else tuple(e.value for e in _at_rank(sample, rank))

    return made


def _mode_samples() -> Iterable[Sample]:
    """Every row has one value more often than any other."""
    for i, (shape, axis) in enumerate((((5, 9), 1), ((9, 4), 0), ((3, 8, 5), -2), ((17,), 0), ((4, 1), 1), ((3, 129), 1), ((2, 3000), -1))):
        for dtype in NUMBERS if i == 0 else dict.fromkeys(("float32", NUMBERS[i % len(NUMBERS)])):
            rng, n = seed_for("mode", dtype, str(i)), shape[axis]
            rows = np.stack([rng.permutation(np.r_[[v] * (n - n // 3),
                np.arange(20, 20 + n // 3) % 100]) for v in range(int(np.prod(shape)) // n)])
            x = np.moveaxis(rows.reshape([m for a, m in enumerate(shape) if a != axis % len(shape)] + [n]), -1, axis)
            why = SampleClass.COVERING if i else SampleClass.ORDINARY
            name = f"{dtype}-{'x'.join(map(str, shape))}-axis{axis}"
            yield Sample(name=name, dtype=dtype, inputs=(Tensor.of(np.ascontiguousarray(x), dtype),), params=params(axis=axis), why=why)


def _mode_at(sample: Sample) -> Array:
    """A position of the most frequent value of every row, the axis kept."""
    x, axis = _wide(sample.arrays()[0]), int(sample.param("axis"))
    rows = np.moveaxis(x, axis, -1)
    often = (rows[..., :, None] == rows[..., None, :]).sum(-1) if x.shape[axis] < 200 else np.stack([_often(r) for r in rows])
    return np.expand_dims(often.argmax(-1), axis)


def _often(row: Array) -> Array:
    values, inverse, counts = np.unique(row, return_inverse=True, return_counts=True)
    return counts[inverse]


def _mode(sample: Sample) -> tuple[Expected, ...]:
    x, axis = sample.arrays()[0], int(sample.param("axis"))
    at = _mode_at(sample)
    extra = {"operand": x, "axis": np.array(axis % x.ndim)}
    return exactly(np.take_along_axis(x, at, axis), dtype=sample.dtype), replace(exactly(at, dtype="int64", name="y1"), extra=extra)


def _least_often(sample: Sample) -> tuple[Array, ...]:
    x, axis = sample.arrays()[0], int(sample.param("axis"))
    at = np.expand_dims(_wide(x).argmax(axis), axis)
    return np.take_along_axis(x, at, axis).astype(np.float64), at


def _positioned(id: str, says: str, source: str, samples: Samples, reference: Any, *wrong: tuple[str, str, Any]) -> Function:
    first = (faults.one_element(), faults.stale())
    seeded = tuple(faults.computed(*w) for w in wrong)
    return Function(
        id=id, side=Side.INFERENCE, area="reductions", requirement=f"The library shall return {says}.", source=source,
        oracle="exact: a stable sort of the values, widened exactly", samples=samples, reference=reference, criterion=Positions(),
        faults=(*first, *seeded), repeatable=False,
    )  # fmt: skip


INTERPOLATIONS = ("linear", "lower", "higher", "nearest", "midpoint")


def _quantile_samples(id: str, *, nan: bool) -> Samples:
    def samples() -> Iterable[Sample]:
        cases: tuple[Any, ...] = (
            ((5, 9), 1, (0.25, 0.5, 0.125)), ((9, 4), 0, (0.0, 1.0, 0.75)), ((3, 11, 5), -2, (0.125,)), ((17,), 0, (0.5, 0.0625)),
            ((4, 1), 1, (0.25,)),
            ((3, 130), 1, (0.25, 0.875)), ((5, 7), None, (0.375, 0.5)), ((2, 1001), -1, (0.25, 0.0, 0.8125)),
        )  # fmt: skip
        for mode in INTERPOLATIONS:
            for dtype in ("float32", "float64"):
                for i, (shape, axis, q) in enumerate(cases if dtype == "float32" else cases[:3]):
                    name = f"{dtype}-{'x'.join(map(str, shape))}-axis{'none' if axis is None else axis}-{mode}"
                    x = normal(dtype, shape, id, name, offset=0.5)
                    if nan and i % 2:
                        wide = x.array().copy()
                        wide.reshape(-1)[:: 5 + i] = np.nan
                        # Dyadic ranks of what is left are not given, so only modes that are continuous in q take rows of other lengths.
                        x = Tensor.of(wide) if mode in ("linear", "lower", "higher") else x
                    given = params(axis=axis, interpolation=mode, keepdims=i % 3 == 2, q=q)
                    yield Sample(name=name, dtype=dtype, inputs=(x,), params=given, why=SampleClass.COVERING if i else SampleClass.ORDINARY)
        for dtype in ("float32", "float64"):
            x = normal(dtype, (5, 33), id, "decimal", dtype, offset=0.5)
            given = params(axis=1, interpolation="linear", keepdims=False, q=(0.1, 0.37, 0.9))
            yield Sample(name=f"{dtype}-decimal", dtype=dtype, inputs=(x,), params=given, why=SampleClass.CONDITIONED)
            wide = normal(dtype, (4, 9), id, "nan", dtype).array().copy()
            wide[1, 4], wide[2, ::2], wide[3] = np.nan, np.nan, np.nan
            if not nan:
                given = params(axis=1, interpolation="linear", keepdims=False, q=(0.25, 0.5))
                yield Sample(name=f"{dtype}-nan", dtype=dtype, inputs=(Tensor.of(wide),), params=given, why=SampleClass.SPECIAL)

    return samples


def _ranked(row: Array, q: float, mode: str, *, ignore: bool) -> tuple[Any, float]:
    """(value, scale) of one quantile: between the elements of ranks floor and ceil of q (n - 1)."""
    missing = np.isnan(row)
    if missing.all() or (missing.any() and not ignore):
        return np.longdouble(np.nan), 0.0
    kept = np.sort(row[~missing])
    rank = np.longdouble(q) * (kept.size - 1)
    low, high = int(np.floor(rank)), int(np.ceil(rank))
    a, b = kept[low], kept[high]
    weight = {"lower": 0, "higher": 1, "midpoint": np.longdouble(0.5), "nearest": round(float(rank) - low)}.get(mode, rank - low)
    if mode in ("lower", "higher", "nearest"):
        return (a if weight == 0 else b), 0.0
    return a + (b - a) * weight, float(abs(a) + abs(b) + abs(b - a) * max(rank, 1))


def _quantiles(p: Any, x: Array, *, dtype: str, ignore: bool) -> tuple[Array, Array]:
    wide = extended(x)
    rows = wide.reshape(1, -1) if p["axis"] is None else np.moveaxis(wide, p["axis"], -1).reshape(-1, x.shape[p["axis"]])
    kept = [1] * x.ndim if p["axis"] is None else [1 if a == p["axis"] % x.ndim else n for a, n in enumerate(x.shape)]
    shape = kept if p["keepdims"] else [n for a, n in enumerate(x.shape) if p["axis"] is not None and a != p["axis"] % x.ndim]
    q = np.array(p["q"]).astype(dtype)
    found = [[_ranked(r, float(v), p["interpolation"], ignore=ignore) for r in rows] for v in q]
    value = np.array([[v for v, _ in row] for row in found], dtype=np.longdouble)
    scale = np.array([[s for _, s in row] for row in found], dtype=np.float64)
    return value.reshape(len(q), *shape), scale.reshape(len(q), *shape)


def _quantile(sample: Sample, *, ignore: bool) -> tuple[Expected, ...]:
    value, scale = _quantiles(dict(sample.params), sample.arrays()[0], dtype=sample.dtype, ignore=ignore)
    return (expected_extended(value, dtype=sample.dtype, radius=4 * U * scale, scale=scale),)


def _quantile_criterion(sample: Sample) -> Criterion:
    if sample.param("interpolation") in ("lower", "higher", "nearest"):
        return Exact()
    return Scaled(
        c=4.0, c_hard=8.0, scale="|a| + |b| + |b - a| max(q (n - 1), 1)",
        rationale="The rank is rounded once, which moves the weight by u q (n - 1); difference, product and sum are rounded once each.",
        literature="Hyndman and Fan 1996 (definition 7); Higham 2002, ch. 2 and 3",
    )  # fmt: skip


def _wrong_quantile(id: str, sentence: str, change: Any, ignore: bool) -> Any:
    def made(sample: Sample) -> Array | None:
        p = dict(sample.params)
        other = change(p)
        return None if other == p else _quantiles(other, sample.arrays()[0], dtype=sample.dtype, ignore=ignore)[0].astype(np.float64)

    return faults.computed(id, sentence, made)


def _quantile_function(id: str, says: str, ignore: bool) -> Function:
    following = dict(zip(INTERPOLATIONS, (*INTERPOLATIONS[1:], INTERPOLATIONS[0]), strict=True))
    return Function(
        id=id, side=Side.INFERENCE, area="reductions", requirement=f"The library shall return {says}.",
        source=f"torch.{id}; Hyndman and Fan 1996, definition 7", oracle="sorted in 80-bit extended precision, interpolated there",
        samples=_quantile_samples(id, nan=ignore), reference=lambda s: _quantile(s, ignore=ignore), criterion=_quantile_criterion,
        faults=(
            faults.one_element(), faults.stale(), faults.BF16_INPUTS, faults.TF32_INPUTS,
            _wrong_quantile("other-interpolation", "Another interpolation is used.",
                lambda p: {**p, "interpolation": following[p["interpolation"]]}, ignore),
            _wrong_quantile("from-above", "Quantiles count from above.", lambda p: {**p, "q": tuple(1 - q for q in p["q"])}, ignore),
            _wrong_quantile("nan-mistaken", "NaN is ignored where it should not be and vice versa.",
                lambda p: {**p, "q": tuple(p["q"]), "_": 0}, not ignore),
        ),
    )  # fmt: skip


FUNCTIONS: tuple[Function, ...] = (
    _unsigned_zero(moving(
        "reduce_min", "return the minimum over the given axes, NaN where there is one",
        f"{ONNX}ReduceMin; torch.amin; IEEE 754-2019, 9.6 (minimum)",
        _min_samples, _min, ("maximum", "The maximum is returned.", lambda p, x: _wide(x).max(axis=p["axes"], keepdims=p["keepdims"])),
        ("nan-dropped", "NaN is left out.", _nan_dropped), area="reductions", general=(*PLAIN, faults.BF16_INPUTS),
    )),
    moving(
        "argmin", "return the first position of the minimum along an axis, of the first NaN where there is one",
        f"{ONNX}ArgMin; torch.argmin",
        _argument_samples("argmin", NUMBERS, ({},), nan=True), _argmin,
        ("last-of-ties", "Of equal minima the last is returned.", lambda p, x: _last({**p, "kind": "min"}, x)),
        ("maximum", "The maximum's position is returned.", lambda p, x: _first({**p, "kind": "max"}, x)), area="reductions",
        outputs=("int64",),
        general=(faults.one_element(), faults.stale(), faults.rolled()),
    ),
    moving(
        "arg_last", "return the last position of the maximum or minimum along an axis", f"{ONNX}ArgMax and ArgMin, select_last_index = 1",
        _argument_samples("arg_last", ("float32", "float64", "int32", "int8", "uint8"), ({"kind": "max"}, {"kind": "min"}), nan=False),
        _last,
        ("first-of-ties", "Of equal elements the first is returned.", _first),
        ("other-end", "The other extreme's position is returned.",
            lambda p, x: _last({**p, "kind": "min" if p["kind"] == "max" else "max"}, x)),
        area="reductions", outputs=("int64",), general=(faults.one_element(), faults.stale(), faults.rolled()),
    ),
    _unsigned_zero(moving(
        "aminmax", "return the minimum and the maximum along an axis, of all where none is given, NaN where there is one", "torch.aminmax",
        _extremes_samples,
        _extremes, ("exchanged", "They are exchanged.", lambda p, x: _extremes(p, x)[::-1]), area="reductions", outputs=("", ""),
    )),
    _positioned(
        "median", "the lower median along an axis and where it was, NaN where there is one", "torch.median",
        lambda: _rows("median", NUMBERS, nan=True),
        lambda s: _at_rank(s, _median_rank(s, ignore=False)),
        ("upper-median", "The upper median is returned.", _shifted(lambda s: _median_rank(s, ignore=False), 1)),
        ("rank-below", "The element below is returned.", _shifted(lambda s: _median_rank(s, ignore=False), -1)),
    ),
    _positioned(
        "nanmedian", "the lower median of what is not NaN along an axis and where it was", "torch.nanmedian",
        lambda: _rows("nanmedian", NUMBERS, nan=True),
        lambda s: _at_rank(s, _median_rank(s, ignore=True)),
        ("upper-median", "The upper median is returned.", _shifted(lambda s: _median_rank(s, ignore=True), 1)),
        ("rank-below", "The element below is returned.", _shifted(lambda s: _median_rank(s, ignore=True), -1)),
    ),
    _positioned(
        "kthvalue", "the k-th smallest element along an axis, NaN above all numbers, and where it was", "torch.kthvalue",
        lambda: _rows("kthvalue", NUMBERS, nan=True, k=lambda n, i: (1, n, max(1, n // 3))[i % 3]), lambda s: _at_rank(s, s.param("k") - 1),
        ("counted-from-zero", "k counts from zero.", _shifted(lambda s: np.array(s.param("k") - 1), 1)),
        ("rank-below", "The element below is returned.", _shifted(lambda s: np.array(s.param("k") - 1), -1)),
    ),
    _positioned(
        "mode", "the most frequent value along an axis and where one of it was", "torch.mode", _mode_samples, _mode,
        ("greatest", "The greatest element is returned.", _least_often),
    ),
    _quantile_function("quantile", "quantiles along an axis, of all where none is given, interpolated as asked, NaN where there is one",
        False),
    _quantile_function("nanquantile", "quantiles of what is not NaN along an axis, of all where none is given, interpolated as asked",
        True),
)  # fmt: skip

"""Along an axis: running products, extremes and log-sum-exp, differences, trapezoids, and sums that leave NaN out.

Where it can be, data are integers and steps powers of two, so that every correct order of operations gives the same bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from csvkit_ml.criteria import FORMATS, Scaled, gamma
from csvkit_ml.criteria.componentwise import DELTA
from csvkit_ml.model.function import Criterion, Expected, Function, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import U, expected_extended, extended
from validation_suites import faults
from validation_suites.moving import PLAIN, moving
from validation_suites.sampling import normal
from validation_suites.sampling.axes import FLOATS, special_rows
from validation_suites.sampling.places import NUMBERS, in_turn, powers, sample, whole

ONNX = "ONNX operator specification, "
Samples = Callable[[], Iterable[Sample]]
CASES: tuple[tuple[tuple[int, ...], int], ...] = (
    ((4, 9), 1), ((9, 4), 0), ((2, 9, 5), -2), ((17,), 0), ((3, 1), 1), ((3, 0), 1), ((0, 3), 1), ((2, 33, 3), 1), ((3, 65), -1),
)  # fmt: skip
REAL = ("float32", "float64")


def _exact(id: str, make: Any = whole, dtypes: tuple[str, ...] = NUMBERS, kinds: tuple[dict[str, Any], ...] = ({},),
    least: int = 0) -> Samples:
    """Every case in every kind of parameters; extents along the axis of at least `least`."""

    def samples() -> Iterable[Sample]:
        for j, given in enumerate(kinds):
            for dtype, k, (shape, axis) in in_turn(dtypes, [c for c in CASES if c[0][c[1]] >= least]):
                label = "-".join(f"{a}={str(v).lower()}" for a, v in given.items())
                name = "-".join(filter(None, (dtype, "x".join(map(str, shape)), f"axis{axis}", label)))
                yield sample(name, dtype, (make(dtype, shape, id, name),), k + j, axis=axis, **given)

    return samples


def _wide(x: Array) -> Array:
    return x.astype(np.float64) if x.dtype.kind in "fV" else x


def _running_sum(p: Any, x: Array) -> Array:
    wide, axis = _wide(x), p["axis"]
    wide = np.flip(wide, axis) if p["reverse"] else wide
    out = np.cumsum(wide, axis=axis, dtype=wide.dtype)
    out = out - wide if p["exclusive"] else out
    return np.flip(out, axis) if p["reverse"] else out


def _turned(name: str, move: Any) -> Any:
    return lambda p, x: move({**p, name: not p[name]}, x)


def _product(p: Any, x: Array) -> Array:
    return np.cumprod(_wide(x), axis=p["axis"], dtype=_wide(x).dtype)


def _exclusive_product(p: Any, x: Array) -> Array:
    out = np.roll(_product(p, x), 1, p["axis"])
    if x.shape[p["axis"]]:
        np.moveaxis(out, p["axis"], 0)[0] = 1
    return out


def _distinct(dtype: str, shape: tuple[int, ...], *names: str) -> Tensor:
    """No value twice along any axis: a permutation of few integers, so that the position of an extreme is one."""
    n = int(np.prod(shape))
    rng = seed_for("distinct", dtype, *names)
    if n > 200:
        return Tensor.of(np.stack([rng.permutation(shape[-1]) for _ in range(n // shape[-1])]).reshape(shape), dtype)
    return Tensor.of(rng.permutation(n).reshape(shape) - (0 if dtype == "uint8" else n // 2), dtype)


def _running(kind: str) -> Any:
    """(extreme so far, where it was)."""

    def made(p: Any, x: Array) -> tuple[Array, Array]:
        rows = np.moveaxis(_wide(x), p["axis"], -1)
        at = np.zeros(rows.shape, dtype=np.int64)
        for k in range(1, rows.shape[-1]):
            best = np.take_along_axis(rows, at[..., k - 1 : k], -1)[..., 0]
            better = rows[..., k] > best if kind == "max" else rows[..., k] < best
            at[..., k] = np.where(better, k, at[..., k - 1])
        return tuple(np.moveaxis(a, -1, p["axis"]) for a in (np.take_along_axis(rows, at, -1), at))  # type: ignore[return-value]

    return made


def _running_value(kind: str) -> Any:
    """The extreme so far, NaN from the first NaN on."""
    return lambda p, x: (np.maximum if kind == "max" else np.minimum).accumulate(_wide(x), axis=p["axis"])


def _tied_samples(id: str) -> Samples:
    def samples() -> Iterable[Sample]:
        yield from _exact(id)()
        for s in special_rows(id):
            made = s.arrays()[0].astype(np.float64) + 0.0  # Which of two zeros a running extreme keeps is open: all are positive.
            yield Sample(name=s.name, dtype=s.dtype, inputs=(Tensor.of(made, s.dtype),), params=params(axis=1), why=SampleClass.SPECIAL)

    return samples


def _from_end(move: Any) -> Any:
    """It runs from the end."""

    def made(p: Any, x: Array) -> Any:
        found = move(p, np.flip(x, p["axis"]))
        return tuple(np.flip(f, p["axis"]) for f in found) if isinstance(found, tuple) else np.flip(found, p["axis"])

    return made


def _log_sum_samples() -> Iterable[Sample]:
    for dtype, k, (shape, axis) in in_turn(REAL, [c for c in CASES if c[0] != (0, 3)]):
        for scale in (1.0, 30.0):
            name = f"{dtype}-{'x'.join(map(str, shape))}-axis{axis}-spread{int(scale)}"
            yield sample(name, dtype, (normal(dtype, shape, "logcumsumexp", name, scale=scale),), k + int(scale > 1), axis=axis)
    for dtype in REAL:
        x = np.array([[-np.inf, -np.inf, 1.0, 2.0], [700.0, 701.0, -700.0, 702.0], [1.0, np.inf, 2.0, 3.0], [np.nan, 1.0, 2.0, 3.0],
            [-np.inf] * 4])
        yield Sample(name=f"{dtype}-special", dtype=dtype, inputs=(Tensor.of(x, dtype),), params=params(axis=1), why=SampleClass.SPECIAL)


def _log_sums(p: Any, x: Array) -> Array:
    """Each prefix by its own maximum, in extended precision."""
    rows = np.moveaxis(extended(x), p["axis"], -1)
    out = np.zeros(rows.shape, dtype=np.longdouble)
    with np.errstate(all="ignore"):
        for k in range(rows.shape[-1]):
            prefix = rows[..., : k + 1]
            top = prefix.max(-1, keepdims=True)
            shift = np.where(np.isfinite(top), top, 0)
            out[..., k] = np.log(np.exp(prefix - shift).sum(-1)) + shift[..., 0]
    return np.moveaxis(out, -1, p["axis"])


def _log_sum_reference(s: Sample) -> tuple[Expected, ...]:
    """scale = (1 + the largest |r| so far) sqrt(k / n), so that sqrt(n) in the band becomes the k steps of each element."""
    x, axis = s.arrays()[0], int(s.param("axis"))
    value = _log_sums({"axis": axis}, x)
    size = np.maximum.accumulate(np.nan_to_num(np.abs(value).astype(np.float64), nan=0.0, posinf=0.0), axis=axis)
    n = x.shape[axis]
    steps = np.arange(1, n + 1).reshape([-1 if a == axis % x.ndim else 1 for a in range(x.ndim)])
    return (expected_extended(value, dtype=s.dtype, radius=(steps + 4) * U * (1 + size), scale=(1 + size) * np.sqrt(steps / max(1, n))),)


def _log_sum_criterion(s: Sample) -> Criterion:
    n = max(1, s.arrays()[0].shape[s.param("axis")])
    u = FORMATS[s.dtype].u
    return Scaled(
        c=3 * min(math.sqrt(2 * math.log(2 * max(1, s.arrays()[0].size) / DELTA) * n), n), c_hard=3 * gamma(n + 1, u) / u * math.sqrt(n),
        scale="(1 + max |r_j|) sqrt(k / n)",
        rationale="Each step max + log1p(exp(-d)) rounds three times to 1 + |r| and passes earlier errors on with a factor of at most 1.",
        literature="Blanchard, Higham, Higham 2021; Higham and Mary 2019",
    )  # fmt: skip


def _differences(p: Any, x: Array, *ends: Array) -> Array:
    wide = [_wide(a) for a in x_with(x, ends)]
    return np.diff(np.concatenate(wide, axis=p["axis"]), p["n"], axis=p["axis"])


def x_with(x: Array, ends: tuple[Array, ...]) -> tuple[Array, ...]:
    """The data between what is put before and behind."""
    return (ends[0], x, ends[1]) if ends else (x,)


def _difference_samples() -> Iterable[Sample]:
    dtypes = (*FLOATS, "int64", "int32")
    for n in (1, 2):
        for dtype, k, (shape, axis) in in_turn(dtypes, [c for c in CASES if c[0][c[1]] >= n]):
            name = f"{dtype}-{'x'.join(map(str, shape))}-axis{axis}-n{n}"
            yield sample(name, dtype, (whole(dtype, shape, "diff", name),), k + n - 1, axis=axis, n=n)
    for dtype in ("float32", "int64"):
        inputs = [whole(dtype, s, "diff", "ends", str(i)) for i, s in enumerate(((3, 7), (3, 2), (3, 1)))]
        yield sample(f"{dtype}-ends", dtype, inputs, 1, axis=1, n=1)


def _area_samples(id: str) -> Samples:
    """Data and, in every second case, the places of its points, quarters apart; else one step for all."""

    def samples() -> Iterable[Sample]:
        for dtype, k, (shape, axis) in in_turn(REAL, [c for c in CASES if c[0][c[1]] >= 1]):
            name = f"{dtype}-{'x'.join(map(str, shape))}-axis{axis}"
            y = whole("float32", shape, id, name).array().astype(np.float64)
            at = np.cumsum(seed_for(id, name).integers(1, 9, shape[axis]) * 0.25)
            yield sample(name, dtype, (Tensor.of(y, dtype),), k, axis=axis, step=0.5)
            if axis in (-1, len(shape) - 1):
                yield sample(f"{name}-points", dtype, (Tensor.of(y, dtype), Tensor.of(at, dtype)), k + 1, axis=axis, step=None)

    return samples


def _areas(p: Any, y: Array, *points: Array) -> Array:
    """Areas of the trapezoids between neighbours."""
    rows = np.moveaxis(_wide(y), p["axis"], -1)
    step = np.diff(points[0].astype(np.float64)) if points else p["step"]
    return np.moveaxis((rows[..., 1:] + rows[..., :-1]) * 0.5 * step, -1, p["axis"])


def _area(p: Any, y: Array, *points: Array) -> Array:
    return np.asarray(_areas(p, y, *points).sum(axis=p["axis"]))


def _gradient_samples() -> Iterable[Sample]:
    for order in (1, 2):
        for dtype, k, (shape, axis) in in_turn(REAL, [c for c in CASES if c[0][c[1]] > order]):
            name = f"{dtype}-{'x'.join(map(str, shape))}-axis{axis}-order{order}"
            x = whole("float32", shape, "gradient", name).array()
            yield sample(name, dtype, (Tensor.of(x, dtype),), k + order - 1, axis=axis, edge_order=order, step=0.5)


def _nan_samples(id: str) -> Samples:
    def samples() -> Iterable[Sample]:
        for dtype, k, (shape, axis) in in_turn(FLOATS, CASES):
            for keep in (False, True):
                name = f"{dtype}-{'x'.join(map(str, shape))}-axis{axis}{'-keep' if keep else ''}"
                x = whole(dtype, shape, id, name).array().astype(np.float64)
                x.reshape(-1)[:: 3 + k] = np.nan
                yield sample(name, dtype, (Tensor.of(x, dtype),), k + keep, axis=axis, keepdims=keep)
        for dtype in FLOATS:
            rows = np.array([[np.nan] * 3, [np.inf, np.nan, 1.0], [np.inf, -np.inf, np.nan], [1.0, 2.0, 4.0]])
            p = params(axis=1, keepdims=False)
            yield Sample(name=f"{dtype}-special", dtype=dtype, inputs=(Tensor.of(rows, dtype),), params=p, why=SampleClass.SPECIAL)

    return samples


def _nansum(p: Any, x: Array) -> Any:
    wide = _wide(x)
    with np.errstate(invalid="ignore"):
        return np.where(np.isnan(wide), 0.0, wide).sum(axis=p["axis"], keepdims=p["keepdims"])


def _nanmean(p: Any, x: Array) -> Any:
    with np.errstate(all="ignore"):
        return _nansum(p, x) / (~np.isnan(_wide(x))).sum(axis=p["axis"], keepdims=p["keepdims"])


def _divided_by_all(p: Any, x: Array) -> Any:
    return _nansum(p, x) / x.shape[p["axis"]] if x.shape[p["axis"]] else None


def _nan_kept(p: Any, x: Array) -> Any:
    with np.errstate(invalid="ignore"):
        return _wide(x).sum(axis=p["axis"], keepdims=p["keepdims"])


PLAINLY = tuple(f for f in PLAIN if f.id != "nan-lost")
NARROW = (*PLAINLY, faults.BF16_INPUTS, faults.TF32_INPUTS)
TURNS = tuple({"exclusive": a, "reverse": b} for a in (False, True) for b in (False, True))
REVERSED = ("reversed", "It runs from the end.")
FUNCTIONS: tuple[Function, ...] = (
    moving(
        "cumsum_forms", "return running sums along an axis, from the end where asked, the element itself left out where asked",
        f"{ONNX}CumSum",
        _exact("cumsum_forms", dtypes=("float32", "float64", "int64", "int32"), kinds=TURNS), _running_sum,
        ("exclusive-turned", "The element itself is left out where it should not be and vice versa.", _turned("exclusive", _running_sum)),
        ("reverse-turned", "Sums run the other way.", _turned("reverse", _running_sum)), area="reductions", general=NARROW,
    ),
    moving(
        "cumprod", "return the running product along an axis", "torch.cumprod", _exact("cumprod", powers), _product,
        (*REVERSED, _from_end(_product)),
        ("exclusive", "The element itself is left out.", _exclusive_product),
        ("summed", "Running sums are returned.", lambda p, x: np.cumsum(_wide(x), axis=p["axis"])),
        area="reductions", general=PLAINLY,
    ),
    *(
        moving(
            f"cum{kind}", f"return the {kind}imum so far along an axis and where it was", f"torch.cum{kind}",
            _exact(f"cum{kind}", _distinct), _running(kind),
            (*REVERSED, _from_end(_running(kind))),
            ("other-extreme", "The other extreme is returned.", _running("min" if kind == "max" else "max")),
            ("position-late", "Positions are one too large.",
                lambda p, x, kind=kind: (_running(kind)(p, x)[0], _running(kind)(p, x)[1] + 1)),
            area="reductions", outputs=("", "int64"), general=PLAINLY,
        )
        for kind in ("max", "min")
    ),
    *(
        moving(
            f"cum{kind}_value", f"return the {kind}imum so far along an axis, NaN from the first NaN on", f"torch.cum{kind}",
            _tied_samples(f"cum{kind}_value"),
            _running_value(kind), (*REVERSED, _from_end(_running_value(kind))),
            ("nan-skipped", "NaN is left out.",
                lambda p, x, kind=kind: (np.fmax if kind == "max" else np.fmin).accumulate(_wide(x), axis=p["axis"])),
            area="reductions", general=(*PLAIN, faults.BF16_INPUTS),
        )
        for kind in ("max", "min")
    ),
    Function(
        id="logcumsumexp", side=Side.INFERENCE, area="reductions",
        requirement="The library shall return the logarithm of the running sum of exponentials along an axis, without overflow.",
        source="torch.logcumsumexp",
        oracle="every prefix by its own maximum in 80-bit extended precision, radius (k + 4) 2^-64 (1 + max |r|)",
        samples=_log_sum_samples, reference=_log_sum_reference, criterion=_log_sum_criterion,
        faults=(
            *PLAIN, faults.BF16_INPUTS, faults.TF32_INPUTS, faults.relative(1e-3),
            faults.computed("reversed", "It runs from the end.",
                lambda s: np.flip(_log_sums(dict(s.params), np.flip(s.arrays()[0], s.param("axis"))), s.param("axis"))),
            faults.computed("overflowing", "Exponentials are not scaled by the maximum.",
                lambda s: np.log(np.cumsum(np.exp(s.arrays()[0]), axis=s.param("axis")))),
        ),
    ),
    moving(
        "diff", "return the n-th differences of neighbours along an axis, with what is put before and behind", "torch.diff",
        _difference_samples, _differences,
        ("negated", "Differences are taken the other way round.", lambda p, *xs: -_differences(p, *xs) if p["n"] == 1 else None),
        ("once-only", "Differences are taken once.", lambda p, *xs: _differences({**p, "n": 1}, *xs)),
        ("ends-unread", "Nothing is put before and behind.", lambda p, x, *ends: _differences(p, x) if ends else None), area="reductions",
        general=NARROW,
    ),
    moving(
        "trapezoid", "return the area under the data by the trapezoid rule along an axis, over a step or given points", "torch.trapezoid",
        _area_samples("trapezoid"),
        _area, ("rectangles", "Rectangles are added.", lambda p, y, *xs: _wide(y).sum(axis=p["axis"]) * (p["step"] or 1)),
        ("step-one", "The step is taken for 1.", lambda p, y, *xs: _area({**p, "step": 1.0}, y)), area="reductions",
        general=(*PLAINLY, faults.BF16_INPUTS),
    ),
    moving(
        "cumulative_trapezoid", "return the running area under the data by the trapezoid rule along an axis, over a step or given points",
        "torch.cumulative_trapezoid", _area_samples("cumulative_trapezoid"), lambda p, y, *xs: np.cumsum(_areas(p, y, *xs), axis=p["axis"]),
        ("not-summed", "Each trapezoid stands alone.", _areas),
        ("step-one", "The step is taken for 1.", lambda p, y, *xs: np.cumsum(_areas({**p, "step": 1.0}, y), axis=p["axis"])),
        area="reductions", general=(*PLAINLY, faults.BF16_INPUTS),
    ),
    moving(
        "gradient", "return central differences along an axis, one-sided ones of the order asked at the ends",
        "torch.gradient; Fornberg 1988", _gradient_samples,
        lambda p, x: np.gradient(_wide(x), p["step"], axis=p["axis"], edge_order=p["edge_order"]),
        ("step-one", "The step is taken for 1.", lambda p, x: np.gradient(_wide(x), 1.0, axis=p["axis"], edge_order=p["edge_order"])),
        ("edge-order", "Ends are of the first order.", lambda p, x: np.gradient(_wide(x), p["step"], axis=p["axis"])), area="reductions",
        general=(*PLAINLY, faults.BF16_INPUTS),
    ),
    moving(
        "nansum", "return the sum of what is not NaN along an axis, 0 for nothing", "torch.nansum", _nan_samples("nansum"), _nansum,
        ("nan-kept", "NaN is not left out.", _nan_kept),
        ("mean", "The mean is returned.", _nanmean), area="reductions", general=(*PLAINLY, faults.BF16_INPUTS, faults.TF32_INPUTS),
    ),
    moving(
        "nanmean", "return the mean of what is not NaN along an axis, NaN for nothing", "torch.nanmean", _nan_samples("nanmean"), _nanmean,
        ("divided-by-all", "The sum is divided by the number of all.", _divided_by_all), ("sum", "The sum is returned.", _nansum),
        area="reductions",
        general=(*PLAIN, faults.BF16_INPUTS, faults.TF32_INPUTS),
    ),
)  # fmt: skip

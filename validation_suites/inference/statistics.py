"""Statistics of several variables: covariance, correlation, distances between rows, limited norms, segments, grids of counts."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from csvkit_ml.criteria import FORMATS, Componentwise, Scaled
from csvkit_ml.model.function import Criterion, Expected, Fault, Function, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import U, expected_extended, extended
from validation_suites import faults
from validation_suites.moving import moving
from validation_suites.sampling import normal
from validation_suites.sampling.places import NUMBERS, powers, sample, whole

REAL = ("float32", "float64")
AREA = "reductions"
TORCH = "PyTorch reference, torch."
Samples = Callable[[], Iterable[Sample]]
DATA: tuple[tuple[int, ...], ...] = ((3, 17), (5, 64), (1, 9), (9,), (4, 257), (7, 2))


def _observed(id: str, *, weighted: bool) -> Samples:
    """Variables in rows; plain, with a large common offset, without correction, with counts and weights of observations."""

    def made() -> Iterable[Sample]:
        for dtype in REAL:
            for i, shape in enumerate(DATA):
                x = normal(dtype, shape, id, str(shape), offset=0.5)
                name = f"{dtype}-{'x'.join(map(str, shape))}"
                yield sample(name, dtype, (x,), i, correction=1, weights="none")
                if weighted:
                    yield sample(f"{name}-biased", dtype, (x,), 1, correction=0, weights="none")
            far = normal(dtype, (3, 33), id, "far", offset=1000.0 if dtype == "float32" else 1e6)
            yield Sample(name=f"{dtype}-far", dtype=dtype, inputs=(far,), params=params(correction=1, weights="none"),
                why=SampleClass.CONDITIONED)
            if weighted:
                counts = Tensor.of(seed_for(id, "counts").integers(1, 4, 17))
                shares = Tensor.of(seed_for(id, "shares").integers(1, 9, 17) / 8.0, dtype)
                x = normal(dtype, (3, 17), id, "weighted")
                for name, more in (("counts", (counts,)), ("shares", (shares,)), ("both", (counts, shares))):
                    yield sample(f"{dtype}-{name}", dtype, (x, *more), 1, correction=1, weights=name)

    return made


def _weights(sample: Sample) -> tuple[Any, Any]:
    """(counts, shares) of the observations in extended precision; ones where none are given."""
    x, *more = sample.arrays()
    ones, kind = extended(np.ones(x.shape[-1])), sample.param("weights")
    counts = extended(more[0]) if kind in ("counts", "both") else ones
    return counts, extended(more[-1]) if kind in ("shares", "both") else ones


def _covariance(sample: Sample) -> tuple[Any, Any, int]:
    """(covariances, scale, terms): weighted means removed, products summed and divided by the corrected total weight.

    scale = sum (|d_i| A_j + A_i |d_j| + |d_i||d_j| + n u A_i A_j), d = x - mean, A = |x| + mean |x|: a difference is known to n u A.
    """
    x = np.atleast_2d(extended(sample.arrays()[0]))
    counts, shares = _weights(sample)
    w = counts * shares
    total, correction = w.sum(), sample.param("correction")
    both = sample.param("weights") in ("shares", "both")
    divisor = total - correction * ((w * shares).sum() / total if both else 1)
    centred = x - (x * w).sum(-1, keepdims=True) / total
    size = np.abs(x) + (np.abs(x) * w).sum(-1, keepdims=True) / total
    d, n = np.abs(centred), x.shape[-1]
    cross = (d * w) @ size.T
    scale = cross + cross.T + (d * w) @ d.T + n * FORMATS[sample.dtype].u * (size * w) @ size.T
    return (centred * w) @ centred.T / divisor, scale / divisor, n + 12


def _cov(sample: Sample) -> tuple[Expected, ...]:
    value, size, terms = _covariance(sample)
    shape = value.shape if sample.inputs[0].shape[1:] and value.size > 1 else ()
    return (_summed(value.reshape(shape), size.reshape(shape), terms, sample.dtype),)


def _summed(value: Any, size: Any, terms: int, dtype: str) -> Expected:
    scale = np.asarray(size, dtype=np.float64)
    return expected_extended(np.asarray(value), dtype=dtype, radius=(terms + 4) * U * scale, scale=scale, terms=terms,
        any_sign_of_zero=True)


def _corrcoef(sample: Sample) -> tuple[Expected, ...]:
    value, size, terms = _covariance(sample)
    spread = np.sqrt(np.diag(value))
    r = value / spread[:, None] / spread[None, :]
    share = np.diag(size) / np.diag(value)
    scale = size / spread[:, None] / spread[None, :] + np.abs(r) * (share[:, None] + share[None, :]) / 2
    shape = value.shape if sample.inputs[0].shape[1:] and value.size > 1 else ()
    return (_summed(r.reshape(shape), scale.reshape(shape), terms + 6, sample.dtype),)


def _of_columns(sample: Sample) -> Array | None:
    """Variables in columns."""
    x = np.atleast_2d(sample.arrays()[0].astype(np.float64))
    made = np.cov(x.T) if x.shape[0] == x.shape[1] else None
    return None if made is None else np.asarray(made)


def _uncentred(sample: Sample) -> Array | None:
    """The means are not removed."""
    x = np.atleast_2d(sample.arrays()[0].astype(np.float64))
    return np.asarray(x @ x.T / max(1, x.shape[1] - 1)) if sample.param("weights") == "none" else None


def _two_pass_lost(sample: Sample) -> Array | None:
    """Mean of products minus product of means, in the sample's precision."""
    x = np.atleast_2d(sample.arrays()[0])
    if sample.param("weights") != "none" or "far" not in sample.name:
        return None
    n = x.shape[1]
    mean = x.mean(-1, dtype=x.dtype)
    return np.asarray(((x @ x.T) / x.dtype.type(n) - np.outer(mean, mean)) * x.dtype.type(n / (n - 1)))


SUMS = Componentwise(
    rationale="A difference from the mean is known to n u (|x| + mean |x|); products of two of them are summed: "
    "S = sum |d_i| A_j + A_i |d_j| + |d_i||d_j|.",
    literature="Higham 2002, ch. 3; Chan, Golub and LeVeque 1983",
)


def _statistic(id: str, says: str, reference: Callable[[Sample], tuple[Expected, ...]], weighted: bool, *own: Fault) -> Function:
    return Function(
        id=id, side=Side.INFERENCE, area=AREA, requirement=f"The library shall return {says}.", source=f"Definition; {TORCH}{id}",
        oracle="two passes in extended precision (64 bits)", samples=_observed(id, weighted=weighted), reference=reference, criterion=SUMS,
        faults=(faults.relative(1e-4), faults.one_element(), faults.stale(), faults.TF32_INPUTS, *own),
    )  # fmt: skip


ORDERS = (2.0, 1.0, math.inf, 0.0, 3.0)
PAIRS: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (((5, 9), (7, 9)), ((2, 4, 3), (2, 6, 3)), ((1, 1), (1, 1)),
    ((3, 65), (4, 65)), ((0, 3), (2, 3)))


def _order(value: float) -> str:
    return "inf" if math.isinf(value) else f"{value:g}"


def _rows_apart(id: str) -> Samples:
    """Rows of two tables, by every order of norm; small whole numbers, so that differences are exact, and rows that meet."""

    def made() -> Iterable[Sample]:
        for i, (a, b) in enumerate(PAIRS):
            for dtype in REAL:
                for order in ORDERS if i < 2 else ORDERS[:3]:
                    name = f"{dtype}-{'x'.join(map(str, a))}-{'x'.join(map(str, b))}-p{_order(order)}"
                    x, y = (whole(dtype, s, id, name, k).array() / 8 for s, k in ((a, "x"), (b, "y")))
                    if x.size and y.size:
                        y[..., 0, :] = x[..., 0, :]
                    yield sample(name, dtype, (Tensor.of(x, dtype), Tensor.of(y, dtype)), i, p=order if math.isfinite(order) else "inf")

    return made


def _within(id: str) -> Samples:
    """Rows of one table."""

    def made() -> Iterable[Sample]:
        for i, shape in enumerate(((6, 9), (2, 3), (17, 4), (5, 1), (1, 3), (3, 65))):
            for dtype in REAL:
                for order in ORDERS if i < 2 else ORDERS[:3]:
                    name = f"{dtype}-{'x'.join(map(str, shape))}-p{_order(order)}"
                    x = whole(dtype, shape, id, name).array() / 8
                    yield sample(name, dtype, (Tensor.of(x, dtype),), i, p=order if math.isfinite(order) else "inf")

    return made


def _whole_apart(id: str) -> Samples:
    def made() -> Iterable[Sample]:
        for i, (a, b) in enumerate((((4, 17), (4, 17)), ((257,), (257,)), ((3, 4, 5), (4, 1)), ((1,), (1,)), ((), ()))):
            for dtype in REAL:
                for order in ORDERS:
                    name = f"{dtype}-{'x'.join(map(str, a))}-{'x'.join(map(str, b))}-p{_order(order)}"
                    x, y = (whole(dtype, s, id, name, k).array() / 8 for s, k in ((a, "x"), (b, "y")))
                    yield sample(name, dtype, (Tensor.of(x, dtype), Tensor.of(y, dtype)), i, p=order if math.isfinite(order) else "inf")

    return made


def _norm(d: Any, order: float, axes: Any) -> Any:
    size = np.abs(d)
    if order == 0:
        return (size != 0).sum(axes).astype(np.longdouble)
    if math.isinf(order):
        return size.max(axes) if size.size else size.sum(axes)
    return (size**order).sum(axes) ** (np.longdouble(1) / order)


def _distance(differences: Callable[[Any], Any], axes: Callable[[Any], Any]) -> Callable[[Sample], tuple[Expected, ...]]:
    """Norms of exact differences: sums of positive terms, so the error is relative to the value itself."""

    def reference(sample: Sample) -> tuple[Expected, ...]:
        d = differences(tuple(map(extended, sample.arrays())))
        value = np.asarray(_norm(d, float(sample.param("p")), axes(d)))
        size = np.abs(value).astype(np.float64)
        rooted = float(sample.param("p")) == 3
        with np.errstate(divide="ignore"):
            scale = size * (1 + np.where((size > 0) & rooted, np.abs(np.log(size)) / 8, 0))
        return (expected_extended(value, dtype=sample.dtype, radius=(d.size + 8) * U * size, scale=scale, any_sign_of_zero=True),)

    return reference


def _distance_criterion(sample: Sample) -> Criterion:
    """n + 2 roundings of a sum of n powers, then its root; powers that are not squares cost 4 ulp more on either side."""
    n = max(1, *(int(np.prod(t.shape[-1:])) for t in sample.inputs))
    n = max(n, int(np.prod(sample.inputs[0].shape)) if "p" in dict(sample.params) and len(sample.inputs) > 1 else n)
    c = min(n, 8 * math.sqrt(n)) / 2 + 10
    return Scaled(
        c=c, c_hard=n + 20, scale="r, and r (1 + |log r| / 8) where the root is not a square root",
        rationale="A sum of n positive powers has a relative error of n u, halved by the root; powers and roots 4 u each; a rounded exponent "
        "1 / p changes the root by |log r| u.",
        literature="Higham 2002, ch. 3; Higham and Mary 2019",
    )  # fmt: skip


def _of_order(order: float, of: Callable[[Sample], tuple[Expected, ...]]) -> Fault:
    return faults.other_params(f"order-{order:g}", f"The norm of order {order:g} is taken.", p=order)


def _pairs(x: Any, y: Any) -> Any:
    return x[..., :, None, :] - y[..., None, :, :]


def _upper(x: tuple[Any, ...]) -> Any:
    i, j = np.triu_indices(x[0].shape[0], 1)
    return x[0][i] - x[0][j]


def _apart(id: str, says: str, samples: Samples, differences: Callable[[Any], Any], axes: Callable[[Any], Any]) -> Function:
    reference = _distance(differences, axes)
    return Function(
        id=id, side=Side.INFERENCE, area=AREA, requirement=f"The library shall return {says}, by the norm of the order asked.",
        source=f"Definition; {TORCH}{id}", oracle="the definition in extended precision (64 bits)", samples=samples, reference=reference,
        criterion=_distance_criterion,
        faults=(
            faults.relative(1e-4), faults.one_element(), faults.stale(), *(() if id == "dist" else (faults.rolled(),)), faults.BF16_INPUTS,
            _of_order(2.0, reference),
            _of_order(1.0, reference),
        ),
    )  # fmt: skip


def _limited() -> Iterable[Sample]:
    """Slices of which some are longer than the limit, some shorter."""
    for i, (shape, axis) in enumerate((((5, 9), 0), ((4, 3, 6), 1), ((3, 17), 1), ((2, 257), 0))):
        for dtype in REAL:
            for order in (2.0, 1.0, 3.0):
                name = f"{dtype}-{'x'.join(map(str, shape))}-dim{axis}-p{order:g}"
                grown = np.moveaxis(normal("float64", shape, "renorm", name).array().copy(), axis, 0)
                grown *= (0.01 + np.arange(len(grown)) % 2 * 3).reshape(-1, *[1] * (len(shape) - 1))
                limit = float(4 * np.prod(shape) // len(grown)) / 8
                yield sample(name, dtype, (Tensor.of(np.moveaxis(grown, 0, axis), dtype),), i, dim=axis, limit=limit, p=order)


def _renorm(sample: Sample) -> tuple[Expected, ...]:
    x, axis, limit = extended(sample.arrays()[0]), sample.param("dim"), np.longdouble(sample.param("limit"))
    others = tuple(a for a in range(x.ndim) if a != axis)
    norms = np.expand_dims(_norm(x, sample.param("p"), others), others)
    n = x.size // x.shape[axis]
    value = np.where(norms > limit, x * (limit / norms), x)
    size = np.where(norms > limit, np.abs(value), 0).astype(np.float64)
    allowed = size * (n / 2 + 12) + size * 1e-7 / limit.astype(np.float64) / {"float32": 2.0**-24, "float64": 2.0**-53}[sample.dtype]
    return (expected_extended(value, dtype=sample.dtype, radius=(n + 12) * U * size, scale=allowed, any_sign_of_zero=True),)


def _unlimited(sample: Sample) -> Array:
    return sample.arrays()[0]


def _always(sample: Sample) -> Array:
    """Short slices are stretched too."""
    x, axis = sample.arrays()[0].astype(np.float64), sample.param("dim")
    others = tuple(a for a in range(x.ndim) if a != axis)
    return np.asarray(x * sample.param("limit") / np.expand_dims(_norm(x, sample.param("p"), others), others))


REDUCED: dict[str, Callable[[Array], Any]] = {
    "sum": lambda v: v.sum(0), "mean": lambda v: v.sum(0) / len(v), "max": lambda v: v.max(0), "min": lambda v: v.min(0),
    "prod": lambda v: v.prod(0),
}  # fmt: skip


def _exact_form(x: Array) -> Array:
    return x.astype(np.float64) if x.dtype.kind in "fV" else x


def _sorted(p: Any, x: Array) -> Array:
    return np.sort(_exact_form(x), axis=0)


def _segments() -> Iterable[Sample]:
    """Lengths that are powers of two, so that means are exact."""
    for reduce in REDUCED:
        for i, (lengths, tail) in enumerate((((2, 4, 1), ()), ((1, 1, 8, 2), (5,)), ((16,), (3,)), ((4, 4), (2, 3)))):
            for dtype in ("float32", "float64"):
                name = f"{dtype}-{reduce}-{'_'.join(map(str, lengths))}-{'x'.join(map(str, tail)) or 'flat'}"
                make = powers if reduce == "prod" else whole
                x = make(dtype, (sum(lengths), *tail), "segment_reduce", name)
                yield sample(name, dtype, (x,), i, lengths=lengths, reduce=reduce)


def _by_segment(p: Any, x: Array, reduce: str = "") -> Array:
    ends = np.cumsum(p["lengths"])
    parts = np.split(x.astype(np.float64), ends[:-1])
    return np.stack([np.asarray(REDUCED[reduce or p["reduce"]](v)) for v in parts])


def _first_longer(p: Any, x: Array) -> Array | None:
    """A boundary one place too late."""
    lengths = p["lengths"]
    if len(lengths) < 2 or lengths[1] < 2:
        return None
    return _by_segment({**p, "lengths": (lengths[0] + 1, lengths[1] - 1, *lengths[2:])}, x)


def _points() -> Iterable[Sample]:
    """Points of two and three coordinates between quarters, never on an edge but the last, which counts."""
    for i, (n, bins) in enumerate(((40, (4, 2)), (9, (1, 1)), (65, (8, 4)), (33, (2, 2, 4)), (257, (8, 8)))):
        for dtype in REAL:
            x = seed_for("histogramdd", str(n), dtype).integers(-20, 20, (n, len(bins))) / 8 + 1 / 16
            x[0] = 2.0
            yield sample(f"{dtype}-n{n}-{'x'.join(map(str, bins))}", dtype, (Tensor.of(x, dtype),), i, bins=bins, reach=2.0)


def _counts(p: Any, x: Array) -> Array:
    reach = p["reach"]
    return np.asarray(np.histogramdd(x.astype(np.float64), p["bins"], [(-reach, reach)] * x.shape[1])[0])


def _last_edge_lost(p: Any, x: Array) -> Array:
    return _counts(p, np.where(x == p["reach"], 99.0, x))


def _exchanged(p: Any, x: Array) -> Array | None:
    return np.ascontiguousarray(np.swapaxes(_counts(p, x), 0, 1)) if p["bins"][0] == p["bins"][1] else None


def _matrices() -> Iterable[Sample]:
    for dtype in ("float32", "float64", "int64", "int32", "uint8"):
        for i, shape in enumerate(((9, 9), (1, 1), (33, 17), (5, 64), (0, 3))):
            if dtype in ("float32", "float64", "int64"):
                yield sample(f"{dtype}-{'x'.join(map(str, shape))}", dtype, (whole(dtype, shape, "trace", dtype, str(shape)),), i)


def _anti(p: Any, x: Array) -> Any:
    return np.trace(x[:, ::-1].astype(np.float64)) if x.shape[0] == x.shape[1] else None


def _tables() -> Iterable[Sample]:
    for dtype in NUMBERS:
        for i, shape in enumerate(((9, 4), (17,), (5, 2, 3), (1, 3), (0, 2), (65, 3))):
            if i == 0 or dtype in REAL:
                yield sample(f"{dtype}-{'x'.join(map(str, shape))}", dtype, (whole(dtype, shape, "msort", dtype, str(shape)),), i)


FUNCTIONS: tuple[Function, ...] = (
    _statistic(
        "cov", "the covariances of the rows, with counts, weights and correction as asked", _cov, True,
        faults.other_params("biased", "It is divided by n.", correction=0),
        faults.computed("uncentred", "Means are not removed.", _uncentred),
        faults.computed("one-pass", "The product of means is subtracted from the mean of products.", _two_pass_lost),
    ),
    _statistic(
        "corrcoef", "the correlations of the rows", _corrcoef, False,
        faults.computed("covariance", "Covariances are returned.", lambda s: np.asarray(_cov(s)[0].value)),
    ),
    _apart("cdist", "the distances between every row of one table and every row of another", _rows_apart("cdist"), lambda x: _pairs(*x),
        lambda d: -1),
    _apart("pdist", "the distances between every two rows of a table", _within("pdist"), _upper, lambda d: -1),
    _apart("dist", "the distance between two tensors that broadcast", _whole_apart("dist"), lambda x: np.asarray(x[0] - x[1]),
        lambda d: tuple(range(d.ndim))),
    Function(
        id="renorm", side=Side.INFERENCE, area=AREA,
        requirement="The library shall return slices that are no longer than a limit: longer ones shortened to it, others as they are.",
        source=f"{TORCH}renorm (shortened to below the limit; how far below is left open: 1e-7)",
        oracle="the definition in extended precision (64 bits)",
        samples=_limited, reference=_renorm,
        criterion=Scaled(
            c=1.0, c_hard=2.0, scale="|r| (n / 2 + 12 + 1e-7 / (limit u)) where shortened, else 0",
            rationale="A norm of n terms, a quotient, a product; the source says no more than below the limit: a guard of 1e-7 in the norm is allowed.",
            literature="Higham 2002, ch. 3",
        ),
        faults=(
            faults.relative(1e-3), faults.one_element(), faults.stale(), faults.computed("unlimited", "Nothing is shortened.", _unlimited),
            faults.computed("always", "Short slices are stretched to the limit.", _always),
            faults.other_params("order-2", "The Euclidean norm is taken.", p=2.0),
        ),
    ),
    moving(
        "segment_reduce", "reduce segments of the first axis, of the lengths given", f"{TORCH}segment_reduce", _segments, _by_segment,
        ("boundary", "A boundary lies one place too late.", _first_longer),
        ("summed", "Segments are summed.", lambda p, x: _by_segment(p, x, "sum")),
        area=AREA, general=(faults.one_element(), faults.stale(), faults.rolled()),
    ),
    moving(
        "histogramdd", "count points in a grid of cells, the last edge included", f"{TORCH}histogramdd; NumPy reference, histogramdd",
        _points, _counts,
        ("last-edge", "Points on the last edge are lost.", _last_edge_lost), ("exchanged", "The axes are exchanged.", _exchanged),
        area=AREA,
        general=(faults.one_element(), faults.stale(), faults.rolled()),
    ),
    moving(
        "trace", "return the sum of the diagonal", f"{TORCH}trace", _matrices, lambda p, x: np.asarray(np.trace(_exact_form(x))),
        ("other-diagonal", "The other diagonal is summed.", _anti), ("all", "Everything is summed.", lambda p, x: np.asarray(x.sum())),
        area=AREA,
        general=(faults.one_element(), faults.stale()),
    ),
    moving(
        "msort", "sort along the first axis", f"{TORCH}msort", _tables, _sorted,
        ("last-axis", "It is sorted along the last axis.", lambda p, x: np.sort(_exact_form(x), axis=-1)),
        ("descending", "The largest come first.", lambda p, x: _sorted(p, x)[::-1]),
        area="ordering", general=(faults.one_element(), faults.stale(), faults.rolled()),
    ),
)  # fmt: skip

"""Samples of norms: every order over axes, magnitudes over many binades, zeros; vectors to be divided by their norm."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from csvkit_ml.model.function import Sample, SampleClass, params
from csvkit_ml.model.tensor import Tensor
from validation_suites.sampling.axes import AXES, FLOATS, SHAPE, Made, lengths, nothing, reduced, special_rows
from validation_suites.sampling.covering import pairwise
from validation_suites.sampling.data import normal, positive, tensor
from validation_suites.sampling.normalised import named

ORDERS = (2.0, 1.0, math.inf, -math.inf, 0.0, 3.0, 0.5)


def _label(order: float) -> str:
    return f"ord{order:g}".replace("-inf", "-least").replace("inf", "most")


def _spread(dtype: str, shape: tuple[int, ...], name: str) -> Tensor:
    """N(0, 1) with some zeros and magnitudes over twelve binades."""
    x = normal(dtype, shape, "norms", name).array().astype(np.float64)
    scale = 2.0 ** np.round(np.sin(np.arange(x.size)) * 6).reshape(shape)
    return tensor(np.where(np.arange(x.size).reshape(shape) % 11 == 3, 0.0, x * scale), dtype)


def norms() -> Iterable[Sample]:
    """Covering array over dtype, `order`, axes and keepdims; special rows, zeros, lengths and nothing in several orders."""
    rows = pairwise({"dtype": FLOATS, "order": ORDERS, "axes": AXES, "keepdims": (False, True)})
    for i, r in enumerate(rows):
        label = "all" if r["axes"] is None else "axes" + ",".join(map(str, r["axes"]))
        name = f"{r['dtype']}-{_label(r['order'])}-{label}{'-keep' * r['keepdims']}"
        p = params(order=r["order"], axes=r["axes"], keepdims=r["keepdims"])
        x = _spread(r["dtype"], SHAPE, name)
        yield Sample(name=name, dtype=r["dtype"], inputs=(x,), params=p, why=SampleClass.COVERING if i else SampleClass.ORDINARY)
    for order in ORDERS:
        more = (("order", order),)
        for s in (*special_rows("vector_norm"), *_short()):
            yield replace(s, name=f"{s.name}-{_label(order)}", params=tuple(sorted((*s.params, *more))))
    for order in (2.0, 1.0, 0.0):
        for s in (*lengths(_spread, long=order == 2), *nothing(("float32",))):
            yield replace(s, name=f"{s.name}-{_label(order)}", params=tuple(sorted((*s.params, ("order", order)))))


def _short() -> Iterable[Sample]:
    """One value; all of them subnormal or zero."""
    p = params(axes=(1,), keepdims=False)
    yield Sample(name="float32-one", dtype="float32", inputs=(_spread("float32", (9, 1), "one"),), params=p, why=SampleClass.EDGE)
    yield Sample(name="float32-zeros", dtype="float32", inputs=(Tensor.of(np.zeros((3, 8)), "float32"),), params=p, why=SampleClass.SPECIAL)


def positive_data(dtype: str, shape: tuple[int, ...], name: str) -> Tensor:
    """U(0.5, 1.5)."""
    return positive(dtype, shape, "log_sum", name)


def reductions(made: Made, id: str, dtypes: tuple[str, ...], *, special: bool = True, long: bool = True) -> Iterable[Sample]:
    """Reductions over axes of what `made` gives, of special rows of it and of nothing."""
    yield from reduced(made, dtypes)
    yield from lengths(made, long=long)
    yield from special_rows(id, made) if special else ()
    yield from nothing(("float32",))


def directions(id: str, orders: tuple[float, ...], eps: tuple[float | None, ...], zeros: bool) -> Iterable[Sample]:
    """Covering array over dtype, axis, order and eps; zero vectors where eps says what they give; small vectors; special rows."""
    shapes = {((6, 64), 1), ((6, 64), 0), ((3, 5, 7), -2), ((2, 4, 5, 6), 1), ((2, 128), -1)}
    rows = pairwise({"dtype": FLOATS, "place": sorted(shapes), "order": orders, "eps": eps})
    for i, r in enumerate(rows):
        (shape, axis), order = r["place"], r["order"]
        name = f"{r['dtype']}-{named(shape)}-axis{axis}-{_label(order)}" + ("" if r["eps"] is None else f"-eps{r['eps']:g}")
        x = normal(r["dtype"], shape, id, name)
        yield _direction(name, x, axis, order, r["eps"], SampleClass.COVERING if i else SampleClass.ORDINARY)
    for dtype in FLOATS:
        for order in orders[:2]:
            for how, scale in (("small", 2.0**-9), ("large", 100.0)):
                x = normal(dtype, (5, 33), id, dtype, how, scale=scale)
                yield _direction(f"{dtype}-{how}-{_label(order)}", x, 1, order, eps[0], SampleClass.CONDITIONED)
            for row in special_rows(id):
                if row.dtype == dtype:
                    x = row.inputs[0] if zeros else tensor(np.delete(row.arrays()[0].astype(np.float64), 6, axis=0), dtype)
                    yield _direction(f"{row.name}-{_label(order)}", x, 1, order, eps[0], SampleClass.SPECIAL)
    for n in (1, 2, 7, 8, 9, 16, 17, 33, 65, 257, 1000):
        x = normal("float32", (3, n), id, "length", str(n))
        yield _direction(f"float32-n{n}", x, 1, 2.0, eps[0], SampleClass.EDGE)
    for shape, axis in (((2, 20_000), 1), ((900, 4), 0), ((0, 5), 1)):
        x = normal("float32", shape, id, "few", named(shape))
        yield _direction(f"float32-{named(shape)}-axis{axis}", x, axis, 2.0, eps[0], SampleClass.EDGE)


def _direction(name: str, x: Tensor, axis: int, order: float, eps: float | None, why: SampleClass) -> Sample:
    p = params(axis=axis, order=order, **({} if eps is None else {"eps": eps}))
    return Sample(name=name, dtype=x.dtype, inputs=(x,), params=p, why=why)

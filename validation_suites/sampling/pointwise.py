"""Samples of functions that work on each element by itself: one operand, or several in a box of ordinary values.

16-bit formats are asked at all 65,536 values where there is one operand. The sample above the parallel grain draws its 40,000 elements from
1,021 values, so that their order, not their number, costs the certified reference nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from csvkit_ml.criteria import FORMATS
from csvkit_ml.model.function import Json, Sample, SampleClass, params, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from validation_suites.sampling.data import all_patterns, special, tensor
from validation_suites.sampling.operands import patterns

FLOATS = ("float32", "float64", "float16", "bfloat16")
WIDE = ("float32", "float64")
NARROW = ("float16", "bfloat16")
EDGES = {"float32": (0, 1, 7, 15, 16, 17, 33, 65), "float64": (7, 33), "float16": (17, 65), "bfloat16": (15, 33)}
"""Lengths around vector edges, by dtype: the kernels of the dtypes have vectors of different length."""
SHAPES: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((3, 4, 5), (4, 1)), ((5,), (3, 4, 5)), ((9, 1), (1, 11)), ((3, 4), ()), ((), (3, 4)), ((), ()), ((0,), (1,)),
)  # fmt: skip
Asked = Callable[..., Array]
"""(operands in float64, **parameters) -> where the sources define a value."""


def everywhere(*operands: Array, **_: Any) -> Array:
    """Every argument has a defined value."""
    return np.ones(operands[0].shape, dtype=bool)


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Where the ordinary arguments of a function lie."""

    low: tuple[float, ...]
    """Per operand."""
    high: tuple[float, ...]
    """Per operand."""
    asked: Asked = everywhere
    """Elements where it is false are replaced by `middle`."""
    whole: tuple[int, ...] = ()
    """Operands that are whole numbers."""
    special: tuple[float, ...] | None = None
    """Special values to pair for two or more operands; None = the usual ones."""

    def middle(self, i: int) -> float:
        """A harmless value of operand i."""
        value = 0.25 * self.low[i] + 0.75 * self.high[i]
        return float(np.rint(value)) if i in self.whole else value

    def drawn(self, shapes: tuple[tuple[int, ...], ...], *names: str) -> list[Array]:
        """Uniform in the box."""
        rng = seed_for("pointwise", *names)
        made = [rng.uniform(self.low[i], self.high[i], s) for i, s in enumerate(shapes)]
        return [np.rint(a) if i in self.whole else a for i, a in enumerate(made)]

    def tensors(self, arrays: Iterable[Array], dtype: str, given: Mapping[str, Json]) -> tuple[Tensor, ...]:
        """Operands in a dtype; what is not asked is replaced in every operand that has the full shape."""
        made = [t if isinstance(t, Tensor) else tensor(np.asarray(t), dtype) for t in arrays]
        with np.errstate(all="ignore"):
            wide = np.broadcast_arrays(*(t.array().astype(np.float64) for t in made))
            bad = ~np.broadcast_to(self.asked(*wide, **given), wide[0].shape)
        if not bad.any():
            return tuple(made)
        with np.errstate(all="ignore"):
            return tuple(tensor(np.where(bad, self.middle(i), w), dtype) for i, w in enumerate(wide))


def one(id: str, box: Box, dtypes: tuple[str, ...] = FLOATS, settings: tuple[Mapping[str, Json], ...] = ({},)) -> Iterable[Sample]:
    """One operand: ordinary data, a sweep of the box, special values, edge lengths, all 16-bit values; first setting in full, the others in part."""
    low, high = box.low[0], box.high[0]
    for k, given in enumerate(settings):
        for dtype in dtypes:
            data: dict[str, tuple[Any, SampleClass]] = {
                "ordinary": (box.drawn(((4, 257),), id, dtype)[0] / (4 if low < 0 else 1), SampleClass.ORDINARY),
                "sweep": (np.linspace(low, high, 1021), SampleClass.SPECIAL),
                "special": (special(dtype), SampleClass.SPECIAL),
            }
            for n in EDGES[dtype] if k == 0 else EDGES[dtype][-1:]:
                data[f"n{n}"] = (box.drawn(((n,),), id, dtype, str(n))[0], SampleClass.EDGE)
            if dtype in NARROW and k == 0:
                data["all"] = (all_patterns(dtype), SampleClass.EXHAUSTIVE)
            if dtype == "float32" and k == 0:
                few = box.drawn(((1021,),), id, "large")[0]
                data["n40000"] = (few[seed_for(id, "order").integers(0, 1021, 40_000)], SampleClass.EDGE)
            if k and dtype in NARROW:
                del data["ordinary"]
            for name, (x, why) in data.items():
                yield _sample(dtype, name, (x,), given, box, why if k == 0 else SampleClass.COVERING)


def several(id: str, box: Box, dtypes: tuple[str, ...] = FLOATS, settings: tuple[Mapping[str, Json], ...] = ({},)) -> Iterable[Sample]:
    """Two or more operands: ordinary data, special values in every combination, bit patterns, broadcasting, edge lengths, a long one."""
    count = len(box.low)
    for k, given in enumerate(settings):
        for dtype in dtypes:
            data: dict[str, tuple[list[Any], SampleClass]] = {
                "ordinary": (box.drawn(((4, 257),) * count, id, dtype), SampleClass.ORDINARY),
                "special-pairs": (_grid(box, dtype, count), SampleClass.SPECIAL),
                "patterns": ([_quiet(patterns(dtype, 1000, id, str(i), dtype)) for i in range(count)], SampleClass.SPECIAL),
            }
            for n in EDGES[dtype] if k == 0 else EDGES[dtype][-1:]:
                data[f"n{n}"] = (box.drawn(((n,),) * count, id, dtype, str(n)), SampleClass.EDGE)
            for name, (operands, why) in data.items():
                if not (box.whole and name == "patterns"):
                    yield _sample(dtype, name, operands, given, box, why if k == 0 else SampleClass.COVERING)
    for i, shapes in enumerate(SHAPES):
        dtype, name = dtypes[i % len(dtypes)], "-with-".join("x".join(map(str, s)) or "scalar" for s in shapes)
        full = (*shapes, *(shapes[1],) * (count - 2))
        yield _sample(dtype, name, box.drawn(full, id, name), settings[0], box, SampleClass.COVERING)
    order = seed_for(id, "order").integers(0, 509, 40_000)
    long = [a[order] for a in box.drawn(((509,),) * count, id, "large")]
    yield _sample("float32", "n40000", long, settings[0], box, SampleClass.EDGE)


def _quiet(x: Tensor) -> Tensor:
    """Every NaN a quiet one: the standards let a signalling NaN count as another value than NaN."""
    values = x.array().copy()
    with np.errstate(invalid="ignore"):
        values[np.isnan(values.astype(np.float64))] = np.nan
    return Tensor.of(values)


def _grid(box: Box, dtype: str, count: int) -> list[Array]:
    """Every combination of special values: 23 of them for two operands, fewer for more."""
    form, inf, nan = FORMATS[dtype], np.inf, np.nan
    usual = (0.0, -0.0, form.tiny, -form.tiny, form.eta, 0.5, -0.5, 1.0, -1.0, 1 + 2 * form.u, 1 - form.u, 1.5, 2.0, -2.0, 2.5, 3.0, -3.0,
             10.0, form.largest, -form.largest, inf, -inf, nan)  # fmt: skip
    values = box.special or (usual if count == 2 else (0.0, -0.0, 0.5, -1.0, 2.0, form.largest, inf, -inf, nan))
    return [np.array(values).reshape([-1 if i == j else 1 for j in range(count)]) for i in range(count)]


def _sample(dtype: str, name: str, operands: Iterable[Any], given: Mapping[str, Json], box: Box, why: SampleClass) -> Sample:
    label = "".join(f"-{k}={v:g}" if isinstance(v, float | int) else f"-{k}={v}".lower() for k, v in sorted(given.items()))
    return Sample(name=f"{dtype}-{name}{label}", dtype=dtype, inputs=box.tensors(operands, dtype, given), params=params(**given), why=why)

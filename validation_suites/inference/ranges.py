"""Numbers between two ends: evenly spaced, evenly spaced exponents, and by steps with the end included; norms of slices."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from csvkit_ml.criteria import Scaled
from csvkit_ml.model.function import Expected, Function, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Array
from csvkit_ml.references import U, expected_extended
from validation_suites import faults
from validation_suites.moving import moving
from validation_suites.sampling.places import sample

REAL = ("float32", "float64")
AREA = "shape"
TORCH = "PyTorch reference, torch."
ENDS: tuple[tuple[float, float, int], ...] = (
    (0.0, 1.0, 11), (-3.0, 10.0, 5), (5.0, -5.0, 64), (0.1, 0.7, 33), (2.0, 2.0, 7), (1.0, 3.0, 1), (1.0, 3.0, 0), (-1e3, 1e3, 257),
    (0.25, 9.0, 2),
)  # fmt: skip
RANGES: tuple[tuple[float, float, float], ...] = (
    (0, 8, 1), (1, 17, 4), (10, 0, -2.5), (5, 5, 1), (-4, 4, 0.5), (0, 1000, 8), (0.5, 4, 0.25), (-1, -3.5, -0.5), (0, 9, 2),
)  # fmt: skip


def _spaced_samples(scale: float, bases: tuple[float, ...]) -> Callable[[], Iterable[Sample]]:
    def made() -> Iterable[Sample]:
        for dtype in REAL:
            for base in bases:
                for i, (start, end, steps) in enumerate(ENDS):
                    low, high = start * scale, end * scale
                    if base and max(abs(low), abs(high)) > 12:
                        continue
                    given = params(start=low, end=high, steps=steps, kind=dtype, **({"base": base} if base else {}))
                    name = f"{dtype}-from{low:g}-to{high:g}-n{steps}{f'-base{base:g}' if base else ''}"
                    yield Sample(name=name, dtype=dtype, inputs=(), params=given, why=SampleClass.COVERING if i else SampleClass.ORDINARY)

    return made


def _points(p: Any) -> Any:
    """start + k (end - start) / (steps - 1), by the nearer end."""
    start, end, n = np.longdouble(p["start"]), np.longdouble(p["end"]), p["steps"]
    k = np.arange(n).astype(np.longdouble)
    return start + k * (end - start) / max(1, n - 1)


def _evenly(sample: Sample) -> tuple[Expected, ...]:
    p: dict[str, Any] = dict(sample.params)
    size = max(abs(p["start"]), abs(p["end"]))
    return (expected_extended(_points(p), dtype=sample.dtype, radius=4 * U * size, scale=np.full(p["steps"], size), any_sign_of_zero=True),)


def _powers(sample: Sample) -> tuple[Expected, ...]:
    p: dict[str, Any] = dict(sample.params)
    value = np.longdouble(p["base"]) ** _points(p)
    lever = 1 + abs(math.log(p["base"])) * max(abs(p["start"]), abs(p["end"]))
    return (expected_extended(value, dtype=sample.dtype, radius=16 * U * lever * value, scale=lever * value, any_sign_of_zero=True),)


def _end_left_out(sample: Sample) -> Array | None:
    p: dict[str, Any] = dict(sample.params)
    if p["steps"] < 2 or p["start"] == p["end"]:
        return None
    made = np.linspace(p["start"], p["end"], p["steps"], endpoint=False)
    return np.asarray(p["base"] ** made if "base" in p else made)


def _backwards(sample: Sample) -> Array | None:
    p: dict[str, Any] = dict(sample.params)
    if p["steps"] < 2 or p["start"] == p["end"]:
        return None
    made = np.linspace(p["end"], p["start"], p["steps"])
    return np.asarray(p["base"] ** made if "base" in p else made)


def _spaced(id: str, says: str, reference: Callable[[Sample], tuple[Expected, ...]], scale: float, bases: tuple[float, ...], c: float,
    why: str) -> Function:
    return Function(
        id=id, side=Side.INFERENCE, area=AREA, requirement=f"The library shall return {says}, both ends included.", source=f"{TORCH}{id}",
        oracle="the definition in extended precision (64 bits)", samples=_spaced_samples(scale, bases), reference=reference,
        criterion=Scaled(
            c=c, c_hard=2 * c, scale="max(|start|, |end|)" if c == 4 else "r (1 + |log base| max(|start|, |end|))", rationale=why,
            literature="IEEE 754-2019, 4.3; Higham 2002, ch. 2",
        ),
        faults=(
            faults.relative(1e-4), faults.one_element(), faults.stale(),
            faults.computed("end-left-out", "The end is not reached.", _end_left_out),
            faults.computed("backwards", "It runs from the end to the start.", _backwards),
            *((faults.other_params("base-two", "The base is two.", base=2.0),) if any(bases) else ()),
        ),
    )  # fmt: skip


def _steps() -> Iterable[Sample]:
    for dtype in REAL:
        for i, (start, end, step) in enumerate(RANGES):
            yield sample(f"{dtype}-from{start}-to{end}-by{step}", dtype, (), i, start=start, end=end, step=step, kind=dtype)


def _inclusive(p: Any) -> Array:
    """floor((end - start) / step) + 1 values."""
    return np.asarray(p["start"] + p["step"] * np.arange(int(np.floor((p["end"] - p["start"]) / p["step"])) + 1))


FUNCTIONS: tuple[Function, ...] = (
    _spaced(
        "linspace", "evenly spaced numbers", _evenly, 1.0, (0.0,), 4.0,
        "The step is rounded, multiplied by at most half the number of steps and added to the nearer end: 4 roundings on the scale of the ends.",
    ),
    _spaced(
        "logspace", "powers of a base whose exponents are evenly spaced", _powers, 1.0, (10.0, 2.0, 3.0), 6.0,
        "An exponent known to 4 u of the ends changes a power by |log base| as much; the power itself is of class 2 ulp.",
    ),
    moving(
        "range", "return numbers from a start by a step up to and with an end", f"{TORCH}range", _steps, _inclusive,
        ("end-left-out", "The end is left out.", lambda p: _inclusive({**p, "end": p["end"] - p["step"]})),
        ("step-one", "Steps are one.", lambda p: np.asarray(p["start"] + np.arange(_inclusive(p).size))), area=AREA,
        general=(faults.one_element(), faults.stale()),
    ),
)  # fmt: skip

"""Settings that decide how everything else runs: each reads back as it was set, takes effect, and leaves no trace when it is taken back.

An answer has one row for every value that is set, in turn, and a last one after the first value has been put back: the place of the value
that is read, and the place of the value whose effect is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from csvkit_ml.criteria import Exact
from csvkit_ml.model.function import Expected, Fault, Function, Json, Results, Sample, SampleClass, Side, params
from csvkit_ml.model.tensor import Array
from csvkit_ml.references import exactly
from validation_suites import faults

SOURCE = "PyTorch reference, torch"
AREA = "execution settings"
Values = tuple[Json, ...]


def _samples(orders: tuple[Values, ...]) -> Callable[[], Iterable[Sample]]:
    def made() -> Iterable[Sample]:
        for i, values in enumerate(orders):
            name = "_".join(str(v).lower().replace("-", "minus") for v in values)
            why = SampleClass.COVERING if i else SampleClass.ORDINARY
            yield Sample(name=f"int64-{name}", dtype="int64", inputs=(), params=params(values=values), why=why)

    return made


def places(values: Values) -> Array:
    """Row i: the place of value i, twice; last the first value's."""
    order = [list(values).index(v) for v in (*values, values[0])]
    return np.array([order, order], dtype=np.int64).T


def _reference(sample: Sample) -> tuple[Expected, ...]:
    return (exactly(places(sample.param("values")), dtype="int64"),)


def _fault(id: str, sentence: str, change: Callable[[Array], Array]) -> Fault:
    def apply(_: Function, __: Sample, true: Results) -> Results | None:
        made = change(true[0].copy())
        return None if np.array_equal(made, true[0]) else (made,)

    return Fault(id=id, sentence=sentence, apply=apply)


def _ignored(a: Array) -> Array:
    a[:] = a[0]
    return a


def _without_effect(a: Array) -> Array:
    a[:, 1] = a[0, 1]
    return a


def _kept(a: Array) -> Array:
    a[-1] = a[-2]
    return a


def _setting(id: str, says: str, *orders: Values) -> Function:
    return Function(
        id=id, side=Side.INFERENCE, area=AREA,
        requirement=f"The library shall apply {says} as set, answer it when asked, and take it back.",
        source=SOURCE, oracle="exact: what was set", samples=_samples(orders), reference=_reference,
        criterion=Exact(rationale="A setting is in force or it is not.", literature=SOURCE),
        faults=(
            _fault("ignored", "The setting is ignored.", _ignored),
            _fault("no-effect", "It reads back, but has no effect.", _without_effect),
            _fault("kept", "The last value stays in force.", _kept), faults.one_element(),
        ),
    )  # fmt: skip


FUNCTIONS: tuple[Function, ...] = (
    _setting(
        "default_dtype", "the dtype of numbers that name none", ("float32", "float64"), ("float32", "float16", "bfloat16", "float64"),
        ("float64", "float32"),
    ),
    _setting("default_device", "the device of tensors that name none", ("cpu", "meta"), ("cpu", "meta", "cpu"), ("meta", "cpu")),
    _setting(
        "deterministic_algorithms", "the demand for deterministic algorithms", ("off", "error", "warn"), ("off", "warn", "error"), ("error", "off"),
    ),
    _setting(
        "matmul_precision", "the precision of float32 products", ("highest", "high", "medium"), ("highest", "medium"), ("medium", "high", "highest"),
    ),
    _setting("thread_count", "the number of threads of one operation", (1, 2), (1, 2, 3), (2, 1)),
    _setting("flush_denormal", "the flushing of subnormal numbers", (False, True), (False, True, False), (True, False)),
    _setting(
        "gradient_mode", "whether operations are recorded", ("grad", "no-grad"), ("grad", "inference", "no-grad"), ("no-grad", "grad"),
    ),
    _setting(
        "autocast_mode", "automatic mixed precision and its dtype", ("off", "bfloat16"), ("off", "float16", "bfloat16"), ("bfloat16", "off"),
    ),
    _setting(
        "autocast_switches", "the switches and dtypes of automatic mixed precision of every kind of device", (False, True), (True, False),
        (False, True, False),
    ),
)  # fmt: skip

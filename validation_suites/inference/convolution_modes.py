"""Convolutions of data that are padded by their own elements: mirrored, repeated at the edge, or around the corner."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from csvkit_ml.criteria import Componentwise
from csvkit_ml.model.function import Expected, Function, Sample, SampleClass, Side, params
from csvkit_ml.references import correlate, wide
from csvkit_ml.references.padding import circular, padded, reflect, replicate, symmetric
from validation_suites import faults
from validation_suites.inference.convolution import CHANNELS, FAULTS, ORACLE, SIZES, operands
from validation_suites.sampling import pairwise

DTYPES = ("float32", "float64", "float16", "bfloat16")
MODES = {"reflect": reflect, "replicate": replicate, "circular": circular, "symmetric": symmetric}
VALUES: Mapping[int, Mapping[str, tuple[Any, ...]]] = {
    1: {"kernel": ((3,), (5,)), "stride": ((1,), (2,)), "pads": ((1,), (3,)), "dilation": ((1,), (2,))},
    2: {"kernel": ((3, 3), (2, 5)), "stride": ((1, 1), (2, 1)), "pads": ((1, 1), (2, 3)), "dilation": ((1, 1), (1, 2))},
    3: {"kernel": ((3, 3, 3), (1, 2, 3)), "stride": ((1, 1, 1), (2, 1, 2)), "pads": ((1, 1, 1), (2, 1, 3)), "dilation": ((1, 1, 1),)},
}  # fmt: skip
"""`pads` of both ends of every axis."""


def _samples() -> Iterable[Sample]:
    for dims in (2, 1, 3):
        rows = pairwise({"mode": ("reflect", "replicate", "circular"), **VALUES[dims], "group": tuple(CHANNELS), "bias": (True, False)})
        for dtype in DTYPES:
            for i, row in enumerate(rows[:9] if dtype == "float32" else rows[:3]):
                letters = "".join(f"-{k[0]}{'x'.join(map(str, row[k]))}" for k in ("kernel", "stride", "pads", "dilation"))
                name = f"{dtype}-{dims}d-{row['mode']}{letters}-g{row['group']}-{'bias' if row['bias'] else 'plain'}"
                inputs = operands(dtype, row, SIZES[dims], f"modes-{name}", transposed=False)
                p = params(mode=row["mode"], stride=row["stride"], pads=row["pads"], dilation=row["dilation"],
                    groups=CHANNELS[row["group"]][0])
                why = SampleClass.COVERING if i or dims != 2 else SampleClass.ORDINARY
                yield Sample(name=name, dtype=dtype, inputs=inputs, params=p, why=why)


def _reference(sample: Sample) -> tuple[Expected, ...]:
    p: dict[str, Any] = dict(sample.params)
    x, w, *rest = sample.arrays()
    pads = ((0, 0), (0, 0), *((n, n) for n in p["pads"]))
    full = padded(wide(x, sample.dtype), pads, MODES[p["mode"]])
    return (correlate(full, w, rest[0] if rest else None, dtype=sample.dtype, stride=p["stride"], dilation=p["dilation"],
        groups=p["groups"]),)


def _mode(other: str) -> Any:
    return lambda s: replace(s, params=tuple(sorted({**dict(s.params), "mode": other}.items())))


def _zero_padded(sample: Sample) -> Any:
    p: dict[str, Any] = dict(sample.params)
    x, w, *rest = sample.arrays()
    full = np.pad(wide(x, sample.dtype), ((0, 0), (0, 0), *((n, n) for n in p["pads"])))
    how = {k: p[k] for k in ("stride", "dilation", "groups")}
    return correlate(full, w, rest[0] if rest else None, dtype=sample.dtype, **how).value


FUNCTIONS: tuple[Function, ...] = (
    Function(
        id="conv_padding_modes", side=Side.INFERENCE, area="convolution",
        requirement="The library shall return the cross-correlation of data that are mirrored, repeated or continued around the corner at their ends.",
        source="torch.nn.Conv2d, padding_mode; ONNX operator specification, Pad and Conv", oracle=ORACLE, samples=_samples,
            reference=_reference,
        criterion=Componentwise(),
        faults=(
            *(f for f in FAULTS if f.id != "padding-offset"),
            faults.computed("zeros", "The data are padded with zeros.", _zero_padded),
            faults.other_sample("edge-repeated", "Mirrored with the edge element repeated.", _mode("symmetric")),
            faults.other_sample("around-the-corner", "Continued around the corner, whatever is asked.", _mode("circular")),
        ),
    ),
)  # fmt: skip

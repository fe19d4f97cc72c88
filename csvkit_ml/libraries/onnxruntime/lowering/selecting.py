"""ONNX lowering: GatherND, Compress, ReverseSequence."""

from __future__ import annotations

from typing import Any

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, node
from csvkit_ml.libraries.onnxruntime.lowering.shapes import MOVED
from csvkit_ml.model.function import Sample


def _integers(sample: Sample, *names: str) -> dict[str, Any]:
    """Attributes of these names that the sample gives."""
    given = {n: sample.param(n) for n in names}
    return {n: int(v) for n, v in given.items() if v is not None}


LOWERINGS = (
    Lowering(
        function="gather_nd", names=("ai.onnx.GatherND",), build=lambda s: node("GatherND", s, **_integers(s, "batch_dims")), dtypes=MOVED
    ),
    Lowering(function="compress", names=("ai.onnx.Compress",), build=lambda s: node("Compress", s, **_integers(s, "axis")), dtypes=MOVED),
    Lowering(
        function="reverse_sequence",
        names=("ai.onnx.ReverseSequence",),
        build=lambda s: node("ReverseSequence", s, **_integers(s, "batch_axis", "time_axis")),
        dtypes=MOVED,
    ),
)

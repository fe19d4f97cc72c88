"""ONNX lowering: Resize of operator set 19. `resize_*` name the spatial axes, `interpolate_*` give all axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from onnx import helper

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, graph
from csvkit_ml.model.function import Sample
from csvkit_ml.model.tensor import Tensor


def _wanted(sample: Sample, all_axes: bool) -> tuple[dict[str, Tensor], list[str]]:
    """Constants and operands: roi (none), scales, sizes."""
    p: dict[str, Any] = dict(sample.params)
    outer = sample.inputs[0].shape[:2]
    if p["scales"] is None or p["recompute"]:
        sizes = np.array([*(outer if all_axes else ()), *p["sizes"]], dtype=np.int64)
        return {"sizes": Tensor.of(sizes)}, ["x0", "", "", "sizes"]
    scales = np.array([*((1, 1) if all_axes else ()), *p["scales"]], dtype=np.float32)
    return {"scales": Tensor.of(scales)}, ["x0", "", "scales"]


def _resize(mode: str = "", *, all_axes: bool) -> Callable[[Sample], onnx.ModelProto]:
    def build(sample: Sample) -> onnx.ModelProto:
        p: dict[str, Any] = dict(sample.params)
        constants, operands = _wanted(sample, all_axes)
        a = p.get("a")
        attributes = {
            "mode": mode or ("linear" if a is None else "cubic"), "coordinate_transformation_mode": p["coordinates"],
            "nearest_mode": p.get("rounding"), "cubic_coeff_a": a, "exclude_outside": p.get("exclude_outside"),
            "antialias": p.get("antialias"), "axes": None if all_axes else list(range(2, len(sample.inputs[0].shape))),
        }  # fmt: skip
        given = {k: int(v) if isinstance(v, bool) else v for k, v in attributes.items() if v is not None}
        made = helper.make_node("Resize", operands, ["y"], **given)
        return graph([made], {"x0": sample.inputs[0]}, {"y": sample.dtype}, opset=19, initialisers=constants)

    return build


def _lowering(function: str, mode: str = "", dtypes: tuple[str, ...] = ("float32",)) -> Lowering:
    build = _resize(mode, all_axes=function.startswith("interpolate"))
    return Lowering(function=function, names=("ai.onnx.Resize",), build=build, dtypes=dtypes, since="1.16")


LOWERINGS = (
    _lowering("interpolate_nearest", "nearest", ("float32", "uint8")),
    _lowering("interpolate_nearest_exact", "nearest", ("float32", "uint8")),
    _lowering("interpolate_linear"),
    _lowering("interpolate_cubic"),
    _lowering("interpolate_antialiased"),
    _lowering("resize_nearest", "nearest", ("float32", "uint8")),
    _lowering("resize_linear"),
    _lowering("resize_cubic"),
)

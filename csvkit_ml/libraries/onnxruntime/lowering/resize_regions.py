"""ONNX lowering: Resize of operator set 19 by a region, and by a policy of the aspect ratio, over all axes or named ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import helper

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, graph
from csvkit_ml.model.function import Sample
from csvkit_ml.model.tensor import Tensor


def _mode(p: dict[str, Any]) -> dict[str, Any]:
    given = {
        "mode": "nearest" if "rounding" in p else "linear" if "a" not in p else "cubic", "nearest_mode": p.get("rounding"),
        "cubic_coeff_a": p.get("a"), "exclude_outside": int(p["exclude_outside"]) if "exclude_outside" in p else None,
    }  # fmt: skip
    return {k: v for k, v in given.items() if v is not None}


def _model(sample: Sample, constants: dict[str, Tensor], operands: list[str], given: dict[str, Any]) -> onnx.ModelProto:
    made = helper.make_node("Resize", operands, ["y"], **_mode(dict(sample.params)), **given)
    return graph([made], {"x0": sample.inputs[0]}, {"y": sample.dtype}, opset=19, initialisers=constants)


def _cropped(sample: Sample) -> onnx.ModelProto:
    """The region as all starts, then all ends."""
    p: dict[str, Any] = dict(sample.params)
    x, every = sample.inputs[0], p["axes"] == "all"
    ends = [*([(0.0, 1.0)] * 2 if every else []), *p["region"]]
    constants = {"roi": Tensor.of(np.array(ends, dtype=np.float32).T.reshape(-1))}
    if p["scales"] is None:
        constants["sizes"] = Tensor.of(np.array([*(x.shape[:2] if every else ()), *p["sizes"]], dtype=np.int64))
    else:
        constants["scales"] = Tensor.of(np.array([*((1, 1) if every else ()), *p["scales"]], dtype=np.float32))
    operands = ["x0", "roi", "", "sizes"] if p["scales"] is None else ["x0", "roi", "scales"]
    given = {"coordinate_transformation_mode": "tf_crop_and_resize", "extrapolation_value": p["outside"]}
    return _model(sample, constants, operands, given | ({} if every else {"axes": list(range(2, len(x.shape)))}))


def _kept(sample: Sample) -> onnx.ModelProto:
    """Axes in order or backwards, sizes with them."""
    p: dict[str, Any] = dict(sample.params)
    order = list(range(2, len(sample.inputs[0].shape)))
    turn = slice(None, None, -1 if p["axes"] == "swapped" else 1)
    constants = {"sizes": Tensor.of(np.array(p["wanted"][turn], dtype=np.int64))}
    given = {"coordinate_transformation_mode": p["coordinates"], "keep_aspect_ratio_policy": p["policy"], "axes": order[turn]}
    return _model(sample, constants, ["x0", "", "", "sizes"], given)


def _lowering(function: str, build: Any) -> Lowering:
    return Lowering(function=function, names=("ai.onnx.Resize",), build=build, since="1.16")


LOWERINGS = (
    *(_lowering(f"resize_cropped_{kind}", _cropped) for kind in ("nearest", "linear", "cubic", "same_size", "by_scales")),
    *(_lowering(f"resize_kept_aspect_{kind}", _kept) for kind in ("nearest", "linear")),
)

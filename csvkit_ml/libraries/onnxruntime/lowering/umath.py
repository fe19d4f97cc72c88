"""ONNX lowering: arguments of numpy's tables, by the operators of the functions themselves."""

from __future__ import annotations

from dataclasses import replace

from csvkit_ml.libraries.onnxruntime.lowering import elementwise_unary, trigonometry

LOWERINGS = tuple(
    replace(w, function=f"umath_{w.function}", variants=("plain",))
    for w in (*elementwise_unary.LOWERINGS, *trigonometry.LOWERINGS)
    if w.function in ("exp", "log", "tanh", *(t.function for t in trigonometry.LOWERINGS))
)

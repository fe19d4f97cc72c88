"""ONNX lowering: operators that draw, with the seeds of the samples."""

from __future__ import annotations

from typing import Any

from csvkit_ml.libraries.onnxruntime.lowering.model import ELEMENT, Lowering, node
from csvkit_ml.model.function import Sample

REAL = ("float32", "float64")


def _range(op: str, low: str, high: str) -> Any:
    """Parameters a and b under the operator's own names; the shape is an attribute where there is no operand."""

    def build(s: Sample) -> Any:
        given = {low: s.param("a"), high: s.param("b"), "seed": s.param("seed"), "dtype": ELEMENT[s.dtype]}
        return node(op, s, **given, shape=None if s.inputs else s.param("shape"))

    return build


def _lowering(function: str, op: str, build: Any, dtypes: tuple[str, ...] = REAL) -> Lowering:
    return Lowering(function=function, names=(f"ai.onnx.{op}",), build=build, dtypes=dtypes)


LOWERINGS = (
    _lowering("random_uniform", "RandomUniform", _range("RandomUniform", "low", "high")),
    _lowering("random_uniform_like", "RandomUniformLike", _range("RandomUniformLike", "low", "high")),
    _lowering("random_normal", "RandomNormal", _range("RandomNormal", "mean", "scale")),
    _lowering("random_normal_like", "RandomNormalLike", _range("RandomNormalLike", "mean", "scale")),
    _lowering("bernoulli", "Bernoulli", lambda s: node("Bernoulli", s, seed=s.param("seed"), dtype=ELEMENT[s.dtype])),
    _lowering(
        "multinomial", "Multinomial",
        lambda s: node("Multinomial", s, seed=s.param("seed"), sample_size=s.param("count"), dtype=ELEMENT[s.dtype]), ("int64", "int32"),
    ),
)  # fmt: skip

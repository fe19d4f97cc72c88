"""ONNX lowering: rounding, signs and remainders."""

from __future__ import annotations

from csvkit_ml.libraries.onnxruntime.lowering.model import single

WIDE = ("float32", "float64")
SIGNED = ("int8", "int16", "int32", "int64")
INTEGERS = (*SIGNED, "uint8")

LOWERINGS = (
    single("ceil", "Ceil", WIDE),
    single("floor", "Floor", WIDE),
    single("round", "Round", ("float32", "float64", "float16")),
    single("sign", "Sign", ("float32", "float64", "float16", *INTEGERS)),
    single("abs", "Abs", (*WIDE, *INTEGERS)),
    single("neg", "Neg", (*WIDE, *SIGNED)),
    single("fmod", "Mod", ("float32", "float64", "float16", *INTEGERS), fmod=1),
    single("remainder", "Mod", INTEGERS, fmod=0),
    single("trunc_divide", "Div", INTEGERS),
)

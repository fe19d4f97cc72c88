"""ONNX lowering: windows, Fourier transforms, mel filters. Lengths are constants of the model, sizes of windows and filters are fed."""

from __future__ import annotations

from typing import Any

import onnx
from onnx import helper

from csvkit_ml.libraries.onnxruntime.lowering.model import ELEMENT, Lowering, graph, node
from csvkit_ml.libraries.onnxruntime.lowering.shapes import whole
from csvkit_ml.model.function import Sample

REAL = ("float32", "float64")


def _window(op: str) -> Any:
    return lambda s: node(op, s, periodic=int(s.param("periodic")), output_datatype=ELEMENT[s.dtype])


def _dft(s: Sample) -> onnx.ModelProto:
    p: dict[str, Any] = dict(s.params)
    given = {} if p["length"] is None else {"length": whole(p["length"])}
    made = helper.make_node("DFT", ["x0", *given], ["y"], axis=p["axis"], inverse=int(p["inverse"]), onesided=int(p["onesided"]))
    return graph([made], {"x0": s.inputs[0]}, {"y": s.dtype}, initialisers=given)


def _stft(s: Sample) -> onnx.ModelProto:
    fed = {f"x{i}": t for i, t in enumerate(s.inputs)}
    given = {"step": whole(s.param("step")), "frame": whole(s.param("frame"))}
    made = helper.make_node("STFT", ["x0", "step", "x1" if "x1" in fed else "", "frame"], ["y"], onesided=int(s.param("onesided")))
    return graph([made], fed, {"y": s.dtype}, initialisers=given)


def _lowering(function: str, op: str, build: Any) -> Lowering:
    return Lowering(function=function, names=(f"ai.onnx.{op}",), build=build, dtypes=REAL)


LOWERINGS = (
    _lowering("signal_hann_window", "HannWindow", _window("HannWindow")),
    _lowering("signal_hamming_window", "HammingWindow", _window("HammingWindow")),
    _lowering("signal_blackman_window", "BlackmanWindow", _window("BlackmanWindow")),
    _lowering("dft", "DFT", _dft),
    _lowering("signal_stft", "STFT", _stft),
    _lowering("mel_weight_matrix", "MelWeightMatrix", lambda s: node("MelWeightMatrix", s, output_datatype=ELEMENT[s.dtype])),
)

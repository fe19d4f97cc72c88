"""ONNX lowering: operators of ai.onnx.ml. What was learned is attributes of the node."""

from __future__ import annotations

from typing import Any

import onnx
from onnx import helper

from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, graph
from csvkit_ml.model.function import Sample

Attributes = dict[str, Any]
ML = 3
"""Opset of ai.onnx.ml."""
NUMBERS = ("float32", "float64", "int64", "int32")


def ml_node(op: str, s: Sample, outputs: tuple[str, ...] = ("",), *, hidden: int = 0, ml: int = ML, **attributes: Any) -> onnx.ModelProto:
    """A model of one node of ai.onnx.ml.

    Args:
        outputs: dtype of each output, '' = the sample's; names are y, y1, ...
        hidden: further outputs of the node that are not asked for.
        attributes: as ONNX names them; None = left out.
    """
    feeds = {f"x{i}": t for i, t in enumerate(s.inputs)}
    out = {"y" if i == 0 else f"y{i}": d or s.dtype for i, d in enumerate(outputs)}
    given = {k: (list(v) if isinstance(v, tuple) else v) for k, v in attributes.items() if v is not None}
    names = [*out, *(f"hidden{i}" for i in range(hidden))]
    made = helper.make_node(op, list(feeds), names, domain="ai.onnx.ml", **given)
    return graph([made], feeds, out, ml=ml)


def _lowering(function: str, op: str, build: Any, *dtypes: str, since: str = "") -> Lowering:
    return Lowering(function=function, names=(f"ai.onnx.ml.{op}",), build=build, dtypes=dtypes or ("float32",), since=since)


def _impute(s: Sample) -> onnx.ModelProto:
    given, missing = s.param("given"), s.param("missing")
    if s.dtype == "int64":
        return ml_node("Imputer", s, imputed_value_int64s=given, replaced_value_int64=int(missing))
    return ml_node("Imputer", s, imputed_value_floats=given, replaced_value_float=float(missing))


def _encode(s: Sample) -> onnx.ModelProto:
    kind, p = {"int64": "int64", "float32": "float"}[s.dtype], dict(s.params)
    names: Attributes = {f"keys_{kind}s": p["keys"], f"values_{kind}s": p["values"], f"default_{kind}": p["default"]}
    return ml_node("LabelEncoder", s, ml=2, **names)


def _linear(s: Sample) -> onnx.ModelProto:
    p: dict[str, Any] = dict(s.params)
    return ml_node("LinearRegressor", s, coefficients=p["weights"], intercepts=p["intercepts"], targets=p["targets"])


def _classes(s: Sample) -> onnx.ModelProto:
    p: dict[str, Any] = dict(s.params)
    return ml_node(
        "LinearClassifier", s, ("int64", "float32"), coefficients=p["weights"], intercepts=p["intercepts"], classlabels_ints=p["labels"],
        multi_class=0,
    )  # fmt: skip


def _svm(s: Sample) -> onnx.ModelProto:
    p: dict[str, Any] = dict(s.params)
    return ml_node(
        "SVMRegressor", s, coefficients=p["weights"], support_vectors=p["vectors"], rho=(p["rho"],), kernel_type=p["kernel"],
        kernel_params=(p["gamma"], p["shift"], float(p["degree"])), n_supports=len(p["weights"]),
    )  # fmt: skip


LOWERINGS = (
    _lowering("array_feature_extractor", "ArrayFeatureExtractor", lambda s: ml_node("ArrayFeatureExtractor", s), *NUMBERS),
    _lowering("binarizer", "Binarizer", lambda s: ml_node("Binarizer", s, threshold=s.param("threshold"))),
    _lowering(
        "feature_vectorizer", "FeatureVectorizer",
        lambda s: ml_node("FeatureVectorizer", s, ("float32",), inputdimensions=s.param("widths")), *NUMBERS,
    ),
    _lowering("imputer", "Imputer", _impute, "float32", "int64"),
    _lowering(
        "one_hot_encoder", "OneHotEncoder",
        lambda s: ml_node("OneHotEncoder", s, ("float32",), cats_int64s=s.param("categories"), zeros=1), "int64", "float32",
    ),
    _lowering("label_encoder", "LabelEncoder", _encode, "int64"),
    _lowering("label_encoder_float", "LabelEncoder", _encode, "float32"),
    _lowering("feature_scaler", "Scaler", lambda s: ml_node("Scaler", s, offset=s.param("offset"), scale=s.param("scale"))),
    _lowering("feature_normalizer", "Normalizer", lambda s: ml_node("Normalizer", s, norm=s.param("norm"))),
    _lowering("linear_regressor", "LinearRegressor", _linear),
    _lowering("linear_classifier", "LinearClassifier", _classes),
    _lowering("svm_regressor", "SVMRegressor", _svm),
)  # fmt: skip

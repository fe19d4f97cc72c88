"""ONNX lowering: operators of text. Samples hold text as bytes along a last axis; the model's inputs are tensors of strings without it."""

from __future__ import annotations

from typing import Any

import onnx
from onnx import TensorProto

from csvkit_ml.libraries.onnxruntime.lowering.classical import ml_node
from csvkit_ml.libraries.onnxruntime.lowering.model import VARIANTS, Lowering, node
from csvkit_ml.model.function import Sample

BOUND = tuple(v for v in VARIANTS if v != "io-binding")
"""Text cannot be bound to memory of the caller. The locale of words is C, which every machine has."""


def of_text(model: onnx.ModelProto) -> onnx.ModelProto:
    """All inputs become strings and lose their last axis."""
    for given in model.graph.input:
        kind = given.type.tensor_type
        kind.elem_type = TensorProto.STRING
        del kind.shape.dim[-1]
    return model


def _n(op: str, s: Sample, *outputs: str, opset: int = 20, **how: Any) -> onnx.ModelProto:
    return of_text(node(op, s, opset=opset, outputs=outputs or ("string",), **how))


def _grams(s: Sample) -> onnx.ModelProto:
    """The pool by length; what is shorter than the shortest or longer than the longest is not looked for."""
    p: dict[str, Any] = dict(s.params)
    pool = p["pool"]
    starts = [sum(len(g) for g in pool if len(g) < n) for n in (1, 2, 3)]
    return node(
        "TfIdfVectorizer",
        s,
        outputs=("float32",),
        min_gram_length=p["shortest"],
        max_gram_length=p["longest"],
        max_skip_count=p["skip"],
        mode=p["mode"],
        ngram_counts=starts,
        ngram_indexes=list(range(len(pool))),
        pool_int64s=[v for g in pool for v in g],
        weights=list(p["weights"]),
    )


def _categories(s: Sample) -> onnx.ModelProto:
    return of_text(
        ml_node("CategoryMapper", s, ("int64",), cats_strings=s.param("names"), cats_int64s=s.param("numbers"), default_int64=-1)
    )


def _text(function: str, op: str, build: Any, since: str = "1.17") -> Lowering:
    return Lowering(function=function, names=(f"ai.onnx.{op}",), build=build, dtypes=("uint8",), variants=BOUND, since=since)


LOWERINGS = (
    _text("string_concat", "StringConcat", lambda s: _n("StringConcat", s)),
    _text(
        "string_split",
        "StringSplit",
        lambda s: _n("StringSplit", s, "string", "int64", delimiter=s.param("delimiter"), maxsplit=s.param("most")),
    ),
    _text(
        "string_normalizer",
        "StringNormalizer",
        lambda s: _n(
            "StringNormalizer",
            s,
            opset=17,
            case_change_action=s.param("case"),
            is_case_sensitive=s.param("sensitive"),
            stopwords=s.param("stops") or None,
            locale="C",
        ),
        since="",
    ),
    _text("regex_full_match", "RegexFullMatch", lambda s: _n("RegexFullMatch", s, "bool", pattern=s.param("pattern"))),
    Lowering(function="tfidf_vectorizer", names=("ai.onnx.TfIdfVectorizer",), build=_grams, dtypes=("uint8",)),
    _text("category_mapper", "ml.CategoryMapper", _categories, since=""),
)

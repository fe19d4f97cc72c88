"""Which of our functions judges a published case: by the operator that it is about, or by its opset where that came later than the others."""

from __future__ import annotations

import re
from typing import Any

LAST_COMMON = 23
"""Cases of later opsets are judged by functions of their own, one for each opset: older releases of a runtime refuse all of them."""
_WORDS = {
    "elementwise": "Abs Acos Acosh Add And Asin Asinh Atan Atanh BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Ceil Celu Clip Cos Cosh Div Elu "
    "Equal Erf Exp Floor Gelu Greater GreaterOrEqual HardSigmoid HardSwish IsInf IsNaN LeakyRelu Less LessOrEqual Log Max Mean Min Mish Mod Mul Neg "
    "Not Or PRelu Pow Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Sub Sum Swish Tan Tanh ThresholdedRelu Where Xor",
    "reduction": "ArgMax ArgMin CumProd CumSum ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum "
    "ReduceSumSquare TopK",
    "product": "Conv ConvTranspose DeformConv Det Einsum Gemm MatMul DFT STFT MelWeightMatrix BlackmanWindow HammingWindow HannWindow",
    "pooling": "AveragePool GlobalAveragePool GlobalMaxPool LpPool MaxPool MaxUnpool RoiAlign",
    "normalisation": "BatchNormalization GroupNormalization Hardmax InstanceNormalization LRN LayerNormalization LogSoftmax LpNormalization "
    "MeanVarianceNormalization RMSNormalization Softmax",
    "attention": "Attention RotaryEmbedding",
    "recurrent": "GRU LSTM RNN",
    "placing": "CenterCropPad Col2Im Compress Concat Constant ConstantOfShape DepthToSpace Expand EyeLike Flatten Gather GatherElements GatherND "
    "Identity NonZero OneHot Pad Range Reshape ReverseSequence Scatter ScatterElements ScatterND Shape Size Slice SpaceToDepth Split Squeeze "
    "TensorScatter Tile Transpose Trilu Unique Unsqueeze",
    "image": "AffineGrid GridSample ImageDecoder NonMaxSuppression Resize Upsample",
    "quantised": "Cast CastLike BitCast ConvInteger DequantizeLinear DynamicQuantizeLinear MatMulInteger QLinearConv QLinearMatMul QuantizeLinear",
    "loss": "Adagrad Adam Dropout Momentum NegativeLogLikelihoodLoss SoftmaxCrossEntropyLoss",
    "control": "ArrayFeatureExtractor Binarizer If LabelEncoder Loop OptionalGetElement OptionalHasElement RegexFullMatch Scan SequenceInsert SequenceMap "
    "SplitToSequence StringConcat StringNormalizer StringSplit TfIdfVectorizer TreeEnsemble",
}
_AREA = {op: area for area, words in _WORDS.items() for op in words.split()}
AREAS = {
    "elementwise": "element by element", "reduction": "along axes", "product": "products, convolutions and transforms", "pooling": "pooling",
    "normalisation": "normalisation and softmax", "attention": "attention", "recurrent": "recurrent layers", "placing": "shape and indexing",
    "image": "images", "quantised": "quantisation and conversion", "loss": "losses and optimisers", "control": "sequences, branches, text and trees",
    "simple": "simple models", "converted": "exported networks of one layer",
    **{f"opset{n}": f"the new or changed operators of opset {n}" for n in range(LAST_COMMON + 1, 29)},
}  # fmt: skip
"""In words."""


def plain(name: str) -> str:
    """Name of the case of which this one is the operator written out as a function."""
    return re.sub(r"_expanded(_ver\d+)?$", "", name)


def about(model: Any) -> str:
    """The operator of a case that is none written out, '' where there are several."""
    ops = {n.op_type for n in model.graph.node if n.op_type != "Constant"} or {"Constant"}
    return ops.pop() if len(ops) == 1 else ""


def area(group: str, model: Any, operator: str) -> str:
    """Key of AREAS. Raises KeyError for an operator that has none.

    Args:
        operator: what the case, or the one that it is written out from, is about.
    """
    version = max((int(o.version) for o in model.opset_import if o.domain in ("", "ai.onnx")), default=0)
    if version > LAST_COMMON:
        return f"opset{version}"
    if group != "node":
        return "simple" if group == "simple" else "converted"
    return _AREA[operator] if operator else "control"

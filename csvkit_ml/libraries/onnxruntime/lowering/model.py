"""Samples as ONNX models: one file per area exports LOWERINGS; most are one node."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import onnx
from onnx import TensorProto, helper

from csvkit_ml.model.function import Sample
from csvkit_ml.model.tensor import Tensor

VARIANTS = ("plain", "opt=none", "opt=basic", "opt=extended", "threads=2", "io-binding")
"""Session configurations that must all give a sample's answer."""
PATHS = ("parallel", "saved", "ort-format")
"""Further ones for the first sample of every dtype: operators side by side; the optimised model written to a file and read again, in both formats."""

ELEMENT: dict[str, int] = {
    "bool": TensorProto.BOOL, "int8": TensorProto.INT8, "int16": TensorProto.INT16, "int32": TensorProto.INT32, "int64": TensorProto.INT64,
    "uint8": TensorProto.UINT8, "uint16": TensorProto.UINT16, "uint32": TensorProto.UINT32, "uint64": TensorProto.UINT64,
    "float16": TensorProto.FLOAT16, "bfloat16": TensorProto.BFLOAT16, "float32": TensorProto.FLOAT, "float64": TensorProto.DOUBLE,
    "complex64": TensorProto.COMPLEX64, "complex128": TensorProto.COMPLEX128, "string": TensorProto.STRING,
}  # fmt: skip

IR_BY_OPSET = {9: 4, 10: 5, 11: 6, 12: 7, 13: 7, 14: 7, 15: 8, 16: 8, 17: 8, 18: 8, 19: 9, 20: 9, 21: 10, 22: 10, 23: 11}
"""IR version that the ONNX release of an opset introduced; older runtimes refuse newer ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lowering:
    """A function bound to an ONNX graph."""

    function: str
    names: tuple[str, ...]
    """Operators verified, e.g. `ai.onnx.Exp`."""
    build: Callable[[Sample], onnx.ModelProto]
    dtypes: tuple[str, ...] = ("float32",)
    """Sample dtypes that onnxruntime's CPU provider implements for every node of the graph."""
    variants: tuple[str, ...] = VARIANTS
    paths: tuple[str, ...] = PATHS
    """Variants in which the first sample of every dtype runs."""
    since: str = ""
    """First onnxruntime release that implements the opset used."""
    exercises: tuple[str, ...] = ()
    """Operators that run in it, without a reference that is theirs."""
    program: Callable[[Sample], bytes] | None = None
    """The model's bytes where they are given; None = those of `build`."""


def constant(name: str, value: Tensor) -> onnx.TensorProto:
    """An initialiser."""
    return helper.make_tensor(name, ELEMENT[value.dtype], value.shape, value.data, raw=True)


def graph(
    nodes: list[onnx.NodeProto],
    inputs: dict[str, Tensor],
    outputs: dict[str, str],
    *,
    opset: int = 17,
    initialisers: dict[str, Tensor] | None = None,
    more: Iterable[onnx.TensorProto] = (),
    ml: int = 0,
) -> onnx.ModelProto:
    """A model.

    Args:
        nodes: in topological order.
        inputs: graph inputs by name, in the order in which the request's inputs are fed.
        outputs: dtype by output name (ranks are left open; shapes are what is judged).
        opset: of ai.onnx.
        initialisers: constants by name; they are not fed.
        more: constants of types that no sample has (strings, four-bit integers, eight-bit floats).
        ml: opset of ai.onnx.ml, 0 = not used.
    """
    made = helper.make_graph(
        nodes,
        "mlcsv",
        [helper.make_tensor_value_info(n, ELEMENT[t.dtype], list(t.shape)) for n, t in inputs.items()],
        [helper.make_tensor_value_info(n, ELEMENT[d], None) for n, d in outputs.items()],
        [*(constant(n, t) for n, t in (initialisers or {}).items()), *more],
    )
    domains = [helper.make_opsetid("", opset), *([helper.make_opsetid("ai.onnx.ml", ml)] if ml else [])]
    model = helper.make_model(made, opset_imports=domains, producer_name="mlcsv")
    model.ir_version = IR_BY_OPSET[opset]
    return model


def node(op: str, sample: Sample, *, opset: int = 17, outputs: tuple[str, ...] = ("",), **attributes: Any) -> onnx.ModelProto:
    """A model of one node whose operands are the sample's inputs, all fed.

    Args:
        op: operator of ai.onnx.
        outputs: dtype of each output, '' = the sample's; names are y, y1, y2, ...
        attributes: as ONNX names them; None = left out.
    """
    feeds = {f"x{i}": t for i, t in enumerate(sample.inputs)}
    out = {"y" if i == 0 else f"y{i}": d or sample.dtype for i, d in enumerate(outputs)}
    given = {k: (list(v) if isinstance(v, tuple) else v) for k, v in attributes.items() if v is not None}
    return graph([helper.make_node(op, list(feeds), list(out), **given)], feeds, out, opset=opset)


def single(function: str, op: str, dtypes: tuple[str, ...] = ("float32",), **how: Any) -> Lowering:
    """A function that is one operator with the sample's operands as its inputs.

    Args:
        how: opset, outputs and attributes, as `node` takes them; `since` is the first release that implements that opset.
    """
    since = how.pop("since", "")
    return Lowering(function=function, names=(f"ai.onnx.{op}",), build=lambda s: node(op, s, **how), dtypes=dtypes, since=since)

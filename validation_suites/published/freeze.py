"""Write the frozen files anew: `python -m validation_suites.published.freeze`, with the release of `onnx` that INDEX names installed.

The package computes what its node cases expect while it is imported, so that the values depend on its release, on numpy's and on
pillow's (pictures): the files say which they were.
"""

from __future__ import annotations

import json
import lzma
import warnings
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from csvkit_ml.model.digest import sha256
from validation_suites.published import areas, truths
from validation_suites.published.areas import about, plain
from validation_suites.published.frozen import DATA, INDEX, packed

FOLDER = Path(__file__).parent
UMATH_DATA, UMATH_INDEX = "umath.xz", "umath.json"

LARGEST_CASE = 256 << 10
"""Bytes of a record."""
KINDS = ("node", "simple", "pytorch-converted", "pytorch-operator")
CROSS = frozenset((*range(1, 17),))
"""Element types of ONNX that can be sent and judged: of 8 bits and more, and text."""
RANDOM = frozenset(("Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"))
_FRACTION = (
    "the published value divides by a fractional length of the result where corners are aligned; by the specification it is the length of the resized "
    "tensor"
)
_ORDER = (
    "the text of operator set 23 was changed in place: as published with ONNX 1.18 the mask is added before softcap, and qk_matmul_output has its modes 1 "
    "and 2 in that order; a release may follow either"
)
_MASKED = (
    "the text of operator set 23 was changed in place: a row whose every key is masked was NaN before and is zero now; a release may follow either"
)
_ONESIDED = (
    "the text was changed in place: up to ONNX 1.18 a one-sided inverse transform is refused by the standard's own shape inference; a release may follow "
    "either"
)
DISPUTED = {
    "test_maxunpool_export_with_output_shape": "the published value takes indices as places in the inferred shape; by the specification they are places in "
    "the result, whose shape is given",
    "test_resize_downsample_scales_linear_align_corners": _FRACTION, "test_resize_downsample_scales_cubic_align_corners": _FRACTION,
    "test_attention_4d_softcap_neginf_mask": _ORDER, "test_attention_4d_softcap_neginf_mask_poison": _ORDER,
    "test_attention_4d_with_qk_matmul_softcap": _ORDER, "test_attention_3d_with_past_and_present_qk_matmul_softcap": _ORDER,
    "test_attention_23_boolmask_fullymasked_row_nan_robustness": _MASKED, "test_attention_23_fullymasked_qk_matmul_output_mode3_zero": _MASKED,
    "test_dft_irfft": _ONESIDED, "test_dft_irfft_opset19": _ONESIDED,
}  # fmt: skip
"""Cases whose published value is not what the text of the operator says, or not what it said when the operator set was published, and why."""
NOTICE = (
    "The cases are part of ONNX, Copyright (c) ONNX Project Contributors, licensed under the Apache License, Version 2.0; the PyTorch cases were "
    "exported from PyTorch's tests by ONNX. Models, inputs and outputs are unchanged; they are only laid out in another file."
)
Value = tuple[bool, bytes]
"""(whether a sequence, message)."""


def published() -> Iterator[tuple[str, str, Any]]:
    """(collection, name, how to read it) of every case, in alphabetical order."""
    from onnx.backend.test.loader import load_model_tests

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for kind in KINDS:
            for found in sorted(load_model_tests(kind=kind), key=lambda c: c.name):
                yield kind, found.name, found


def read(found: Any) -> tuple[Any, list[Any], list[Any]]:
    """(model, inputs, outputs), values as messages. Raises ValueError where a case has none or several data sets."""
    import onnx

    if found.model_dir is None:
        ((inputs, outputs),) = found.data_sets
        return found.model, [_message(v, i.type) for v, i in zip(inputs, found.model.graph.input, strict=False)], [
            _message(v, o.type) for v, o in zip(outputs, found.model.graph.output, strict=False)
        ]
    folder = Path(found.model_dir)
    model = onnx.load(folder / "model.onnx")
    (data,) = sorted(folder.glob("test_data_set_*"))
    constants = {t.name for t in model.graph.initializer}
    fed = [i for i in model.graph.input if i.name not in constants]
    values = [[_parsed(data / f"{what}_{k}.pb", v.type) for k, v in enumerate(of)] for what, of in (("input", fed), ("output", model.graph.output))]
    return model, values[0], values[1]


def _parsed(path: Path, kind: Any) -> Any:
    import onnx

    made = onnx.SequenceProto() if kind.HasField("sequence_type") else onnx.TensorProto()
    made.ParseFromString(path.read_bytes())
    return made


def _message(value: Any, kind: Any) -> Any:
    """A value of a node case. Raises ValueError for what is neither a tensor nor a sequence of tensors."""
    from onnx import numpy_helper

    if kind.HasField("sequence_type") and isinstance(value, (list, tuple)):
        return numpy_helper.from_list([np.asarray(v) for v in value])
    if not kind.HasField("tensor_type"):
        raise ValueError(f"a value of the {kind.WhichOneof('value').replace('_', ' ')} does not cross to the library")
    return value if hasattr(value, "data_type") else numpy_helper.from_array(np.asarray(value))


def reason(model: Any, inputs: list[Any], outputs: list[Any]) -> str:
    """Why a case is left out, '' where it is not."""
    import onnx

    tensors = [t for v in (*inputs, *outputs) for t in (v.tensor_values if hasattr(v, "tensor_values") else [v])]
    if odd := sorted({onnx.TensorProto.DataType.Name(t.data_type) for t in tensors if t.data_type not in CROSS}):
        return f"values of the type {', '.join(odd)} do not cross to the library"
    if drawn := sorted({n.op_type for n in _nodes(model) if _random(n, inputs)}):
        return f"{', '.join(drawn)}: what is published is one draw, not a value that is defined"
    if not outputs:
        return "it publishes no output"
    return ""


def _nodes(model: Any) -> Iterator[Any]:
    todo = [model.graph, *model.functions]
    while todo:
        for n in todo.pop().node:
            yield n
            todo += [a.g for a in n.attribute if a.HasField("g")]


def _full(node: Any) -> str:
    """As the functional split names it."""
    return f"{node.domain or 'ai.onnx'}.{node.op_type}"


def _random(node: Any, inputs: list[Any]) -> bool:
    """A dropout in training mode draws, unless its ratio, the second input, is zero."""
    from onnx import numpy_helper

    trains = node.op_type == "Dropout" and len(node.input) > 2
    return node.op_type in RANDOM or (trains and not (len(inputs) > 1 and not numpy_helper.to_array(inputs[1]).any()))


class Collected(NamedTuple):
    """What there is, in order."""

    records: list[bytes]
    rows: list[list[Any]]
    """(name, collection, digest, start, size) of each record."""
    left_out: list[list[str]]
    """(name, collection, reason)."""
    models: dict[str, Any]
    """By name, those that are left out too: others may be written out from them."""


def _record(found: Any) -> tuple[Any, bytes, str]:
    """(model, record, why it is left out or ''). Raises ValueError or TypeError for values that are none here."""
    model, inputs, outputs = read(found)
    parts = ([(hasattr(v, "tensor_values"), v.SerializeToString(deterministic=True)) for v in of] for of in (inputs, outputs))
    record = packed(model.SerializeToString(deterministic=True), *parts)
    large = f"it has {len(record) >> 10} KiB, more than {LARGEST_CASE >> 10}" if len(record) > LARGEST_CASE else ""
    return model, record, DISPUTED.get(found.name) or reason(model, inputs, outputs) or large


def collected() -> Collected:
    """Every published case."""
    made, at = Collected([], [], [], {}), 0
    for group, name, found in published():
        try:
            made.models[name], record, why = _record(found)
        except (ValueError, TypeError) as e:
            why = str(e)[:200]
        if why:
            made.left_out.append([name, group, why])
            continue
        made.rows.append([name, group, sha256(record), at, len(record)])
        made.records.append(record)
        at += len(record)
    return made


def freeze(folder: Path) -> None:
    """Write DATA and INDEX: first the records, then what each is about and how its expected value is known, which needs them."""
    records, rows, left_out, models = collected()
    data = b"".join(records)
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": 1 << 25}]
    folder.joinpath(DATA).write_bytes(lzma.compress(data, format=lzma.FORMAT_XZ, check=lzma.CHECK_SHA256, filters=filters))
    operators = {n: about(models.get(plain(n), m)) for n, m in models.items()}
    placed = [[*row, areas.area(row[1], models[row[0]], operators[row[0]])] for row in rows]
    head = {
        "package": f"onnx {version('onnx')}", "computed with": f"numpy {np.__version__}, pillow {version('pillow')}", "licence": "Apache-2.0", "notice": NOTICE,
        "records": sha256(data),
        "operators": {a: sorted({_full(n) for p in placed if p[5] == a for n in _nodes(models[p[0]])}) for a in areas.AREAS},
    }  # fmt: skip
    _write(folder, head, [[*p, ""] for p in placed], left_out)
    _write(folder, head, [[*p, truths.route(p[0], frozenset(n.op_type for n in models[p[0]].graph.node))] for p in placed], left_out)


def _write(folder: Path, head: dict[str, Any], cases: list[list[Any]], left_out: list[list[str]]) -> None:
    """One line a case."""
    lists = ",\n".join(f'"{k}": [\n' + ",\n".join(map(json.dumps, v)) + "\n]" for k, v in (("cases", cases), ("left_out", left_out)))
    folder.joinpath(INDEX).write_text(json.dumps(head, indent=0)[:-2] + ",\n" + lists + "\n}\n", encoding="utf-8")


def freeze_umath(folder: Path) -> None:
    """Write numpy's tables as they are, one after the other."""
    where = Path(np.__file__).parent / "_core" / "tests" / "data"
    texts = {p.stem.removeprefix("umath-validation-set-"): p.read_bytes() for p in sorted(where.glob("umath-validation-set-*.csv"))}
    starts = [sum(len(t) for t in list(texts.values())[:i]) for i in range(len(texts))]
    told = {
        "package": f"numpy {np.__version__}", "licence": "BSD-3-Clause", "notice": "Copyright (c) 2005-2025, NumPy Developers; see LICENSE-numpy.txt",
        "tables": [[n, sha256(t), at, len(t)] for (n, t), at in zip(texts.items(), starts, strict=True)],
    }  # fmt: skip
    folder.joinpath(UMATH_DATA).write_bytes(lzma.compress(b"".join(texts.values()), format=lzma.FORMAT_XZ, check=lzma.CHECK_SHA256, preset=9))
    folder.joinpath(UMATH_INDEX).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    freeze(FOLDER)
    freeze_umath(FOLDER)

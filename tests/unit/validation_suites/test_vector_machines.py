"""Support vector machines by a second route: number by number, as LIBSVM's manual tells it."""

from __future__ import annotations

import math
from typing import Any

import onnx
import pytest

from csvkit_ml.libraries.onnxruntime.host import lower
from csvkit_ml.model.function import Sample
from validation_suites.inference.vector_machines import FUNCTIONS

SVM = FUNCTIONS[0]
SAMPLES = {s.name: s for s in SVM.samples()}


def _kernel(p: dict[str, Any], a: list[float], b: list[float]) -> float:
    dot = math.fsum(x * y for x, y in zip(a, b, strict=True))
    match p["kernel"]:
        case "RBF":
            return math.exp(-p["gamma"] * math.fsum((x - y) ** 2 for x, y in zip(a, b, strict=True)))
        case "POLY":
            return float((p["gamma"] * dot + p["shift"]) ** p["degree"])
        case "SIGMOID":
            return math.tanh(p["gamma"] * dot + p["shift"])
    return dot


def _label(sample: Sample, row: list[float]) -> int:
    p: dict[str, Any] = dict(sample.params)
    width, total, classes = len(row), sum(p["counts"]), len(p["counts"])
    vectors = [list(p["vectors"][k * width : (k + 1) * width]) for k in range(total)]
    home = [c for c, n in enumerate(p["counts"]) for _ in range(n)]
    won = dict.fromkeys(range(classes), 0)
    pair = 0
    for i in range(classes):
        for j in range(i + 1, classes):
            value = p["rho"][pair]
            for k in range(total):
                if home[k] in (i, j):
                    line = j - 1 if home[k] == i else i
                    value += p["weights"][line * total + k] * _kernel(p, row, vectors[k])
            won[i if value > 0 else j] += 1
            pair += 1
    return int(p["labels"][max(won, key=lambda c: won[c])])


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_labels_number_by_number(name: str) -> None:
    sample = SAMPLES[name]
    (x,) = sample.arrays()
    (expected,) = SVM.reference(sample)
    assert len(x) > 10
    assert expected.value.tolist() == [_label(sample, [float(v) for v in row]) for row in x]


def test_models_are_valid() -> None:
    """Shapes of classifiers' outputs are not inferred: one label a row."""
    for sample in SAMPLES.values():
        model = onnx.load_from_string(lower(SVM.id, sample))
        model.graph.output[0].type.tensor_type.shape.dim.add().dim_value = sample.inputs[0].shape[0]
        onnx.checker.check_model(model, full_check=True)

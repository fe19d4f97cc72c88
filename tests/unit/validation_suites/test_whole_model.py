"""Whole models: single precision passes, every seeded fault is rejected, and a faulty operator is found exactly where it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

from csvkit_ml.criteria.joint import measured
from csvkit_ml.judgement.detection import detect
from csvkit_ml.libraries.onnxruntime.lowering.whole_model import program
from csvkit_ml.model.function import VERDICT, Measurement, Reason, Sample, Verdict
from csvkit_ml.model.tensor import Array, Tensor
from validation_suites.graphs.asking import OPERATORS, OUTPUTS, VALUE, asked, feeds_of, model_of
from validation_suites.graphs.operators import MOST
from validation_suites.inference.whole_model import FUNCTIONS

WHOLE = FUNCTIONS[0]
SAMPLES = {s.name: s for s in WHOLE.samples()}
Change = Callable[[onnx.ModelProto], None]


def answered(sample: Sample, change: Change | None = None) -> tuple[Array, ...]:
    """What a library of plain numpy in single precision gives: the lowered program, perhaps another one than was asked for."""
    other = sample
    if change is not None:
        model = onnx.load_model_from_string(model_of(sample))
        change(model)
        other = replace(sample, held=(Tensor.of(np.frombuffer(model.SerializeToString(), np.uint8)), *sample.held[1:]))
    _, feeds = feeds_of(sample)
    session = ReferenceEvaluator(onnx.load_model_from_string(program(other)))
    return tuple(np.asarray(y) for y in session.run(None, feeds))


def judged(sample: Sample, change: Change | None = None) -> tuple[Measurement, ...]:
    return measured(WHOLE.criterion_for(sample), answered(sample, change), WHOLE.reference(sample))


def wrong(found: tuple[Measurement, ...]) -> list[str]:
    return [m.output for m in found if VERDICT[m.reason] is Verdict.FAILED]


def weight(name: str, change: Callable[[Array], Array]) -> Change:
    def apply(model: onnx.ModelProto) -> None:
        for t in model.graph.initializer:
            if t.name == name:
                t.CopyFrom(numpy_helper.from_array(change(numpy_helper.to_array(t)), name))

    return apply


def flipped(w: Array) -> Array:
    out = w.copy()
    out.ravel()[3] *= -1
    return out


@pytest.mark.parametrize("name", SAMPLES)
def test_single_precision_passes(name: str) -> None:
    found = judged(SAMPLES[name])
    assert found
    assert all(VERDICT[m.reason] is Verdict.PASSED for m in found), wrong(found)
    assert max(m.ratio for m in found) > 0, "something was rounded"


def test_every_fault_is_detected() -> None:
    assert all(d.detected for d in detect(WHOLE))


@pytest.mark.parametrize(
    ("model", "constant", "place"),
    [
        ("convolutional", "w1", "Conv 'conv1' -> conv1"), ("convolutional", "scale", "BatchNormalization 'norm1' -> normal1"),
        ("convolutional", "w2", "Conv 'conv2' -> conv2"), ("convolutional", "b2", "Conv 'conv2' -> conv2"),
        ("convolutional", "w3", "Gemm 'dense' -> y"), ("perceptron", "shift", "LayerNormalization 'norm' -> normal"),
        ("perceptron", "w2", "Gemm 'second' -> logits"),
    ],
)  # fmt: skip
def test_one_wrong_weight_is_found_where_it_is(model: str, constant: str, place: str) -> None:
    """Later operators work on the wrong values, and are right about them."""
    assert wrong(judged(SAMPLES[model], weight(constant, flipped))) == ["y"]
    assert wrong(judged(SAMPLES[f"{model}-operators"], weight(constant, flipped))) == [place]


def test_a_wrong_operator_is_found_where_it_is() -> None:
    def mean(model: onnx.ModelProto) -> None:
        model.graph.node[3].op_type = "AveragePool"

    def loose(model: onnx.ModelProto) -> None:
        model.graph.node[1].attribute.append(onnx.helper.make_attribute("epsilon", 2e-5))

    assert wrong(judged(SAMPLES["convolutional-operators"], mean)) == ["MaxPool 'pool1' -> pool1"]
    assert wrong(judged(SAMPLES["convolutional-operators"], loose)) == ["BatchNormalization 'norm1' -> normal1"]


def test_values_asked_one_by_one_lead_to_the_place() -> None:
    """Everything before the place is right, everything behind it wrong; one sample keeps one value beside the outputs."""
    whole = SAMPLES["convolutional"]
    model = onnx.load_model_from_string(model_of(whole))
    each = [s for s in asked("m", model_of(whole), feeds_of(whole)[1], each_value=True) if s.param("way") == VALUE]
    assert [s.param("value") for s in each] == [n.output[0] for n in model.graph.node[:-1]]
    assert len({s.name for s in each}) == len(each)
    assert all(not wrong(judged(s)) for s in each)
    names = [s.param("value") for s in each]
    past = [s.param("value") in wrong(judged(s, weight("w2", flipped))) for s in each]
    assert past == [False] * names.index("conv2") + [True] * (len(names) - names.index("conv2"))


def test_one_wrong_expected_element_is_named() -> None:
    sample = SAMPLES["convolutional-expected"]
    values = sample.held[1].array().copy()
    values[1, 4] += np.float32(1e-3)
    other = replace(sample, held=(sample.held[0], Tensor.of(values)))
    (found,) = measured(WHOLE.criterion_for(other), answered(other), WHOLE.reference(other))
    assert (found.reason, found.worst_index, found.offenders) == (Reason.BEYOND_BAND, (1, 4), 1)


def test_the_library_never_sees_model_and_values_as_operands() -> None:
    sample = SAMPLES["convolutional-expected"]
    assert [t.shape for t in sample.inputs] == [(3, 3, 10, 10)]
    assert sample.held[1].digest() in sample.param("values")


def test_the_program_is_the_model_itself_but_for_its_outputs() -> None:
    sample = SAMPLES["convolutional"]
    assert sample.param("way") == OUTPUTS
    assert program(sample) == model_of(sample)
    asked = SAMPLES["convolutional-operators"]
    assert asked.param("way") == OPERATORS
    assert [o.name for o in onnx.load_model_from_string(program(asked)).graph.output] == [e.name for e in WHOLE.reference(asked)]


def test_of_many_operators_the_wrong_ones_are_kept() -> None:
    from validation_suites.graphs.operators import kept

    fine = [Measurement(output=str(i), reason=Reason.WITHIN_BAND, compared=1, ratio=i / 1000) for i in range(200)]
    fine[7] = replace(fine[7], reason=Reason.BEYOND_HARD, ratio=9.0)
    found = kept(fine)
    assert len(found) == MOST
    assert [m.output for m in found[:2]] == ["7", "153"]

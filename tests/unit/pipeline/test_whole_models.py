"""What the command line names of a model: read, or refused with a hint."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from onnx.external_data_helper import convert_model_to_external_data

from csvkit_ml.cli.options import model_files
from csvkit_ml.errors import ModelError, UsageError
from csvkit_ml.model.spec import ValidationSpec
from csvkit_ml.pipeline.whole_models import ModelFiles, read_model
from csvkit_ml.rechecking import Silence
from csvkit_ml.scope.onnx_model import self_contained
from validation_suites.graphs.small import perceptron

SPEC = ValidationSpec(asked="onnxruntime", library="onnxruntime", version="1.23.2")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "net.onnx").write_bytes(perceptron().SerializeToString())
    np.savez(tmp_path / "x.npz", x=np.ones((2, 20), dtype=np.float32))
    return tmp_path


def test_a_model_with_its_inputs(folder: Path) -> None:
    made = read_model(ModelFiles(model=folder / "net.onnx", inputs=folder / "x.npz"), Silence())
    assert [s.name for s in made.maker.samples] == ["net", "net-operators"]
    made.check(SPEC)


@pytest.mark.parametrize(
    ("model", "inputs", "expected", "part"),
    [
        ("absent.onnx", "x.npz", None, "cannot read"), ("broken.onnx", "x.npz", None, "not an ONNX model"), ("net.onnx", "absent.npz", None, "cannot read"),
        ("net.pt2", "x.npz", None, "torch"), ("net.onnx", "x.npz", "x.npz", "belong together"), ("net.onnx", "net.onnx", None, "no .npz"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(folder: Path, model: str, inputs: str, expected: str | None, part: str) -> None:
    (folder / "broken.onnx").write_bytes(b"no model")
    with pytest.raises(UsageError) as e:
        read_model(ModelFiles(model=folder / model, inputs=folder / inputs, expected=folder / expected if expected else None), Silence())
    assert part in e.value.cause
    assert e.value.hint


def test_options_without_a_model(folder: Path) -> None:
    assert model_files(None, None) is None
    for given in ((None, folder), (folder, None)):
        with pytest.raises(UsageError):
            model_files(*given)


def test_another_library_or_another_plan_is_refused(folder: Path) -> None:
    made = read_model(ModelFiles(model=folder / "net.onnx", inputs=folder / "x.npz"), Silence())
    np.savez(folder / "other.npz", x=np.zeros((2, 20), dtype=np.float32))
    other = read_model(ModelFiles(model=folder / "net.onnx", inputs=folder / "other.npz"), Silence())
    with pytest.raises(ModelError, match="torch"):
        made.check(ValidationSpec(asked="torch", library="torch", version="2.13.0"))
    with pytest.raises(ModelError, match="another model"):
        made.check(ValidationSpec(asked="onnxruntime", library="onnxruntime", version="1.23.2", model=other.maker.reference))


def test_data_beside_the_model_is_taken_from_its_folder_alone(folder: Path) -> None:
    model = perceptron()
    convert_model_to_external_data(model, location="weights.bin", size_threshold=0)
    onnx.save(model, folder / "large.onnx")
    made = onnx.load_model_from_string(self_contained(folder / "large.onnx"))
    for a, b in zip(made.graph.initializer, perceptron().graph.initializer, strict=True):
        assert np.array_equal(numpy_helper.to_array(a), numpy_helper.to_array(b))
    (folder / "inner").mkdir()
    for location in ("../weights.bin", "/etc/hostname"):
        for t in model.graph.initializer:
            t.ClearField("raw_data")
            t.data_location = 1
            del t.external_data[:]
            t.external_data.add(key="location", value=location)
        (folder / "inner" / "evil.onnx").write_bytes(model.SerializeToString())
        with pytest.raises(UsageError, match="outside"):
            self_contained(folder / "inner" / "evil.onnx")

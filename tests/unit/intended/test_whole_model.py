"""A maker's model, inputs, expected values and tolerances: what is taken, and every way in which they are refused."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import numpy as np
import pytest

from csvkit_ml.errors import ModelError
from csvkit_ml.intended import arrays
from csvkit_ml.intended.arrays import read_arrays
from csvkit_ml.intended.tolerances import read_tolerances
from csvkit_ml.intended.whole_model import MODEL, read_maker_model
from csvkit_ml.model.digest import sha256
from validation_suites.graphs.small import perceptron

X = np.ones((2, 20), dtype=np.float32)
Y = np.full((2, 5), 0.2, dtype=np.float32)
DENSE = perceptron().SerializeToString()
PLAN = b'schema = 1\n[outputs.y]\nabsolute = 1e-5\nulps = 2\nreason = "far from the threshold"\n'


def packed(**held: Any) -> bytes:
    out = io.BytesIO()
    np.savez(out, **held)
    return out.getvalue()


def refused(data: bytes) -> str:
    with pytest.raises(ModelError) as e:
        read_arrays(data, "a.npz")
    return e.value.cause


def test_arrays_as_they_are() -> None:
    found = read_arrays(packed(x=X, n=np.array([1, 2], dtype=">i8"), t=np.asfortranarray(np.eye(2))), "a.npz")
    assert list(found) == ["x", "n", "t"]
    assert found["n"].dtype.name == "int64"
    assert found["n"].tolist() == [1, 2]
    assert found["t"].flags.c_contiguous


def test_nothing_is_unpickled() -> None:
    class Bad:
        def __reduce__(self) -> Any:
            return (pytest.fail, ("it was executed",))

    assert "allow_pickle=False" in refused(packed(x=np.array([Bad()], dtype=object)))


def test_other_files_are_refused() -> None:
    for data in (b"", b"PK\x03\x04 no more", packed(x=X)[:-30], DENSE):
        assert "no .npz file" in refused(data)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr("readme.txt", "hello")
    assert "something else than arrays" in refused(out.getvalue())
    assert "text" in refused(packed(text=np.array(["a"])))
    assert "complex" in refused(packed(z=np.ones(2, dtype=np.complex64)))
    assert "holds no array" in refused(packed())


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "LARGEST_BYTES", 1 << 16)
    out = io.BytesIO()
    np.savez_compressed(out, x=np.zeros(1 << 20))
    assert len(out.getvalue()) < 1 << 16
    assert "MiB" in refused(out.getvalue())


def test_tolerances_in_the_order_of_the_outputs() -> None:
    assert read_tolerances(PLAN, "t.toml", ("y",)) == (("y", "1e-05", "0.0", "2.0", "far from the threshold"),)


def test_every_mistake_of_a_plan_at_once() -> None:
    text = b'schema = 2\nmore = 1\n[outputs.y]\nabsolute = -1\nrelative = nan\nulps = true\nlimit = 1\n[outputs.z]\nreason = " "\n'
    with pytest.raises(ModelError) as e:
        read_tolerances(text, "t.toml", ("y", "w"))
    told = e.value.cause
    for part in ("schema must be 1", "unknown key 'more'", "'w' has no table", "'z' is no output", "absolute must", "relative must", "ulps must",
                 "unknown key 'limit'", "'z': reason", "'y': reason"):  # fmt: skip
        assert part in told, part
    for text in (b"\xff", b"= 1", b"schema = 1"):
        with pytest.raises(ModelError):
            read_tolerances(text, "t.toml", ("y",))


def test_a_model_is_asked_in_three_ways() -> None:
    found = read_maker_model("My Model.v2", DENSE, packed(x=X), packed(y=Y), PLAN)
    assert [s.name for s in found.samples] == ["my-model-v2", "my-model-v2-operators", "my-model-v2-expected"]
    assert dict(found.reference.files)[MODEL] == sha256(DENSE)
    assert len(found.reference.files) == 4
    assert len(read_maker_model("m", DENSE, packed(x=X)).samples) == 2


def test_expected_values_must_be_outputs_of_the_model() -> None:
    for values, part in (({"z": Y}, "holds ['z']"), ({"y": Y[:1]}, "y' is float32[1, 5]"), ({"y": Y.astype(np.float64)}, "y' is float64")):
        with pytest.raises(ModelError) as e:
            read_maker_model("m", DENSE, packed(x=X), packed(**values), PLAN)
        assert part in e.value.cause


def test_what_cannot_be_evaluated_is_told() -> None:
    for model, inputs in ((b"junk", packed(x=X)), (DENSE, packed(z=X)), (DENSE, packed(x=X[:, :3]))):
        with pytest.raises(ModelError):
            read_maker_model("m", model, inputs)

"""Runtime behaviour: broken models are broken by the checker's word too, and a runtime that misbehaves is found out."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest

from csvkit_ml.libraries.onnxruntime.lowering.runtime_behaviour import LOWERINGS
from csvkit_ml.libraries.onnxruntime.staged import behaviour
from csvkit_ml.model.function import VERDICT, Verdict
from validation_suites.inference import runtime_behaviour as suite

X = np.arange(12, dtype=np.float32).reshape(3, 4) + 1
UNSEEN = ("weight-bytes", "future-opset", "sound")
"""What the checker of the onnx package lets pass, and what is no fault."""


def _models() -> list[Any]:
    (function,) = [f for f in suite.FUNCTIONS if f.id == "refuse_broken_models"]
    (lowering,) = [w for w in LOWERINGS if w.function == function.id]
    return [(s.param("kind"), lowering.build(s)) for s in function.samples() if s.dtype == "float32" and s.param("kind") != "flipped"]


@pytest.mark.parametrize(("kind", "model"), _models(), ids=lambda v: v if isinstance(v, str) else "")
def test_the_checker_refuses_what_is_broken(kind: str, model: onnx.ModelProto) -> None:
    def strict() -> None:
        model.graph.output[0].type.tensor_type.shape.CopyFrom(onnx.TensorShapeProto(dim=[onnx.TensorShapeProto.Dimension(dim_param="n")] * 2))
        onnx.checker.check_model(model, full_check=True)

    if kind in UNSEEN:
        assert kind != "sound" or strict() is None
    else:
        with pytest.raises(Exception, match=r"\w"):
            strict()


class Session:
    """Answers twice the input, as a sound runtime does, or with one flaw."""

    def __init__(self, flaw: str = "") -> None:
        self.flaw, self.calls, self.kept, self.leaks = flaw, 0, np.zeros((64, 4), dtype=np.float32), []

    def run(self, names: object, feeds: dict[str, Any]) -> list[Any]:
        self.calls += 1
        x = feeds.get("x", X) if self.flaw == "answers" else feeds["x"]
        if self.flaw != "answers" and (list(feeds) != ["x"] or x.ndim != 2 or x.shape[1] != 4 or x.dtype != np.float32):
            raise ValueError("not an input of this model")
        y = np.asarray(x * 2)
        if self.flaw == "drifts":
            y = y + np.float32(self.calls)
        if self.flaw == "shares":
            x *= 2
            y = x
        if self.flaw == "reuses":
            self.kept[: len(x)] = y
            y = self.kept[: len(x)]
        if self.flaw == "leaks":
            self.leaks.append(bytearray(b"\1") * 1024)
        return [y]


def _asked(function: str, flaw: str = "", **params: Any) -> Any:
    session = Session(flaw)
    return behaviour.BEHAVIOURS[function](np, lambda *a, **k: session, b"model", params, X.copy())


@pytest.mark.parametrize("kind", suite.WRONG_INPUTS)
def test_an_answered_input_shows(kind: str) -> None:
    assert _asked("refuse_wrong_inputs", kind=kind) == [1, 1]
    assert _asked("refuse_wrong_inputs", "answers", kind=kind)[0] == 0


def test_flaws_show_in_the_counts() -> None:
    assert _asked("reused_model") == [1, 1, 1]
    assert _asked("reused_model", "drifts") == [0, 0, 0]
    assert _asked("concurrent_calls") == [suite.EACH] * suite.THREADS
    assert sum(_asked("concurrent_calls", "drifts")) == 0
    assert _asked("separate_outputs") == [1, 1, 1, 1]
    assert _asked("separate_outputs", "shares")[:2] == [0, 0]
    assert _asked("separate_outputs", "reuses")[2] == 0


def test_a_leak_is_past_the_limit_and_none_is_within() -> None:
    (function,) = [f for f in suite.FUNCTIONS if f.id == "steady_memory"]
    (expected,) = function.reference(next(iter(function.samples())))
    verdicts = {flaw: VERDICT[suite.STEADY.measure(_asked("steady_memory", flaw), expected).reason] for flaw in ("", "leaks")}
    assert verdicts == {"": Verdict.PASSED, "leaks": Verdict.FAILED}


def test_constants_are_those_of_the_staged_halves() -> None:
    from csvkit_ml.libraries.torch.staged import runtime_behaviour as torch_half

    for half in (behaviour, torch_half):
        assert (half.THREADS, half.EACH, half.AGAIN, half.CALLS, half.WINDOWS) == (suite.THREADS, suite.EACH, suite.AGAIN, suite.CALLS, suite.WINDOWS)
    assert behaviour.FLIPS == suite.FLIPS

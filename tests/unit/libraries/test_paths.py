"""Other ways of execution: who is offered them, in which samples, and that each refuses where it was not taken."""

from __future__ import annotations

import sysconfig
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from csvkit_ml import registry
from csvkit_ml.libraries.binding import NotSupported
from csvkit_ml.libraries.onnxruntime.staged import settings
from csvkit_ml.libraries.onnxruntime.staged.runtime import _VARIANTS
from csvkit_ml.libraries.port import Offer
from csvkit_ml.libraries.torch.staged import paths
from csvkit_ml.libraries.torch.staged.catalogue import bindings

OFFER = Offer(function="f", names=("n",), dtypes=("a", "b"), variants=("plain",), brief=("other",), paths=("mode=traced",), once=("mode=compiled",))


def test_the_first_sample_of_a_dtype_takes_all_ways_and_the_first_of_all_the_costly_one() -> None:
    assert OFFER.variants_of(set(), "a") == ("plain", "other", "mode=traced", "mode=compiled")
    assert OFFER.variants_of({"a"}, "b") == ("plain", "other", "mode=traced")
    assert OFFER.variants_of({"a"}, "a") == ("plain",)


def test_every_function_that_is_named_is_bound() -> None:
    named = {*paths.COMPILED, *(f for of in paths._NOT.values() for f in of)}
    assert named <= set(bindings())


def test_every_way_is_offered_and_known() -> None:
    offered = {m for b in bindings().values() for m in (*b.paths, *b.once)}
    assert offered == {"mode=" + m for m in (*paths.PATHS, "mkldnn-off")}
    compiled = {b.function for b in bindings().values() if "mode=compile" in b.once}
    assert compiled == set(paths.COMPILED)


def test_training_takes_no_other_ways() -> None:
    functions = registry.functions()
    assert not [f for f in ("adam", "dropout", "data_loader") if f in functions and bindings()[f].paths]


def test_onnxruntime_knows_every_variant() -> None:
    offers = registry.library("onnxruntime").offers()
    assert {v for o in offers for v in (*o.variants, *o.paths)} == set(_VARIANTS)
    assert all(not set(o.paths) & set(o.variants) for o in offers)


class Module:
    """A module of a library that is like torch."""

    def __call__(self, x: int) -> int:
        return x + 1


def _scripting(made: Any) -> SimpleNamespace:
    return SimpleNamespace(nn=SimpleNamespace(Module=Module), jit=SimpleNamespace(script=made))


def test_a_script_is_called_in_place_of_the_module() -> None:
    library = _scripting(lambda module: lambda x: 100 * module(x))
    assert paths.taken(library, "jit-script", lambda t, p, x: Module()(x), {}, [4]) == 500
    assert Module()(4) == 5


def test_where_no_module_is_called_nothing_was_scripted() -> None:
    with pytest.raises(ValueError, match="no module"):
        paths.taken(_scripting(None), "jit-script", lambda t, p, x: x, {}, [4])


def test_a_failed_script_leaves_modules_as_they_were() -> None:
    def refuse(module: Module) -> None:
        raise RuntimeError("not scriptable")

    with pytest.raises(RuntimeError, match="not scriptable"):
        paths.taken(_scripting(refuse), "jit-script", lambda t, p, x: Module()(x), {}, [4])
    assert Module()(4) == 5


def test_a_trace_that_takes_nothing_from_its_operands_is_refused() -> None:
    graph = SimpleNamespace(inputs=lambda: [SimpleNamespace(uses=list)])
    traced = SimpleNamespace(graph=graph)
    library = SimpleNamespace(jit=SimpleNamespace(trace=lambda call, given, check_trace: traced))
    with pytest.raises(ValueError, match="takes nothing"):
        paths.taken(library, "jit-trace", lambda t, p, x: x, {}, [SimpleNamespace(clone=lambda: 1)])


def test_without_headers_of_python_nothing_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", "unused")
    monkeypatch.setattr(sysconfig, "get_paths", lambda: {"include": "/nonexistent"})
    with pytest.raises(NotSupported, match="no headers"):
        paths.taken(None, "compile", lambda t, p, x: x, {}, [])


class Runtime:
    """A library that is like ONNX Runtime: it writes what it was given, in reverse."""

    def __init__(self) -> None:
        self.made: list[tuple[bytes, dict[str, str]]] = []

    class SessionOptions:
        def __init__(self) -> None:
            self.entries: dict[str, str] = {}
            self.optimized_model_filepath = ""

        def add_session_config_entry(self, name: str, value: str) -> None:
            self.entries[name] = value

    GraphOptimizationLevel = SimpleNamespace(ORT_ENABLE_ALL=99)
    ExecutionMode = SimpleNamespace(ORT_SEQUENTIAL=0)

    def InferenceSession(self, program: bytes, options: Any, providers: Any) -> None:  # noqa: N802
        self.made.append((program, options.entries))
        if options.optimized_model_filepath:
            Path(options.optimized_model_filepath).write_bytes(program[::-1])


@pytest.mark.parametrize("form", ["ONNX", "ORT"])
def test_a_saved_model_is_read_from_what_was_written(form: str) -> None:
    runtime = Runtime()
    settings.session_of(runtime, b"model", {"saved": form})
    (written, writing), (read, reading) = runtime.made
    assert (written, read) == (b"model", b"ledom")
    assert writing["session.save_model_format"] == reading["session.load_model_format"] == form

"""Backends: options, what they send and expect, presets, and what counts as proven."""

from __future__ import annotations

import pytest

from csvkit_ml import registry
from csvkit_ml.backends import cpu, cuda, openvino
from csvkit_ml.backends.port import Backend, parse, unproven
from csvkit_ml.errors import UnknownCaseError
from csvkit_ml.libraries.onnxruntime.staged.settings import OPENVINO, providers


@pytest.mark.parametrize("backend", registry.backends().values(), ids=registry.backends())
@pytest.mark.parametrize("library", [*registry.libraries(), "unheard-of"])
def test_every_backend_expects_proof_of_its_defaults(backend: Backend, library: str) -> None:
    options = parse(backend, "")
    expected = backend.expected(library, options)
    assert expected
    assert all(isinstance(v, str) for v in backend.variables(options).values())
    assert all(expected[name] for name in expected)
    assert set(backend.settings(library, options)) <= set(expected)
    assert unproven(expected, {k: v[0] for k, v in expected.items()}) == ()
    for name in expected:
        facts = {k: v[0] for k, v in expected.items()}
        assert unproven(expected, {**facts, name: "something else"})
        del facts[name]
        assert unproven(expected, facts)


@pytest.mark.parametrize("name", cpu.OPTIONS)
def test_every_option_that_is_not_the_default_is_expected(name: str) -> None:
    option = cpu.OPTIONS[name]
    for value in option.values or ("1", "7"):
        made = parse(cpu.BACKEND, f"{name}={value}")
        plain = cpu.expected("unheard-of", parse(cpu.BACKEND, ""))
        if value != option.default:
            assert cpu.expected("unheard-of", made) != plain


def test_a_made_up_backend_that_does_nothing_is_not_proven() -> None:
    nothing = Backend(name="nothing", options={}, variables=lambda o: {}, settings=lambda library, o: {}, expected=lambda library, o: {})
    assert unproven(nothing.expected("torch", {}), {"threads": "2"}) == ("the backend names no fact that would prove it in force",)
    claims = nothing._replace(expected=lambda library, o: {"magic": ("on",)})
    assert unproven(claims.expected("torch", {}), {"threads": "2"}) == ("magic: no answer, expected on",)


def test_what_is_asked_of_the_processor() -> None:
    options = parse(cpu.BACKEND, "isa=baseline,onednn=sse41,cbwr=compatible,threads=1")
    variables = cpu.variables(options)
    assert variables["ATEN_CPU_CAPABILITY"] == "default"
    assert (variables["ONEDNN_MAX_CPU_ISA"], variables["MKL_CBWR"], variables["OMP_NUM_THREADS"]) == ("SSE41", "COMPATIBLE", "1")
    facts = {
        "threads": "1", "threads seen": "1", "isa": "DEFAULT", "onednn": "Intel SSE4.1", "cbwr": "COMPATIBLE", "float32 product": "float32",
        "float32 convolution": "float32",
    }  # fmt: skip
    assert unproven(cpu.expected("torch", options), facts) == ()
    assert unproven(cpu.expected("torch", options), {**facts, "cbwr": "AUTO"}) == ("cbwr: found AUTO, expected COMPATIBLE",)
    assert unproven(cpu.expected("onnxruntime", options), {k: facts[k] for k in ("threads", "threads seen", "float32 product")})


def test_arithmetic_that_is_allowed_must_be_seen() -> None:
    wanted = cpu.expected("torch", parse(cpu.BACKEND, "precision=medium"))["float32 product"]
    assert "float32" not in wanted
    assert cpu.expected("torch", parse(cpu.BACKEND, ""))["float32 product"] == ("float32",)


def test_no_such_device_is_told_alone() -> None:
    expected = cuda.expected("torch", parse(cuda.BACKEND, ""))
    assert unproven(expected, {"device": "no such device"}) == ("device: no such device, expected cuda",)
    good = {k: v[0] for k, v in expected.items()}
    assert unproven(expected, good) == ()
    assert unproven(expected, {**good, "float32 convolution": "TF32 or float16"})
    assert unproven(expected, {**good, "float16 sum of 4096 ones": "2048"})
    shipped = cuda.expected("torch", parse(cuda.BACKEND, "profile=shipped"))
    assert "tf32 cudnn" not in shipped
    facts = {"device": "cuda", "platform": "cuda", "threads": "2", "float32 product": "float32", "float32 convolution": "TF32 or float16"}
    assert unproven(shipped, facts) == ()


@pytest.mark.parametrize("text", ["gpu", "cpu:isa", "cpu:isa=avx1024", "cpu:threads=0", "cpu:threads=-1", "cpu:speed=high", "cpu-portable"])
def test_an_unknown_backend_option_or_value_is_refused(text: str) -> None:
    with pytest.raises(UnknownCaseError):
        registry.backend(text)


@pytest.mark.parametrize("library", [*registry.libraries(), "unheard-of"])
def test_presets_stand_for_cells_that_exist_each_once(library: str) -> None:
    found = registry.cells(["cpu", *registry.presets(), "cpu"], library)
    assert found[0] == "cpu"
    assert len(set(found)) == len(found)
    assert cpu.PORTABLE in found


@pytest.mark.parametrize("library", ["torch", "onnxruntime"])
def test_all_is_at_least_six_configurations(library: str) -> None:
    assert len(registry.cells(["all"], library)) >= 6


def test_openvino_is_proven_by_where_nodes_were_placed() -> None:
    """Session options that can be read back prove nothing of a provider."""
    expected = openvino.expected("onnxruntime", {})
    facts = {k: v[0] for k, v in expected.items()}
    assert unproven(expected, facts) == ()
    assert unproven(expected, {**facts, "device": "no such device"}) == ("device: no such device, expected openvino",)
    assert unproven(expected, {**facts, "provider threads seen": "2"})
    assert unproven(expected, {**facts, "float32 product": "bfloat16"})
    sent = openvino.settings("onnxruntime", {})
    assert providers(sent)[0][0] == OPENVINO and len(providers(sent)) == 1
    assert providers({"device": "cpu"}) == ["CPUExecutionProvider"]

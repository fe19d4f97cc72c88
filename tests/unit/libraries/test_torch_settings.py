"""PyTorch's settings against a torch of switches: what is made, what is read back, and a fault in a binding that the proof catches."""

from __future__ import annotations

import pytest

from csvkit_ml.backends import cpu, cuda, mps, rocm, xpu
from csvkit_ml.backends.port import Backend, parse, unproven
from csvkit_ml.libraries.torch.staged.settings import probes, put_in_force
from tests.unit.worker.test_products import bfloat16, exact, tf32
from tests.worlds.fake_torch import FakeRuntime, FakeTorch

CPU = {k: v for k, v in cpu.expected("torch", parse(cpu.BACKEND, "")).items() if k.startswith("float32")}


def on_cuda(torch: FakeTorch, runtime: FakeRuntime, options: str = "") -> tuple[str, ...]:
    made = parse(cuda.BACKEND, options)
    return unproven(cuda.expected("torch", made), put_in_force(runtime, torch, cuda.settings("torch", made)))


def test_a_fault_in_a_binding_is_caught_by_the_proof() -> None:
    assert unproven(CPU, probes(FakeRuntime(exact), FakeTorch())) == ()
    for narrow, name in ((tf32, "TF32 or float16"), (bfloat16, "bfloat16")):
        told = unproven(CPU, probes(FakeRuntime(narrow), FakeTorch()))
        assert told == (
            f"float32 convolution: found {name}, expected float32 or float32 by transformation",
            f"float32 product: found {name}, expected float32",
        )
    only = unproven(CPU, probes(FakeRuntime(exact, convolutions=tf32), FakeTorch()))
    assert only == ("float32 convolution: found TF32 or float16, expected float32 or float32 by transformation",)


def test_strict_on_a_device() -> None:
    torch, runtime = FakeTorch(cuda=True), FakeRuntime(exact)
    assert on_cuda(torch, runtime) == ()
    assert runtime.device == "cuda"
    assert torch.backends.cudnn.allow_tf32 is False and torch.backends.cudnn.deterministic is True
    assert torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction is False


def test_switches_that_do_not_move_or_do_nothing() -> None:
    assert on_cuda(FakeTorch(cuda=True, stuck=True), FakeRuntime(exact)) == (
        "cudnn deterministic: found off, expected on",
        "tf32 cudnn: found on, expected off",
    )
    assert on_cuda(FakeTorch(cuda=True), FakeRuntime(exact, convolutions=tf32)) == (
        "float32 convolution: found TF32 or float16, expected float32 or float32 by transformation",
    )


def test_a_device_of_another_maker_is_not_cuda() -> None:
    assert on_cuda(FakeTorch(cuda=True, hip="6.4"), FakeRuntime(exact)) == ("platform: found rocm, expected cuda",)
    made = parse(rocm.BACKEND, "")
    for hip, told in (("6.4", ()), ("", ("platform: found cuda, expected rocm",))):
        facts = put_in_force(FakeRuntime(exact), FakeTorch(cuda=True, hip=hip), rocm.BACKEND.settings("torch", made))
        assert unproven(rocm.BACKEND.expected("torch", made), facts) == told


@pytest.mark.parametrize("backend", [mps.BACKEND, xpu.BACKEND], ids=lambda b: b.name)
def test_other_devices_are_missing_here(backend: Backend) -> None:
    facts = put_in_force(FakeRuntime(exact), FakeTorch(), backend.settings("torch", parse(backend, "")))
    assert unproven(backend.expected("torch", parse(backend, "")), facts) == (f"device: no such device, expected {backend.name}",)


def test_as_shipped_nothing_is_touched_and_the_arithmetic_recorded() -> None:
    torch = FakeTorch(cuda=True)
    assert on_cuda(torch, FakeRuntime(exact, convolutions=tf32), "profile=shipped") == ()
    assert torch.backends.cudnn.allow_tf32 is True and not torch.demanded


@pytest.mark.parametrize("profile", ["strict", "shipped"])
def test_without_a_device(profile: str) -> None:
    runtime = FakeRuntime(exact)
    assert on_cuda(FakeTorch(), runtime, f"profile={profile}") == ("device: no such device, expected cuda",)
    assert runtime.device == "cpu"


def test_a_setting_that_a_release_lacks_is_not_answered() -> None:
    facts = put_in_force(FakeRuntime(exact), FakeTorch(), {"mkldnn": "off", "precision": "medium", "magic": "on"})
    assert not {"mkldnn", "precision", "magic", "isa", "cbwr", "onednn"} & set(facts)
    assert "AttributeError" in facts["refused mkldnn"]

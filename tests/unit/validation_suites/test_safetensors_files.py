"""Safetensors files: what the binding writes byte by byte, read by the package itself through numpy; each damage is refused for its own reason."""

from __future__ import annotations

import pytest
from safetensors import SafetensorError
from safetensors import numpy as package

from csvkit_ml.libraries.torch.staged.safetensors_files import CODES, as_published, damaged, laid_out, table
from csvkit_ml.model.function import Sample
from validation_suites.training.safetensors_files import FUNCTIONS, KINDS, REFUSED

(FUNCTION,) = FUNCTIONS
SAMPLES = {s.name: s for s in FUNCTION.samples()}
READABLE = [n for n, s in SAMPLES.items() if s.dtype != "bfloat16"]  # numpy has none
REASONS = (
    "header too small", "invalid header length", "not fully covered", "not fully covered", "header too large", "invalid JSON",
    "invalid offset", "invalid offset", "not fully covered", "invalid shape", "unknown variant",
)  # fmt: skip


def parts(s: Sample) -> tuple[str, tuple[int, ...], bytes, bytes]:
    x, beside = s.inputs
    return CODES[s.dtype], tuple(x.shape), bytes(x.data), bytes(beside.data)


@pytest.mark.parametrize("name", READABLE)
def test_the_package_reads_what_is_written_by_the_format(name: str) -> None:
    s = SAMPLES[name]
    code, shape, x, beside = parts(s)
    raw = laid_out(table(code, shape, len(x)), x + beside)
    read = package.load(raw)
    assert [read[n].tobytes() for n in ("x", "beside")] == [e.value.astype("uint8").tobytes() for e in FUNCTION.reference(s)[:2]]
    assert as_published(raw, code, shape, x, beside)
    assert as_published(package.save(read), code, shape, x, beside)
    assert not as_published(laid_out(table(code, shape, len(x)), x + beside[::-1]), code, shape, x, beside)


def test_each_damage_is_refused_for_its_own_reason() -> None:
    made = list(damaged(*parts(SAMPLES["float32-matrix"])))
    assert len(made) == len(REASONS) == len(REFUSED) - 2
    for raw, what, reason in zip(made, REFUSED, REASONS, strict=False):
        with pytest.raises(SafetensorError, match=reason):
            package.load(raw)
            pytest.fail(what)


def test_every_kind_and_shape_is_met() -> None:
    assert {s.dtype for s in SAMPLES.values()} == set(KINDS)
    assert {n.split("-")[1] for n in SAMPLES} == {"matrix", "scalar", "empty", "vector"}

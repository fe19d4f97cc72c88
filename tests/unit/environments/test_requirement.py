"""Requirements as people type them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csvkit_ml.environments.requirement import parse_beside, parse_requirement
from csvkit_ml.errors import MalformedRequirementError, MlcsvError, UnknownLibraryError

KNOWN = {"torch": "torch", "onnxruntime": "onnxruntime", "onnxruntime-gpu": "onnxruntime"}


@pytest.mark.parametrize(
    ("text", "specifier", "yes", "no"),
    [
        ("torch==2.x", "==2.*", "2.13.0", "3.0.0"),
        ("torch==2.13.x", "==2.13.*", "2.13.1", "2.14.0"),
        ("onnxruntime>=1.20,<1.24", "<1.24,>=1.20", "1.23.2", "1.24.0"),
        ("torch", "", "9.9.9", ""),
        ("torch==2.0", "==2.0", "2.0.0", "2.0.1"),
    ],
)
def test_specifiers(text: str, specifier: str, yes: str, no: str) -> None:
    r = parse_requirement(text, KNOWN)
    assert (r.specifier, r.admits(yes)) == (specifier, True)
    assert not no or not r.admits(no)


def test_the_local_label_is_a_build_axis() -> None:
    r = parse_requirement("torch==2.13.0+cpu", KNOWN)
    assert (r.specifier, r.local) == ("==2.13.0", "cpu")


def test_pre_releases_only_when_named() -> None:
    assert not parse_requirement("torch>=2", KNOWN).admits("3.0.0rc1")
    assert parse_requirement("torch==3.0.0rc1", KNOWN).admits("3.0.0rc1")


def test_another_distribution_of_the_same_library() -> None:
    assert parse_requirement("onnxruntime_gpu", KNOWN).library == "onnxruntime"


def test_unknown_library_names_the_nearest() -> None:
    with pytest.raises(UnknownLibraryError) as e:
        parse_requirement("trch==1.0", KNOWN)
    assert "torch" in e.value.hint


@pytest.mark.parametrize(
    "text", ["", "==2", "torch==", "torch @ file:///x", "torch; python_version<'3'", "torch[x]", "torch==2.1.x.3", "torch==="]
)
def test_malformed(text: str) -> None:
    with pytest.raises(MalformedRequirementError):
        parse_requirement(text, KNOWN)


@given(st.text(max_size=60))
def test_any_text_is_understood_or_refused(text: str) -> None:
    try:
        parse_requirement(text, KNOWN)
    except MlcsvError as e:
        assert e.exit_code == 2
        assert e.hint


def test_what_stands_beside_the_library_is_named_once_and_in_order() -> None:
    assert parse_beside(("safetensors", "ONNX==1.17.0", "numpy <3, >=2", "safetensors"), KNOWN) == ("numpy<3,>=2", "onnx==1.17.0", "safetensors")
    assert parse_beside((), KNOWN) == ()


@pytest.mark.parametrize(
    "text",
    [
        "", "-r secrets.txt", "--index-url http://a/", "onnx @ http://a/b.whl", "onnx[extra]", "onnx; python_version > '3'", "./a.whl", "onnx\n-e .",
        "Torch", "onnxruntime-gpu==1.20", f"onnx<{'1' * 600}",
    ],
)
def test_nothing_but_names_with_versions_stands_beside_and_no_library_that_is_validated_itself(text: str) -> None:
    with pytest.raises(MalformedRequirementError):
        parse_beside(("numpy", text), KNOWN)

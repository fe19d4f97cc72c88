"""A name or argument that a release does not have is "not offered"; what fails inside the library is its own failure."""

from __future__ import annotations

import types
from typing import Any

import pytest

from csvkit_ml import registry
from csvkit_ml.libraries.torch.staged.runtime import _is_missing

LIBRARY = types.ModuleType("torch")
exec(  # noqa: S102 - a library of our own
    "def __getattr__(name):\n    raise AttributeError(f\"module 'torch' has no attribute {name!r}\")\n"
    "def works(x):\n    return None.missing\n"
    "def typed(x):\n    return works(x, newer=1)\n",
    LIBRARY.__dict__,
)
BINDING: dict[str, Any] = {"__name__": "csvkit_ml.libraries.torch.staged.area"}
exec(  # noqa: S102 - a binding of our own
    "def lacking(t):\n    return t.newer(1)\n"
    "def argument(t):\n    return t.works(1, newer=True)\n"
    "def inside(t):\n    return t.works(1)\n"
    "def inside_argument(t):\n    return t.typed(1)\n"
    "def method(t):\n    return (1).newer()\n"
    "def wrong(t):\n    return 1 + 'a'\n",
    BINDING,
)


@pytest.mark.parametrize(
    ("form", "missing"),
    [("lacking", True), ("argument", True), ("method", True), ("inside", False), ("inside_argument", False), ("wrong", False)],
)
def test_only_what_a_binding_itself_asks_for_is_missing(form: str, missing: bool) -> None:
    with pytest.raises((AttributeError, TypeError)) as caught:
        BINDING[form](LIBRARY)
    assert _is_missing(caught.value) is missing


@pytest.mark.parametrize(("version", "further"), [("1.16.3", ("numpy<2",)), ("1.18.1", ("numpy<2",)), ("1.19.0", ()), ("1.23.2", ())])
def test_old_wheels_of_onnxruntime_need_the_first_numpy(version: str, further: tuple[str, ...]) -> None:
    assert registry.library("onnxruntime").undeclared(version) == further
    assert registry.library("torch").undeclared(version) == ()

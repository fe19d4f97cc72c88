"""The staged archive: reproducible, complete, standard library only, old enough Python."""

from __future__ import annotations

import ast
import io
import sys
import zipfile

import pytest

from csvkit_ml.errors import SuiteError
from csvkit_ml.execution.staging import build_archive, pack, sources
from csvkit_ml.libraries.onnxruntime.host import LIBRARY as ONNXRUNTIME
from csvkit_ml.libraries.port import Library
from csvkit_ml.libraries.torch.host import LIBRARY as TORCH

LIBRARIES = pytest.mark.parametrize("library", [TORCH, ONNXRUNTIME], ids=lambda library: library.name)


@LIBRARIES
def test_the_same_sources_give_the_same_bytes(library: Library) -> None:
    assert build_archive(library) == build_archive(library)


@LIBRARIES
def test_the_archive_holds_the_staged_half_and_not_the_host_half(library: Library) -> None:
    with zipfile.ZipFile(io.BytesIO(build_archive(library).data)) as archive:
        names = archive.namelist()
        assert {i.date_time for i in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert names == sorted(names)
    assert {
        "__main__.py",
        "csvkit_ml/__init__.py",
        "csvkit_ml/worker/entry.py",
        "csvkit_ml/worker/serve.py",
        "csvkit_ml/libraries/binding.py",
    } <= set(names)
    assert f"csvkit_ml/libraries/{library.name}/staged/runtime.py" in names
    assert not [n for n in names if n.endswith(("host.py", "libraries/port.py")) or "lowering" in n or "/model/" in n]


@LIBRARIES
def test_staged_sources_need_only_python_3_9(library: Library) -> None:
    for name, text in sources(library.staged).items():
        tree = ast.parse(text, name, feature_version=(3, 9))
        for node in tree.body:
            for module in _imported(node):
                own = module.startswith("csvkit_ml.") and not module.startswith("csvkit_ml.model")
                assert own or module.split(".")[0] in sys.stdlib_module_names, f"{name} imports {module}"


def _imported(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.Import):
        return [a.name for a in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


def test_digests_differ_where_sources_differ() -> None:
    assert pack({"a": b"1"}).digest != pack({"a": b"2"}).digest


def test_a_package_that_is_not_there() -> None:
    with pytest.raises(SuiteError, match="no_such"):
        sources(("csvkit_ml.libraries.no_such.staged",))
    with pytest.raises(SuiteError, match="no_such"):
        sources(("csvkit_ml.no_such",))

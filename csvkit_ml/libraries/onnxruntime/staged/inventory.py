"""The public functionality of the onnxruntime that is installed here. Makes no session and loads no model."""

from __future__ import annotations

import faulthandler
import importlib
import inspect
import os
import pkgutil
from collections import defaultdict
from typing import Any, Callable, DefaultDict, Dict, Iterator, List, Set, Tuple

_OPEN = 2**31 - 1
"""How the library writes an opset range without end."""
_OPTIONS = ("SessionOptions", "RunOptions")
_METHODS = ("InferenceSession", "IOBinding", "OrtValue", "SparseTensor", "ModelCompiler", "LoraAdapter", "AdapterFormat")
"""Classes whose public methods are names of their own."""

Record = Dict[str, Any]


def inventory(ort: Any) -> Record:
    """`methods` and `entries` as `model.inventory` reads them."""
    methods = ["Functions and classes: attributes of onnxruntime that do not begin with an underscore; options and methods: those of its classes."]
    native = ort.capi.onnxruntime_pybind11_state
    entries = [*_names(ort), *_providers(ort), *_training(ort, methods), *_operators(native, methods)]
    methods.append("Providers: those that this build says it has. Keys of session configuration entries are not listed by the library.")
    return {"methods": methods, "entries": sorted(entries, key=lambda e: e["name"])}


def _names(ort: Any) -> Iterator[Record]:
    for name, value in sorted(vars(ort).items()):
        if name.startswith("_") or inspect.ismodule(value) or not callable(value):
            continue
        yield {"name": "onnxruntime." + name, "kind": "class" if inspect.isclass(value) else "callable"}
        if name in (*_OPTIONS, *_METHODS) and inspect.isclass(value):
            yield from _of_class("onnxruntime." + name, value, name in _OPTIONS)


def _of_class(owner: str, value: Any, options: bool) -> Iterator[Record]:
    for name in dir(value):
        if name.startswith("_"):
            continue
        is_method = callable(getattr(value, name))
        yield {"name": owner + "." + name, "kind": "option" if options else "callable" if is_method else "property"}


def _providers(ort: Any) -> Iterator[Record]:
    for name in ort.get_available_providers():
        yield {"name": "onnxruntime.providers." + name, "kind": "provider"}


def _training(ort: Any, methods: List[str]) -> Iterator[Record]:
    """Classes of the training API; it is a build of its own."""
    if "training" not in {i.name for i in pkgutil.iter_modules(ort.__path__)}:
        methods.append("Training API: not present in this build.")
        return
    try:
        package = importlib.import_module(ort.__name__ + ".training.api")
    except Exception as e:
        methods.append("Training API: present, but it cannot be imported (%s)." % type(e).__name__)
        return
    methods.append("Training API: attributes of onnxruntime.training.api.")
    for name, value in sorted(vars(package).items()):
        if not name.startswith("_") and callable(value):
            yield {"name": "onnxruntime.training.api." + name, "kind": "class" if inspect.isclass(value) else "callable"}


def _operators(native: Any, methods: List[str]) -> Iterator[Record]:
    """Operators of the schema registry with their kernels, where the build lists them."""
    opsets: DefaultDict[str, Set[int]] = defaultdict(set)
    kernels: DefaultDict[str, List[Record]] = defaultdict(list)
    deprecated: Dict[str, Tuple[int, bool]] = {}
    if hasattr(native, "get_all_operator_schema"):
        methods.append("Operators and opsets: the library's own schema registry, contributed and internal domains included.")
        for s in native.get_all_operator_schema():
            name = _name(s.domain, s.name)
            opsets[name].add(int(s.since_version))
            deprecated[name] = max(deprecated.get(name, (0, False)), (int(s.since_version), bool(s.deprecated)))
    else:
        methods.append("Operators: this build does not list its schemas, so those with a kernel only.")
    if hasattr(native, "get_all_opkernel_def") and not _survives(native.get_all_opkernel_def):
        methods.append("Kernels: to list them ends the process in this build, so which types are implemented is not known.")
    elif hasattr(native, "get_all_opkernel_def"):
        methods.append("Kernels and types: the library's own kernel registry. An operator without a kernel runs as its function body, if it has one.")
        for k in native.get_all_opkernel_def():
            kernels[_name(k.domain, k.op_name)].append(_kernel(k))
    else:
        methods.append("Kernels: this build does not list them, so which types are implemented is not known.")
    for name in sorted({*opsets, *kernels}):
        tags = ["deprecated"] if deprecated.get(name, (0, False))[1] else []
        yield {
            "name": name, "kind": "operator", "tags": tags, "opsets": sorted(opsets[name]),
            "kernels": sorted(kernels[name], key=lambda k: (k["provider"], k["since"], k["until"], k["types"])),
        }  # fmt: skip


def _survives(ask: Callable[[], Any]) -> bool:
    """Whether a process that asks comes back, tried in one of its own where there is fork."""
    if not hasattr(os, "fork"):
        return True
    pid = os.fork()
    if pid == 0:
        faulthandler.disable()
        try:
            ask()
        finally:
            os._exit(0)
    return os.waitpid(pid, 0)[1] == 0


def _name(domain: str, operator: str) -> str:
    return (domain or "ai.onnx") + "." + operator


def _kernel(k: Any) -> Record:
    since, until = (int(v) for v in k.version_range)
    types = [[name, sorted(of)] for name, of in sorted(k.type_constraints.items())]
    return {"provider": str(k.provider), "since": since, "until": 0 if until == _OPEN else until, "types": types}

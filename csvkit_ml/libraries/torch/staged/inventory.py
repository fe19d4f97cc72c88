"""The public functionality of the torch that is installed here. Executes nothing but imports and reads of attributes."""

from __future__ import annotations

import importlib
import inspect
import operator
import types
import warnings
from typing import Any, Dict, Iterator, List, Optional, Tuple

NAMESPACES = (
    "torch", "torch.Tensor", "torch.nn", "torch.nn.Module", "torch.nn.functional", "torch.nn.init", "torch.nn.attention",
    "torch.nn.parallel", "torch.nn.utils", "torch.nn.utils.rnn", "torch.nn.utils.parametrize", "torch.nn.utils.parametrizations",
    "torch.nn.utils.prune", "torch.nn.utils.stateless", "torch.optim", "torch.optim.Optimizer", "torch.optim.lr_scheduler",
    "torch.optim.lr_scheduler.LRScheduler", "torch.optim.swa_utils",
    "torch.autograd", "torch.autograd.functional", "torch.autograd.forward_ad", "torch.linalg", "torch.special",
    "torch.fft", "torch.func", "torch.random", "torch.Generator", "torch.distributions", "torch.utils.data", "torch.amp",
    "torch.ao.quantization", "torch.export", "torch.jit", "torch.onnx", "torch.serialization", "torch.backends", "torch.cuda",
    "torch.distributed",
)  # fmt: skip
"""Where public names are looked for; of several names of one object, the first in this order is its identity."""
_WITH_SUBMODULES = ("torch.backends",)
_UNLISTED = ("torch", "torch.fft")
"""Modules whose __all__ leaves out documented functions: what else of theirs is defined in torch counts as well."""

_OPERATORS = {n for n in dir(operator) if n.startswith("__") and callable(getattr(operator, n))} - set(dir(object)) - {"__call__"}
_SPECIAL = {"__%s%s" % (kind, n[2:]) for n in _OPERATORS for kind in ("", "r")} | {"__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"}
"""Python's operators and their reflected forms: public although they begin with underscores."""

Record = Dict[str, Any]


def inventory(t: Any) -> Record:
    """`methods` and `entries` as `model.inventory` reads them."""
    absent: List[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        names = list(_names(absent))
    entries = [*_entries(names), *_operators(t)]
    methods = [
        "Callables, classes and properties: attributes of %s that do not begin with an underscore, and Python's operators; where a module declares "
        "__all__, those it lists; where it does not, and in %s, those that are defined in torch."
        % (", ".join(NAMESPACES), " and ".join(_UNLISTED)),
        "Operators: the dispatcher's registry, each overload with the tags that it declares.",
    ]
    if absent:
        methods.append("Not to be had in this build: %s." % ", ".join(absent))
    return {"methods": methods, "entries": sorted(entries, key=lambda e: e["name"])}


def _names(absent: List[str]) -> Iterator[Tuple[str, str, Any]]:
    """(name, kind, object) in the order of the namespaces."""
    for namespace in NAMESPACES:
        owner = _owner(namespace)
        if owner is None:
            absent.append(namespace)
            continue
        yield from _members(namespace, owner)
        if namespace in _WITH_SUBMODULES:
            for name, value in sorted(vars(owner).items()):
                if isinstance(value, types.ModuleType) and value.__name__ == namespace + "." + name:
                    yield from _members(value.__name__, value)


def _owner(namespace: str) -> Optional[Any]:
    """The module or class of that name, or None where this build has none that can be imported."""
    try:
        return importlib.import_module(namespace)
    except Exception:
        parent, _, name = namespace.rpartition(".")
        owner = getattr(_owner(parent), name, None) if parent else None
        return owner if inspect.isclass(owner) else None


def _members(namespace: str, owner: Any) -> Iterator[Tuple[str, str, Any]]:
    is_module = isinstance(owner, types.ModuleType)
    declared = getattr(owner, "__all__", None) if is_module else None
    yield from _settings(namespace, owner)
    wrapped = getattr(owner, "m", None) if is_module else None
    listed = set(declared or ())
    if not declared or namespace in _UNLISTED:
        declared = [*listed, *dir(owner), *(dir(wrapped) if isinstance(wrapped, types.ModuleType) else ())]
    for name in sorted(set(declared)):
        if name.startswith("_") and not (namespace == "torch.Tensor" and name in _SPECIAL):
            continue
        try:
            value = inspect.getattr_static(owner, name) if inspect.isclass(owner) else getattr(owner, name)
        except Exception:  # noqa: S112 - a name that is declared but missing in this build is no functionality
            continue
        kind = _kind(value) if value is not getattr(object, name, None) else ""
        if kind and (name in listed or inspect.isclass(owner) or _home(value) in ("", "torch")):
            yield namespace + "." + name, kind, value


def _settings(namespace: str, owner: Any) -> Iterator[Tuple[str, str, Any]]:
    """Switches of a backend: descriptors on the class of a module that stands in for another."""
    for name, value in sorted(vars(type(owner)).items()):
        if type(owner) is not types.ModuleType and isinstance(owner, types.ModuleType) and hasattr(value, "setter") and name[0] != "_":
            yield namespace + "." + name, "option", value


def _kind(value: Any) -> str:
    if isinstance(value, types.ModuleType):
        return ""
    if inspect.isclass(value):
        return "class"
    if isinstance(value, (property, types.GetSetDescriptorType)):
        return "property"
    return "callable" if callable(value) or isinstance(value, (staticmethod, classmethod)) else ""


def _home(value: Any) -> str:
    """Package in which an object was made, '' where it does not say."""
    return str(getattr(value, "__module__", None) or "").partition(".")[0]


def _entries(names: List[Tuple[str, str, Any]]) -> Iterator[Record]:
    """Each name once, with the first name of the same object; `names` keeps the objects alive, so ids are distinct."""
    first: Dict[int, str] = {}
    done = set()
    for name, kind, value in names:
        if name in done:
            continue
        done.add(name)
        identity = first.setdefault(id(value), name)
        yield {"name": name, "kind": kind, **({"identity": identity} if identity != name else {})}


def _operators(t: Any) -> Iterator[Record]:
    for name in sorted(set(t._C._dispatch_get_all_op_names())):
        tags = _tags(t, name)
        yield {"name": name, "kind": "operator", **({"tags": tags} if tags else {})}


def _tags(t: Any, name: str) -> List[str]:
    """Tags of an operator; none where it has no schema."""
    packet, _, overload = name.partition(".")
    try:
        found = t._C._get_operation_overload(packet, overload)
    except (RuntimeError, AttributeError):
        return []
    return sorted(str(tag).rsplit(".", 1)[-1] for tag in found[2]) if found else []

"""Which operators the dispatcher hands out while something runs, and which of them wrote its result. Imports torch when it is first asked."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

Geometry = Tuple[int, int, Tuple[int, ...], Tuple[int, ...]]
"""Storage, offset, shape, strides of a tensor."""
ALLOCATES = ("empty", "empty_like", "empty_strided", "empty_permuted", "new_empty", "new_empty_strided", "resize_")
"""What gives memory without content writes nothing."""
OVERWRITES = ("copy_", "fill_", "zero_")
"""After these, and after an `out` argument, nothing earlier is left in a tensor that covers its storage."""
ENOUGH = 400
"""Executed operators of one variant of a function after which its further samples are not traced."""
_SIGNATURES: Dict[Any, "Signature"] = {}
"""By operator."""


class Signature(NamedTuple):
    """What an operator's schema says of its effects; asked once, since the schema is made anew at every question."""

    name: str
    allocates: bool
    written: Tuple[Tuple[int, str, bool], ...]
    """(position, name, whether all elements are written) of arguments that are written."""
    returned: Tuple[str, ...]
    """Of every result: `new`, `view` or `written`."""


class Trace:
    """Operators in the order in which they are met, and who wrote what.

    Storages are held until the trace is dropped: memory that is handed out again would name the wrong writers.
    """

    def __init__(self) -> None:
        self.found: Dict[str, None] = {}
        self.executed = 0
        """Operators, repeats included."""
        self._held: Dict[int, Any] = {}
        self._writers: Dict[int, Dict[str, None]] = {}
        self._views: Dict[Geometry, Dict[str, None]] = {}

    def calls(self, results: Sequence[Any]) -> Dict[str, bool]:
        """Every operator; true for those that wrote the storage of a result, and for views that are a result."""
        wrote: Dict[str, None] = {}
        for x in _tensors(list(results)):
            place = _place(x)
            wrote.update(self._writers.get(place[0], {}))
            wrote.update(self._views.get(place, {}))
        return {name: name in wrote for name in self.found}

    def saw(self, func: Any, args: Any, kwargs: Dict[str, Any], result: Any) -> None:
        """One execution."""
        signature = _signature(func)
        if signature.allocates:
            return
        for i, argument, whole in signature.written:
            for x in _tensors(args[i] if i < len(args) else kwargs.get(argument)):
                self._wrote(x, signature.name, whole)
        for kind, x in zip(signature.returned, result if len(signature.returned) > 1 else [result]):  # noqa: B905
            if kind != "written":
                for y in _tensors(x):
                    if kind == "new":
                        self._wrote(y, signature.name, False)
                    else:
                        self._views.setdefault(_place(y), {}).setdefault(signature.name)

    def _wrote(self, x: Any, name: str, whole: bool) -> None:
        storage = x.untyped_storage()
        key = _place(x)[0]
        self._held.setdefault(key, storage)
        writers = self._writers.setdefault(key, {})
        if whole and x.numel() * x.element_size() == storage.nbytes():
            writers.clear()
        writers.setdefault(name)


def _signature(func: Any) -> Signature:
    found = _SIGNATURES.get(func)
    if found is None:
        name, schema = str(func.name()), func._schema
        base = name.partition("::")[2].partition(".")[0]
        written = tuple(
            (i, a.name, bool(a.kwarg_only) or base in OVERWRITES)
            for i, a in enumerate(schema.arguments)
            if a.alias_info is not None and a.alias_info.is_write
        )
        returned = tuple("new" if r.alias_info is None else "written" if r.alias_info.is_write else "view" for r in schema.returns)
        found = _SIGNATURES[func] = Signature(name, base in ALLOCATES, written, returned)
    return found


def _place(x: Any) -> Geometry:
    return int(x.untyped_storage()._cdata), int(x.storage_offset()), tuple(x.shape), tuple(x.stride())


def _tensors(value: Any) -> List[Any]:
    """Dense tensors of a result or argument."""
    Tensor, strided = _dense()  # noqa: N806
    if isinstance(value, Tensor):
        return [value] if value.layout is strided else []
    values = value if isinstance(value, (list, tuple)) else [value]
    return [x for x in values if isinstance(x, Tensor) and x.layout is strided]


@lru_cache(maxsize=None)
def _dense() -> Tuple[Any, Any]:
    from torch import Tensor, strided

    return Tensor, strided


def recorder(trace: Trace) -> Any:
    """A context that writes every dispatched operator into the trace, and changes nothing else."""
    from torch.utils._python_dispatch import TorchDispatchMode

    class Recorder(TorchDispatchMode):  # type: ignore[misc]
        """Calls every operator as it is."""

        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            trace.executed += 1
            trace.found.setdefault(_signature(func).name)
            result = func(*args, **(kwargs or {}))
            trace.saw(func, args, kwargs or {}, result)
            return result

    return Recorder()

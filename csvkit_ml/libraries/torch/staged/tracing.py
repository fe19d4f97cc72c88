"""Which operators the dispatcher hands out while something runs, and which of them wrote its result. Imports torch when it is first asked."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Sequence, Tuple

Geometry = Tuple[int, int, Tuple[int, ...], Tuple[int, ...]]
"""Storage, offset, shape, strides of a tensor."""
ALLOCATES = ("empty", "empty_like", "empty_strided", "empty_permuted", "new_empty", "new_empty_strided", "resize_")
"""What gives memory without content writes nothing."""
OVERWRITES = ("copy_", "fill_", "zero_")
"""After these, and after an `out` argument, nothing earlier is left in a tensor that covers its storage."""


class Trace:
    """Operators in the order in which they are met, and who wrote what.

    Storages are held until the trace is dropped: memory that is handed out again would name the wrong writers.
    """

    def __init__(self) -> None:
        self.found: Dict[str, None] = {}
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
        name = str(func.name())
        base = name.partition("::")[2].partition(".")[0]
        if base in ALLOCATES:
            return
        written = list(_written(func._schema.arguments, args, kwargs))
        for x, whole in written:
            self._wrote(x, name, whole or base in OVERWRITES)
        for given, x in zip(func._schema.returns, result if len(func._schema.returns) > 1 else [result]):  # noqa: B905
            for y in _tensors(x):
                if given.alias_info is None:
                    self._wrote(y, name, False)
                elif not given.alias_info.is_write:
                    self._views.setdefault(_place(y), {}).setdefault(name)

    def _wrote(self, x: Any, name: str, whole: bool) -> None:
        storage = x.untyped_storage()
        key = _place(x)[0]
        self._held.setdefault(key, storage)
        writers = self._writers.setdefault(key, {})
        if whole and x.numel() * x.element_size() == storage.nbytes():
            writers.clear()
        writers.setdefault(name)


def _written(formal: Sequence[Any], args: Sequence[Any], kwargs: Dict[str, Any]) -> Iterator[Tuple[Any, bool]]:
    """Tensors that the schema says are written, and whether all of their elements are."""
    for i, argument in enumerate(formal):
        if argument.alias_info is not None and argument.alias_info.is_write:
            value = args[i] if i < len(args) else kwargs.get(argument.name)
            for x in _tensors(value):
                yield x, bool(argument.kwarg_only)


def _place(x: Any) -> Geometry:
    return int(x.untyped_storage()._cdata), int(x.storage_offset()), tuple(x.shape), tuple(x.stride())


def _tensors(value: Any) -> List[Any]:
    """Dense tensors of a result or argument."""
    from torch import Tensor, strided

    values = value if isinstance(value, (list, tuple)) else [value]
    return [x for x in values if isinstance(x, Tensor) and x.layout is strided]


def recorder(trace: Trace) -> Any:
    """A context that writes every dispatched operator into the trace, and changes nothing else."""
    from torch.utils._python_dispatch import TorchDispatchMode

    class Recorder(TorchDispatchMode):  # type: ignore[misc]
        """Calls every operator as it is."""

        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            trace.found.setdefault(str(func.name()))
            result = func(*args, **(kwargs or {}))
            trace.saw(func, args, kwargs or {}, result)
            return result

    return Recorder()

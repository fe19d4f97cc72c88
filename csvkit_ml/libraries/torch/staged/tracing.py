"""Which operators the dispatcher hands out while something runs. Imports torch when it is first asked."""

from __future__ import annotations

from typing import Any, Dict


def recorder(found: Dict[str, None]) -> Any:
    """A context that writes the name of every dispatched operator, with its overload, and changes nothing else.

    Args:
        found: names as keys, in the order in which they are met.
    """
    from torch.utils._python_dispatch import TorchDispatchMode

    class Recorder(TorchDispatchMode):  # type: ignore[misc]
        """Calls every operator as it is."""

        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            found.setdefault(str(func.name()))
            return func(*args, **(kwargs or {}))

    return Recorder()

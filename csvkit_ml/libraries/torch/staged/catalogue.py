"""All bindings of this library, by function; also read on the host (it imports no torch)."""

from __future__ import annotations

import importlib
import pkgutil
from functools import lru_cache
from typing import Dict

from csvkit_ml.libraries import binding
from csvkit_ml.libraries.torch import staged
from csvkit_ml.libraries.torch.staged.alias_table import ALIASES
from csvkit_ml.libraries.torch.staged.paths import with_paths

_NOT_AREAS = (
    "alias_table", "aliases", "aliases_algebra", "aliases_layers", "aliases_pointwise", "aliases_shapes", "aliases_training", "catalogue", "forms",
    "inventory", "layouts", "paths", "runtime", "settings", "tracing",
)  # fmt: skip


@lru_cache(maxsize=None)
def bindings() -> Dict[str, binding.Binding]:
    """Every binding by function id, with its other names. Raises ValueError on a duplicate, and on names of what is not bound."""
    found: Dict[str, binding.Binding] = {}
    for info in pkgutil.iter_modules(staged.__path__):
        if info.name in _NOT_AREAS:
            continue
        for made in importlib.import_module(staged.__name__ + "." + info.name).BINDINGS:
            if made.function in found:
                raise ValueError("two torch bindings of %r" % made.function)
            found[made.function] = with_paths(info.name, made)
    for function, ways in ALIASES.items():
        if function not in found:
            raise ValueError("other names of %r, which is not bound" % function)
        found[function] = found[function]._replace(aliases={**found[function].aliases, **ways})
    return found

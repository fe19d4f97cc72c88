"""Models that an exporter wrote, frozen: what a maker's runtime is given, with the names, shapes and operators that exporters choose."""

from __future__ import annotations

import base64
import hashlib
import tomllib
from functools import cache
from importlib.resources import files


@cache
def exported() -> dict[str, bytes]:
    """Models by name. Raises ValueError where the bytes do not have their digest."""
    table = tomllib.loads(files("validation_suites.graphs").joinpath("exported.toml").read_text())
    found = {name: base64.b64decode(entry["model"]) for name, entry in table.items()}
    for name, data in found.items():
        if hashlib.sha256(data).hexdigest() != table[name]["sha256"]:
            raise ValueError(f"the exported model {name!r} is not what was frozen")
    return found

"""What a backend is. Standard library only: staged into the tested environment."""

from __future__ import annotations

from typing import Callable, Dict, NamedTuple


class Backend(NamedTuple):
    """A device or a configuration of one; each file of this folder exports one as BACKEND."""

    name: str
    defaults: Dict[str, str]
    """Options with their default values; no other option is accepted."""
    variables: Callable[[Dict[str, str]], Dict[str, str]]
    """Environment variables to set before the library is imported or used, from the options."""
    settings: Callable[[Dict[str, str]], Dict[str, str]]
    """Runtime options for the library's staged half, from the options."""

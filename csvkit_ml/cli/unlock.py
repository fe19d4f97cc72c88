"""Finding and unlocking the machine key."""

from __future__ import annotations

import getpass
import os
import sys
from typing import TYPE_CHECKING

from csvkit_ml.errors import KeyFileError

if TYPE_CHECKING:
    from csvkit_ml.pipeline import Places
    from csvkit_ml.signing.keys import Signer


def passphrase(prompt: str, *, confirm: bool = False) -> bytes:
    """From MLCSV_PASSPHRASE, else asked on the terminal. Raises KeyFileError."""
    if given := os.environ.get("MLCSV_PASSPHRASE"):
        return given.encode()
    if not sys.stdin.isatty():
        raise KeyFileError("a passphrase is needed and there is no terminal to ask on", "set MLCSV_PASSPHRASE, or --unsigned")
    first = getpass.getpass(f"{prompt}: ")
    if confirm and getpass.getpass("again: ") != first:
        raise KeyFileError("the two passphrases differ", "try again")
    return first.encode()


def machine_key(places: Places, name: str) -> Signer | None:
    """The named key, or the only one there is; None when there is none and none was named. Raises KeyFileError."""
    from csvkit_ml.signing.keys import list_keys, load_signer

    found = list_keys(places.keys)
    if not name and not found:
        return None
    if not name and len(found) > 1:
        raise KeyFileError(f"there are {len(found)} keys", "choose one with --key NAME")
    chosen = name or found[0].name
    return load_signer(places.keys, chosen, passphrase(f"passphrase of {chosen}"))

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

    found = [k for k in list_keys(places.keys) if not k.person]
    if not name and not found:
        return None
    if not name and len(found) > 1:
        raise KeyFileError(f"there are {len(found)} keys", "choose one with --key NAME")
    chosen = name or found[0].name
    signer = load_signer(places.keys, chosen, passphrase(f"passphrase of {chosen}"))
    if signer.public.person:
        raise KeyFileError(f"{chosen} is the personal key of {signer.public.person}", "a machine attests a run; persons use `mlcsv sign`")
    return signer


def personal_key(places: Places, name: str) -> Signer:
    """The named personal key, or the only one there is. The passphrase is asked at every signing and never taken from the environment.

    Raises:
        KeyFileError: no such key, a machine's key, wrong passphrase, or a key that was revoked or has expired.
    """
    from datetime import UTC, datetime

    from csvkit_ml.signing.keys import fault_at, list_keys, load_signer

    found = [k for k in list_keys(places.keys) if k.person and name in ("", k.name)]
    if len(found) != 1:
        told = f"no personal key{f' {name}' if name else ''}" if not found else f"there are {len(found)} personal keys"
        raise KeyFileError(told, 'choose one with --key NAME, or make one: mlcsv keys new NAME --person "Printed Name"')
    if fault := fault_at(found[0], datetime.now(UTC).isoformat()):
        raise KeyFileError(fault, "make a new key and give its public half to those who verify")
    return load_signer(places.keys, found[0].name, asked(f"passphrase of {found[0].name}"))


def asked(prompt: str) -> bytes:
    """Typed on the terminal, or one line of a standard input that is none. Raises KeyFileError."""
    text = getpass.getpass(f"{prompt}: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    if not text:
        raise KeyFileError("no passphrase was given", "it is asked at every signing")
    return text.encode()

"""What a backend is. Standard library only: staged into the tested environment."""

from __future__ import annotations

from typing import Callable, Dict, Mapping, NamedTuple, Tuple

Options = Dict[str, str]
Expected = Dict[str, Tuple[str, ...]]
"""Answers that prove the settings: name of a fact -> the values that it may have."""

UNTOUCHED = "default"
"""Value of an option that leaves the library as it comes."""


class Option(NamedTuple):
    """One thing that can be set."""

    default: str
    values: Tuple[str, ...]
    """Values that it may have; none = a positive whole number, or `all`."""
    sentence: str
    libraries: Tuple[str, ...] = ()
    """Libraries that know it, none = every one. Elsewhere it is neither sent nor expected, unless it was asked for."""


class Backend(NamedTuple):
    """A device or a configuration of one; each file of this folder exports one as BACKEND.

    A process of the tested environment is given the variables and the settings, and answers with facts: what it reads back and what
    its probes observe. The cell counts as that configuration only where every expected fact has an expected value.
    """

    name: str
    options: Dict[str, Option]
    variables: Callable[[Options], Dict[str, str]]
    """Environment variables to set before the library is imported or used."""
    settings: Callable[[str, Options], Dict[str, str]]
    """(library, options) -> runtime options for the library's staged half."""
    expected: Callable[[str, Options], Expected]
    """(library, options) -> the facts that prove them."""
    presets: Dict[str, Dict[str, Tuple[str, ...]]] = {}
    """Name -> library -> the cells that it stands for; library '' = any other."""
    fork: bool = True
    """Whether its processes may be forked from one that has imported the library; otherwise each is started from nothing."""


def parse(backend: Backend, text: str) -> Options:
    """Options from `threads=1,isa=avx2`. Raises ValueError with the reason."""
    found = {name: option.default for name, option in backend.options.items()}
    for part in filter(None, text.split(",")):
        name, sep, value = part.partition("=")
        if not sep or name not in found:
            raise ValueError("backend %s has no option %r; options: %s" % (backend.name, part, ", ".join(found)))
        values = backend.options[name].values
        if value not in values if values else not (value == "all" or (value.isdigit() and 0 < int(value) < 10000)):
            raise ValueError("%s=%s is not one of %s" % (name, value, ", ".join(values) or "a positive number, all"))
        found[name] = value
    return found


def asked(backend_options: Mapping[str, Option], library: str, options: Options) -> Options:
    """The options that concern a library: those that it knows, and those that were asked for all the same."""
    return {
        name: value
        for name, value in options.items()
        if not backend_options[name].libraries or library in backend_options[name].libraries or value != backend_options[name].default
    }


def unproven(expected: Mapping[str, Tuple[str, ...]], facts: Mapping[str, str]) -> Tuple[str, ...]:
    """What is not proven in force, in words; a backend that expects nothing proves nothing."""
    if not expected:
        return ("the backend names no fact that would prove it in force",)
    if "device" in expected and facts.get("device") not in expected["device"]:
        return ("device: %s, expected %s" % (facts.get("device", "no answer"), " or ".join(expected["device"])),)
    return tuple(
        "%s: %s, expected %s" % (name, "found " + facts[name] if name in facts else "no answer", " or ".join(allowed))
        for name, allowed in sorted(expected.items())
        if facts.get(name) not in allowed
    )

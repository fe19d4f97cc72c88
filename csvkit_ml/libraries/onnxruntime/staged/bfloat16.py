"""Values of bfloat16, which numpy does not have: they go in and out as values of the library's own, two bytes an element."""

from __future__ import annotations

import ctypes
from typing import Any

from csvkit_ml.libraries.binding import NotSupported

KIND = "tensor(bfloat16)"
ELEMENT = 16
"""As ONNX numbers the type."""


def crosses(session: Any) -> bool:
    """Whether a session takes or gives such values."""
    return any(info.type == KIND for infos in (session.get_inputs(), session.get_outputs()) for info in infos)


def value(ort: Any, bits: Any) -> Any:
    """A value of the library's that holds the array of its bits (uint16) alive.

    Raises:
        NotSupported: the release makes none (before 1.20).
    """
    make = getattr(ort.OrtValue, "ortvalue_from_numpy_with_onnx_type", None)
    if make is None:
        raise NotSupported("values of bfloat16 cannot be made in this release")
    return make(bits, ELEMENT)


def data(given: Any) -> bytes:
    """The bytes of a value on the CPU."""
    count = 1
    for length in given.shape():
        count *= length
    return ctypes.string_at(given.data_ptr(), 2 * count) if count else b""

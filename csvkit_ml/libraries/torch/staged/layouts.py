"""The same values in other storage: what a library must not care about. Gaps hold NaN bit patterns, so that reading one shows."""

from __future__ import annotations

import ctypes
from typing import Any, Callable, Dict

Layout = Callable[[Any, Any], Any]
"""(torch, tensor) -> a tensor of the same values; where a layout makes no sense for a tensor, that tensor."""


def _filled(t: Any, shape: Any, x: Any) -> Any:
    """A buffer of 0xFF bytes, of the tensor's dtype and on its device: NaN in every floating-point format."""
    buffer = t.empty(shape, dtype=x.dtype, device=x.device)
    if x.device.type != "cpu":
        buffer.view(-1).view(t.uint8).fill_(0xFF)
        return buffer
    ctypes.memset(buffer.data_ptr(), 0xFF, buffer.numel() * buffer.element_size())
    return buffer


def _contiguous(t: Any, x: Any) -> Any:
    return x


def _strided(t: Any, x: Any) -> Any:
    """Every second element of a larger buffer, in the last dimension."""
    if x.dim() == 0 or x.numel() == 0:
        return x
    view = _filled(t, [*x.shape[:-1], 2 * x.shape[-1]], x)[..., ::2]
    view.copy_(x)
    return view


def _transposed(t: Any, x: Any) -> Any:
    """Storage order reversed."""
    order = list(range(x.dim()))[::-1]
    return x.permute(order).contiguous().permute(order) if x.dim() > 1 else x


def _offset(t: Any, x: Any) -> Any:
    """Storage offset of one element, so not on a vector boundary."""
    if x.dim() == 0 or x.numel() == 0:
        return x
    view = _filled(t, [x.numel() + 1], x)[1:].view(x.shape)
    view.copy_(x)
    return view


def _unaligned(t: Any, x: Any) -> Any:
    """Storage of its own that begins one element behind a 64-byte boundary."""
    if x.device.type != "cpu":
        return _offset(t, x)
    size, step = x.numel() * x.element_size(), x.element_size()
    if x.dim() == 0 or size == 0:
        return x
    buffer = bytearray(size + 128)
    at = -ctypes.addressof(ctypes.c_char.from_buffer(buffer)) % 64 + step
    y = t.frombuffer(buffer, dtype=x.dtype, count=x.numel(), offset=at).view(x.shape)
    y.copy_(x)
    return y


def _channels_last(t: Any, x: Any) -> Any:
    if x.dim() == 4:
        return x.contiguous(memory_format=t.channels_last)
    return x.contiguous(memory_format=t.channels_last_3d) if x.dim() == 5 else x


def _expanded(t: Any, x: Any) -> Any:
    """Stride 0 in every dimension along which the values repeat (compared as bytes); otherwise one copy in a repeated leading dimension."""
    y = x
    for d in range(x.dim()):
        one = y.narrow(d, 0, 1) if x.shape[d] > 1 else y
        if one is not y and _same_bytes(one.expand(y.shape), y):
            y = one.expand(y.shape)
    return y if y is not x else x.unsqueeze(0).expand(2, *x.shape)[1]


def _same_bytes(a: Any, b: Any) -> bool:
    return bool((_bytes(a)) == (_bytes(b)))


def _bytes(x: Any) -> bytes:
    x = x.cpu().contiguous()
    return ctypes.string_at(x.data_ptr(), x.numel() * x.element_size()) if x.numel() else b""


LAYOUTS: Dict[str, Layout] = {
    "contiguous": _contiguous,
    "strided": _strided,
    "transposed": _transposed,
    "offset": _offset,
    "unaligned": _unaligned,
    "channels-last": _channels_last,
    "expanded": _expanded,
}

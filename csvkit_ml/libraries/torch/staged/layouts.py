"""The same values in other storage: what a library must not care about."""

from __future__ import annotations


def _contiguous(t, x):
    return x


def _strided(t, x):
    """Every second element of a larger buffer, in the last dimension."""
    if x.dim() == 0:
        return x
    buffer = t.empty([*x.shape[:-1], 2 * x.shape[-1]], dtype=x.dtype)
    view = buffer[..., ::2]
    view.copy_(x)
    return view


def _transposed(t, x):
    """Storage order reversed."""
    order = list(range(x.dim()))[::-1]
    return x.permute(order).contiguous().permute(order) if x.dim() > 1 else x


def _offset(t, x):
    """Storage begins one element late, so not on a vector boundary."""
    buffer = t.empty(x.numel() + 1, dtype=x.dtype)
    view = buffer[1:].view(x.shape)
    view.copy_(x)
    return view


def _channels_last(t, x):
    if x.dim() == 4:
        return x.contiguous(memory_format=t.channels_last)
    return x.contiguous(memory_format=t.channels_last_3d) if x.dim() == 5 else x


def _expanded(t, x):
    """Stride 0 in a new leading dimension, then narrowed back."""
    return x.unsqueeze(0).expand(2, *x.shape)[1]


LAYOUTS = {
    "contiguous": _contiguous,
    "strided": _strided,
    "transposed": _transposed,
    "offset": _offset,
    "channels-last": _channels_last,
    "expanded": _expanded,
}

"""Torch bindings: scaled dot-product attention."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding


def _keywords(p, q, k, mask):
    """Arguments of one call; grouped heads are asked for only where there are any (releases before 2.5 lack the argument)."""
    more = {"enable_gqa": True} if q.dim() > 3 and q.shape[-3] != k.shape[-3] else {}
    return dict(more, attn_mask=mask, is_causal=p["causal"], scale=p["scale"])


def _plain(t, p, q, k, v, mask=None):
    return t.nn.functional.scaled_dot_product_attention(q, k, v, **_keywords(p, q, k, mask))


def _math(t, p, q, k, v, mask=None):
    """The composed kernel, forced."""
    a = t.nn.attention
    with a.sdpa_kernel(a.SDPBackend.MATH):
        return _plain(t, p, q, k, v, mask)


def _flash(t, p, q, k, v, mask=None):
    """The tiled kernel wherever the library can select it (four dimensions, one head size), else the composed one."""
    a = t.nn.attention
    with a.sdpa_kernel([a.SDPBackend.FLASH_ATTENTION, a.SDPBackend.MATH]):
        return _plain(t, p, q, k, v, mask)


def _repeated(t, p, q, k, v, mask=None):
    """Grouped heads written out by the caller."""
    if q.dim() > 3 and q.shape[-3] != k.shape[-3]:
        group = q.shape[-3] // k.shape[-3]
        k, v = k.repeat_interleave(group, -3), v.repeat_interleave(group, -3)
    return _plain(t, p, q, k, v, mask)


BINDINGS = (
    Binding(
        function="scaled_dot_product_attention",
        forms={"plain": _plain, "math-kernel": _math, "flash-kernel": _flash, "repeated-heads": _repeated},
        names=("torch.nn.functional.scaled_dot_product_attention", "torch.nn.attention.sdpa_kernel"),
        dtypes=("float32", "float64", "float16", "bfloat16"),
        modes=("inference-mode",),
        since="2.5",
    ),
)

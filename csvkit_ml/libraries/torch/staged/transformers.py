"""Torch bindings: multi-head attention and transformer layers; the fast path of evaluation mode against the plain path."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

WIDE = ("float32", "float64")
LAYER = (
    ("self_attn.in_proj_weight", "self_attn.in_proj_bias", "self_attn.out_proj.weight", "self_attn.out_proj.bias"),
    ("multihead_attn.in_proj_weight", "multihead_attn.in_proj_bias", "multihead_attn.out_proj.weight", "multihead_attn.out_proj.bias"),
    ("linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias"),
    ("norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias"),
    ("norm3.weight", "norm3.bias"),
)
ENCODER = (*LAYER[0], *LAYER[2], *LAYER[3])
DECODER = (*LAYER[0], *LAYER[1], *LAYER[2], *LAYER[3], *LAYER[4])


def _loaded(t, m, names, weights, prefix=""):
    """A module with the given weights, all of them."""
    m.load_state_dict({prefix + n: w for n, w in zip(names, weights)}, strict=not prefix)  # noqa: B905 - Python 3.9
    return m


def _padding(t, x):
    """True for keys that are not there, as torch has it."""
    batch, keys = x.shape[:2]
    ends = (keys - t.arange(batch)).clamp(min=1)
    return t.arange(keys)[None, :] >= ends[:, None]


def _pairs(t, mask, queries, keys):
    """True for pairs that may not look at each other; None for all."""
    if mask in ("causal", "both"):
        return t.ones(queries, keys, dtype=t.bool).tril().logical_not()
    if mask == "pairs":
        i, j = t.arange(queries)[:, None], t.arange(keys)[None, :]
        return ((i + j) % 2 != 0) & (j != 0)
    return None


def _given(t, p, x, key):
    pad = _padding(t, key) if p["mask"] in ("padding", "both") else None
    return {"key_padding_mask": pad, "attn_mask": _pairs(t, p["mask"], x.shape[1], key.shape[1])}


def _attention(batch_first=True, train=False, weights=False):
    def form(t, p, x, key, *w):
        names = ("in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias")
        m = _loaded(t, t.nn.MultiheadAttention(x.shape[-1], p["heads"], batch_first=batch_first, dtype=x.dtype), names, w).train(train)
        given = _given(t, p, x, key)
        if batch_first:
            return m(x, key, key, need_weights=weights, **given)[0]
        x, key = x.transpose(0, 1), key.transpose(0, 1)
        return m(x, key, key, need_weights=weights, **given)[0].transpose(0, 1)

    return form


def _attention_function(t, p, x, key, *w):
    """Sequences first; keys and values are one."""
    q, k = x.transpose(0, 1), key.transpose(0, 1)
    call = t.nn.functional.multi_head_attention_forward
    made = call(
        q, k, k, x.shape[-1], p["heads"], w[0], w[1], None, None, False, 0.0, w[2], w[3], training=False, need_weights=True,
        **_given(t, p, x, key)
    )
    return made[0].transpose(0, 1)


def _sizes(p, x, w, first):
    """(embedding, heads, width between the products) and how a layer is made."""
    how = {"dropout": 0.0, "batch_first": True, "norm_first": p["norm_first"], "layer_norm_eps": p["eps"], "dtype": x.dtype}
    return (x.shape[-1], p["heads"], w[first].shape[0]), how


def _there(t, p, x, y):
    """Zero at padded places, which are not asked."""
    return y.masked_fill(_padding(t, x)[..., None], 0.0) if p["mask"] in ("padding", "both") else y


def _masks(t, p, x, own, padding):
    """The causal mask is named as such as well, which may select another path."""
    pad = _padding(t, x) if p["mask"] in ("padding", "both") else None
    return {own: _pairs(t, p["mask"], x.shape[1], x.shape[1]), padding: pad, "is_causal": p["mask"] in ("causal", "both")}


def _encoder_layer(train, fast=True):
    def form(t, p, x, *w):
        sizes, how = _sizes(p, x, w, 4)
        m = _loaded(t, t.nn.TransformerEncoderLayer(*sizes, **how), ENCODER, w).train(train)
        before = t.backends.mha.get_fastpath_enabled()
        t.backends.mha.set_fastpath_enabled(fast)
        try:
            return _there(t, p, x, m(x, **_masks(t, p, x, "src_mask", "src_key_padding_mask")))
        finally:
            t.backends.mha.set_fastpath_enabled(before)

    return form


def _encoder(t, p, x, *w):
    """A stack of one layer, which may pass a batch of unequal lengths on as a nested tensor."""
    sizes, how = _sizes(p, x, w, 4)
    m = t.nn.TransformerEncoder(t.nn.TransformerEncoderLayer(*sizes, **how), 1)
    m = _loaded(t, m, ["layers.0." + n for n in ENCODER], w).eval()
    y = m(x, **_masks(t, p, x, "mask", "src_key_padding_mask"))
    missing = x.shape[1] - y.shape[1]
    return _there(t, p, x, t.nn.functional.pad(y, (0, 0, 0, missing)) if missing else y)


def _decoder_given(t, p, x, memory):
    return {
        "tgt_mask": _pairs(t, p["mask"], x.shape[1], x.shape[1]),
        "memory_key_padding_mask": _padding(t, memory) if p["mask"] in ("padding", "both") else None,
        "tgt_is_causal": p["mask"] in ("causal", "both"),
    }


def _decoder_layer(train):
    def form(t, p, x, memory, *w):
        sizes, how = _sizes(p, x, w, 8)
        return _loaded(t, t.nn.TransformerDecoderLayer(*sizes, **how), DECODER, w).train(train)(x, memory,
            **_decoder_given(t, p, x, memory))

    return form


def _decoder(t, p, x, memory, *w):
    sizes, how = _sizes(p, x, w, 8)
    m = t.nn.TransformerDecoder(t.nn.TransformerDecoderLayer(*sizes, **how), 1)
    return _loaded(t, m, ["layers.0." + n for n in DECODER], w).eval()(x, memory, **_decoder_given(t, p, x, memory))


def _whole(t, p, x, memory, *w):
    """A transformer without encoder layers hands the memory on as it is."""
    sizes, how = _sizes(p, x, w, 8)
    encoder = t.nn.Identity()
    encoder.forward = lambda src, **given: src
    m = t.nn.Transformer(sizes[0], sizes[1], 1, 1, sizes[2], custom_encoder=encoder, **how)
    m.decoder.norm = None
    m = _loaded(t, m, ["decoder.layers.0." + n for n in DECODER], w).eval()
    return m(memory, x, **_decoder_given(t, p, x, memory))


def _binding(function, names, **forms):
    return Binding(
        function=function, forms={k.replace("_", "-"): f for k, f in forms.items()}, names=tuple("torch.nn." + n for n in names.split()),
        dtypes=WIDE, layouts=("strided", "transposed", "offset"), modes=("inference-mode", "no-grad"), since="2.2",
    )  # fmt: skip


BINDINGS = (
    Binding(
        function="multi_head_attention",
        forms={
            "plain": _attention(), "training": _attention(train=True), "with-weights": _attention(weights=True),
            "sequence-first": _attention(batch_first=False), "function": _attention_function,
        },
        names=("torch.nn.MultiheadAttention", "torch.nn.functional.multi_head_attention_forward"),
        dtypes=WIDE, layouts=("strided", "transposed", "offset"), modes=("inference-mode", "no-grad"), since="2.2",
    ),
    _binding(
        "transformer_encoder_layer", "TransformerEncoderLayer TransformerEncoder", plain=_encoder_layer(False),
        training=_encoder_layer(True),
        no_fast_path=_encoder_layer(False, fast=False), stack=_encoder,
    ),
    _binding(
        "transformer_decoder_layer", "TransformerDecoderLayer TransformerDecoder Transformer", plain=_decoder_layer(False),
        training=_decoder_layer(True), stack=_decoder, whole=_whole,
    ),
)  # fmt: skip

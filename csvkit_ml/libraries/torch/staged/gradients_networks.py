"""Torch bindings: gradients of recurrent layers, attention blocks and connectionist temporal classification, by every road."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding
from csvkit_ml.libraries.torch.staged.gradients import forward_mode, roads

FLOATS = ("float32", "float64")
ROADS = ("torch.autograd.grad", "torch.Tensor.backward", "torch.func.vjp", "torch.func.functional_call")
_ATTENTION = ("in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias")
_LAYER = (*("self_attn." + n for n in _ATTENTION), "linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias", "norm1.weight", "norm1.bias",
          "norm2.weight", "norm2.bias")  # fmt: skip
_KINDS = {"lstm": ("LSTM", {}), "gru": ("GRU", {}), "rnn_tanh": ("RNN", {"nonlinearity": "tanh"}), "rnn_relu": ("RNN", {"nonlinearity": "relu"})}


def _called(t, p, names, weights, *inputs, **more):
    """The prepared module with the given weights in the place of its own."""
    return t.func.functional_call(p["module"], dict(zip(names, weights)), inputs, more)  # noqa: B905 - Python 3.9


def _prepared(make, form):
    """Modules fill their weights when they are made, which no function transform allows: made before."""
    return lambda t, p, *inputs: form(t, {**p, "module": make(t, p, *inputs).to(inputs[0].device)}, *inputs)


def _recurrent_module(batch_first=False):
    def make(t, p, x, *rest):
        name, more = _KINDS[p["kind"]]
        how = {"num_layers": p["layers"], "bidirectional": p["both_ways"], "batch_first": batch_first, "dtype": x.dtype}
        return getattr(t.nn, name)(x.shape[-1], p["hidden"], **how, **more)

    return make


def _recurrent(t, p, x, *rest):
    count = 2 if p["kind"] == "lstm" else 1
    states = rest[:count] if count > 1 else rest[0]
    names = [n for n, _ in p["module"].named_parameters()]
    return _called(t, p, names, rest[count:], x, states)[0]


def _recurrent_rows(t, p, x, *rest):
    return _recurrent(t, p, x.transpose(0, 1), *rest).transpose(0, 1)


def _cell_module(t, p, x, *rest):
    """One layer and direction as a cell; more of them as the layer."""
    if p["layers"] > 1 or p["both_ways"]:
        return _recurrent_module()(t, p, x, *rest)
    name, more = _KINDS[p["kind"]]
    return getattr(t.nn, name + "Cell")(x.shape[-1], p["hidden"], dtype=x.dtype, **more)


def _by_cells(t, p, x, *rest):
    """Step by step."""
    if p["layers"] > 1 or p["both_ways"]:
        return _recurrent(t, p, x, *rest)
    names, count, made = [n for n, _ in p["module"].named_parameters()], 2 if p["kind"] == "lstm" else 1, []
    state = tuple(s[0] for s in rest[:count]) if count > 1 else rest[0][0]
    for step in x:
        state = _called(t, p, names, rest[count:], step, state)
        made.append(state[0] if count > 1 else state)
    return t.stack(made)


def _causal(t, n, m, device):
    """True for pairs that may not look at each other."""
    return t.ones(n, m, dtype=t.bool, device=device).tril().logical_not()


def _attention_module(t, p, query, *rest):
    return t.nn.MultiheadAttention(query.shape[-1], p["heads"], batch_first=True, dtype=query.dtype)


def _attention(weights):
    def of(t, p, query, key, *w):
        mask = _causal(t, query.shape[1], key.shape[1], query.device) if p["causal"] else None
        return _called(t, p, _ATTENTION, w, query, key, key, need_weights=weights, attn_mask=mask)[0]

    return of


def _layer_module(t, p, x, *w):
    how = {"dropout": 0.0, "batch_first": True, "norm_first": p["norm_first"], "dtype": x.dtype}
    return t.nn.TransformerEncoderLayer(x.shape[-1], p["heads"], w[4].shape[0], **how).train()


def _layer(t, p, x, *w):
    mask = _causal(t, x.shape[1], x.shape[1], x.device) if p["causal"] else None
    return _called(t, p, _LAYER, w, x, src_mask=mask)


def _ctc(joined):
    """Targets padded to one length, or one behind the other."""

    def of(t, p, x, target):
        lengths = [t.tensor(p[n], dtype=t.int64) for n in ("input_lengths", "target_lengths")]
        given = t.cat([row[:n] for row, n in zip(target, p["target_lengths"])]) if joined else target  # noqa: B905
        return t.nn.functional.ctc_loss(t.log_softmax(x, -1), given, *lengths, reduction=p["reduction"])

    return of


def _bound(function, of, leaves, names, make=None, others=(), upstream=True, forwards=False):
    """`others`: (name, another way to call it, its module), whose gradient is taken by one road. `forwards`: by forward mode, too."""
    forms = roads(of, leaves, upstream)
    if make:
        forms = {n: _prepared(make, f) for n, f in forms.items()}
    for name, other, own in others:
        form = roads(other, leaves, upstream)["grad"]
        forms[name] = _prepared(own, form) if own else form
    once = {"torch.func.jacfwd": _prepared(make, forward_mode(of, leaves, upstream))} if forwards else {}
    return Binding(function=function, forms=forms, names=(*ROADS, *names), dtypes=FLOATS, layouts=("transposed",), aliases=once)


def _of_recurrent(p):
    return 1 + (2 if p["kind"] == "lstm" else 1) + 4 * p["layers"] * (2 if p["both_ways"] else 1)


_RECURRENT_WAYS = (("cells", _by_cells, _cell_module), ("batch-first", _recurrent_rows, _recurrent_module(True)))
BINDINGS = (
    *(
        _bound(
            "grad_" + kind, _recurrent, _of_recurrent, ("torch.nn." + name, "torch.nn." + name + "Cell"), _recurrent_module(), _RECURRENT_WAYS,
            forwards=kind != "lstm",  # whose kernel for processors says that it has none
        )
        for kind, (name, _) in _KINDS.items()
    ),
    _bound(
        "grad_multi_head_attention", _attention(False), lambda p: 6, ("torch.nn.MultiheadAttention",), _attention_module,
        (("weights-asked", _attention(True), _attention_module),),
    ),
    _bound("grad_transformer_encoder_layer", _layer, lambda p: 13, ("torch.nn.TransformerEncoderLayer",), _layer_module),
    _bound(
        "grad_ctc_loss", _ctc(False), lambda p: 1, ("torch.nn.functional.ctc_loss",), None, (("joined", _ctc(True), None),), upstream=False,
    ),
)  # fmt: skip

"""Torch bindings: LSTM and GRU modules. Gates are stacked as the samples stack them (i f g o; r z n)."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64", "float16", "bfloat16")


def _split(p, states, inputs):
    """(initial states or None, [(layer, direction, weights)])."""
    start = list(inputs[:states]) if p["initial"] else None
    flat = inputs[states:] if p["initial"] else inputs
    each = 4 if p["bias"] else 2
    directions = 2 if p["bidirectional"] else 1
    blocks = [flat[i : i + each] for i in range(0, len(flat), each)]
    return start, [(i // directions, i % directions, block) for i, block in enumerate(blocks)]


def _module(t, name, p, x, blocks, batch_first):
    m = getattr(t.nn, name)(
        x.shape[-1],
        p["hidden"],
        num_layers=p["layers"],
        bias=p["bias"],
        bidirectional=p["bidirectional"],
        batch_first=batch_first,
        dtype=x.dtype,
    )
    for layer, direction, block in blocks:
        for kind, w in zip(("weight_ih", "weight_hh", "bias_ih", "bias_hh"), block):  # noqa: B905 - Python 3.9
            setattr(m, "%s_l%d%s" % (kind, layer, "_reverse" * direction), t.nn.Parameter(w, requires_grad=False))
    return m


def _run(t, m, x, start, lengths, batch_first):
    """Sequences of unequal length are packed, and padded with zeros again."""
    hx = None if start is None else (start[0] if len(start) == 1 else tuple(start))
    if not lengths:
        return m(x, hx)
    rnn = t.nn.utils.rnn
    packed = rnn.pack_padded_sequence(x, t.tensor(lengths), batch_first=batch_first, enforce_sorted=False)
    y, states = m(packed, hx)
    steps = x.shape[1 if batch_first else 0]
    return rnn.pad_packed_sequence(y, batch_first=batch_first, total_length=steps)[0], states


def _form(name, states, batch_first=False, flattened=False):
    def call(t, p, x, *inputs):
        start, blocks = _split(p, states, inputs)
        m = _module(t, name, p, x, blocks, batch_first)
        if flattened:
            m.flatten_parameters()
            m.eval()
        y, final = _run(t, m, x.transpose(0, 1) if batch_first else x, start, p["lengths"], batch_first)
        return (y.transpose(0, 1) if batch_first else y, *(final if states == 2 else (final,)))

    return call


def _binding(function, name, states):
    return Binding(
        function=function,
        forms={
            "plain": _form(name, states),
            "batch-first": _form(name, states, batch_first=True),
            "eval-flattened": _form(name, states, flattened=True),
        },
        names=("torch.nn." + name, "torch.nn.utils.rnn.pack_padded_sequence", "torch.nn.utils.rnn.pad_packed_sequence"),
        dtypes=FLOATS,
        modes=("inference-mode", "mkldnn-off"),
    )


BINDINGS = (_binding("lstm", "LSTM", 2), _binding("gru", "GRU", 1))

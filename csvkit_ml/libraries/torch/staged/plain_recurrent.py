"""Torch bindings: recurrent layers without gates, as module, function and cell."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding
from csvkit_ml.libraries.torch.staged.recurrent import FLOATS, _run, _split


def _form(kind, batch_first=False):
    def call(t, p, x, *inputs):
        start, blocks = _split(p, 1, inputs)
        sizes = {"num_layers": p["layers"], "bias": p["bias"], "bidirectional": p["bidirectional"], "batch_first": batch_first}
        m = t.nn.RNN(x.shape[-1], p["hidden"], nonlinearity=kind, dtype=x.dtype, **sizes)
        for layer, direction, block in blocks:
            for name, w in zip(("weight_ih", "weight_hh", "bias_ih", "bias_hh"), block):  # noqa: B905 - Python 3.9
                setattr(m, "%s_l%d%s" % (name, layer, "_reverse" * direction), t.nn.Parameter(w, requires_grad=False))
        y, final = _run(t, m, x.transpose(0, 1) if batch_first else x, start, p["lengths"], batch_first)
        return (y.transpose(0, 1) if batch_first else y), final

    return call


def _binding(kind):
    return Binding(
        function="rnn_" + kind, forms={"plain": _form(kind), "batch-first": _form(kind, batch_first=True)}, names=("torch.nn.RNN",),
        dtypes=FLOATS, modes=("inference-mode", "mkldnn-off"),
    )  # fmt: skip


BINDINGS = (_binding("tanh"), _binding("relu"))

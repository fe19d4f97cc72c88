"""Torch bindings: LSTM modules with projected hidden states."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding


def _form(batch_first):
    def call(t, p, x, *rest):
        start, flat = (rest[:2], rest[2:]) if p["initial"] else (None, rest)
        m = t.nn.LSTM(
            x.shape[-1], p["hidden"], num_layers=p["layers"], bias=p["bias"], bidirectional=p["bidirectional"], proj_size=p["projected"],
            batch_first=batch_first, dtype=x.dtype,
        )  # fmt: skip
        kinds = ("weight_ih", "weight_hh", *(("bias_ih", "bias_hh") if p["bias"] else ()), "weight_hr")
        directions = 2 if p["bidirectional"] else 1
        for i, w in enumerate(flat):
            at, kind = divmod(i, len(kinds))
            name = "%s_l%d%s" % (kinds[kind], at // directions, "_reverse" * (at % directions))
            setattr(m, name, t.nn.Parameter(w, requires_grad=False))
        y, (h, c) = m(x.transpose(0, 1) if batch_first else x, start) if start else m(x.transpose(0, 1) if batch_first else x)
        return (y.transpose(0, 1) if batch_first else y), h, c

    return call


BINDINGS = (
    Binding(
        function="lstm_projected", forms={"plain": _form(False), "batch-first": _form(True)}, names=("torch.nn.LSTM",),
        dtypes=("float32", "float64"), modes=("inference-mode", "mkldnn-off"),
    ),
)  # fmt: skip

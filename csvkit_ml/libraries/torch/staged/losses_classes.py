"""Torch bindings: losses of class scores."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64")


def _binding(function, module, arguments, name=""):
    """`arguments`: parameters that both forms take by name; the last operand is the weight where there is one."""
    name = name or function

    def how(p, xs):
        weight = {"weight": xs[2] if p["weighted"] else None} if "weighted" in p else {}
        return {"reduction": p["reduction"], **weight, **{n: p[n] for n in arguments}}

    return Binding(
        function=function,
        forms={
            "plain": lambda t, p, *xs: getattr(t.nn.functional, name)(*xs[:2], **how(p, xs)),
            "module": lambda t, p, *xs: getattr(t.nn, module)(**how(p, xs))(*xs[:2]),
        },
        names=("torch.nn.functional." + name, "torch.nn." + module),
        dtypes=FLOATS,
        modes=("no-grad",),
    )


BINDINGS = (
    _binding("nll_loss", "NLLLoss", ("ignore_index",)),
    _binding("softmax_cross_entropy_loss", "CrossEntropyLoss", ("ignore_index",), "cross_entropy"),
    _binding("multi_margin_loss", "MultiMarginLoss", ("p", "margin")),
    _binding("multilabel_margin_loss", "MultiLabelMarginLoss", ()),
    _binding("multilabel_soft_margin_loss", "MultiLabelSoftMarginLoss", ()),
    _binding("cross_entropy_probabilities", "CrossEntropyLoss", ("label_smoothing",), "cross_entropy"),
)

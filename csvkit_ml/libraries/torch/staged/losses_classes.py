"""Torch bindings: losses of class scores."""

from __future__ import annotations

import warnings

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


def _of_scores(p, w, b, share):
    return {"linear_bias": b if p["biased"] else None, "weight": share if p["weighted"] else None, **_left_out(p)}


def _left_out(p):
    return {"reduction": p["reduction"], "ignore_index": p["ignore_index"]}


def _linear(options=False):
    """Whole, or with scores that are made piece by piece."""

    def form(t, p, x, target, w, b, share):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            how = {"options": t.nn.LinearCrossEntropyOptions(batch_chunk_size=2)} if options else {}
            return t.nn.functional.linear_cross_entropy(x, w, target, **_of_scores(p, w, b, share), **how)

    return form


def _linear_module(t, p, x, target, w, b, share):
    made = t.nn.LinearCrossEntropyLoss(
        w.shape[1], w.shape[0], bias=p["biased"], dtype=x.dtype, weight=share if p["weighted"] else None, **_left_out(p)
    )
    made.linear.weight.data = w
    if p["biased"]:
        made.linear.bias.data = b
    return made(x, target).detach()


BINDINGS = (
    Binding(
        function="linear_cross_entropy",
        forms={"plain": _linear(), "pieces": _linear(options=True), "module": _linear_module},
        names=("torch.nn.functional.linear_cross_entropy", "torch.nn.LinearCrossEntropyLoss", "torch.nn.LinearCrossEntropyOptions"),
        dtypes=FLOATS,
        since="2.13",
    ),
    _binding("nll_loss", "NLLLoss", ("ignore_index",)),
    _binding("softmax_cross_entropy_loss", "CrossEntropyLoss", ("ignore_index",), "cross_entropy"),
    _binding("multi_margin_loss", "MultiMarginLoss", ("p", "margin")),
    _binding("multilabel_margin_loss", "MultiLabelMarginLoss", ()),
    _binding("multilabel_soft_margin_loss", "MultiLabelSoftMarginLoss", ()),
    _binding("cross_entropy_probabilities", "CrossEntropyLoss", ("label_smoothing",), "cross_entropy"),
)

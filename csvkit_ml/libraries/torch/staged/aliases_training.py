"""Other names of losses and clipping."""

from __future__ import annotations

import warnings
from typing import Any

from csvkit_ml.libraries.torch.staged.aliases import Names


def _old_module(t: Any, p: Any, x: Any, target: Any, w: Any) -> Any:
    """The spelling of before the module took any number of dimensions."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = t.nn.NLLLoss2d(weight=w if p["weighted"] else None, ignore_index=p["ignore_index"], reduction=p["reduction"])
    return made(x, target)


def _path_sum(t: Any, p: Any, x: Any, targets: Any, inputs: Any, lengths: Any) -> Any:
    """The reduction is a number here: none, mean, sum."""
    return t.ctc_loss(x, targets, inputs, lengths, p["blank"], ("none", "mean", "sum").index(p["reduction"]), p["zero_infinity"])


def _old_clipping(t: Any, p: Any, *gradients: Any) -> Any:
    leaves = [t.zeros_like(g, requires_grad=True) for g in gradients]
    for leaf, g in zip(leaves, gradients):  # noqa: B905 - Python 3.9
        leaf.grad = g
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        norm = t.nn.utils.clip_grad_norm(leaves, p["max_norm"], norm_type=p["norm_type"])
    return [*(leaf.grad for leaf in leaves), norm]


TRAINING: "Names" = {
    "nll_loss": {"torch.nn.NLLLoss2d": _old_module},
    "ctc_loss": {"torch.ctc_loss": _path_sum},
    "clip_grad_norm": {"torch.nn.utils.clip_grad_norm": _old_clipping},
}

"""Torch bindings: the adaptive softmax."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding


def _layer(t, p, x, head, bias, tails):
    made = t.nn.AdaptiveLogSoftmaxWithLoss(x.shape[-1], p["classes"], list(p["cutoffs"]), div_value=p["div"], head_bias=p["bias"], dtype=x.dtype)
    made.head.weight.data.copy_(head)
    if p["bias"]:
        made.head.bias.data.copy_(bias)
    for (projection, classes), weights in zip(made.tail, zip(tails[::2], tails[1::2])):  # noqa: B905
        projection.weight.data.copy_(weights[0])
        classes.weight.data.copy_(weights[1])
    return made


def _plain(t, p, x, targets, head, bias, *tails):
    layer, leaf = _layer(t, p, x, head, bias, tails), x.detach().clone().requires_grad_(True)
    output, loss = layer(leaf, targets)
    loss.backward()
    return [layer.log_prob(x).detach(), output.detach(), loss.detach(), leaf.grad]


def _one_by_one(t, p, x, targets, head, bias, *tails):
    """Rows without a batch."""
    layer, leaves = _layer(t, p, x, head, bias, tails), [row.detach().clone().requires_grad_(True) for row in x]
    made = [layer(leaf, target) for leaf, target in zip(leaves, targets)]  # noqa: B905
    loss = t.stack([m.loss for m in made]).mean()
    loss.backward()
    return [layer.log_prob(x).detach(), t.stack([m.output for m in made]).detach(), loss.detach(), t.stack([leaf.grad for leaf in leaves])]


BINDINGS = (
    Binding(
        function="adaptive_log_softmax", forms={"plain": _plain, "one-by-one": _one_by_one}, names=("torch.nn.AdaptiveLogSoftmaxWithLoss",),
        dtypes=("float32", "float64"), layouts=("strided",),
    ),
)  # fmt: skip

"""Torch bindings: three small classifiers trained from given weights, with modules, functions and compiled code."""

from __future__ import annotations

from typing import Any, List

from csvkit_ml.libraries.binding import Binding
from csvkit_ml.libraries.torch.staged.paths import need_compiler

FLOATS = ("float32", "float64")
_OPTIMISERS = {"sgd": ("SGD", {"momentum": 0.9}), "adam": ("Adam", {})}
_LAYER = ("self_attn.in_proj_weight", "self_attn.in_proj_bias", "self_attn.out_proj.weight", "self_attn.out_proj.bias", "linear1.weight", "linear1.bias",
          "linear2.weight", "linear2.bias", "norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias")  # fmt: skip
NAMES = {
    "cnn": ("0.weight", "0.bias", "2.weight", "2.bias", "6.weight", "6.bias"),
    "lstm": ("cell.weight_ih_l0", "cell.weight_hh_l0", "cell.bias_ih_l0", "cell.bias_hh_l0", "head.weight", "head.bias"),
    "transformer": ("places", *("layer." + n for n in _LAYER), "head.weight", "head.bias"),
}
"""Of the weights, in the order in which they are given."""


def _cnn(t):
    n = t.nn
    return n.Sequential(n.Conv2d(1, 3, 3), n.ReLU(), n.Conv2d(3, 4, 3), n.ReLU(), n.MaxPool2d(2), n.Flatten(), n.Linear(16, 10))


def _module(t, forward, **parts):
    """A module of the given parts."""
    made: Any = type("Network", (t.nn.Module,), {"forward": forward})
    model = made()
    for name, part in parts.items():
        setattr(model, name, part)
    return model


def _lstm(t):
    return _module(t, lambda self, x: self.head(self.cell(x)[0][:, -1]), cell=t.nn.LSTM(8, 6, batch_first=True), head=t.nn.Linear(6, 10))


def _transformer(t):
    layer = t.nn.TransformerEncoderLayer(8, 2, 12, dropout=0.0, batch_first=True)
    parts = {"places": t.nn.Parameter(t.zeros(8, 8)), "layer": layer, "head": t.nn.Linear(8, 10)}
    return _module(t, lambda self, x: self.head(self.layer(x + self.places).mean(1)), **parts)


MAKERS = {"cnn": _cnn, "lstm": _lstm, "transformer": _transformer}


def _model(t, network, weights):
    model = MAKERS[network](t).to(weights[0].dtype).train()
    model.load_state_dict(dict(zip(NAMES[network], weights)))  # noqa: B905 - Python 3.9
    return model


def _shaped(network, x):
    return x[:, None] if network == "cnn" else x


def _batches(t, p, x, labels):
    for k in range(p["steps"]):
        rows = t.arange(k * p["batch"], (k + 1) * p["batch"], device=x.device) % len(x)
        yield x[rows], labels[rows]


def _answers(t, p, losses, logits):
    best = logits.argmax(-1)
    right = (best == t.tensor(p["labels"], device=best.device)).sum()
    return [t.stack([v.detach() for v in losses]), logits, best, right]


def _taught(network, change=None, **more):
    """`change(t, model)` gives what is trained in the model's place; the loss of a batch is taken before the step that it leads to."""

    def form(t, p, x, labels, probe, *weights):
        model = _model(t, network, weights)
        called = change(t, model) if change else model
        name, options = _OPTIMISERS[p["optimiser"]]
        optimiser = getattr(t.optim, name)(model.parameters(), lr=p["rate"], **options, **more)
        losses = []
        for a, b in _batches(t, p, _shaped(network, x), labels):
            optimiser.zero_grad()
            loss = t.nn.functional.cross_entropy(called(a), b)
            loss.backward()
            optimiser.step()
            losses.append(loss)
        with t.no_grad():
            return _answers(t, p, losses, model(_shaped(network, probe)))

    return form


def _by_function(network):
    """Gradients by a function transform, steps by hand in plain arithmetic."""

    def form(t, p, x, labels, probe, *weights):
        model = _model(t, network, weights)
        theta = {n: q.detach() for n, q in model.named_parameters()}

        def loss_of(theta, a, b):
            return t.nn.functional.cross_entropy(t.func.functional_call(model, theta, (a,)), b)

        state = {n: (t.zeros_like(q), t.zeros_like(q)) for n, q in theta.items()}
        losses = []
        for k, (a, b) in enumerate(_batches(t, p, _shaped(network, x), labels)):
            found, loss = t.func.grad_and_value(loss_of)(theta, a, b)
            made = {n: _step(t, p, theta[n], found[n], state[n], k + 1) for n in theta}
            theta, state = {n: m[0] for n, m in made.items()}, {n: m[1] for n, m in made.items()}
            losses.append(loss)
        with t.no_grad():
            return _answers(t, p, losses, t.func.functional_call(model, theta, (_shaped(network, probe),)))

    return form


def _step(t, p, q, g, state, count):
    m, v = state
    if p["optimiser"] == "sgd":
        m = 0.9 * m + g
        return q - p["rate"] * m, (m, v)
    m, v = 0.9 * m + (1 - 0.9) * g, 0.999 * v + (1 - 0.999) * g * g
    return q - p["rate"] / (1 - 0.9**count) * m / (v.sqrt() / (1 - 0.999**count) ** 0.5 + 1e-8), (m, v)


def _last_channels(t, model):
    model.to(memory_format=t.channels_last)
    return lambda x: model(x.to(memory_format=t.channels_last))


def _checkpointed(t, model):
    """Activations are computed again in the backward pass."""
    from torch.utils.checkpoint import checkpoint

    return lambda x: checkpoint(model, x, use_reentrant=False)


def _scripted(t, model):
    """Recorded once on zeros of a batch."""
    held: List[Any] = []

    def call(x):
        if not held:
            held.append(t.jit.trace(model, t.zeros_like(x), check_trace=False))
        return held[0](x)

    return call


def _compiled(backend):
    """Traced, and where the backend says so turned into C++ that is built here."""

    def change(t, model):
        if backend == "inductor":
            need_compiler(t)
        t._dynamo.reset()
        return t.compile(model, backend=backend, dynamic=False)

    return change


def _trained(network, names, **more):
    forms = {
        "plain": _taught(network), "loop": _taught(network, foreach=False), "fused": _taught(network, fused=True),
        "function": _by_function(network), "checkpoint": _taught(network, _checkpointed), **more,
    }  # fmt: skip
    known = ("torch.optim.SGD", "torch.optim.Adam", "torch.nn.functional.cross_entropy", "torch.Tensor.backward", *names)
    return Binding(
        function="trained_" + network, forms=forms, names=known, dtypes=FLOATS, layouts=(), modes=("mkldnn-off", "deterministic"), since="2.5"
    )


def _built(t, p, x, labels, probe, *weights):
    return _taught(p["network"], _compiled("inductor"))(t, p, x, labels, probe, *weights)


def _traced(t, p, x, labels, probe, *weights):
    return _taught(p["network"], _compiled("aot_eager"))(t, p, x, labels, probe, *weights)


def _recorded(t, p, x, labels, probe, *weights):
    return _taught(p["network"], _scripted)(t, p, x, labels, probe, *weights)


BINDINGS = (
    _trained("cnn", ("torch.nn.Conv2d", "torch.nn.MaxPool2d", "torch.nn.ReLU"), **{"last-channels": _taught("cnn", _last_channels)}),
    _trained("lstm", ("torch.nn.LSTM",)),
    _trained("transformer", ("torch.nn.TransformerEncoderLayer",)),
    Binding(
        function="compiled_training",
        forms={"plain": _traced, "recorded": _recorded},
        names=("torch.jit.trace",),
        dtypes=FLOATS,
        layouts=(),
        since="2.5",
        aliases={"torch.compile": _built},
    ),
)

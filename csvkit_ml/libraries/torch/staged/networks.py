"""Torch bindings: a small convolutional network, eager, as modules, channels last, traced and scripted."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding


def _eager(t, p, x, w1, b1, w2, b2, w3, b3):
    f = t.nn.functional
    x = f.max_pool2d(f.relu(f.conv2d(x, w1, b1, padding=1)), 2)
    x = f.relu(f.conv2d(x, w2, b2, padding=1))
    return f.linear(x.mean((2, 3)), w3, b3)


def _network(t, w1, b1, w2, b2, w3, b3):
    n = t.nn
    net = n.Sequential(
        n.Conv2d(w1.shape[1], w1.shape[0], 3, padding=1), n.ReLU(), n.MaxPool2d(2), n.Conv2d(w2.shape[1], w2.shape[0], 3, padding=1), n.ReLU(),
        n.AdaptiveAvgPool2d(1), n.Flatten(), n.Linear(w3.shape[1], w3.shape[0]),
    )  # fmt: skip
    with t.no_grad():
        for mine, given in zip(net.parameters(), (w1, b1, w2, b2, w3, b3)):  # noqa: B905 - Python 3.9
            mine.copy_(given)
    return net.eval()


def _modules(t, p, x, *weights):
    return _network(t, *weights)(x)


def _channels_last(t, p, x, *weights):
    net = _network(t, *weights).to(memory_format=t.channels_last)
    return net(x.to(memory_format=t.channels_last))


def _traced(t, p, x, *weights):
    return t.jit.trace(_network(t, *weights), x)(x)


def _frozen(t, p, x, *weights):
    return t.jit.optimize_for_inference(t.jit.freeze(t.jit.script(_network(t, *weights))))(x)


BINDINGS = (
    Binding(
        function="small_cnn",
        forms={"plain": _eager, "modules": _modules, "memory-format": _channels_last, "jit-trace": _traced, "jit-script-frozen": _frozen},
        names=("torch.nn.Sequential", "torch.jit.trace", "torch.jit.script", "torch.jit.freeze"),
        dtypes=("float32",),
        layouts=(),
        modes=("inference-mode", "mkldnn-off"),
    ),
)

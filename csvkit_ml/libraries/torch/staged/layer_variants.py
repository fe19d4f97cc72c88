"""Torch bindings: dropout between recurrent layers, synchronised and lazy norms, padding with zeros, optimisers that ask for a graph."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

OPEN = 800.0
"""Bias of a gate that is open; its negative closes it: the sigmoid is 1 or 0 in every format."""


def _net(t, p, x, dropout):
    """Two layers of identities, without memory; order of gates: input, forget, cell, output, and reset, update, new."""
    width = x.shape[-1]
    kind = {"relu": t.nn.RNN, "lstm": t.nn.LSTM, "gru": t.nn.GRU}[p["kind"]]
    more = {"nonlinearity": "relu"} if p["kind"] == "relu" else {}
    net = kind(width, width, num_layers=2, dropout=dropout, dtype=x.dtype, **more)
    gates = {"relu": (None,), "lstm": (OPEN, -OPEN, None, OPEN), "gru": (-OPEN, -OPEN, None)}[p["kind"]]
    for name, parameter in net.named_parameters():
        parameter.data.zero_()
        parts = parameter.data.chunk(len(gates))
        for gate, part in zip(gates, parts):  # noqa: B905 - Python 3.9
            if gate is None and name.startswith("weight_ih"):
                part.copy_(t.eye(width, dtype=x.dtype))
            elif gate is not None and name.startswith("bias_ih"):
                part.fill_(gate)
    return net


def _recurrent(change=lambda net, x: net(x)[0]):
    def form(t, p, x):
        net = _net(t, p, x, p["p"])
        t.manual_seed(p["seed"])
        y = change(net.train(), x).detach()
        same = t.equal(net.eval()(x)[0], _net(t, p, x, 0.0)(x)[0])
        anew = all(not t.equal(step != 0, y[0] != 0) for step in y[1:])
        return [y, t.tensor([same, anew])]

    return form


def _batch_first(net, x):
    net.batch_first = True
    y = net(x.transpose(0, 1))[0].transpose(0, 1)
    net.batch_first = False
    return y


def _filled(t, p, made, w, b, mean, var):
    for name, value in (("running_mean", mean), ("running_var", var), *((("weight", w), ("bias", b)) if p["affine"] else ())):
        getattr(made, name).data.copy_(value)
    made.num_batches_tracked.fill_(p["counted"])
    return made


def _batch_norm(t, p, x, *given):
    kind = (t.nn.BatchNorm1d, t.nn.BatchNorm2d, t.nn.BatchNorm3d)[max(0, x.dim() - 3)]
    return _filled(t, p, kind(x.shape[1], eps=p["eps"], momentum=p["momentum"], affine=p["affine"]), *given)


def _state(t, p, made, x):
    w = made.weight.detach().clone() if p["affine"] else t.ones(x.shape[1])
    b = made.bias.detach().clone() if p["affine"] else t.zeros(x.shape[1])
    return [w, b, made.running_mean.clone(), made.running_var.clone(), made.num_batches_tracked.reshape(1).clone()]


def _compared(t, p, made, plain, x):
    before = _state(t, p, made, x)
    settings = made.eps == plain.eps and made.momentum == plain.momentum and made.affine == plain.affine
    trained = t.equal(made.train()(x), plain.train()(x))
    alike = all(t.equal(a, b) for a, b in zip(_state(t, p, made, x), _state(t, p, plain, x)))  # noqa: B905 - Python 3.9
    used = t.equal(made.eval()(x), plain.eval()(x))
    return [*before, t.tensor([type(made) is t.nn.SyncBatchNorm, settings, trained, alike, used])]


def _converted(t, p, *inputs):
    *given, x = inputs
    made = t.nn.SyncBatchNorm.convert_sync_batchnorm(t.nn.Sequential(_batch_norm(t, p, x, *given)))[0]
    return _compared(t, p, made, _batch_norm(t, p, x, *given), x)


def _made(t, p, *inputs):
    """By its own class."""
    *given, x = inputs
    made = _filled(t, p, t.nn.SyncBatchNorm(x.shape[1], eps=p["eps"], momentum=p["momentum"], affine=p["affine"]), *given)
    return _compared(t, p, made, _batch_norm(t, p, x, *given), x)


def _lazy(t, p, x, w, b):
    name = {"batch": "BatchNorm", "instance": "InstanceNorm"}[p["kind"]] + "%dd" % p["axes"]
    made = getattr(t.nn, "Lazy" + name)(eps=p["eps"], affine=True)
    lazy = made.has_uninitialized_params()
    made.initialize_parameters(x)
    made.weight.data.copy_(w)
    made.bias.data.copy_(b)
    y = made(x).detach()
    return [y, t.tensor([made.num_features]), t.tensor([lazy, type(made) is getattr(t.nn, name)])]


def _zeros(t, p, x):
    return getattr(t.nn, "ZeroPad%dd" % p["axes"])(tuple(p["pads"]))(x)


def _graphed(t, p, start, g):
    leaf = start.clone().requires_grad_(True)
    leaf.grad = g.clone()
    try:
        t.optim.__dict__[p["optimiser"]]([leaf], lr=0.125, capturable=True, foreach=p["foreach"]).step()
    except (AssertionError, RuntimeError, ValueError):
        return [leaf.detach(), t.tensor([True])]
    return [leaf.detach(), t.tensor([False])]


def _binding(function, names, dtypes=("float32",), since="", layouts=(), **forms):
    forms = {k.replace("_", "-"): v for k, v in forms.items()}
    return Binding(function=function, forms=forms, names=tuple("torch." + n for n in names), dtypes=dtypes, layouts=layouts, since=since)


LAZY = tuple("nn.Lazy%s%dd" % (k, d) for k in ("BatchNorm", "InstanceNorm") for d in (1, 2, 3))
BINDINGS = (
    _binding("recurrent_dropout", ("nn.RNN", "nn.LSTM", "nn.GRU"), dtypes=("float32", "float64"), plain=_recurrent(), batch_first=_recurrent(_batch_first)),
    _binding("synchronised_batch_norm", ("nn.SyncBatchNorm",), plain=_converted, made=_made),
    _binding("lazy_normalisation", LAZY, plain=_lazy),
    _binding("zero_padding", ("nn.ZeroPad1d", "nn.ZeroPad2d", "nn.ZeroPad3d"), layouts=("strided", "transposed"), since="2.1", plain=_zeros),
    _binding("capturable_refused", ("optim.Optimizer.step",), since="2.5", plain=_graphed),
)

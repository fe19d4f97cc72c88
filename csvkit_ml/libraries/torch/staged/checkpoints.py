"""Torch bindings: loading pre-trained values that do not quite fit, and what a checkpoint does not hold."""

from __future__ import annotations

import collections

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64")
LOADING = ("torch.nn.Module.load_state_dict", "torch.nn.Module.state_dict")


def _refuses(module, checkpoint, **how):
    try:
        module.load_state_dict(checkpoint, **how)
    except RuntimeError:
        return True
    return False


def _slots(t, kind, values):
    module = t.nn.Module()
    for name, value in zip("abc", values):  # noqa: B905
        if kind == "buffer":
            module.register_buffer(name, value.clone())
        else:
            module.register_parameter(name, t.nn.Parameter(value.clone()))
    return module


def _mismatch(kind):
    def form(t, p, *xs):
        checkpoint = dict(zip("abc", xs[3:]))  # noqa: B905
        module, tolerant = (_slots(t, kind, xs[:3]) for _ in range(2))
        answers = [_refuses(module, checkpoint, strict=True), _refuses(tolerant, checkpoint, strict=False)]
        same = all(t.equal(getattr(module, n), getattr(tolerant, n)) for n in "abc")
        if not same:
            raise ValueError("strict and tolerant loading differ in what they change")
        return [module.a, module.b, module.c, t.tensor(answers)]

    return form


def _cast(kind):
    def form(t, p, x):
        module = _slots(t, kind, (t.zeros(x.shape, dtype=getattr(t, p["into"])),))
        accepted = not _refuses(module, {"a": x})
        return [module.a, t.tensor([accepted])]

    return form


def _alias(t, p, x):
    assigned, copied = (_slots(t, "parameter", (t.zeros_like(x),)) for _ in range(2))
    checkpoint = {"a": x.clone()}
    assigned.load_state_dict(checkpoint, assign=True)
    copied.load_state_dict(checkpoint)
    checkpoint["a"].add_(8)
    return [assigned.a, copied.a, t.tensor([isinstance(m.a, t.nn.Parameter) and m.a.requires_grad for m in (assigned, copied)])]


def _layer(t, weight, buffer):
    module = t.nn.Linear(weight.shape[1], weight.shape[0], bias=False).to(weight.dtype)
    with t.no_grad():
        module.weight.copy_(weight)
    module.register_buffer("extra", buffer.clone(), persistent=False)
    return module


def _absent(t, p, weight, extra, own):
    source, target = _layer(t, weight, extra), _layer(t, t.zeros_like(weight), own)
    source.requires_grad_(False)
    target.requires_grad_(not p["frozen"])
    checkpoint = source.state_dict()
    before = target.weight.requires_grad
    refused = _refuses(target, checkpoint, strict=True)
    trainable = target.weight.requires_grad
    return [target.weight, target.extra, t.tensor(["extra" in checkpoint, trainable != before, trainable, refused])]


def _counter(kind):
    def form(t, p, count):
        source, target = (getattr(t.nn, kind)(3) for _ in range(2))
        source.num_batches_tracked.fill_(int(count))
        checkpoint = source.state_dict()
        if not p["told"]:
            checkpoint = collections.OrderedDict(checkpoint)
            if hasattr(checkpoint, "_metadata"):
                del checkpoint._metadata
        if not p["kept"]:
            del checkpoint["num_batches_tracked"]
        refused = _refuses(target, checkpoint, strict=True)
        return [target.num_batches_tracked.reshape(1), t.tensor([refused])]

    return form


BINDINGS = (
    Binding(
        function="transfer_shape_mismatch", forms={"plain": _mismatch("parameter"), "buffers": _mismatch("buffer")}, names=LOADING, dtypes=FLOATS, layouts=(),
    ),
    Binding(
        function="transfer_casting",
        forms={"plain": _cast("parameter"), "buffers": _cast("buffer")},
        names=LOADING, dtypes=("float32", "float16", "bfloat16"), layouts=(),
    ),
    Binding(function="transfer_assignment", forms={"plain": _alias}, names=LOADING, dtypes=FLOATS, layouts=(), since="2.1"),
    Binding(function="transfer_not_stored", forms={"plain": _absent}, names=(*LOADING, "torch.nn.Module.register_buffer"), dtypes=FLOATS, layouts=()),
    Binding(
        function="transfer_missing_counter", forms={"plain": _counter("BatchNorm1d"), "images": _counter("BatchNorm2d")},
        names=(*LOADING, "torch.nn.BatchNorm1d", "torch.nn.BatchNorm2d"), dtypes=("int64",), layouts=(),
    ),
)  # fmt: skip

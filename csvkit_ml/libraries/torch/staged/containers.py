"""Torch bindings: data pipes, padded and packed sequences, parameters as one vector, switches of backward."""

from __future__ import annotations

import functools
import warnings
from typing import Any

from csvkit_ml.libraries.binding import Binding, NotSupported

FLOATS = ("float32", "float64")


def _class(name, base, **members) -> Any:
    """A class that is found under its name in this module, as loaders that copy pipes need it."""
    globals()[name] = type(name, (base,), {**members, "__module__": __name__})
    return globals()[name]


def _keep(self, given):
    self.given = given


@functools.lru_cache(maxsize=None)
def _classes(t):
    """(source of whole numbers, pipe that doubles, pipe of squares by index, pipe marked as random)."""
    data = t.utils.data
    return (
        _class("Whole", data.IterDataPipe, __init__=_keep, __iter__=lambda self: iter(range(self.given))),
        _class("Doubled", data.IterDataPipe, __init__=_keep, __iter__=lambda self: iter([2 * x for x in self.given])),
        _class("Squares", data.MapDataPipe, __init__=_keep, __getitem__=lambda self, i: i * i, __len__=lambda self: self.given),
        data.non_deterministic(_class("Chance", data.IterDataPipe, __iter__=lambda self: iter([4]))),
    )


def _refused(t, chance):
    """Whether a pipe that is marked as random is refused, and only where determinism is asked."""
    if list(chance()) != [4]:
        return False
    try:
        with t.utils.data.guaranteed_datapipes_determinism():
            chance()
    except TypeError:
        return True
    return False


def _pipes(by_name):
    def form(t, p):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data, (source, doubled, squares, chance) = t.utils.data, _classes(t)
            registered = data.IterDataPipe.functions
            try:
                data.functional_datapipe("mlcsv_doubled")(doubled)
                made = source(p["n"]).mlcsv_doubled() if by_name else doubled(source(p["n"]))
                known = isinstance(made, doubled)
                batches = list(data.DataLoader(made, batch_size=p["batch"]))
            finally:
                registered.pop("mlcsv_doubled", None)
            chunk = data.DataChunk(iter([1, 2, 3]))
            answers = [known, list(chunk) == [1, 2, 3], list(chunk.raw_iterator()) == [1, 2, 3], _refused(t, chance)]
            lengths = t.tensor([len(b) for b in batches], dtype=t.int64)
            return [t.tensor(list(data.DataLoader(squares(p["n"]), batch_size=None))), t.cat(batches), lengths, t.tensor(answers)]

    return form


def _sequences(t, p, x):
    rnn, rows = t.nn.utils.rnn, list(x.split(p["lengths"]))
    padded = rnn.pad_sequence(rows, batch_first=p["batch_first"], padding_value=p["padding"])
    packed = rnn.pack_sequence(rows, enforce_sorted=False)
    kept = rnn.PackedSequence(packed.data, packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices)
    inverse = rnn.invert_permutation(packed.sorted_indices)
    return [padded, packed.data, packed.batch_sizes, packed.sorted_indices, inverse, t.cat(rnn.unpack_sequence(kept))]


def _sorted_sequences(t, p, x):
    """Packed in an order that is sorted already; put back by hand."""
    rnn, rows = t.nn.utils.rnn, list(x.split(p["lengths"]))
    order = sorted(range(len(rows)), key=lambda i: -len(rows[i]))
    packed = rnn.pack_sequence([rows[i] for i in order])
    back = rnn.unpack_sequence(packed)
    again = t.cat([back[order.index(i)] for i in range(len(rows))])
    padded = rnn.pad_sequence(rows, batch_first=p["batch_first"], padding_value=p["padding"])
    at = t.tensor(order, dtype=t.int64)
    return [padded, packed.data, packed.batch_sizes, at, rnn.invert_permutation(at), again]


def _unpadded(t, p, x):
    rnn = t.nn.utils.rnn
    padded = rnn.pad_sequence(list(x.split(p["lengths"])), batch_first=p["batch_first"], padding_value=p["padding"])
    rows = rnn.unpad_sequence(padded, t.tensor(p["lengths"]), batch_first=p["batch_first"])
    return [t.cat(rows), padded]


def _converted(t, kind, weight):
    """(kernel after its memory format is changed, whether the format is in force)."""
    name, convert = ("Conv2d", "convert_conv2d_weight_memory_format") if kind == 2 else ("Conv3d", "convert_conv3d_weight_memory_format")
    if not hasattr(t.nn.utils, convert):
        raise NotSupported("torch.nn.utils." + convert)
    layer = getattr(t.nn, name)(weight.shape[1], weight.shape[0], weight.shape[2:], bias=False, dtype=weight.dtype)
    layer.weight.data = weight.clone()
    asked = t.channels_last if kind == 2 else t.channels_last_3d
    made = getattr(t.nn.utils, convert)(t.nn.Sequential(layer), asked)[0].weight.detach()
    return made, made.is_contiguous(memory_format=asked)


def _vectors(t, p, *given):
    leaves = [t.nn.Parameter(x.clone()) for x in given]
    row = t.nn.utils.parameters_to_vector(leaves).detach().clone()
    t.nn.utils.vector_to_parameters(row.flip(0), leaves)
    return [row, t.cat([leaf.detach().reshape(-1) for leaf in leaves])]


def _kernels(t, p, two, three):
    t.manual_seed(p["seed"])
    before = t.get_rng_state()
    layer = t.nn.utils.skip_init(t.nn.Linear, 5, 3, dtype=two.dtype)
    untouched = bool(t.equal(before, t.get_rng_state()))
    flat, deep = _converted(t, 2, two), _converted(t, 3, three)
    return [flat[0], deep[0], t.tensor([tuple(layer.weight.shape) == (3, 5), untouched, flat[1], deep[1]])]


def _stripped(t):
    """(returned itself, no running statistics)."""
    net = t.nn.Sequential(t.nn.BatchNorm1d(3), t.nn.Sequential(t.nn.BatchNorm2d(2)))
    made = t.func.replace_all_batch_norm_modules_(net)
    return made is net, all(b.running_mean is None and not b.track_running_stats for b in (net[0], net[1][0]))


def _switches(as_function):
    def form(t, p, x):
        if not hasattr(t.Tensor, "grad_dtype"):
            raise NotSupported("torch.Tensor.grad_dtype")
        leaf, wide = (x.detach().clone().requires_grad_(True) for _ in range(2))
        wide.grad_dtype = t.float64
        switch = t.autograd.set_multithreading_enabled(False)
        try:
            (leaf * leaf).sum().backward()
            (wide * wide).sum().backward()
        finally:
            t.autograd.set_multithreading_enabled(True)
        if not as_function:
            leaf.grad = None
            with switch:
                (leaf * leaf).sum().backward()
        same = bool(t.equal(wide.grad.to(x.dtype), leaf.grad))
        return [leaf.grad, t.func.rearrange(x, "n k -> (k n)"), t.tensor([wide.grad.dtype == t.float64, same, *_stripped(t)])]

    return form


BINDINGS = (
    Binding(
        function="data_pipes",
        forms={"plain": _pipes(by_name=True), "by-class": _pipes(by_name=False)},
        names=(
            "torch.utils.data.IterDataPipe", "torch.utils.data.MapDataPipe", "torch.utils.data.functional_datapipe", "torch.utils.data.DataChunk",
            "torch.utils.data.non_deterministic", "torch.utils.data.guaranteed_datapipes_determinism",
        ),
        dtypes=("int64",),
        layouts=(),
    ),
    Binding(
        function="padded_sequences",
        forms={"plain": _sequences, "sorted": _sorted_sequences},
        names=(
            "torch.nn.utils.rnn.pad_sequence", "torch.nn.utils.rnn.pack_sequence", "torch.nn.utils.rnn.unpack_sequence",
            "torch.nn.utils.rnn.invert_permutation", "torch.nn.utils.rnn.PackedSequence",
        ),
        dtypes=FLOATS,
    ),
    Binding(
        function="parameter_vectors",
        forms={"plain": _vectors},
        names=("torch.nn.utils.parameters_to_vector", "torch.nn.utils.vector_to_parameters"),
        dtypes=FLOATS,
    ),
    Binding(
        function="kernel_formats",
        forms={"plain": _kernels},
        names=(
            "torch.nn.utils.skip_init", "torch.nn.utils.convert_conv2d_weight_memory_format", "torch.nn.utils.convert_conv3d_weight_memory_format",
        ),
        dtypes=FLOATS,
    ),
    Binding(
        function="unpadded_sequences", forms={"plain": _unpadded}, names=("torch.nn.utils.rnn.unpad_sequence",), dtypes=FLOATS
    ),
    Binding(
        function="backward_switches",
        since="2.13",
        forms={"plain": _switches(as_function=True), "context": _switches(as_function=False)},
        names=(
            "torch.autograd.set_multithreading_enabled", "torch.Tensor.grad_dtype", "torch.func.replace_all_batch_norm_modules_", "torch.func.rearrange",
        ),
        dtypes=FLOATS,
    ),
)  # fmt: skip

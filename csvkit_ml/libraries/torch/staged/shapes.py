"""Torch bindings: axes and extents. Views are also written out, so that a wrong stride shows."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

MOVED = ("float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool")
LAYOUTS = ("strided", "transposed", "offset", "expanded")


def _binding(function, forms, names, layouts=LAYOUTS):
    return Binding(function=function, forms=forms, names=names, dtypes=MOVED, layouts=layouts, modes=("inference-mode",))


def _both(*names):
    """Names as function and as method."""
    return tuple(n for name in names for n in ("torch." + name, "torch.Tensor." + name))


def _swapping(name):
    return lambda t, p, x: getattr(t, name)(x, p["first"], p["second"])


def _swapped_inplace(t, p, x):
    return x.clone().transpose_(p["first"], p["second"])


def _matrix_turned(t, p, x):
    """The shorthands of a matrix where they say the same."""
    if x.dim() < 2 or {p["first"] % x.dim(), p["second"] % x.dim()} != {x.dim() - 2, x.dim() - 1}:
        return t.swapdims(x, p["first"], p["second"])
    return x.T.t().T if x.dim() == 2 else x.mT


def _matrix_turned_inplace(t, p, x):
    """t_ and t_copy of a matrix, T, H and mH where they say the same."""
    if x.dim() < 2 or {p["first"] % x.dim(), p["second"] % x.dim()} != {x.dim() - 2, x.dim() - 1}:
        return x.clone().transpose_(p["first"], p["second"])
    return t.t_copy(x.clone().t_().H) if x.dim() == 2 else x.mH


def _adjoint(t, p, x):
    """Real data, so the adjoint is the transposed matrix."""
    last_two = x.dim() >= 2 and {p["first"] % x.dim(), p["second"] % x.dim()} == {x.dim() - 2, x.dim() - 1}
    return t.adjoint(x) if last_two else x.swapaxes(p["first"], p["second"])


def _reversed(t, p, x):
    """By index, or by the shorthand of one axis."""
    axes = [a % x.dim() for a in p["axes"]]
    if axes == [0]:
        return t.flipud(x)
    if axes == [1]:
        return t.fliplr(x)
    for axis in axes:
        x = x.index_select(axis, t.arange(x.shape[axis] - 1, -1, -1))
    return x


def _roll(t, p, x):
    return t.roll(x, p["shifts"], p["axes"]) if p["axes"] is not None else t.roll(x, p["shifts"][0])


def _view(t, p, x):
    return x.contiguous().view(p["shape"])


def _like(t, p, x):
    return x.reshape_as(t.empty(p["shape"], dtype=x.dtype)) if -1 not in p["shape"] else t.reshape(x, p["shape"])


def _flat_module(t, p, x):
    return t.nn.Flatten(p["first"], p["last"])(x) if x.dim() else x.flatten()


def _raveled(t, p, x):
    return t.ravel(x) if p["first"] == 0 and p["last"] == -1 else t.flatten(x, p["first"], p["last"])


def _squeeze(t, p, x):
    return t.squeeze(x) if p["axes"] is None else t.squeeze(x, p["axes"] if len(p["axes"]) > 1 else p["axes"][0])


def _squeeze_method(t, p, x):
    return x.clone().squeeze_() if p["axes"] is None else x.squeeze(p["axes"])


def _squeeze_copy(t, p, x):
    return t.squeeze_copy(x) if p["axes"] is None else t.squeeze_copy(x, p["axes"])


def _unsqueeze(call):
    """One axis after the other, from the front of the result."""

    def form(t, p, x):
        rank = x.dim() + len(p["axes"])
        for axis in sorted(a % rank for a in p["axes"]):
            x = call(t, x, axis if p["axes"][0] >= 0 else axis - x.dim() - 1)
        return x

    return form


def _tile(t, p, x):
    return t.tile(x, p["repeats"])


def _repeat_interleave(t, p, x):
    n = p["repeats"]
    return t.repeat_interleave(x, n[0] if len(n) == 1 else t.tensor(n), dim=p["axis"])


def _repeat_by_tensor(t, p, x):
    n = t.tensor(p["repeats"])
    return x.repeat_interleave(n, dim=p["axis"])


def _slice(t, p, x):
    place = [slice(None)] * x.dim()
    for axis, start, stop, step in zip(p["axes"], p["starts"], p["stops"], p["steps"]):  # noqa: B905 - Python 3.9
        place[axis] = slice(start, stop, step)
    return x[tuple(place)]


def _slice_by_axis(t, p, x):
    """Narrow where steps are 1, else strides written out."""
    for axis, start, stop, step in zip(p["axes"], p["starts"], p["stops"], p["steps"]):  # noqa: B905 - Python 3.9
        first, last, step = slice(start, stop, step).indices(x.shape[axis])
        x = x.narrow(axis, min(first, x.shape[axis]), max(0, last - first))
        x = x if step == 1 else x.index_select(axis, t.arange(0, x.shape[axis], step))
    return x


def _slice_copy(t, p, x):
    for axis, start, stop, step in zip(p["axes"], p["starts"], p["stops"], p["steps"]):  # noqa: B905 - Python 3.9
        x = t.slice_copy(x, axis, start, stop, step)
    return x


BINDINGS = (
    _binding(
        "transpose",
        {
            "plain": lambda t, p, x: t.permute(x, p["order"]),
            "method": lambda t, p, x: x.permute(p["order"]),
            "written-out": lambda t, p, x: x.permute(p["order"]).contiguous(),
            "copied": lambda t, p, x: t.empty([x.shape[a] for a in p["order"]], dtype=x.dtype).copy_(x.permute(p["order"])),
            "copy": lambda t, p, x: t.permute_copy(x, p["order"]),
        },
        (*_both("permute"), "torch.permute_copy", "torch.Tensor.contiguous", "torch.Tensor.copy_"),
    ),
    _binding(
        "swap_axes",
        {
            "plain": _swapping("transpose"),
            "method": lambda t, p, x: x.transpose(p["first"], p["second"]),
            "swapaxes": _swapping("swapaxes"),
            "swapdims": _swapping("swapdims"),
            "copy": _swapping("transpose_copy"),
            "inplace": _swapped_inplace,
            "swapaxes-inplace": lambda t, p, x: x.clone().swapaxes_(p["first"], p["second"]),
            "swapdims-inplace": lambda t, p, x: x.clone().swapdims_(p["first"], p["second"]),
            "matrix-inplace": _matrix_turned_inplace,
            "matrix": _matrix_turned,
            "adjoint": _adjoint,
        },
        (
            *_both("transpose", "swapaxes", "swapdims", "t", "adjoint"), "torch.transpose_copy", "torch.Tensor.transpose_",
            "torch.Tensor.mT", "torch.Tensor.swapaxes_", "torch.Tensor.swapdims_", "torch.Tensor.t_", "torch.t_copy", "torch.Tensor.T",
            "torch.Tensor.H", "torch.Tensor.mH",
        ),
    ),
    _binding(
        "move_axis",
        {
            "plain": lambda t, p, x: t.movedim(x, p["first"], p["second"]),
            "method": lambda t, p, x: x.movedim(p["first"], p["second"]),
            "moveaxis": lambda t, p, x: t.moveaxis(x, p["first"], p["second"]),
            "moveaxis-method": lambda t, p, x: x.moveaxis((p["first"],), (p["second"],)),
        },
        _both("movedim", "moveaxis"),
    ),
    _binding(
        "flip",
        {
            "plain": lambda t, p, x: t.flip(x, p["axes"]),
            "method": lambda t, p, x: x.flip(p["axes"]),
            "by-one-axis": _reversed,
        },
        _both("flip", "flipud", "fliplr"),
    ),
    _binding(
        "rot90",
        {"plain": lambda t, p, x: t.rot90(x, p["k"], p["axes"]), "method": lambda t, p, x: x.rot90(p["k"], p["axes"])},
        _both("rot90"),
    ),
    _binding(
        "roll",
        {"plain": _roll, "method": lambda t, p, x: x.roll(p["shifts"], p["axes"] if p["axes"] is not None else ())},
        _both("roll"),
    ),
    _binding(
        "reshape",
        {
            "plain": lambda t, p, x: t.reshape(x, p["shape"]),
            "method": lambda t, p, x: x.reshape(p["shape"]),
            "view": _view,
            "as": _like,
            "view-as": lambda t, p, x: x.contiguous().view_as(t.empty(x.shape).reshape(p["shape"])),
            "copy": lambda t, p, x: t.view_copy(x.contiguous(), p["shape"]),
        },
        (*_both("reshape"), "torch.Tensor.view", "torch.Tensor.reshape_as", "torch.Tensor.view_as", "torch.view_copy"),
    ),
    _binding(
        "flatten",
        {
            "plain": lambda t, p, x: t.flatten(x, p["first"], p["last"]),
            "method": lambda t, p, x: x.flatten(p["first"], p["last"]),
            "module": _flat_module,
            "ravel": _raveled,
        },
        (*_both("flatten", "ravel"), "torch.nn.Flatten"),
    ),
    _binding(
        "unflatten",
        {
            "plain": lambda t, p, x: t.unflatten(x, p["axis"], p["sizes"]),
            "method": lambda t, p, x: x.unflatten(p["axis"], p["sizes"]),
            "module": lambda t, p, x: t.nn.Unflatten(p["axis"], tuple(p["sizes"]))(x),
        },
        (*_both("unflatten"), "torch.nn.Unflatten"),
    ),
    _binding(
        "squeeze",
        {"plain": _squeeze, "method": _squeeze_method, "copy": _squeeze_copy},
        (*_both("squeeze"), "torch.Tensor.squeeze_", "torch.squeeze_copy"),
    ),
    _binding(
        "unsqueeze",
        {
            "plain": _unsqueeze(lambda t, x, a: t.unsqueeze(x, a)),
            "method": _unsqueeze(lambda t, x, a: x.unsqueeze(a)),
            "inplace": _unsqueeze(lambda t, x, a: x.clone().unsqueeze_(a)),
            "copy": _unsqueeze(lambda t, x, a: t.unsqueeze_copy(x, a)),
        },
        (*_both("unsqueeze"), "torch.Tensor.unsqueeze_", "torch.unsqueeze_copy"),
    ),
    _binding(
        "expand",
        {
            "plain": lambda t, p, x: t.broadcast_to(x, p["shape"]),
            "method": lambda t, p, x: x.expand(p["shape"]),
            "broadcast-method": lambda t, p, x: x.broadcast_to(p["shape"]),
            "as": lambda t, p, x: x.expand_as(t.empty(p["shape"])),
            "tensors": lambda t, p, x: t.broadcast_tensors(x, t.empty(p["shape"]))[0],
            "copy": lambda t, p, x: t.expand_copy(x, p["shape"]),
        },
        (*_both("broadcast_to"), "torch.Tensor.expand", "torch.Tensor.expand_as", "torch.broadcast_tensors", "torch.expand_copy"),
    ),
    _binding(
        "tile",
        {
            "plain": _tile,
            "method": lambda t, p, x: x.tile(p["repeats"]),
            "repeat": lambda t, p, x: x.repeat(p["repeats"]),
        },
        (*_both("tile"), "torch.Tensor.repeat"),
    ),
    _binding("repeat_interleave", {"plain": _repeat_interleave, "by-tensor": _repeat_by_tensor}, _both("repeat_interleave")),
    _binding(
        "slice",
        {"plain": _slice, "by-axis": _slice_by_axis, "copy": _slice_copy},
        ("torch.Tensor.__getitem__", "torch.narrow", "torch.Tensor.narrow", "torch.slice_copy"),
    ),
)  # fmt: skip

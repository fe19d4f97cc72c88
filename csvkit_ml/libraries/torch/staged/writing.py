"""Torch bindings: writing and accumulating by position. What is written in place is written to a copy."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

NUMBERS = ("float32", "float64", "float16", "bfloat16", "int64", "int32", "uint8")
MOVED = (*NUMBERS, "int16", "int8", "bool")
LAYOUTS = ("strided", "transposed", "offset", "expanded")


MODES = ("inference-mode", "deterministic")


def _binding(function, forms, names, dtypes=MOVED, modes=MODES):
    return Binding(function=function, forms=forms, names=names, dtypes=dtypes, layouts=LAYOUTS, modes=modes)


def _all(name, *more):
    """Function, method and method in place."""
    return ("torch." + name, "torch.Tensor." + name, "torch.Tensor.%s_" % name, *more)


def _three(name, arguments):
    """Plain, method and in-place forms; `arguments` maps (params, operands) to (positional, keywords)."""

    def plain(t, p, x, *rest):
        positional, keywords = arguments(p, *rest)
        return getattr(t, name)(x, *positional, **keywords)

    def method(t, p, x, *rest):
        positional, keywords = arguments(p, *rest)
        return getattr(x, name)(*positional, **keywords)

    def inplace(t, p, x, *rest):
        positional, keywords = arguments(p, *rest)
        return getattr(x.clone(), name + "_")(*positional, **keywords)

    return {"plain": plain, "method": method, "inplace": inplace}


def _reduce(p, index, source):
    return (p["axis"], index, source), {"reduce": p["reduce"], "include_self": p.get("include_self", True)}


def _index_reduce(p, index, source):
    return (p["axis"], index, source, p["reduce"]), {"include_self": p["include_self"]}


def _assigned(t, p, x, values, *index):
    y = x.clone()
    y[index] = values
    return y


def _assigned_by_mask(t, p, x, mask):
    y = x.clone()
    y[mask.expand_as(y)] = p["value"]
    return y


def _index_assigned(t, p, x, index, source):
    y = x.clone()
    y[(slice(None),) * (p["axis"] % x.dim()) + (index,)] = source
    return y


def _filled_by_tensor(t, p, x, index):
    return x.index_fill(p["axis"], index, t.tensor(p["value"], dtype=x.dtype))


def _masked_by_tensor(t, p, x, mask):
    return x.masked_fill(mask, t.tensor(p["value"], dtype=x.dtype))


def _put(accumulate):
    return lambda p, index, values: ((index, values), {"accumulate": accumulate})


def _index_put(accumulate):
    return lambda p, values, *index: ((index, values), {"accumulate": accumulate})


BINDINGS = (
    _binding("scatter_reduce", _three("scatter_reduce", _reduce), _all("scatter_reduce"), NUMBERS),
    _binding("scatter_reduce_portable", _three("scatter_reduce", _reduce), _all("scatter_reduce"), NUMBERS),
    _binding(
        "index_add", _three("index_add", lambda p, i, s: ((p["axis"], i, s), {"alpha": p["alpha"]})), _all("index_add"), NUMBERS
    ),
    _binding("index_reduce", _three("index_reduce", _index_reduce), _all("index_reduce"), NUMBERS),
    _binding(
        "index_copy",
        {**_three("index_copy", lambda p, i, s: ((p["axis"], i, s), {})), "assigned": _index_assigned},
        _all("index_copy", "torch.Tensor.__setitem__"),
    ),
    _binding(
        "index_fill",
        {**_three("index_fill", lambda p, i: ((p["axis"], i, p["value"]), {})), "by-tensor": _filled_by_tensor},
        _all("index_fill"),
    ),
    _binding(
        "index_put",
        {**_three("index_put", _index_put(False)), "assigned": _assigned},
        _all("index_put", "torch.index_put_", "torch.Tensor.__setitem__"),
    ),
    _binding("index_put_add", _three("index_put", _index_put(True)), _all("index_put"), NUMBERS),
    # The documentation says that put without accumulation refuses the deterministic mode.
    _binding("put", _three("put", _put(False)), _all("put"), modes=("inference-mode",)),
    _binding("put_add", _three("put", _put(True)), _all("put"), NUMBERS),
    _binding(
        "masked_fill",
        {
            **_three("masked_fill", lambda p, m: ((m, p["value"]), {})), "by-tensor": _masked_by_tensor, "assigned": _assigned_by_mask,
        },
        _all("masked_fill"),
    ),
    _binding("masked_scatter", _three("masked_scatter", lambda p, m, s: ((m, s), {})), _all("masked_scatter")),
)  # fmt: skip

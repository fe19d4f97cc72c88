"""Other names of functions that move, make and convert values."""

from __future__ import annotations

from typing import Any

from csvkit_ml.libraries.torch.staged.aliases import Form, Names, named


def _items(t: Any, p: Any, x: Any) -> Any:
    """Every element as a Python number and back."""
    return t.tensor([v.item() for v in x.reshape(-1)], dtype=x.dtype).reshape(x.shape)


def _new(name: str) -> Form:
    """Memory that is asked for and written: `new_empty` and its like decide shape and dtype, not values."""

    def form(t: Any, p: Any, x: Any) -> Any:
        given = {"new_empty_strided": (x.shape, x.stride())}.get(name, (x.shape,))
        return getattr(t.empty((), dtype=x.dtype), name)(*given).copy_(x)

    return form


def _empty(name: str) -> Form:
    def form(t: Any, p: Any, x: Any) -> Any:
        more = {"empty_strided": (x.stride(),), "empty_permuted": (tuple(range(x.dim()))[::-1],)}.get(name, ())
        return getattr(t, name)(tuple(x.shape), *more, dtype=x.dtype).copy_(x)

    return form


def _resized(name: str) -> Form:
    """From a tensor of one element: memory that grows, then is written."""

    def form(t: Any, p: Any, x: Any) -> Any:
        y = t.empty(1, dtype=x.dtype)
        made = y.resize_(x.shape) if name == "resize_" else y.resize_as_(x) if name == "resize_as_" else t.resize_as_(y, x)
        return made.copy_(x)

    return form


def _raw(t: Any, x: Any) -> bytes:
    return bytes(x.contiguous().reshape(-1).view(t.uint8).tolist())


def _ones(t: Any, p: Any) -> Any:
    return t.full(p["shape"], 1, dtype=getattr(t, p["kind"]))


def _largest(p: Any, x: Any) -> int:
    """Extent of all parts but the last."""
    return -(-x.shape[p["axis"]] // p["parts"])


SHAPES: "Names" = {
    "copy": {
        "torch.Tensor.tolist": lambda t, p, x: t.tensor(x.tolist(), dtype=x.dtype).reshape(x.shape),
        "torch.Tensor.item": _items,
        "torch.tensor": lambda t, p, x: t.tensor(x.tolist(), dtype=x.dtype),
        "torch.asarray": lambda t, p, x: t.asarray(x, copy=True),
        "torch.detach": lambda t, p, x: t.detach(x),
        "torch.detach_": lambda t, p, x: t.detach_(x.clone()),
        "torch.Tensor.detach_": lambda t, p, x: x.clone().detach_(),
        "torch.frombuffer": lambda t, p, x: t.frombuffer(bytearray(_raw(t, x)), dtype=x.dtype).reshape(x.shape),
        "torch.from_dlpack": lambda t, p, x: x if x.dtype == t.bool else t.from_dlpack(x).clone(),
        "torch.to_dlpack": lambda t, p, x: x if x.dtype == t.bool else t.utils.dlpack.from_dlpack(t.to_dlpack(x)).clone(),
        "torch.Tensor.new_tensor": lambda t, p, x: t.empty((), dtype=x.dtype).new_tensor(x.tolist()),
        **{"torch.Tensor." + n: _new(n) for n in ("new_empty", "new_empty_strided", "new")},
        **{"torch." + n: _empty(n) for n in ("empty", "empty_strided", "empty_permuted")},
        **{n: _resized(n.rsplit(".", 1)[-1] if "Tensor" in n else n) for n in ("torch.Tensor.resize_", "torch.Tensor.resize_as_",
                "torch.resize_as_")},
        "torch.Tensor.type_as": lambda t, p, x: x.double().type_as(x) if x.is_floating_point() else x.long().type_as(x),
    },
    "full": {
        "torch.fill_": lambda t, p: t.fill_(_ones(t, p), p["value"]),
        "torch.scalar_tensor": lambda t, p: t.scalar_tensor(p["value"], dtype=getattr(t, p["kind"])).expand(p["shape"]),
        "torch.zero_": lambda t, p: (t.zero_(_ones(t, p)) + p["value"]).to(_ones(t, p).dtype),
        "torch.Tensor.zero_": lambda t, p: (_ones(t, p).zero_() + p["value"]).to(_ones(t, p).dtype),
    },
    "chunk": {
        "torch.unsafe_split": lambda t, p, x: t.unsafe_split(x, _largest(p, x), p["axis"]),
        "torch.Tensor.unsafe_split": lambda t, p, x: x.unsafe_split(_largest(p, x), p["axis"]),
        "torch.split_copy": lambda t, p, x: t.split_copy(x, _largest(p, x), p["axis"]),
    },
    "channel_shuffle": named("native_channel_shuffle", "block"),
    "vander": {"torch.linalg.vander": lambda t, p, x: t.linalg.vander(x, N=p["columns"]) if p["increasing"] else t.linalg.vander(x,
            N=p["columns"]).flip(-1)},
    "conjugate": named("conj_physical_ Tensor.conj_physical Tensor.conj_physical_"),
    "expand": {"torch.broadcast_shapes": lambda t, p, x: x.expand(t.broadcast_shapes(x.shape, tuple(p["shape"])))},
}

"""Torch bindings: initial weights, with a generator of their own, with the global one, into a layer, into a transposed tensor."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64")


def _kaiming(p):
    return {"a": p["a"], "mode": p["mode"], "nonlinearity": p["nonlinearity"]}


def _xavier(p):
    return {"gain": p["gain"]}


def _forms(name, arguments):
    def init(t):
        return getattr(t.nn.init, name)

    def weight(t, p):
        return t.empty(p["shape"], dtype=getattr(t, p["dtype"]))

    def plain(t, p):
        t.manual_seed(p["seed"])
        return init(t)(weight(t, p), **arguments(p))

    def generator(t, p):
        return init(t)(weight(t, p), generator=t.Generator().manual_seed(p["seed"]), **arguments(p))

    def transposed(t, p):
        """Stored [in, out]: the fans follow the shape, not the storage."""
        t.manual_seed(p["seed"])
        return init(t)(t.empty([*reversed(p["shape"])], dtype=getattr(t, p["dtype"])).permute(*reversed(range(len(p["shape"])))), **arguments(p))

    def layer(t, p):
        """The weight of a layer, a leaf that asks for gradients."""
        out, features, *kernel = p["shape"]
        kinds = (t.nn.Linear, t.nn.Conv1d, t.nn.Conv2d, t.nn.Conv3d)
        made = kinds[len(kernel)](features, out, *([tuple(kernel)] if kernel else []), dtype=getattr(t, p["dtype"]))
        t.manual_seed(p["seed"])
        init(t)(made.weight, **arguments(p))
        return made.weight

    return {"plain": plain, "generator": generator, "transposed": transposed, "layer": layer}


def _binding(function, arguments):
    return Binding(
        function=function, forms=_forms(function + "_", arguments), names=("torch.nn.init.%s_" % function,), dtypes=FLOATS, layouts=()
    )


BINDINGS = (
    _binding("kaiming_uniform", _kaiming),
    _binding("kaiming_normal", _kaiming),
    _binding("xavier_uniform", _xavier),
    _binding("xavier_normal", _xavier),
)

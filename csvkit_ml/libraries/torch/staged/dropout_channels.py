"""Torch bindings: dropout of channels in one, two and three dimensions, and alpha dropout."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64")
_EXTENTS = ((3,), (2, 2), (2, 1, 2))


def _channels(dimensions, call):
    """One value a channel; all of a channel must agree."""

    def form(t, p, x):
        t.manual_seed(p["seed"])
        extents = _EXTENTS[dimensions - 1]
        y = call(t, x.reshape(*x.shape, *(1 for _ in extents)).expand(*x.shape, *extents).contiguous(), p["p"])
        flat = y.reshape(*x.shape, -1)
        if not bool((flat == flat[..., :1]).all()):
            raise ValueError("a channel is not treated as one")
        return flat[..., 0]

    return form


def _function(name):
    return lambda t, x, p: getattr(t.nn.functional, name)(x, p, True)


def _layer(name):
    return lambda t, x, p: getattr(t.nn, name)(p).train()(x)


def _elements(call):
    def form(t, p, x):
        t.manual_seed(p["seed"])
        return call(t, x, p["p"])

    return form


BINDINGS = (
    Binding(
        function="channel_dropout",
        forms={
            "plain": _channels(2, _function("dropout2d")),
            "one": _channels(1, _function("dropout1d")),
            "three": _channels(3, _function("dropout3d")),
            "layer-1d": _channels(1, _layer("Dropout1d")),
            "layer-2d": _channels(2, _layer("Dropout2d")),
            "layer-3d": _channels(3, _layer("Dropout3d")),
            "native": _channels(2, lambda t, x, p: t.feature_dropout(x, p, True)),
            "in-place": _channels(2, lambda t, x, p: t.feature_dropout_(x, p, True)),
        },
        names=(
            "torch.nn.functional.dropout1d",
            "torch.nn.functional.dropout2d",
            "torch.nn.functional.dropout3d",
            "torch.nn.Dropout1d",
            "torch.nn.Dropout2d",
            "torch.nn.Dropout3d",
            "torch.feature_dropout",
            "torch.feature_dropout_",
        ),
        dtypes=FLOATS,
        layouts=(),
    ),
    Binding(
        function="alpha_dropout",
        forms={
            "plain": _elements(_function("alpha_dropout")),
            "layer": _elements(_layer("AlphaDropout")),
            "native": _elements(lambda t, x, p: t.alpha_dropout(x, p, True)),
            "in-place": _elements(lambda t, x, p: t.alpha_dropout_(x.clone(), p, True)),
            "channels": _channels(2, _function("feature_alpha_dropout")),
            "channel-layer": _channels(2, _layer("FeatureAlphaDropout")),
            "native-channels": _channels(3, lambda t, x, p: t.feature_alpha_dropout(x, p, True)),
            "in-place-channels": _channels(3, lambda t, x, p: t.feature_alpha_dropout_(x, p, True)),
        },
        names=(
            "torch.nn.functional.alpha_dropout",
            "torch.nn.AlphaDropout",
            "torch.alpha_dropout",
            "torch.alpha_dropout_",
            "torch.nn.FeatureAlphaDropout",
            "torch.nn.functional.feature_alpha_dropout",
            "torch.feature_alpha_dropout",
            "torch.feature_alpha_dropout_",
        ),
        dtypes=FLOATS,
        layouts=(),
    ),
)

"""Torch bindings: gradients of further reductions, scans, integrals by trapezoids and products."""

from __future__ import annotations

from csvkit_ml.libraries.torch.staged.gradients_losses import bound


def _also(made, *names):
    return made._replace(names=(*made.names, *names))


def _scaled(name):
    return bound(name, lambda t, p, c, a, b: getattr(t, name)(c, a, b, alpha=p["alpha"], beta=p["beta"]), 3)


def _integral(t, p, y, x):
    return (t.cumulative_trapezoid if p["running"] else t.trapezoid)(y, x, dim=-1)


BINDINGS = (
    bound("logcumsumexp", lambda t, p, x: t.logcumsumexp(x, dim=-1)),
    _also(bound("nansum", lambda t, p, x: (t.nanmean if p["mean"] else t.nansum)(x, dim=-1)), "torch.nanmean"),
    bound("logsumexp_axes", lambda t, p, x: t.logsumexp(x, dim=(0, 2)), 1, "logsumexp"),
    _also(bound("quantile", lambda t, p, x: (t.nanquantile if p["nan"] else t.quantile)(x, p["q"], dim=-1)), "torch.nanquantile"),
    _also(bound("trapezoid", _integral, 2), "torch.cumulative_trapezoid"),
    bound("diff", lambda t, p, x: t.diff(x, n=p["n"], dim=-1)),
    bound("outer", lambda t, p, a, b: t.outer(a, b), 2),
    bound("tensordot", lambda t, p, a, b: t.tensordot(a, b, dims=2), 2),
    bound("mv", lambda t, p, a, v: t.mv(a, v), 2),
    bound("dot", lambda t, p, a, b: t.dot(a, b), 2),
    _scaled("addmm"),
    _scaled("baddbmm"),
    _scaled("addmv"),
    _scaled("addr"),
)
